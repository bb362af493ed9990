"""Who plays in the tests of the room, every event that a citizen is told of, and carriers that do as they are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from core.crypto import FieldCipher
from core.events import Event, seal_facts
from core.locale import Locale
from core.mongo import Document, Mongo
from core.principal import Principal, PrincipalKind
from notifications.channels import Again, Parcel, Refused, Taken
from notifications.dispatcher import Dispatcher
from notifications.model import Channel, Platform, Target, TargetKind
from notifications.outgoing import DELIVERIES
from notifications.service import Notifications
from tests.conftest import NOW

SHANGHAI = ZoneInfo("Asia/Shanghai")
ANNA, BEN = "cit_01KAMP0000000000000000000A", "cit_01KAMP0000000000000000000B"

Build = Callable[..., Notifications]

_LICENCE = {"zh": "居民身份证", "en": "Resident identity card"}
_BILL: dict[str, Any] = {
    "title": {"zh": "十一月电费", "en": "Electricity, November"},
    "amount_fen": 8640,
    "due_on": "2026-12-05",
    "biller": {"zh": "北京市城市管理委员会", "en": "Beijing Commission of City Management"},
}
_CASE = {"number": "26112200017", "category": {"zh": "路灯不亮", "en": "Street light out"}}

# Event → what stands in clear beside the citizen, and the sealed facts: the contract between the rooms.
EVENTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "licences.issued": ({"licence": "lic_1"}, {"type": _LICENCE, "valid_until": None}),
    "licences.renewed": ({"licence": "lic_1"}, {"type": _LICENCE, "valid_until": "2036-11-22"}),
    "licences.revoked": ({"licence": "lic_1"}, {"type": _LICENCE, "reason": "持证人已迁出本市"}),
    "licences.expiring": ({"licence": "lic_1"}, {"type": _LICENCE, "valid_until": "2026-12-22", "days": 30}),
    "licences.shown": (
        {"licence": "lic_1", "showing": "shw_1"},
        {
            "type": _LICENCE,
            "purpose": {"zh": "酒店入住", "en": "Hotel check-in"},
            "at": "2026-11-22T03:59:30+00:00",
        },
    ),
    "payments.bill_issued": ({"bill": "bil_1"}, _BILL),
    "payments.bill_due": ({"bill": "bil_1"}, {**_BILL, "days": 3}),
    "payments.bill_paid": (
        {"bill": "bil_1", "payment": "pay_1"},
        {"title": _BILL["title"], "amount_fen": 8640, "receipt": "R2026112200001"},
    ),
    "payments.refunded": (
        {"bill": "bil_1", "refund": "rfd_1"},
        {"title": _BILL["title"], "amount_fen": 8640, "reason": "重复收取"},
    ),
    "reports.created": ({"case": "cas_1"}, _CASE),
    "reports.moved": (
        {"case": "cas_1", "action": "ACCEPT"},
        {**_CASE, "status": {"zh": "处理中", "en": "In progress"}, "note": "维修人员今天下午到场"},
    ),
    "health.fact_recorded": ({"fact": "fct_1"}, {"kind": {"zh": "疫苗接种", "en": "Vaccination"}}),
    "identity.acting_begun": ({"actor": BEN, "acting": "act_1"}, {}),
    "identity.invitation_sent": ({"invitation": "inv_1", "inviter": BEN}, {}),
    "miniapps.member_invited": ({"invitation": "mdi_1"}, {}),
    "identity.relation_begun": ({"relation": "rel_1", "actor": BEN, "subject": ANNA}, {}),
    "identity.relation_ended": ({"relation_id": "rel_1", "actor": BEN, "subject": ANNA, "by": BEN}, {}),
    "identity.sign_in_noticed": ({"account_id": ANNA, "what": "new_device"}, {}),
    "identity.credentials_changed": ({"account_id": ANNA, "what": "passkey_added"}, {}),
    "identity.data_download_ready": ({"download": "dld_1"}, {}),
    "identity.data_download_failed": ({"download": "dld_1"}, {}),
    "identity.erasure_asked": ({"erasure": "era_1"}, {}),
    "identity.erasure_cancelled": ({"erasure": "era_1"}, {}),
    "identity.account_frozen": ({"intervention": "itv_1"}, {"reason": "涉嫌冒用他人身份"}),
    "identity.account_unfrozen": ({"intervention": "itv_1"}, {"reason": "涉嫌冒用他人身份"}),
    "identity.account_ending": ({"intervention": "itv_1"}, {"reason": "涉嫌冒用他人身份"}),
    "identity.account_intervened": ({"intervention": "itv_1"}, {"reason": "涉嫌冒用他人身份"}),
    "identity.phone_change_waiting": ({"change": "pch_1"}, {}),
    "identity.phone_changed": ({"change": "pch_1"}, {}),
    "identity.recovery_waiting": ({"recovery": "rcv_1"}, {}),
    "identity.account_recovered": ({"recovery": "rcv_1"}, {}),
    "identity.accounts_merged": ({"merge": "mrg_1"}, {}),
    "identity.citizen_registered": ({}, {}),
}


def event(name: str, *, cipher: FieldCipher, citizen: str | None = ANNA, id_: str = "evt_1", **facts: Any) -> Event:
    """One event as the room that owns it emits it; `facts` replace some of the usual ones."""
    clear, sealed = EVENTS[name]
    payload: dict[str, Any] = {**clear, "citizen_id" if name == "identity.citizen_registered" else "citizen": citizen}
    if sealed:
        payload["facts"] = seal_facts({**sealed, **facts}, owner=citizen or "cas_1", cipher=cipher)
    return Event(id_, name, NOW, payload)


async def tell(room: Notifications, *events: Event) -> None:
    """As the outbox does, each in a transaction of its own."""
    for one in events:
        await room.store.transaction(lambda session, one=one: room.tell(one, session=session))  # type: ignore[misc]


def citizen(account: str = ANNA) -> Principal:
    return Principal(kind=PrincipalKind.CITIZEN, actor=account, subject=account, scopes=frozenset({"citizen"}))


def acting(*matters: str, by: str = BEN, for_: str = ANNA) -> Principal:
    """Somebody who acts for somebody else in these matters."""
    return Principal(kind=PrincipalKind.CITIZEN, actor=by, subject=for_, scopes=frozenset(matters))


async def phone(room: Notifications, value: str = "installation-a", *, of: str = ANNA) -> Target:
    return await room.register_push(
        principal=citizen(of), kind=TargetKind.FID, value=value, platform=Platform.ANDROID, language=Locale.EN
    )


async def email(room: Notifications, address: str = "anna@example.cn", *, of: str = ANNA) -> Target:
    """A confirmed address. The rooms of these tests draw the code 135790."""
    await room.set_email(principal=citizen(of), address=address, language=Locale.ZH_CN)
    return await room.confirm_email(principal=citizen(of), code="135790")


@dataclass
class Desk:
    """A carrier that notes what it is given. answers: by what is in the title or the target; else it takes it."""

    answers: dict[str, Again | Refused] = field(default_factory=dict)
    given: list[Parcel] = field(default_factory=list)

    async def send(self, parcels: Sequence[Parcel]) -> list[Taken | Again | Refused]:
        self.given += parcels
        return [self.answers.get(parcel.to, Taken()) for parcel in parcels]

    async def close(self) -> None: ...


def dispatcher(room: Notifications, desk: Desk, **more: Any) -> Dispatcher:
    return Dispatcher(room=room, carriers={Channel.PUSH: desk, Channel.EMAIL: desk}, jitter=lambda: 1.0, **more)


async def deliveries(mongo: Mongo, **query: Any) -> list[Document]:
    """Those on record, as they were made."""
    return await mongo.collection(DELIVERIES).find(query).sort("$natural", 1).to_list(None)


async def everything(mongo: Mongo) -> dict[str, list[Document]]:
    """All that the database holds."""
    names = await mongo.database.list_collection_names()
    return {name: await mongo.collection(name).find().sort("_id", 1).to_list(None) for name in sorted(names)}
