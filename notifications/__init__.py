"""Room: how the city reaches you. Its first verbs come with the inbox; until then only its place is here."""
