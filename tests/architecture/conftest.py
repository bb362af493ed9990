"""Some rules are held against a running city."""

from tests.support.city_fixtures import beside, city

__all__ = ["beside", "city"]
