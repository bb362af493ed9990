"""What a client learns of a citizen: what was consented to, read when asked for, written down each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.divisions import division_name
from core.principal import Principal, PrincipalKind
from identity.id_numbers import IdNumber
from identity.model import Citizen
from identity.oidc.assurance import vouched
from identity.oidc.encrypting import encrypted
from identity.oidc.model import CLAIMS, VERIFIED, VERIFIED_BIRTHDATE, Client, Grant, KeyWrap, claims_of
from identity.oidc.parts import Parts


@dataclass(frozen=True, slots=True)
class Releasing:
    parts: Parts

    async def claims(self, grant: Grant, client: Client, names: frozenset[str], *, by: str) -> dict[str, Any]:
        """The values of those claims that the grant holds and the citizen has. Writes the audit and the access log.

        by: the door they go out of (`userinfo`, `id_token`). Raises: Unavailable.
        """
        wanted = names & grant.claims
        if not wanted:
            return {}
        citizen = (await self.parts.accounts.citizens([grant.subject])).get(grant.subject)
        if citizen is None:
            return {}
        proven = wanted & claims_of({VERIFIED})
        plain = sorted(wanted - proven)
        released = {name: value for name in plain if (value := claim_value(citizen, name)) is not None}
        told = sorted(released)
        if verified := await self._verified(citizen, proven):
            released[VERIFIED] = verified
            told += sorted(proven)
        if told:
            await self._write_down(grant, client, told, by)
        return released

    async def encrypted_for(self, client: Client, signed: str, wrap: KeyWrap | None) -> str:
        """A signed token as this client wants it: for its own eyes, if it registered for that. Raises: OAuthError."""
        return signed if wrap is None else encrypted(signed, keys=await self.parts.keys.of(client), wrap=wrap)

    async def _verified(self, citizen: Citizen, fields: frozenset[str]) -> dict[str, Any] | None:
        if not fields:
            return None
        parts, now = self.parts, self.parts.now()
        birthdate = None
        if VERIFIED_BIRTHDATE in fields and (number := await parts.accounts.id_number(citizen.id)):
            read = IdNumber.of(number, today=now.date())
            birthdate = read.born.isoformat() if read else None
        return vouched(citizen, fields, await parts.evidence(citizen), birthdate=birthdate, now=now)

    async def _write_down(self, grant: Grant, client: Client, names: list[str], by: str) -> None:
        parts = self.parts
        about = {"grant": grant.id, "claims": names, "by": by}
        await parts.audited(
            "oidc.claims_released", actor=client.id, subject=grant.subject, client=client.id, about=about
        )
        if parts.access_log is not None:
            reader = Principal(kind=PrincipalKind.SERVICE, actor=client.id, subject=client.id)
            await parts.access_log.read(
                reader=reader, subject=grant.subject, fields=names, purpose=client.purpose.zh, client=client.id
            )


def claim_value(citizen: Citizen, name: str) -> Any:
    """None where the city does not know it. Source: OpenID Connect Core §5.1."""
    if name not in CLAIMS:
        return None
    if name == "address":
        return _address(citizen)
    if name == "phone_number_verified":
        return True if citizen.phone else None  # whoever has a phone here has answered a code on it
    return {"name": citizen.name, "phone_number": citizen.phone, "real_name_level": citizen.real_name_level}[name]


def _address(citizen: Citizen) -> dict[str, str] | None:
    """The home district alone: OpenID Connect Core §5.1.1 lets parts be left out."""
    district = division_name(citizen.home_district) if citizen.home_district else None
    if district is None:
        return None
    return {"country": "CN", "locality": district.zh}
