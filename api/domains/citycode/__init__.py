"""City codes: a citizen shows a code that lives for a minute, an officer scans it, and both see that it happened.

The personal code (CC1) says nothing about the person to whoever photographs it. The city resolves it for an officer
with the right scope, once, for a stated purpose, and the citizen reads who scanned them, when and why.

Places and things carry a plate (CP1), a signed address that any camera opens: what can be reported there, and where
one may check in.
"""
