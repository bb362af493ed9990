"""Who builds programs: accounts, members, apps, keys, domains; and what somebody may do here.

Rules
- An account is an organisation of the room (`mpo_…`) and whose it is: an organisation that is registered with the city,
  or one person. Who is a member of the former is asked of identity each time; the latter keeps its own.
- A developer (`dev_…`) is a citizen who builds. What other developers and programs' logs see of them is this id.
- An app belongs to one account for ever, from before its first version.
- A retired key signs nothing new. What it signed before stays what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.errors import Forbidden
from core.jose import Jwk
from core.locale import Locale
from miniapps.developers.rating import Grade
from miniapps.developers.runs import Run
from miniapps.releases.model import Category, Organisation

# Of somebody who builds in their own name.
LEVEL_MIN: Final = 2
MEMBERS_MAX: Final = 50
# Those that stay, and all that there ever were.
KEYS_MAX: Final = 20
KEYS_EVER_MAX: Final = 200
DOMAINS_MAX: Final = 20
NAME_LENGTH_MAX: Final = 60
# How long a key that was rotated out still signs: builds that are under way end with it.
KEY_OVERLAP: Final = timedelta(days=14)


class Role(StrEnum):
    """READER sees, DEVELOPER builds and submits, OWNER decides about keys, members and apps."""

    OWNER = "OWNER"
    DEVELOPER = "DEVELOPER"
    READER = "READER"

    def reaches(self, wanted: Role) -> bool:
        return _RANK[self] >= _RANK[wanted]


_RANK: Final = {Role.READER: 0, Role.DEVELOPER: 1, Role.OWNER: 2}


class AccountKind(StrEnum):
    """ORGANISATION: registered with the city. PERSON: a citizen in their own name."""

    ORGANISATION = "ORGANISATION"
    PERSON = "PERSON"


class KeyUse(StrEnum):
    """SIGN: a backend proves itself with it. ENCRYPT: what is sealed for the backend is sealed for it."""

    SIGN = "SIGN"
    ENCRYPT = "ENCRYPT"


@dataclass(frozen=True, slots=True)
class Developer:
    id: str
    citizen: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Rated:
    """An officer's word on an account, which stands above what is computed."""

    grade: Grade
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """organisation: `mpo_…`. of: `org_…`, or the developer who began it in their own name. members: by developer, of a
    person's account alone.

    frozen: whose it was has left the city, so nobody answers for it.
    """

    organisation: str
    kind: AccountKind
    of: str
    members: Mapping[str, Role]
    since: datetime
    rated: Rated | None = None
    frozen: bool = False

    @property
    def blocked(self) -> str:
        """Why nobody may build for it; empty where they may."""
        if self.frozen:
            return "frozen"
        return "officer" if self.rated is not None and self.rated.grade is Grade.BLOCKED else ""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key. added_at: None where nobody noted it. retires_at: from when on it proves and signs nothing more;
    None for one that stays.
    """

    jwk: Jwk = field(repr=False)
    use: KeyUse
    added_at: datetime | None
    retires_at: datetime | None = None

    @property
    def kid(self) -> str:
        """Its thumbprint (RFC 7638)."""
        return str(self.jwk["kid"])

    def good(self, now: datetime) -> bool:
        return self.retires_at is None or now < self.retires_at


@dataclass(frozen=True, slots=True)
class App:
    """A program from before its first version. domains: those that are proved. organisation: `mpo_…`."""

    app_id: str
    organisation: str
    names: Mapping[Locale, str]
    category: Category
    domains: frozenset[str]
    backend_keys: tuple[Key, ...]
    created_at: datetime

    def keys(self, use: KeyUse, *, now: datetime) -> tuple[Key, ...]:
        """Those that are good now, the newest last."""
        return tuple(key for key in self.backend_keys if key.use is use and key.good(now))


@dataclass(frozen=True, slots=True)
class Authority:
    """Who builds here, and as what. developer: `dev_…`, or the publisher (`mtp_…`) of a run of a CI system; run: that
    one.
    """

    developer: str
    organisation: Organisation
    account: Account
    app: App | None
    role: Role
    run: Run | None = None

    def require(self, role: Role) -> None:
        """Raises: Forbidden."""
        if not self.role.reaches(role):
            raise Forbidden()

    @property
    def the_app(self) -> App:
        assert self.app is not None, "it was asked for"
        return self.app
