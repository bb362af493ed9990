"""Which events of the other rooms a citizen is told of, by which template, and what makes it the same fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.crypto import FieldCipher
from core.events import Event, open_facts
from notifications.templates import Template


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a citizen is to be told. things: ids for the template's link. dedup_key: of the fact, not of the event."""

    citizen: str
    template: str
    variables: Mapping[str, Any]
    things: Mapping[str, str]
    dedup_key: str


@dataclass(frozen=True, slots=True)
class Told:
    """How an event is told. The template has the event's name.

    once_for: what in the payload or the facts makes it the same fact; with nothing, every event is one of its own.
    citizen: where the payload names whom it is told.
    """

    once_for: tuple[str, ...] = ()
    citizen: str = "citizen"


TOLD: Final[Mapping[str, Told]] = {
    "licences.issued": Told(once_for=("licence",)),
    # A licence may be renewed, and run out, again and again: each time with another end.
    "licences.renewed": Told(once_for=("licence", "valid_until")),
    "licences.revoked": Told(once_for=("licence",)),
    "licences.expiring": Told(once_for=("licence", "valid_until", "days")),
    "licences.shown": Told(once_for=("showing",)),
    "payments.bill_issued": Told(once_for=("bill",)),
    "payments.bill_due": Told(once_for=("bill", "due_on", "days")),
    "payments.bill_paid": Told(once_for=("payment",)),
    "payments.refunded": Told(once_for=("refund",)),
    "reports.created": Told(once_for=("case",)),
    "reports.moved": Told(),  # a case may come to the same state twice
    "health.fact_recorded": Told(once_for=("fact",)),
    "identity.acting_begun": Told(once_for=("acting",)),
    "identity.invitation_sent": Told(once_for=("invitation",)),
    "miniapps.member_invited": Told(once_for=("invitation",)),
    "identity.relation_begun": Told(once_for=("relation",)),
    "identity.relation_ended": Told(once_for=("relation_id",)),
    "identity.data_download_ready": Told(once_for=("download",)),
    "identity.data_download_failed": Told(once_for=("download",)),
    "identity.erasure_asked": Told(once_for=("erasure",)),
    "identity.erasure_cancelled": Told(once_for=("erasure",)),
    "identity.sign_in_noticed": Told(),  # each is one of its own
    "identity.credentials_changed": Told(),  # each change is one of its own
    "identity.account_frozen": Told(once_for=("intervention",)),
    "identity.account_unfrozen": Told(once_for=("intervention",)),
    "identity.account_ending": Told(once_for=("intervention",)),
    "identity.account_intervened": Told(once_for=("intervention",)),
    "identity.phone_change_waiting": Told(once_for=("change",)),
    "identity.phone_changed": Told(),  # a number may be given up and come again
    "identity.recovery_waiting": Told(once_for=("recovery",)),
    "identity.account_recovered": Told(once_for=("recovery",)),
    "identity.accounts_merged": Told(once_for=("merge",)),
    "identity.citizen_registered": Told(once_for=("citizen_id",), citizen="citizen_id"),
}


def announcement(event: Event, *, template: Template, cipher: FieldCipher) -> Announcement | None:
    """What the event is to be told as; None when it has no citizen (a report without a name).

    Facts that the template does not use are left alone; those that it needs are checked when it is announced.
    Raises: UnsealError.
    """
    told, payload = TOLD[event.name], event.payload
    citizen = payload.get(told.citizen)
    if not citizen:
        return None
    facts = open_facts(payload["facts"], owner=citizen, cipher=cipher) if "facts" in payload else {}
    same = [facts.get(name, payload.get(name)) for name in told.once_for] or [event.id]
    return Announcement(
        citizen=citizen,
        template=event.name,
        variables={name: facts[name] for name in template.variables if name in facts},
        things={name: value for name, value in payload.items() if isinstance(value, str)},
        dedup_key=":".join([event.name, *map(str, same)]),
    )
