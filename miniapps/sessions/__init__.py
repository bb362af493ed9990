"""A program that runs for a citizen: opening it, what it may do there, and what it keeps for them."""
