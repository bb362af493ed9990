"""How somebody proves that an account is theirs: password, passkeys, one-time codes, another screen."""
