"""What is made of the contract (`make contract`)."""
