"""Staff as the roof assembles them, with the wings whose acts take two of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.paging import PageRequest
from core.principal import Method, Principal
from identity.consents.erasures import Erasures
from identity.model import Audience
from identity.oidc.authorization import SignedInBrowser
from identity.oidc.grants import Grants, Wish
from identity.oidc.model import Client, ClientState, Grant
from identity.oidc.service import OpenIdProvider
from identity.organisations.service import Organisations
from identity.organisations.store import OrganisationStore
from identity.relations import RelationKind
from identity.sessions import SignedIn
from identity.staffing.accounts import Accounts
from identity.staffing.model import Details, Kind, StaffAct
from identity.staffing.performing import Agreement
from identity.staffing.service import Staffing
from identity.staffing.store import StaffingStore
from tests.unit.identity.consents.rights import Rights
from tests.unit.identity.oidc.partners import PARTNER, built
from tests.unit.identity.room import Room

OFFICER, OTHER_OFFICER = "13900000011", "13900000012"
ADMIN, OTHER_ADMIN = "13900000013", "13900000014"
AUDITOR = "13900000015"
PARTNERS, OTHER_PARTNERS = "13900000010", "13900000016"
REASON = "涉嫌冒用他人身份"
BUREAU = "11110000000063000T"
_STRONG = frozenset({Method.OTP.value, Method.MFA.value})


@dataclass
class Bureau:
    room: Room
    staffing: Staffing
    erasures: Erasures
    organisations: Organisations
    openid: OpenIdProvider
    rights: Rights

    @classmethod
    async def on(cls, room: Room) -> Bureau:
        identity = room.identity
        rights = Rights.on(room)
        store = StaffingStore(mongo=room.mongo, personal=rights.erasures.personal, people=identity.store)
        agreement = Agreement(store)
        await rights.open()
        erasures = dataclasses.replace(rights.erasures, four_eyes=agreement)
        organisations = Organisations(
            store=OrganisationStore(mongo=room.mongo, cipher=room.cipher),
            acting=identity.acting,
            delegating=identity.delegating,
            charges=identity.codes.charges,
            register=None,
            four_eyes=agreement,
        )
        await organisations.open()
        openid = built(room)
        openid = OpenIdProvider(dataclasses.replace(openid.parts, four_eyes=agreement))
        await openid.parts.store.open()
        accounts = Accounts(
            store=store,
            people=identity.store,
            sessions=identity.sessions,
            grants=Grants(openid.parts.store, identity.outbox, identity.audit, room.ids, room.clock),
            closures=erasures,
            charges=identity.codes.charges,
            access=identity.access,
            outbox=identity.outbox,
            audit=identity.audit,
            cipher=room.cipher,
            ids=room.ids,
            clock=room.clock,
        )
        staffing = Staffing.at(
            accounts,
            holds=erasures,
            organisations=organisations,
            clients=openid.registration,
            revocations=identity.revocations,
        )
        await staffing.open()
        return cls(room, staffing, erasures, organisations, openid, rights)

    @property
    def services(self) -> dict[type, object]:
        return {Staffing: self.staffing}

    async def officer(self, phone: str = OFFICER) -> Principal:
        """A member of staff who has just signed in, with their second step."""
        return await self.prove(await self.room.clerk(phone))

    async def prove(self, principal: Principal) -> Principal:
        """They prove themself again, by two factors."""
        sessions = self.room.identity.sessions

        async def work(session: Any) -> SignedIn:
            return await sessions.confirm(principal=principal, methods=_STRONG, session=session)

        return await self.room.principal(await self.room.identity.store.transaction(work))

    async def propose(
        self, principal: Principal, kind: Kind, subject: str, *, reason: str = REASON, **details: Any
    ) -> StaffAct:
        return await self.staffing.acts.propose(
            principal=principal, kind=kind, subject=subject, reason=reason, details=Details(**details)
        )

    async def approve(self, principal: Principal, act: StaffAct) -> StaffAct:
        return await self.staffing.acts.approve(principal=principal, act_id=act.id)

    async def together(self, one: Principal, other: Principal, kind: Kind, subject: str, **details: Any) -> StaffAct:
        """Proposed by the one, approved by the other."""
        return await self.approve(other, await self.propose(one, kind, subject, **details))

    async def freeze(self, officer: Principal, citizen: str) -> Any:
        return await self.staffing.accounts.freeze_for_a_day(principal=officer, citizen_id=citizen, reason=REASON)

    def days(self, number: float) -> datetime:
        return self.room.clock.now() + timedelta(days=number)

    async def hired(self, phone: str, *, role: str = "clerk", name: str = "新同事", **changes: Any) -> Details:
        """Details of somebody who is to be hired."""
        told: dict[str, Any] = {
            "phone": phone,
            "name": name,
            "badge": "ZS-0999",
            "unit": "大数据处",
            "department": BUREAU,
            "roles": (role,),
            "jurisdiction": "110000",
        }
        return Details(**{**told, **changes})

    async def client(self) -> Client:
        """One that waits to be let in."""
        waits = dataclasses.replace(
            PARTNER, id="cli_waits", state=ClientState.PENDING, created_at=self.room.clock.now()
        )
        await self.openid.parts.store.put_client(waits)
        return waits

    async def acting(self, actor: Principal) -> Principal:
        """Zhang as she acts for her mother."""
        return await self.room.acting(RelationKind.CARER, actor=actor)

    async def carer(self) -> str:
        """The id of Zhang's relation to her mother."""
        return await self.room.relation(RelationKind.CARER)

    async def granted(self, client: Client, citizen: Principal, *, offline: bool = False) -> Grant:
        """What a citizen granted a client."""
        by = SignedInBrowser("", citizen.actor, citizen.session_id, 3, citizen.methods, self.room.clock.now())
        wish = Wish(frozenset({"openid", *(["offline_access"] if offline else [])}), frozenset(), frozenset())
        parts = self.openid.parts

        async def work(session: Any) -> Grant:
            return await parts.grants.begin(client=client, by=by, wish=wish, relation=None, session=session)

        return await parts.transaction(work)

    def page(self) -> PageRequest:
        return PageRequest.of(first=50, after=None)

    async def acts(self) -> list[StaffAct]:
        """Every act that there was."""
        rows = await self.room.mongo.collection("identity_staff_acts").find({}, {"_id": 1}).to_list(None)
        found = [await self.staffing.store.act(row["_id"]) for row in rows]
        return [act for act in found if act]

    async def staff_session(self, phone: str) -> SignedIn:
        return await self.room.sign_in(phone, audience=Audience.STAFF)
