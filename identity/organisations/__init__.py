"""Companies and other organisations, and who may act for them in which role."""
