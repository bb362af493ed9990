"""Consents: what a citizen lets a program read, for what, until when; and the rules of the ledger.

- A consent joins a citizen, a client and a purpose. It holds the fields that the citizen agreed to, each with when and
  until when; it is changed by giving again and ended by withdrawing, in whole or field by field.
- Every act is an entry of the ledger, which is never changed, with a receipt: which text was shown, in which language.
- The same request is not asked again while every field of it is consented to; `Asked.hash` names a request.
- Fields that are sensitive are agreed to one by one.
- A basis other than consent (a contract, a duty by law) is entered too, so that the citizen sees it; it cannot be
  withdrawn here, since it does not rest on their will.
Source: PIPL articles 13 to 17 and 29, GB/T 42574-2023 (notice and consent).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import orjson

from core.errors import BadInput
from core.locale import Locale
from identity.consents.catalogue import FIELDS
from identity.consents.errors import ConsentFieldUnknown, ConsentNotSeparate

CONSENT_PREFIX: Final = "con"
ENTRY_PREFIX: Final = "cse"
PURPOSE_LENGTH_MAX: Final = 200
TEXT_LENGTH_MAX: Final = 8000
# A mini-program's is `mini:` and its id, which has up to 128 characters.
CLIENT_LENGTH_MAX: Final = 133
# Of one citizen: far more programs than anybody uses.
CONSENTS_MAX: Final = 500


class LegalBasis(StrEnum):
    """Why a client may process the fields. Source: PIPL article 13."""

    CONSENT = "CONSENT"
    CONTRACT = "CONTRACT"
    LEGAL_DUTY = "LEGAL_DUTY"
    EMERGENCY = "EMERGENCY"


class Act(StrEnum):
    GIVEN = "GIVEN"
    CHANGED = "CHANGED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks a citizen for. purpose: why, in words or by code. until: None while nobody withdraws it."""

    client: str
    fields: frozenset[str]
    purpose: str
    basis: LegalBasis = LegalBasis.CONSENT
    until: datetime | None = None

    def check(self, *, now: datetime) -> None:
        """Raises: BadInput, ConsentFieldUnknown."""
        if not self.fields:
            raise BadInput(field="fields", problem="must name one field or more")
        if unknown := sorted(self.fields - FIELDS.keys()):
            raise ConsentFieldUnknown(name=unknown[0])
        for name, text, length_max in (
            ("client", self.client, CLIENT_LENGTH_MAX),
            ("purpose", self.purpose, PURPOSE_LENGTH_MAX),
        ):
            if not 0 < len(text) <= length_max or not text.isprintable():
                raise BadInput(field=name, problem=f"must have 1 to {length_max} printable characters")
        if self.until is not None and self.until <= now:
            raise BadInput(field="until", problem="must lie in the future")

    @property
    def hash(self) -> str:
        """Names the request: equal for equal requests, in hex."""
        told = {"client": self.client, "fields": sorted(self.fields), "purpose": self.purpose}
        return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()

    @property
    def sensitive(self) -> frozenset[str]:
        return frozenset(name for name in self.fields if FIELDS[name].sensitive)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the citizen had in front of them, word by word. separately: fields that they agreed to one by one."""

    text: str = field(repr=False)
    locale: Locale
    separately: frozenset[str] = frozenset()

    def check(self, asked: Asked) -> None:
        """Raises: BadInput, ConsentNotSeparate."""
        if not 0 < len(self.text) <= TEXT_LENGTH_MAX:
            raise BadInput(field="text", problem=f"must have 1 to {TEXT_LENGTH_MAX} characters")
        missing = asked.sensitive - self.separately if asked.basis is LegalBasis.CONSENT else None
        if missing:
            raise ConsentNotSeparate(names=sorted(missing))

    @property
    def digest(self) -> str:
        """SHA-256 of the text in UTF-8, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Grant:
    """One field of a consent: since when, and until when (None: while it is not withdrawn)."""

    at: datetime
    until: datetime | None

    def live(self, now: datetime) -> bool:
        return self.at <= now and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Consent:
    """How a citizen stands to a client for a purpose, now. acts: how many the ledger holds of it.

    withdrawn_at: when the last field went.
    """

    id: str
    citizen: str
    client: str
    purpose: str
    basis: LegalBasis
    grants: Mapping[str, Grant]
    since: datetime
    acts: int = 1
    withdrawn_at: datetime | None = None

    def fields(self, now: datetime) -> frozenset[str]:
        """Those that the client may read at this instant."""
        return frozenset(name for name, grant in self.grants.items() if grant.live(now))


@dataclass(frozen=True, slots=True)
class Entry:
    """One act in the ledger, the `number`-th of its consent. by: who did it, for the consent's citizen.

    asked_hash: of the request that was agreed to. text_hash, locale: of the receipt. A withdrawal has none of them.
    """

    id: str
    consent: str
    number: int
    act: Act
    fields: tuple[str, ...]
    at: datetime
    until: datetime | None
    by: str
    asked_hash: str = ""
    text_hash: str = ""
    locale: Locale | None = None
