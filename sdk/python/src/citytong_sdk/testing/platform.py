"""`FakePlatform`: what a test says to the city of tests, and asks it.

Nothing here is pretended where it can be done: tokens are signed, phones sealed, webhooks signed, codes open once and
expire. What a citizen grants, what is answered to a document and what goes wrong is the test's to say. One program is
"the" program as long as only one is registered; with several, say which.
"""

from __future__ import annotations

import base64
import inspect
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from citytong_sdk import auth, phone, sealing
from citytong_sdk.app import MiniApp, Seen
from citytong_sdk.bundles import revocations, statement, tiles
from citytong_sdk.bundles.encoding import canonical
from citytong_sdk.bundles.hashing import sha256_hex
from citytong_sdk.city import Options, issuer_of
from citytong_sdk.keys import (
    LAUNCH,
    OPEN,
    REVOCATIONS,
    WEBHOOK,
    DecryptionKey,
    Jwk,
    PrivateKey,
    verification_key,
)
from citytong_sdk.webhooks import AnyEvent, event_body

from .clock import FakeClock
from .doors import Doors, refused
from .model import (
    App,
    Asked,
    Citizen,
    Delivered,
    Document,
    Fault,
    Lost,
    Reply,
    Resolver,
    Run,
    SentMessage,
    phone_members,
)
from .rings import Rings
from .transports import Application, AsyncTransport, BlockingTransport

TOKEN_LIFE_S: Final = 300
ACCESS_LIFE_S: Final = 600
EVERYTHING: Final = frozenset({"city.user.openid", "city.user.phone", "city.message.subscribe"})
_ORGANISATION: Final = "mpo_test"


class FakePlatform:
    """url: the city's address. seed: of its keys and ids, so that a run can be repeated.

    requests: what was asked, in order. sent_messages: subscribe messages. deliveries: webhooks. leaves: of the log of
    releases; a test that takes one back, or changes one, makes the log lie.
    """

    def __init__(self, *, url: str = "https://city.test", clock: FakeClock | None = None, seed: int = 0) -> None:
        self.url: Final = issuer_of(url)
        self.clock: Final = clock or FakeClock()
        self.rings: Final = Rings(seed=seed, log="city.test/log")
        self.random: Final = Random(seed)
        self.apps: Final[dict[str, App]] = {}
        self.requests: Final[list[Asked]] = []
        self.sent_messages: Final[list[SentMessage]] = []
        self.deliveries: Final[dict[str, Delivered]] = {}
        self.runs: Final[dict[tuple[str, str], Run]] = {}
        self.subscriptions: Final[dict[tuple[str, str], int]] = {}
        self.revoked: Final[set[tuple[str, int | None]]] = set()
        self.asgi: Final = Application(self)
        self._doors: Final = Doors(self)
        self._faults: Final[dict[str, list[Fault]]] = {}
        self._slow: Final[dict[str, float]] = {}
        self.leaves: Final[list[bytes]] = []
        self._citizens = 0
        self._list_number = 1

    # --- programs and citizens

    def mini_app(
        self,
        app_id: str = "org.example.program",
        *,
        templates: Iterable[str] = (),
        options: Options | None = None,
        seen: Seen | None = None,
    ) -> MiniApp:
        """A registered program's backend, which reaches this city without a socket and keeps to its clock. templates:
        of subscribe messages. options, seen: as of `MiniApp`.
        """
        number = len(self.apps)
        key = PrivateKey(Ed25519PrivateKey.from_private_bytes(self.random.randbytes(32)))
        opening = DecryptionKey(derive_private_key(1 + self.random.getrandbits(128) + number, SECP256R1()))
        self.register(app_id, keys=[key.jwk], sealing=opening.jwk, templates=templates)
        return MiniApp(
            app_id=app_id,
            key=key,
            platform=self.url,
            open_with=[opening],
            options=options,
            seen=seen,
            transport=self.transport(),
            sync_transport=self.sync_transport(),
            clock=self.clock,
            wait=self.clock.advance,
            random=self.random.randbytes,
            jitter=lambda: 0.0,
        )

    def register(
        self, app_id: str, *, keys: Iterable[Jwk], sealing: Jwk | None = None, templates: Iterable[str] = ()
    ) -> App:
        """keys: public halves of those that the program's backend proves itself with."""
        known = {jwk["kid"]: key for jwk in keys if (key := verification_key(jwk)) is not None}
        self.apps[app_id] = App(app_id, known, sealing, frozenset(templates))
        return self.apps[app_id]

    def citizen(self, *, phone: str | None = "+8613800138000", grants: Iterable[str] = EVERYTHING) -> Citizen:
        self._citizens += 1
        return Citizen(f"citizen-{self._citizens}", phone, set(grants))

    def run(self, citizen: Citizen, app_id: str | None = None) -> Run:
        """The citizen's session with the program, which opens when it is first asked for."""
        app = self.app(app_id)
        key = (citizen.id, app.app_id)
        if key not in self.runs:
            openid, unionid = (f"{kind}_{self.random.randbytes(16).hex()}" for kind in ("o", "u"))
            self.runs[key] = Run(self.new_id("mps"), citizen, app, openid, unionid)
        return self.runs[key]

    def openid(self, citizen: Citizen, app_id: str | None = None) -> str:
        return self.run(citizen, app_id).openid

    def subscribe(self, citizen: Citizen, template: str, *, times: int = 1, app_id: str | None = None) -> None:
        """The citizen accepts `times` messages."""
        run = self.run(citizen, app_id)
        run.app.templates |= {template}
        self.subscriptions[run.openid, template] = times

    def answer(
        self,
        document_id: str,
        data: Resolver,
        *,
        personal: bool = True,
        withheld: Mapping[str, str] | None = None,
        app_id: str | None = None,
    ) -> None:
        """What a document of the program is answered. data: or a function of the variables and the citizen. personal:
        it is about a citizen. withheld: `Type.field` that a citizen withholds, by the permission that would open it.
        """
        self.app(app_id).documents[document_id] = Document(data, personal, withheld or {})

    # --- what a front end would hand over

    def login_code(self, citizen: Citizen, app_id: str | None = None) -> str:
        return self._doors.new_code("lc", self.run(citizen, app_id))

    def phone_code(self, citizen: Citizen, app_id: str | None = None) -> str:
        return self._doors.new_code("pc", self.run(citizen, app_id))

    def launch_token(
        self,
        citizen: Citizen,
        app_id: str | None = None,
        *,
        scene: str = "home",
        referrer: str | None = None,
        **claims: object,
    ) -> str:
        """claims: others, or other values, than it would have; for tokens that must be refused."""
        run, now = self.run(citizen, app_id), int(self.clock())
        said: dict[str, object] = {
            "iss": self.url,
            "aud": run.app.app_id,
            "sub": run.openid,
            "sid": run.id,
            "ver": run.app.version_code,
            "scn": scene,
            "jti": self.new_id("mlt"),
            "iat": now,
            "exp": now + TOKEN_LIFE_S,
        }
        led = {"ref": referrer} if referrer else {}
        return self.rings.sign(LAUNCH, {**said, **led, **claims}, typ=auth.TOKEN_TYPE)

    def sealed_phone(self, citizen: Citizen, app_id: str | None = None, **claims: object) -> str:
        """claims: as for `launch_token`."""
        run, now = self.run(citizen, app_id), int(self.clock())
        assert run.app.sealing is not None and citizen.phone is not None
        said: dict[str, object] = {
            "iss": self.url,
            "aud": run.app.app_id,
            "jti": self.new_id("mph"),
            "iat": now,
            "exp": now + TOKEN_LIFE_S,
            "phone": phone_members(citizen.phone),
        }
        signed = self.rings.sign(LAUNCH, {**said, **claims}, typ=phone.TOKEN_TYPE)
        return sealing.seal(signed, to=run.app.sealing, random=self.random.randbytes)

    def access_token(self, app_id: str | None = None) -> str:
        """As `POST /open/token` gives a program's backend."""
        app = self.app(app_id)
        return self.bearer(client=f"mpb_{app.app_id}", subject=app.app_id, scope="mini-backend")

    def approve_device(self, user_code: str, *, developer: str = "dev_test", organisation: str = _ORGANISATION) -> None:
        """What a developer does in the console after `tong login` showed them this code. Raises: LookupError."""
        self._doors.approve_device(user_code, developer=developer, organisation=organisation)

    # --- what the city does by itself

    def revoke(self, version_code: int | None = None, *, app_id: str | None = None) -> None:
        """The version, or the whole program, may no longer run."""
        self.revoked.add((self.app(app_id).app_id, version_code))
        self._list_number += 1

    def revocations(self) -> str:
        """The signed list."""
        listed = revocations.Revocations(
            sequence=self._list_number,
            issued_at=int(self.clock()),
            max_age=3600,
            apps=frozenset(app for app, version in self.revoked if version is None),
            versions=frozenset((app, version) for app, version in self.revoked if version is not None),
        )
        key = self.rings.active(REVOCATIONS)
        return revocations.sign(listed, key=key.private, kid=key.kid)

    def publish(self, package: bytes, *, developer: Jwk, capabilities: Iterable[str] = ()) -> bytes:
        """A package that its developer signed, approved and logged by this city. Raises: BundleError."""
        key = verification_key(developer)
        assert key is not None
        submission = statement.submitted(package, developer_keys={developer["kid"]: key})
        said, now = submission.statement, int(self.clock())
        profile = statement.Profile(
            issuer=self.url,
            issued_at=now,
            not_before=now,
            app_id=said.app_id,
            version_code=said.version_code,
            pkg_sha256=said.pkg_sha256,
            files_h1=said.files_h1,
            developer_sha256=sha256_hex(submission.developer),
            review=self.new_id("rev"),
            capabilities=frozenset(capabilities),
            connect=submission.manifest.connect,
            img=submission.manifest.img,
            trusted_types=submission.manifest.trusted_types,
        )
        self.rings.add_developer(developer, organisation=_ORGANISATION)
        return self.rings.vouched(submission.unsigned, said, submission.developer, profile, leaves=self.leaves)

    def tree(self) -> tiles.Tree:
        """The log of releases: the tree of `leaves`."""
        return tiles.Tree(len(self.leaves), tiles.laid(self.leaves))

    def checkpoint(self) -> str:
        """The log's signed note of what it holds."""
        return self.rings.checkpoint(self.leaves)

    def rotate_keys(self, purpose: str = LAUNCH) -> None:
        """A new key signs from now on. purpose: as `city_purpose` in the key set."""
        self.rings.rotate(purpose)

    # --- webhooks

    def signed_webhook(self, event: AnyEvent | Mapping[str, Any], *, id: str | None = None) -> Delivered:
        """The webhook that tells `event`, or this body, not sent to anybody yet."""
        body = canonical(event if isinstance(event, Mapping) else event_body(event))
        name = str(event["type"]) if isinstance(event, Mapping) else str(event_body(event)["type"])
        found = Delivered(id or self.new_id("whd"), name, {}, body, _rfc3339(self.clock.now()))
        self._sign_attempt(found)
        self.deliveries[found.id] = found
        return found

    def _sign_attempt(self, delivery: Delivered) -> None:
        """Each attempt has a time, and so a signature, of its own."""
        timestamp = str(int(self.clock()))
        key = self.rings.active(WEBHOOK).private
        assert isinstance(key, Ed25519PrivateKey)
        signature = key.sign(f"{delivery.id}.{timestamp}.".encode() + delivery.body)
        delivery.headers = {
            "content-type": "application/json",
            "webhook-id": delivery.id,
            "webhook-timestamp": timestamp,
            "webhook-signature": f"v1a,{base64.b64encode(signature).decode()}",
        }

    async def webhook(
        self, event: AnyEvent | Mapping[str, Any] | Delivered, *, to: Any, path: str = "/webhooks/city"
    ) -> int:
        """Sends it, and returns the status that it was answered. to: an ASGI app, a WSGI app, or a URL (then without
        `path`).
        """
        delivery = self._attempt(event)
        if not isinstance(to, str) and not _is_asgi(to):
            return self.webhook_sync(delivery, to=to, path=path)
        transport, url = (None, to) if isinstance(to, str) else (httpx.ASGITransport(app=to), f"http://app.test{path}")
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
            answer = await client.post(url, content=delivery.body, headers=delivery.headers)
        return self._answered(delivery, answer.status_code)

    def webhook_sync(
        self, event: AnyEvent | Mapping[str, Any] | Delivered, *, to: Any, path: str = "/webhooks/city"
    ) -> int:
        """As `webhook`, for a WSGI app or a URL."""
        delivery = self._attempt(event)
        transport, url = (None, to) if isinstance(to, str) else (httpx.WSGITransport(app=to), f"http://app.test{path}")
        with httpx.Client(transport=transport, trust_env=False) as client:
            answer = client.post(url, content=delivery.body, headers=delivery.headers)
        return self._answered(delivery, answer.status_code)

    def _attempt(self, event: AnyEvent | Mapping[str, Any] | Delivered) -> Delivered:
        if not isinstance(event, Delivered):
            return self.signed_webhook(event)
        self._sign_attempt(event)
        return event

    def _answered(self, delivery: Delivered, status: int) -> int:
        delivery.attempts += 1
        delivery.status = status
        return status

    # --- trouble

    def fail(self, door: str, code: str, *, times: int = 1, retry_after: int | None = None) -> None:
        """The door (`messages`, `token`, `keys`, …: `doors.PATHS`) refuses with `code`, so many times."""
        reply = refused(code, retry_after=retry_after, oauth=door in ("token", "device"))
        self._fault(door, Fault(reply=reply), times)

    def lose(self, door: str, *, times: int = 1) -> None:
        """The door does what it was asked, and the connection breaks before its answer is there."""
        self._fault(door, Fault(lost=True), times)

    def slow(self, door: str, seconds: float) -> None:
        """The door takes this long: on the clock of tests, or for real where it is served over a socket."""
        self._slow[self._doors.path_of(door)] = seconds

    def _fault(self, door: str, fault: Fault, times: int) -> None:
        self._faults.setdefault(self._doors.path_of(door), []).extend([fault] * times)

    # --- how it is reached

    def transport(self) -> httpx.AsyncBaseTransport:
        return AsyncTransport(self)

    def sync_transport(self) -> httpx.BaseTransport:
        return BlockingTransport(self)

    def takes_s(self, path: str) -> float:
        """How long a request to this path takes."""
        return self._slow.get(path.partition("?")[0], 0.0)

    def handle(self, asked: Asked) -> Reply:
        """What the city answers. Raises: Lost."""
        self.requests.append(asked)
        faults = self._faults.get(asked.path.partition("?")[0])
        fault = faults.pop(0) if faults else Fault()
        reply = fault.reply or self._doors.answer(asked)
        if fault.lost:
            raise Lost
        return reply

    # --- for the doors

    def app(self, app_id: str | None = None) -> App:
        if app_id is not None:
            return self.apps[app_id]
        if len(self.apps) != 1:
            raise LookupError("say which program: app_id=…")
        return next(iter(self.apps.values()))

    def bearer(self, *, client: str, subject: str, scope: str) -> str:
        now = int(self.clock())
        claims = {"iss": self.url, "aud": "city-open", "client_id": client, "sub": subject, "scope": scope}
        times = {"jti": self.new_id("mat"), "iat": now, "exp": now + ACCESS_LIFE_S}
        return self.rings.sign(OPEN, {**claims, **times}, typ="at+jwt")

    def new_id(self, kind: str) -> str:
        return f"{kind}_{self.random.randbytes(12).hex()}"


def _is_asgi(app: Any) -> bool:
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__)


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
