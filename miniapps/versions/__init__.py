"""Versions of programs from a draft to everybody's: what is checked, who decides, who gets which, what comes of it."""
