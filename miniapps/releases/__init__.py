"""Wing: which programs there are, which release of each runs, whose it is, and where its files are served."""
