"""What of the graph a program can be given: scopes, each of a few fields that a citizen knows as one thing.

Rules
- Everything else that is not public is closed to programs, whatever the citizen could read by themself. So a new field
  of the graph is closed until somebody opens it here.
- A citizen's id is in no scope: it would be the same for every program (`openid` is what each knows them by). Neither
  is anything of somebody else but what is masked.
- A scope is a permission, `city.data.<scope>`: declared with a reason, granted at review, agreed to by the citizen.
Source: docs/decisions/0055-a-program-asks-by-trusted-documents-and-what-is-withheld-is-said.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# By scope, the fields that it opens: `Type.field`, or `Type.*` for all that a type has.
SCOPES: Final[Mapping[str, tuple[str, ...]]] = {
    "city.data.name": ("Citizen.name",),
    "city.data.masked_name": ("Citizen.maskedName",),
    "city.data.phone": ("Citizen.phone",),
    "city.data.masked_phone": ("Citizen.maskedPhone",),
    "city.data.real_name_level": ("Citizen.realNameLevel",),
    "city.data.home_district": ("Citizen.homeDistrict",),
    "city.data.city_code": ("Citizen.cityCode", "CityCode.*"),
    "city.data.scans": (
        "Citizen.scans",
        "ScanConnection.*",
        "Scan.id",
        "Scan.at",
        "Scan.purpose",
        "Scan.purposeLabel",
        "Scan.scanner",
        "StaffCard.*",
    ),
    "city.data.health": ("Citizen.healthStatus", "HealthStatus.*"),
}
# Those that a device that is not trusted yet does not give.
SETTLED: Final = frozenset({"city.data.name", "city.data.phone", "city.data.scans", "city.data.health"})
# The way there, which tells nothing by itself.
OPEN: Final = frozenset({"Query.me"})

_BY_FIELD: Final[Mapping[str, str]] = {field: scope for scope, fields in SCOPES.items() for field in fields}


def scope_of(type_name: str, field_name: str) -> str | None:
    """The scope that opens a field; None where none does."""
    return _BY_FIELD.get(f"{type_name}.{field_name}") or _BY_FIELD.get(f"{type_name}.*")
