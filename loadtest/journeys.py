"""A day in the city as a load: who is about, and how many of each.

Run by `make load`, or against any demo city: `locust -f loadtest/journeys.py --host http://…`.
Seven of the people work and one looks after her mother; of the others nine in ten are citizens, each with an account.
What people hand each other (a code held up, a name said at a counter, a plate on a lamp post) goes through
`loadtest.people.STREET`.
"""

from __future__ import annotations

from loadtest.citizens import Citizen, Daughter, Stranger
from loadtest.staff import BillingClerk, Handler, LicenceClerk, Officer, Registrar

__all__ = ["BillingClerk", "Citizen", "Daughter", "Handler", "LicenceClerk", "Officer", "Registrar", "Stranger"]
