"""Real-name levels 1 to 5: how people prove who they are, from a document that they enter to an officer who sees it.

What is kept of it, and which level follows, stands in `identity.levels`; how a name comes to an account in
`identity.real_names`.
"""
