"""The register of organisations, as identity asks it: does this person represent the one of this code and name?

Who represents it is never asked; the register answers yes or no, and how the organisation stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from core.errors import Unavailable
from identity.registers import HttpRegister

REPRESENTATIVE_PATH: Final = "/registers/organisations/representative"


class RegisterStatus(StrEnum):
    """How an organisation stands in the register."""

    ACTIVE = "ACTIVE"
    REVOKED = "REVOKED"
    DEREGISTERED = "DEREGISTERED"


class OrganisationRegister(Protocol):
    """Who can say who represents an organisation."""

    async def represented(self, *, uscc: str, name: str, representative: str, id_number: str) -> RegisterStatus | None:
        """None where the four do not go together. Raises: Unavailable when there is no clear answer in time."""
        ...


@dataclass(frozen=True, slots=True)
class HttpOrganisationRegister(HttpRegister):
    """`POST {url}/registers/organisations/representative`, answered {match, status}."""

    async def represented(self, *, uscc: str, name: str, representative: str, id_number: str) -> RegisterStatus | None:
        asked = {"uscc": uscc, "name": name, "representative": representative, "idNumber": id_number}
        answer = await self.ask(REPRESENTATIVE_PATH, asked)
        match, status = answer.get("match"), answer.get("status")
        if match is False:
            return None
        if match is not True or status not in set(RegisterStatus):
            raise Unavailable()
        return RegisterStatus(status)
