"""The OpenID provider: how mini-programs and partner services learn who a citizen is, if that citizen agrees.

OAuth 2.1 and OpenID Connect on the city's own sign-in. What a client asks is a value, what becomes of it a value, and
the rules between them are functions; `docs/identity.md` says how to try it.
"""
