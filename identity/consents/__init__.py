"""Who may read what of a citizen, for what; who did; and how a citizen takes their data away."""
