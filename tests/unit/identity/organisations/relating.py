"""What tests of delegation and organisations say often."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from core.errors import Forbidden
from core.graph import Client, Context
from core.locale import Locale
from core.mongo import Session
from core.principal import Principal, PrincipalKind
from identity.acting import ActingSession
from identity.levels import LEVELS, NameEvidence
from identity.model import Citizen
from identity.organisations.model import Organisation, Post
from identity.organisations.service import Organisations
from identity.relations import Invitation, Relation, RelationKind, Role, Side
from identity.schema import schema
from identity.service import Identity
from tests.unit.identity.room import OUYANG, Room

CATERING = {"uscc": "91110101MA0DEM001X", "name": "北京通城示范餐饮有限公司"}
OPERATOR = Post.of(Role.OPERATOR, matters={"payments:read", "payments:pay"})
VIEWER = Post.of(Role.VIEWER)
_OWN = ("identity_", "events", "audit_")


@dataclass
class Agreement:
    """A four-eyes rule that holds where `agreed` says so (the real one: tests/unit/identity/staffing)."""

    agreed: bool = True

    async def require(self, *, principal: Principal, act: str, subject: str, session: Session) -> None:
        if not self.agreed:
            raise Forbidden()


@dataclass
class Related:
    """The room, and its organisations."""

    room: Room
    organisations: Organisations

    def fresh(self, principal: Principal) -> Principal:
        """As they are when they have just proven themself again."""
        return dataclasses.replace(principal, authenticated_at=self.room.clock.now())

    async def resident(self, number: int, *, name: str = "", level: int = 3) -> Principal:
        """Somebody with a proven name, `居民一二`, and a phone, signed in."""
        called = name or _name(number)
        citizen = Citizen(
            self.room.ids.new("cit"),
            _phone(number),
            self.room.clock.now(),
            called,
            evidence=_of_level(level, self.room.clock.now()),
        )
        await self.room.identity.store.add_citizen(citizen)
        return Principal(
            kind=PrincipalKind.CITIZEN,
            actor=citizen.id,
            subject=citizen.id,
            session_id=self.room.ids.new("ses"),
            scopes=frozenset({"citizen"}),
            real_name_level=level,
            authenticated_at=self.room.clock.now(),
        )

    async def invite(self, principal: Principal, number: int, **changes: Any) -> Invitation:
        """Of resident `number`, as a proxy in everything that there is to read of bills, for thirty days."""
        terms: dict[str, Any] = {
            "phone": _phone(number),
            "name": _name(number),
            "kind": RelationKind.PROXY,
            "matters": ["payments:read"],
            "until": self.room.clock.now() + timedelta(days=30),
            "once_only": False,
            "side": Side.SUBJECT,
        }
        return await self.room.identity.delegating.invite(principal=self.fresh(principal), **{**terms, **changes})

    async def accept(self, principal: Principal, invitation: Invitation) -> Relation:
        return await self.organisations.accept(principal=self.fresh(principal), invitation_id=invitation.id)

    async def catering(self) -> tuple[Principal, Organisation]:
        """Ouyang, who represents it, and the organisation."""
        ouyang = await self.room.citizen(OUYANG)
        membership = await self.organisations.registered(principal=ouyang, **CATERING)
        return ouyang, membership.organisation

    async def join(self, owner: Principal, organisation: Organisation, number: int, post: Post) -> Relation:
        """Resident `number`, who is here already, becomes a member. Returns their membership."""
        member = await self.principal_of(number)
        invitation = await self.organisations.invite(
            principal=self.fresh(owner),
            organisation_id=organisation.id,
            phone=_phone(number),
            name=_name(number),
            post=post,
        )
        return await self.accept(member, invitation)

    async def principal_of(self, number: int) -> Principal:
        citizen = await self.room.identity.store.citizen_of_phone(_phone(number))
        assert citizen is not None
        return Principal(
            kind=PrincipalKind.CITIZEN,
            actor=citizen.id,
            subject=citizen.id,
            scopes=frozenset({"citizen"}),
            real_name_level=citizen.real_name_level,
            authenticated_at=self.room.clock.now(),
        )

    async def act(self, principal: Principal, relation: Relation | str) -> ActingSession:
        id_ = relation if isinstance(relation, str) else relation.id
        return await self.room.identity.acting.act_for(principal=principal, relation_id=id_)

    async def kept(self) -> bytes:
        """Every row of identity, its events and its audit, for "nothing has changed"."""
        names = sorted(await self.room.mongo.database.list_collection_names())
        rows = {
            name: await self.room.mongo.collection(name).find({}).sort("_id").to_list(None)
            for name in names
            if name.startswith(_OWN) and name != "identity_parties_held"
        }
        return repr(rows).encode()

    async def ask(self, query: str, *, principal: Principal, **variables: Any) -> dict[str, Any]:
        """As `Room.ask`, with organisations."""
        context = Context(
            request_id="req_test",
            principal=principal,
            locale=Locale.ZH_CN,
            client=Client(address="203.0.113.5", device_id="device-1"),
            services={Identity: self.room.identity, Organisations: self.organisations},
        )
        given: Mapping[str, Any] = orjson.loads(orjson.dumps(variables))
        result = await schema.execute(query, variable_values=dict(given), context_value=context)
        codes = [(e.extensions or {}).get("code", e.message) for e in result.errors or []]
        return {"data": result.data, "codes": codes}


def _of_level(level: int, at: datetime) -> tuple[NameEvidence, ...]:
    """What supports it, and no more."""
    kinds = [kind for kind, supported in LEVELS.items() if supported == level]
    return tuple(NameEvidence.of(kind, "register", at=at) for kind in kinds[:1])


def _phone(number: int) -> str:
    return f"+86137000{number:05}"


def _name(number: int) -> str:
    return "居民" + "".join("零一二三四五六七八九"[int(digit)] for digit in str(number))
