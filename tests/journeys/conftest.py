"""Journeys have the whole city."""

from tests.support.city_fixtures import beside, city

__all__ = ["beside", "city"]
