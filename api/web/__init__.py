"""The HTTP door: what the network may ask of this process, and nothing about any domain."""
