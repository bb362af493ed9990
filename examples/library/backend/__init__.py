"""The library's own server."""
