/* W3C asks every package for this file. The program begins in index.html. */
