"""The OpenID provider: how others let the city's people sign in with them."""
