"""Events: how a room tells the others what happened, without knowing them.

Rules
- A change of state and its event are one transaction: both happen, or neither.
- Every handler of an event is tried until it is done, or its tries are used up and it is a dead letter.
- A `within` handler takes effect exactly once; an `after` handler at least once.
- No order is promised: not between events, not between the handlers of one event. A handler that cares reads
  the state it needs from its own store.
Source: docs/decisions/0003-state-and-event-are-one-transaction.md
"""

from __future__ import annotations

from core.events.backbone import Backbone
from core.events.dead_letters import DeadLetters
from core.events.deliveries import EVENTS, INDEXES
from core.events.facts import SEALED, open_facts, seal_facts
from core.events.hearing import Hearing
from core.events.model import (
    PAYLOAD_BYTES_MAX,
    Backlog,
    Counts,
    DeadLetter,
    Event,
    EventNotStorable,
    EventTooLarge,
    Limits,
    Subscription,
)
from core.events.outbox import Outbox

__all__ = [
    "EVENTS",
    "INDEXES",
    "PAYLOAD_BYTES_MAX",
    "SEALED",
    "Backbone",
    "Backlog",
    "Counts",
    "DeadLetter",
    "DeadLetters",
    "Event",
    "EventNotStorable",
    "EventTooLarge",
    "Hearing",
    "Limits",
    "Outbox",
    "Subscription",
    "open_facts",
    "seal_facts",
]
