"""How surely a person is known: documents, registers, real-name levels."""
