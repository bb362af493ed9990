"""Journeys have the whole city."""

from tests.support.city_fixtures import beside, city, module_s_city, same_city

__all__ = ["beside", "city", "module_s_city", "same_city"]
