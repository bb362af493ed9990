"""Test citizens of a sandbox city, as those who build programs make, use and remove them."""
