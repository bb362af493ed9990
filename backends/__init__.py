"""The departments' side: reference subgraphs that run as their own processes and know the city only over GraphQL."""
