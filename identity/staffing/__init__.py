"""What members of staff may do, where, and what takes two of them."""
