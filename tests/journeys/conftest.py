"""Journeys have the whole city."""

from tests.support.city_fixtures import city, sensor

__all__ = ["city", "sensor"]
