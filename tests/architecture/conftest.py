"""Some rules are held against a running city."""

from tests.support.city_fixtures import city, sensor

__all__ = ["city", "sensor"]
