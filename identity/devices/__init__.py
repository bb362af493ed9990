"""The devices that people sign in on: their keys, and what about a sign-in is unusual."""
