"""The SDK's fixtures by name: where the distribution is installed, pytest finds them by itself."""

from citytong_sdk.testing.plugin import citytong_clock, citytong_platform

__all__ = ["citytong_clock", "citytong_platform"]
