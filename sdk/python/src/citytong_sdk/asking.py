"""The city's graph, by documents that the release brought and the review has seen.

A backend sends a document's id, never a text. On behalf of a citizen it learns what that citizen lets the program
know; what they withhold is null and named in `withheld`, which is no error. Without a citizen, public documents alone
are answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

from .calls import Call
from .city import City
from .errors import AnswerInvalid

V = TypeVar("V", bound=Mapping[str, object])
R = TypeVar("R")
_BYTES_MAX: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class TypedDocument(Generic[V, R]):
    """A document of the program's `operations.json`, as `tong typegen` writes it: V are its variables, R its data
    (`TypedDict`s).

    id: SHA-256 of its text, in hex. name: of the operation. mutation: it changes something, so it is not asked again
    when nobody knows whether it was done.
    """

    id: str
    name: str = ""
    mutation: bool = False


@dataclass(frozen=True, slots=True)
class Answer(Generic[R]):
    """data: with null for what was withheld or failed. withheld: `Type.field` of what the citizen withholds. errors:
    as GraphQL has them.
    """

    data: R | None = field(repr=False)
    withheld: tuple[str, ...] = ()
    errors: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)


class InSession(Protocol):
    """Who a login code or a launch token named."""

    @property
    def openid(self) -> str: ...

    @property
    def session_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Asking:
    city: City

    def graphql(
        self,
        document: TypedDocument[Any, R] | str,
        variables: Mapping[str, object] | None = None,
        *,
        on_behalf_of: InSession | str | None = None,
    ) -> Call[Answer[R]]:
        """document: or its id. on_behalf_of: a `Session`, `Claims`, or an openid.

        Raises: DocumentUnknown, NotPermitted, SessionOver, RateLimited, CityTongError.
        """
        id = document if isinstance(document, str) else document.id
        repeatable = isinstance(document, TypedDocument) and not document.mutation
        body = {"documentId": id, "variables": dict(variables or {}), **_citizen(on_behalf_of)}
        answer = yield from self.city.post("/open/v1/graphql", body, repeatable=repeatable, answer_bytes_max=_BYTES_MAX)
        match answer:
            case {"data": data, "errors": list() | None as errors, "withheld": list(withheld)}:
                return Answer(data, tuple(map(str, withheld)), tuple(errors or ()))
        raise AnswerInvalid("The city answered no data.")


def _citizen(who: InSession | str | None) -> dict[str, str]:
    if who is None:
        return {}
    return {"openid": who} if isinstance(who, str) else {"openid": who.openid, "session": who.session_id}
