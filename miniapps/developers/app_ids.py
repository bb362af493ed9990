"""Ids of programs: of which form, which are the city's own, and which look like another's.

- An id is in lower case, of names joined by dots (W3C MiniApp Manifest, `app_id`).
- Two ids that a person might take for one another have one skeleton (after Unicode TS 39 §4, for the few characters
  that an id may have). The first organisation that has an id has its skeleton.
"""

from __future__ import annotations

from typing import Final

from miniapps.bundles.errors import BundleError
from miniapps.bundles.manifest import check_app_id
from miniapps.developers.errors import AppIdRefused

# What the city's own programs begin with, and what would pass for the city's or the state's.
RESERVED: Final = ("org.city", "city", "gov", "cn.gov", "citytong", "com.citytong", "org.citytong", "cn.citytong")
# Characters, and then pairs of them, that look like one.
_LOOKS_LIKE: Final = (("-", ""), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"), ("rn", "m"), ("vv", "w"), ("cl", "d"))


def skeleton(app_id: str) -> str:
    """The same for ids that look alike."""
    for seen, taken_for in _LOOKS_LIKE:
        app_id = app_id.replace(seen, taken_for)
    return app_id


def check_new(app_id: str) -> None:
    """Raises: AppIdRefused unless somebody who is not the city may register it."""
    try:
        check_app_id(app_id)
    except BundleError as fault:
        raise AppIdRefused(app_id=app_id[:128], why="form") from fault
    if any(app_id == own or app_id.startswith(f"{own}.") or _looks_like(app_id, own) for own in RESERVED):
        raise AppIdRefused(app_id=app_id, why="reserved")


def _looks_like(app_id: str, own: str) -> bool:
    seen, taken_for = skeleton(app_id), skeleton(own)
    return seen == taken_for or seen.startswith(f"{taken_for}.")
