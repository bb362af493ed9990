"""How often codes may be asked for and answered: a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count_max` in any span of `window_s` seconds."""

    count_max: int
    window_s: int


@dataclass(frozen=True, slots=True)
class ActLimits:
    """How often one act is allowed, by whom it is counted."""

    per_phone: tuple[Limit, ...]
    per_device: tuple[Limit, ...]
    per_address: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class SignInLimits:
    """How often codes may be asked for and answered.

    answers.per_phone counts over all codes since the last right one: with 30 a day a guesser has 3 chances in
    100,000 a day, however many codes are sent. Refused requests count nowhere.
    """

    requests: ActLimits
    answers: ActLimits

    @property
    def resend_after_s(self) -> int:
        """How long after one code the next may be asked for on the same phone."""
        return max((limit.window_s for limit in self.requests.per_phone if limit.count_max == 1), default=0)


_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
STANDARD_LIMITS: Final = SignInLimits(
    requests=ActLimits(
        per_phone=(Limit(1, 60), Limit(5, _HOUR_S)),
        per_device=(Limit(10, _HOUR_S),),
        # A carrier puts hundreds of phones behind one IPv4 address.
        per_address=(Limit(300, _HOUR_S),),
    ),
    answers=ActLimits(
        per_phone=(Limit(30, _DAY_S),),
        per_device=(Limit(60, _HOUR_S),),
        per_address=(Limit(600, _HOUR_S),),
    ),
)
# An officer at a counter serves one person after another; a list of names is not looked up so.
LOOK_UP_LIMITS: Final = (Limit(30, _HOUR_S), Limit(150, _DAY_S))
# Of one account: how many invitations it sends. Of one phone number: how many are sent to it, whoever has it.
INVITATION_LIMITS: Final = (Limit(20, _DAY_S),)
INVITED_LIMITS: Final = (Limit(10, _DAY_S),)
# Of one account: how often the register is asked for its children.
FAMILY_LIMITS: Final = (Limit(10, _DAY_S),)
# Of one account: how often it may say that it represents an organisation.
ORGANISATION_LIMITS: Final = (Limit(5, _DAY_S),)
# Of one account, one device, one address: tries of one way to prove who one is.
REAL_NAME_LIMITS: Final = (Limit(5, _DAY_S),)
REAL_NAME_DEVICE_LIMITS: Final = (Limit(20, _DAY_S),)
REAL_NAME_ADDRESS_LIMITS: Final = (Limit(300, _HOUR_S),)
# Of one account: checks of the face that are begun, and tickets for a counter.
FACE_LIMITS: Final = (Limit(10, _DAY_S),)
TICKET_LIMITS: Final = (Limit(20, _DAY_S),)
# Of one officer: tickets that are entered, right or wrong.
COUNTER_LIMITS: Final = (Limit(30, _HOUR_S), Limit(150, _DAY_S))
# Of one account: each begins with a code that is sent, and a code bears five tries.
PHONE_CHANGE_LIMITS: Final = (Limit(5, _DAY_S),)
MERGE_LIMITS: Final = (Limit(5, _DAY_S),)
# Of one id number, whoever has it or nobody.
RECOVERY_LIMITS: Final = (Limit(5, _DAY_S),)
# Of one recovery: results of a real-person check that are shown for it.
PROOF_LIMITS: Final = (Limit(5, _HOUR_S),)
# Of one officer: interventions in citizens' accounts that they decide alone.
INTERVENTION_LIMITS: Final = (Limit(20, _HOUR_S), Limit(60, _DAY_S))
