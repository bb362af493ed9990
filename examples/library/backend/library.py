"""A lending library, as the backend of a mini-program: Litestar, SQLite, and `citytong-sdk`.

Whoever asks is known by the launch token that `mp.fetch` sends with each request; the middleware has checked it before
a handler runs. The city is asked only for what no token says: who signed in, a phone, a name, and to tell somebody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from citytong_sdk import CityTongError, MiniApp
from citytong_sdk.errors import NotPermitted, NotSubscribed, SubscriptionSpent, WebhookInvalid
from citytong_sdk.middleware import CityTongMiddleware, current_session
from citytong_sdk.webhooks import CitizenForgotten, ConsentRevoked
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import Body, Parameter

from .operations import Reader
from .shelves import Book, Loan, Refused, Shelves

TEMPLATE = "loan_due"
Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Code:
    code: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A book, and the district whose branch it is fetched from."""

    book: str
    branch: str


def application(city: MiniApp, shelves: Shelves, *, now: Now) -> Any:
    """The library as an ASGI app. Closing `city` is the caller's."""

    @asynccontextmanager
    async def opened(_: Litestar) -> AsyncIterator[None]:
        await asyncio.to_thread(shelves.open)
        yield

    app = Litestar(
        [books, sign_in, phone, lend, loans, bring_back, webhook],
        lifespan=[opened],
        state=State({"city": city, "shelves": shelves, "now": now}),
        exception_handlers={Refused: _refused, CityTongError: _city_said_no},
        openapi_config=None,
    )
    return CityTongMiddleware(app, city, public=["/webhooks/city"])


@get("/books", sync_to_thread=True)
def books(state: State) -> list[Book]:
    return _shelves(state).books()


@post("/session")
async def sign_in(data: Annotated[Code, Body()], state: State) -> dict[str, bool]:
    """The first thing that the program sends: now the library knows a reader, and what they let it know."""
    session = await _city(state).auth.code2session(data.code)
    shelves = _shelves(state)
    await asyncio.to_thread(shelves.welcome, session.openid, now=state.now())
    answer = await _city(state).graphql(Reader, on_behalf_of=session)
    # Withheld is an answer like any other: the library then says "dear reader".
    if answer.data and answer.data["me"] and (name := answer.data["me"]["maskedName"]):
        await asyncio.to_thread(shelves.know, session.openid, name=name)
    return {"phone": await asyncio.to_thread(shelves.phone_known, session.openid)}


@post("/phone")
async def phone(data: Annotated[Code, Body()], state: State) -> dict[str, bool]:
    """A code for a phone number: only this backend can turn it into one, once."""
    number = await _city(state).phone.exchange(data.code)
    await asyncio.to_thread(_shelves(state).know, current_session().openid, phone=number.e164)
    return {"phone": True}


@post("/loans", sync_to_thread=True)
def lend(data: Annotated[Wish, Body()], state: State) -> Loan:
    return _shelves(state).lend(current_session().openid, data.book, data.branch, now=state.now())


@get("/loans", sync_to_thread=True)
def loans(state: State) -> list[Loan]:
    return _shelves(state).loans(current_session().openid)


@post("/loans/{loan:int}/return", status_code=200, sync_to_thread=True)
def bring_back(loan: Annotated[int, Parameter(ge=1)], state: State) -> list[Loan]:
    shelves = _shelves(state)
    shelves.bring_back(current_session().openid, loan, now=state.now())
    return shelves.loans(current_session().openid)


@post("/webhooks/city", status_code=204)
async def webhook(request: Request[Any, Any, State], state: State) -> None:
    """What the city tells by itself. It comes again until it is answered, so doing it twice is as doing it once."""
    event = await _city(state).webhooks.verify(request.headers, await request.body())
    match event:
        case ConsentRevoked(openid=openid, names=names):
            await asyncio.to_thread(_shelves(state).unlearn, openid, frozenset(names))
        case CitizenForgotten(openid=openid):
            await asyncio.to_thread(_shelves(state).forget, openid)
        case _:
            pass  # What a library has nothing to do with, now or in a later version of the city.


async def remind(city: MiniApp, shelves: Shelves, *, now: datetime) -> int:
    """Tell readers of what is soon due; run it by the clock. Returns how many were told."""
    told = 0
    for notice in await asyncio.to_thread(shelves.soon_due, now=now):
        loan = notice.loan
        data = {"title": loan.title["zh"], "due": loan.due.date().isoformat()}
        try:
            # The key is of the loan: after a crash between the city's yes and our own note, nobody is told twice.
            await city.messages.send_subscribe(
                notice.openid, TEMPLATE, data, page="pages/loan/loan", idempotency_key=f"loan-{loan.id}-due"
            )
            told += 1
        except (NotSubscribed, SubscriptionSpent):
            pass  # They did not ask to be told.
        await asyncio.to_thread(shelves.told, loan.id, now=now)
    return told


def _city(state: State) -> MiniApp:
    found: MiniApp = state.city
    return found


def _shelves(state: State) -> Shelves:
    found: Shelves = state.shelves
    return found


def _refused(_: Request[Any, Any, State], refusal: Refused) -> Response[dict[str, str]]:
    return Response({"code": refusal.code}, status_code=404 if refusal.code.startswith("NO_") else 409)


def _city_said_no(_: Request[Any, Any, State], error: CityTongError) -> Response[dict[str, str]]:
    """Codes, never texts: those are for developers, and the log."""
    if isinstance(error, WebhookInvalid):
        return Response({"code": error.code}, status_code=401)
    return Response({"code": error.code}, status_code=403 if isinstance(error, NotPermitted) else 502)


def database(folder: Path) -> Shelves:
    return Shelves(folder / "library.sqlite")
