"""Credentials: what an account proves itself with besides a code on its phone.

A password, passkeys, one-time passwords with recovery codes, another screen that is already signed in; a second step
where one is not enough, and proving oneself again where a session alone is not (step-up).
"""
