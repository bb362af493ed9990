"""Licences: a department issues one, its holder carries it in the wallet and shows it, an officer checks it.

What is shown is chosen by the holder, for a stated purpose, and lives for a minute (CL1). It verifies offline with the
published keys alone; checked with the city it is checked once, and the holder reads who checked what, where and why.
"""
