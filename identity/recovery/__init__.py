"""A phone that changes, an account that is lost, two accounts of one person: how each goes on in the right hands."""
