"""Who reads the city's graph, in the city's own words: what its policies mean, and what acting for somebody opens.

The engine knows only names; here they get their meaning. A room asks for a policy by `policy=[["on_own_behalf"]]` on a
field, and checks for itself all the same what it must never get wrong.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from api.gateway.access import Policy
from api.gateway.masking import Masking
from api.gateway.supergraph import Supergraph
from api.startup import CityUnavailable
from core.departments import DEPARTMENTS
from core.errors import SignInRequired
from core.principal import Principal, PrincipalKind
from identity.errors import TokenInvalid


def on_own_behalf(principal: Principal) -> bool:
    """A citizen, and not one who acts for somebody else."""
    return principal.kind is PrincipalKind.CITIZEN and not principal.delegated


def staff_of_department(principal: Principal) -> bool:
    """A member of staff whose account names a department of the city."""
    return principal.kind is PrincipalKind.STAFF and principal.department in DEPARTMENTS


POLICIES: Final[Mapping[str, Policy]] = {"on_own_behalf": on_own_behalf, "staff_of_department": staff_of_department}

# Everybody who acts for somebody knows whom, and how they belong together; of the rest they see what their matters are
# about, which is what rooms give them. A matter that is not here opens nothing.
MASKING: Final = Masking(
    family={"IDENTITY": 2},
    matters={
        "licences:read": {"IDENTITY": 3, "WHEREABOUTS": 3},
        "health:read": {"HEALTH": 4},
        "payments:read": {"PROPERTY": 3},
        "payments:pay": {"PROPERTY": 3},
        "reports:read": {"WHEREABOUTS": 3},
        "notifications:read": {"IDENTITY": 3},
    },
)


Read: TypeAlias = Callable[[str], Awaitable[Principal]]


async def authenticated(token: str, *, citizens: Read, tools: Read) -> Principal:
    """Whom an access token speaks for: identity's own, and, where it is none of those, a developer's tool.

    The two have keys, algorithms and audiences of their own, so neither can be taken for the other; whose it is not,
    is told by identity's refusal.
    Raises: what `citizens` raises.
    """
    try:
        return await citizens(token)
    except TokenInvalid as fault:
        try:
            return await tools(token)
        except SignInRequired:
            raise fault from None


def known_policies(supergraph: Supergraph) -> Mapping[str, Policy]:
    """The policies of the city, where they are all that the supergraph asks for.

    Raises: CityUnavailable: with one that is missing, fields would be refused to everybody.
    """
    if unknown := sorted(supergraph.policies - POLICIES.keys()):
        raise CityUnavailable(
            f"The supergraph asks for the policy {', '.join(unknown)}; there is {', '.join(POLICIES)}."
        )
    return POLICIES
