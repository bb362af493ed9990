"""The demonstration's provider of real-person checks and platform of net-IDs: real pages and signatures, no camera.

| route | who | what |
|---|---|---|
| POST /faces/checks | a key with that right | `{"id", "name", "number", …}` → `{"url", "expiresAt"}` |
| GET, POST /faces/checks/{id} | the person | the page that looks; sends them on with the signed result |
| GET, POST /net-id | anybody | gives a credential of one of the demonstration's people |
| POST /net-id/check | a key with that right | `{"credential", "audience"}` → `{"valid", "symbol", "minor", "until"}` |
| POST /net-id/match | a key with that right | `{"symbol", "name", "number"}` → `{"match"}` |

Rules
- Only a demonstration has it: whoever presses the button is seen. What is signed holds no name and no number.
- Where the person is sent on to is what the city said with its key, never what a browser says.
- A check is good for ten minutes and looked at once; so is a credential.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from html import escape
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import orjson
from aiohttp import web
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from backends.base.door import Door
from backends.base.http import json_of, reply
from backends.data.demo_registers import DOCUMENTS, PEOPLE
from backends.data.errors import QuestionMalformed
from backends.data.keys import Grant, Right, holder
from backends.data.records import Records
from core.clock import Clock, epoch_s
from core.crypto import UnsealError
from core.errors import NotFound
from core.ids import Ids
from core.jose import TokenFault, b64, check, sign, take_apart
from core.keys import RingKey
from core.locale import Locale, Text, negotiate
from core.mongo import answering, ensure_indexes

CHECK_LIFE: Final = timedelta(minutes=10)
RESULT_LIFE: Final = timedelta(minutes=5)
CREDENTIAL_LIFE: Final = timedelta(minutes=5)
NET_ID_LIFE: Final = timedelta(days=365)
BODY_BYTES_MAX: Final = 8 * 1024
_CHECKS: Final = "face_checks"
_USED: Final = "net_ids_used"
_SEALED: Final = "face.check"
_SCORE: Final = 0.97
_ADULT: Final = 18
_ASKED: Final = ("id", "name", "number", "audience", "returnTo")
_TITLE: Final = Text(zh="实人认证（演示）", en="Real-person check (demonstration)")
_LOOK: Final = Text(zh="我正看着摄像头", en="I am looking at the camera")
_AWAY: Final = Text(zh="让认证失败", en="Let the check fail")
_NET_ID: Final = Text(zh="国家网络身份认证（演示）", en="National network identity (demonstration)")
_ISSUE: Final = Text(zh="出具网证", en="Give me a credential")


@dataclass(frozen=True, slots=True)
class DemoProvider:
    """key: signs results and credentials. base: where it is reached, and its name in what it signs."""

    door: Door
    records: Records
    grants: Sequence[Grant]
    key: RingKey = field(repr=False)
    base: str
    ids: Ids
    clock: Clock

    async def prepare(self) -> None:
        leaves = [IndexModel([("until", ASCENDING)], name="leaves", expireAfterSeconds=0)]
        async with answering():
            await ensure_indexes(self.records.mongo, {_CHECKS: leaves, _USED: leaves})

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/faces/checks", self.begin),
            web.get("/faces/checks/{id}", self.page),
            web.post("/faces/checks/{id}", self.look),
            web.get("/net-id", self.wallet),
            web.post("/net-id", self.issue),
            web.post("/net-id/check", self.check),
            web.post("/net-id/match", self.match),
        ]

    # --- faces

    async def begin(self, request: web.Request) -> web.Response:
        holder(request.headers.get("Authorization", ""), grants=self.grants, right=Right.FACES)
        asked = await self._asked(request, *_ASKED)
        expires_at = self.clock.now() + CHECK_LIFE
        sealed = self.records.cipher.seal(orjson.dumps(asked), purpose=_SEALED, owner=asked["id"])
        async with answering():
            await self.records.mongo.collection(_CHECKS).replace_one(
                {"_id": asked["id"]}, {"sealed": sealed, "until": expires_at}, upsert=True
            )
        return reply({"url": f"{self.base}/faces/checks/{asked['id']}", "expiresAt": epoch_s(expires_at)})

    async def page(self, request: web.Request) -> web.Response:
        asked = await self._begun(request)
        locale = negotiate(request.headers.get("Accept-Language"))
        buttons = "".join(
            f'<button name="seen" value="{value}">{escape(words.in_(locale))}</button>'
            for value, words in (("yes", _LOOK), ("no", _AWAY))
        )
        return _page(_TITLE, f'<form method="post">{buttons}</form>', locale, goes_to=asked["returnTo"])

    async def look(self, request: web.Request) -> web.Response:
        seen = (await self._form(request)).get("seen") == "yes"
        asked = await self._begun(request)
        async with answering():
            taken = await self.records.mongo.collection(_CHECKS).delete_one({"_id": asked["id"]})
        if not taken.deleted_count:
            raise NotFound(thing="check")
        now, known = self.clock.now(), await self.records.knows_holder(asked["name"], asked["number"])
        subject = "\n".join((asked["id"], asked["name"], asked["number"]))
        claims = {
            "iss": self.base,
            "aud": asked["audience"],
            "nonce": asked["id"],
            "sub": b64(hashlib.sha256(subject.encode()).digest()),
            "iat": epoch_s(now),
            "exp": epoch_s(now + RESULT_LIFE),
            "jti": self.ids.new("fcr"),
            "liveness": seen,
            "score": _SCORE if seen and known else 0.0,
        }
        result = sign(claims, key=self.key, typ="face-check+jwt")
        headers = {"Location": f"{asked['returnTo']}#check={asked['id']}&result={result}", "Cache-Control": "no-store"}
        return web.Response(status=303, headers=headers)

    async def _begun(self, request: web.Request) -> dict[str, str]:
        """Raises: NotFound."""
        id_ = request.match_info["id"]
        async with answering():
            row = await self.records.mongo.collection(_CHECKS).find_one({"_id": id_})
        if row is None or row["until"] <= self.clock.now():
            raise NotFound(thing="check")
        try:
            asked: dict[str, str] = orjson.loads(self.records.cipher.open(row["sealed"], purpose=_SEALED, owner=id_))
        except UnsealError as fault:
            raise NotFound(thing="check") from fault
        return asked

    # --- net-IDs

    async def wallet(self, request: web.Request) -> web.Response:
        locale = negotiate(request.headers.get("Accept-Language"))
        audience = escape(request.query.get("audience", "http://127.0.0.1:8000"), quote=True)
        options = "".join(
            f'<option value="{i}">{escape(name)}</option>' for i, (name, _, _) in enumerate(self._people())
        )
        form = (
            f'<form method="post"><select name="who">{options}</select>'
            f'<input name="audience" value="{audience}"><button>{escape(_ISSUE.in_(locale))}</button></form>'
        )
        return _page(_NET_ID, form, locale, goes_to=self.base)

    async def issue(self, request: web.Request) -> web.Response:
        form, people = await self._form(request), self._people()
        who = form.get("who", "")
        if not who.isdecimal() or int(who) >= len(people):
            raise QuestionMalformed(field="who", problem="is nobody")
        _, number, born = people[int(who)]
        credential = self.credential(number, born=born, audience=form.get("audience", ""))
        locale = negotiate(request.headers.get("Accept-Language"))
        return _page(_NET_ID, f"<textarea readonly rows=8>{escape(credential)}</textarea>", locale, goes_to=self.base)

    def credential(self, number: str, *, born: date, audience: str) -> str:
        """A credential (网证) of whoever has this number, for one service, once."""
        now = self.clock.now()
        claims = {
            "iss": self.base,
            "aud": audience,
            "sub": self.symbol(number),
            "exp": epoch_s(now + CREDENTIAL_LIFE),
            "jti": self.ids.new("nid"),
            "minor": (now.year - born.year - ((now.month, now.day) < (born.month, born.day))) < _ADULT,
        }
        return sign(claims, key=self.key, typ="net-id+jwt")

    def symbol(self, number: str) -> str:
        """The net-ID (网号) of whoever has this number: letters and digits that say nothing of them."""
        return self.records.cipher.blind_index(number, purpose="net-id").hex()[:40].upper()

    async def check(self, request: web.Request) -> web.Response:
        holder(request.headers.get("Authorization", ""), grants=self.grants, right=Right.NET_IDS)
        asked = await self._asked(request, "credential", "audience")
        claims = self._claims(asked["credential"])
        now = self.clock.now()
        if claims is None or claims["aud"] != asked["audience"] or claims["exp"] <= epoch_s(now):
            return reply({"valid": False})
        try:
            async with answering():
                used = {"_id": claims["jti"], "until": now + CREDENTIAL_LIFE}
                await self.records.mongo.collection(_USED).insert_one(used)
        except DuplicateKeyError:
            return reply({"valid": False})
        until = epoch_s(now + NET_ID_LIFE)
        return reply({"valid": True, "symbol": claims["sub"], "minor": claims["minor"], "until": until})

    def _claims(self, credential: str) -> Mapping[str, Any] | None:
        try:
            token = take_apart(credential)
            check(token, self.key.jwk(), allowed=[self.key.algorithm.value])
        except TokenFault:
            return None
        return token.claims if token.header.get("typ") == "net-id+jwt" else None

    async def match(self, request: web.Request) -> web.Response:
        holder(request.headers.get("Authorization", ""), grants=self.grants, right=Right.NET_IDS)
        asked = await self._asked(request, "symbol", "name", "number")
        known = await self.records.knows_holder(asked["name"], asked["number"])
        return reply({"match": known and asked["symbol"] == self.symbol(asked["number"])})

    def _people(self) -> list[tuple[str, str, date]]:
        """Name, number, birth date."""
        residents = [(one.name, one.id_number, date.fromisoformat(one.id_number[6:14])) for one in PEOPLE]
        return residents + [(one.name, one.number, date.fromisoformat(one.born)) for one in DOCUMENTS]

    # --- bodies

    async def _asked(self, request: web.Request, *names: str) -> dict[str, str]:
        body = json_of(await self.door.body(request, bytes_max=BODY_BYTES_MAX))
        if not isinstance(body, dict) or set(body) != set(names) or not all(isinstance(v, str) for v in body.values()):
            raise QuestionMalformed(field="body", problem=f"must be an object with {', '.join(names)}")
        return body

    async def _form(self, request: web.Request) -> dict[str, str]:
        body = await self.door.body(request, bytes_max=BODY_BYTES_MAX)
        return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _page(title: Text, body: str, locale: Locale, *, goes_to: str) -> web.Response:
    words = escape(title.in_(locale))
    parts = urlsplit(goes_to)
    return web.Response(
        text=f'<!doctype html><html lang="{locale.value}"><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{words}</title><main><h1>{words}</h1>{body}</main></html>',
        content_type="text/html",
        headers={
            "Content-Security-Policy": f"default-src 'none'; form-action 'self' {parts.scheme}://{parts.netloc}; "
            "frame-ancestors 'none'; base-uri 'none'",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
