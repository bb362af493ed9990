"""The doors of the city of tests: what docs/sdk/backend-api.md says that each answers and refuses."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from citytong_sdk.bundles import blocks, jws, statement, tiles
from citytong_sdk.bundles.encoding import json_object
from citytong_sdk.bundles.errors import BundleError
from citytong_sdk.keys import OPEN
from citytong_sdk.messages import DATA_MAX, TEXT_LENGTH_MAX

from .model import App, Asked, Citizen, Delivered, Reply, Run, SentMessage, phone_members

if TYPE_CHECKING:
    from .platform import FakePlatform

PATHS: Final[Mapping[str, str]] = {
    "token": "/open/token",
    "device": "/open/device",
    "packages": "/open/packages",
    "code2session": "/open/v1/code2session",
    "phone": "/open/v1/phone",
    "messages": "/open/v1/messages",
    "graphql": "/open/v1/graphql",
    "webhooks_test": "/open/v1/webhooks/test",
    "deliveries": "/open/v1/webhooks/deliveries",
    "discovery": "/.well-known/city-open",
    "keys": "/.well-known/mini-jwks.json",
    "revocations": "/.well-known/mini-revocations.json",
    "checkpoint": "/tlog/checkpoint",
}
_STATUS: Final[Mapping[str, int]] = {
    "BAD_USER_INPUT": 400,
    "MINIAPPS_CODE_INVALID": 400,
    "MINIAPPS_CODE_USED": 400,
    "UNAUTHENTICATED": 401,
    "invalid_client": 401,
    "MINIAPPS_NOT_PERMITTED": 403,
    "MINIAPPS_NOT_SUBSCRIBED": 403,
    "NOT_FOUND": 404,
    "MINIAPPS_NO_PHONE": 404,
    "MINIAPPS_DOCUMENT_UNKNOWN": 404,
    "MINIAPPS_TEMPLATE_UNKNOWN": 404,
    "MINIAPPS_SESSION_OVER": 404,
    "MINIAPPS_IDEMPOTENCY_KEY_REUSED": 409,
    "MINIAPPS_NO_ENCRYPTION_KEY": 409,
    "MINIAPPS_SUBSCRIPTION_SPENT": 409,
    "MINIAPPS_TOO_OFTEN": 429,
    "slow_down": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
}
_ERRNO: Final = {"BAD_USER_INPUT": 1005, "MINIAPPS_TOO_OFTEN": 1006, "MINIAPPS_DOCUMENT_UNKNOWN": 1301}
_ERRNO_WHY: Final = {"manifest": 1103, "review": 1104, "consent": 1105, "context": 1106, "quota": 1007, "policy": 1108}
_TILES: Final = "/tlog/tile/"
_CODE_LIFE_S: Final = 300
_SKEW_S: Final = 10
_ASSERTION_LIFE_S_MAX: Final = 300
_DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_REQUEST_BYTES_MAX: Final = 256 * 1024
_PACKAGE_BYTES_MAX: Final = 3 << 20


class Refusal(Exception):
    """fields: public ones of the error."""

    def __init__(self, code: str, status: int | None = None, **fields: str) -> None:
        super().__init__(code)
        self.code, self.status, self.fields = code, status, fields


def refused(
    code: str, *, retry_after: int | None = None, oauth: bool = False, fields: Mapping[str, str] | None = None
) -> Reply:
    """The answer that refuses. fields: public ones of the error."""
    headers = {"retry-after": str(retry_after)} if retry_after is not None else {}
    status = _STATUS.get(code, 400)
    if oauth:
        return _reply(status, {"error": code, "error_description": "Refused."}, headers)
    errno = _ERRNO_WHY.get((fields or {}).get("why", "")) or _ERRNO.get(code)
    error: dict[str, object] = {
        "code": code,
        "message": f"{code.replace('_', ' ').capitalize()}.",
        "requestId": "req_test",
        "docs": f"https://city.test/docs/errors#{code}",
        **({"errno": errno} if errno else {}),
        **({"fields": fields} if fields else {}),
    }
    return _reply(status, {"error": error}, headers)


@dataclass(slots=True)
class _Code:
    run: Run
    until: float
    used: bool = False


@dataclass(slots=True)
class _Device:
    user_code: str
    until: float
    approved: tuple[str, str] | None = None


class Doors:
    def __init__(self, city: FakePlatform) -> None:
        self._city = city
        self._codes: dict[str, _Code] = {}
        self._assertions: set[str] = set()
        self._accepted: dict[tuple[str, str], tuple[str, SentMessage]] = {}
        self._devices: dict[str, _Device] = {}
        self._refresh: dict[str, tuple[str, str]] = {}
        self._by_path: Mapping[tuple[str, str], Callable[[Asked], object]] = {
            ("POST", PATHS["token"]): self._token,
            ("POST", PATHS["device"]): self._device,
            ("PUT", PATHS["packages"]): self._package,
            ("POST", PATHS["code2session"]): self._code2session,
            ("POST", PATHS["phone"]): self._phone,
            ("POST", PATHS["messages"]): self._message,
            ("POST", PATHS["graphql"]): self._graphql,
            ("POST", PATHS["webhooks_test"]): self._webhook_test,
            ("GET", PATHS["deliveries"]): self._deliveries,
            ("GET", PATHS["discovery"]): self._discovery,
            ("GET", PATHS["keys"]): lambda _: self._city.rings.jwks(),
            ("GET", PATHS["revocations"]): lambda _: self._city.revocations(),
            ("GET", PATHS["checkpoint"]): lambda _: self._city.checkpoint(),
        }

    def path_of(self, door: str) -> str:
        return PATHS[door]

    def answer(self, asked: Asked) -> Reply:
        path = urlsplit(asked.path).path
        oauth = path in (PATHS["token"], PATHS["device"])
        try:
            answered = self._door(asked, path)
        except Refusal as refusal:
            reply = refused(refusal.code, oauth=oauth, fields=refusal.fields)
            return Reply(refusal.status or reply.status, reply.body, reply.headers)
        if isinstance(answered, str | bytes):
            raw = answered.encode() if isinstance(answered, str) else answered
            return Reply(200, raw, {"content-type": "application/octet-stream", "cache-control": "no-cache"})
        kept = "public, max-age=300" if path.startswith("/.well-known/") else "no-store"
        return _reply(200, answered, {"cache-control": kept})

    def _door(self, asked: Asked, path: str) -> object:
        most = _PACKAGE_BYTES_MAX if path == PATHS["packages"] else _REQUEST_BYTES_MAX
        if len(asked.body) > most:
            raise Refusal("BAD_USER_INPUT", field="body", problem=f"must be at most {most} bytes")
        if asked.method == "POST" and path.startswith(f"{PATHS['deliveries']}/") and path.endswith("/replay"):
            return self._replay(asked, path.split("/")[-2])
        if asked.method == "GET" and path.startswith(_TILES):
            return self._tile(path.removeprefix(_TILES))
        door = self._by_path.get((asked.method, path))
        if door is None:
            raise Refusal("NOT_FOUND")
        return door(asked)

    # --- who asks

    def _token(self, asked: Asked) -> object:
        form = _form(asked)
        match form:
            case {
                "grant_type": "client_credentials",
                "client_assertion_type": str(kind),
                "client_assertion": str(text),
            }:
                if kind != _ASSERTION:
                    raise Refusal("invalid_request")
                app = self._proven(text)
                return self._bearer(f"mpb_{app.app_id}", app.app_id, "mini-backend")
            case {"grant_type": str(grant), "client_id": "tong", "device_code": str(code)} if grant == _DEVICE:
                return self._device_token(code)
            case {"grant_type": "refresh_token", "client_id": "tong", "refresh_token": str(text)}:
                if (who := self._refresh.pop(text, None)) is None:
                    raise Refusal("invalid_grant")
                return self._developer(who)
            case {"grant_type": str()}:
                raise Refusal("unsupported_grant_type")
        raise Refusal("invalid_request")

    def _bearer(self, client: str, subject: str, scope: str) -> dict[str, object]:
        token = self._city.bearer(client=client, subject=subject, scope=scope)
        return {"access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": scope}

    def _proven(self, assertion: str) -> App:
        """The program that the assertion proves, once."""
        keys = {kid: key for app in self._city.apps.values() for kid, key in app.keys.items()}
        try:
            claims = json_object(jws.verify(assertion, keys, typ="JWT"))
        except (BundleError, ValueError):
            raise Refusal("invalid_client") from None
        match claims:
            case {"iss": str(iss), "sub": str(sub), "aud": str(aud), "jti": str(jti), "iat": int(iat), "exp": int(exp)}:
                pass
            case _:
                raise Refusal("invalid_client")
        now, app = self._city.clock(), self._city.apps.get(iss)
        kid = json_object(base64.urlsafe_b64decode(assertion.split(".")[0] + "==")).get("kid")
        good = (
            app is not None
            and kid in app.keys
            and iss == sub
            and aud == self._city.url + PATHS["token"]
            and iat - _SKEW_S <= now < exp + _SKEW_S
            and exp <= now + _ASSERTION_LIFE_S_MAX + _SKEW_S
            and 0 < len(jti) <= 128
            and jti not in self._assertions
        )
        if not good or app is None:
            raise Refusal("invalid_client")
        self._assertions.add(jti)
        return app

    def _backend(self, asked: Asked) -> App:
        subject = self._bearer_of(asked, scope="mini-backend")
        app = self._city.apps.get(subject)
        if app is None or (app.app_id, None) in self._city.revoked:
            raise Refusal("UNAUTHENTICATED")
        return app

    def _bearer_of(self, asked: Asked, *, scope: str) -> str:
        """The subject of the access token. Raises: Refusal."""
        kind, _, token = asked.headers.get("authorization", "").partition(" ")
        try:
            claims = json_object(jws.verify(token, self._city.rings.published().of(OPEN), typ="at+jwt"))
        except (BundleError, ValueError):
            raise Refusal("UNAUTHENTICATED") from None
        match claims:
            case {"scope": str(given), "exp": int(exp), "sub": str(subject)} if (
                kind == "Bearer" and given == scope and self._city.clock() < exp
            ):
                return subject
        raise Refusal("UNAUTHENTICATED")

    # --- developers' tools

    def _device(self, asked: Asked) -> object:
        if _form(asked).get("client_id") != "tong":
            raise Refusal("invalid_client")
        device_code, user_code = self._city.new_id("mdc"), self._city.random.randbytes(4).hex().upper()
        self._devices[device_code] = _Device(user_code, self._city.clock() + 600)
        there = f"{self._city.url}/#/developer/device"
        return {
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": there,
            "verification_uri_complete": f"{there}?code={user_code}",
            "expires_in": 600,
            "interval": 5,
        }

    def approve_device(self, user_code: str, *, developer: str, organisation: str) -> None:
        """Raises: LookupError."""
        found = next((one for one in self._devices.values() if one.user_code == user_code), None)
        if found is None:
            raise LookupError("no device shows this code")
        found.approved = (developer, organisation)

    def _device_token(self, code: str) -> object:
        device = self._devices.get(code)
        if device is None or self._city.clock() >= device.until:
            raise Refusal("expired_token")
        if device.approved is None:
            raise Refusal("authorization_pending")
        del self._devices[code]
        return self._developer(device.approved)

    def _developer(self, who: tuple[str, str]) -> object:
        refresh = self._city.new_id("mrt")
        self._refresh[refresh] = who
        return {**self._bearer(*who, "developer"), "refresh_token": refresh}

    def _package(self, asked: Asked) -> object:
        self._bearer_of(asked, scope="developer")
        try:
            unsigned = blocks.split(asked.body).unsigned
            said = statement.make(unsigned, built_with="", created=0)
        except BundleError as fault:
            raise Refusal("BAD_USER_INPUT", field="package", problem=fault.code) from None
        return {"upload": said.pkg_sha256, "bytes": len(asked.body), "appId": said.app_id}

    # --- programs' backends

    def new_code(self, kind: str, run: Run) -> str:
        code = f"{kind}_{base64.urlsafe_b64encode(self._city.random.randbytes(16)).decode().rstrip('=')}"
        self._codes[code] = _Code(run, self._city.clock() + _CODE_LIFE_S)
        return code

    def _opened(self, code: object, kind: str, app: App) -> Run:
        found = self._codes.get(code) if isinstance(code, str) else None
        if found is None or not str(code).startswith(f"{kind}_") or found.run.app is not app:
            raise Refusal("MINIAPPS_CODE_INVALID")
        if self._city.clock() >= found.until:
            raise Refusal("MINIAPPS_CODE_INVALID")
        if found.used:
            raise Refusal("MINIAPPS_CODE_USED")
        found.used = True
        return found.run

    def _code2session(self, asked: Asked) -> object:
        app = self._backend(asked)
        run = self._opened(_body(asked).get("code"), "lc", app)
        _permitted(run.citizen, "city.user.openid")
        return {
            "openid": run.openid,
            "unionid": run.unionid,
            "sessionId": run.id,
            "scopes": sorted(run.citizen.grants),
            "versionName": app.version_name,
            "versionCode": app.version_code,
            "expiresAt": datetime.fromtimestamp(self._city.clock() + 3600, UTC).isoformat().replace("+00:00", "Z"),
        }

    def _phone(self, asked: Asked) -> object:
        app, body = self._backend(asked), _body(asked)
        sealed = body.get("sealed", False)
        if sealed and app.sealing is None:
            raise Refusal("MINIAPPS_NO_ENCRYPTION_KEY")
        run = self._opened(body.get("code"), "pc", app)
        _permitted(run.citizen, "city.user.phone")
        if run.citizen.phone is None:
            raise Refusal("MINIAPPS_NO_PHONE")
        if sealed:
            return {"sealed": self._city.sealed_phone(run.citizen, app.app_id)}
        return {"phone": phone_members(run.citizen.phone)}

    def _message(self, asked: Asked) -> object:
        app, body = self._backend(asked), _body(asked)
        match body:
            case {"openid": str(openid), "template": str(template), "data": dict(data), "idempotencyKey": str(key)} if (
                0 < len(key) <= 64
                and len(data) <= DATA_MAX
                and all(isinstance(text, str) and len(text) <= TEXT_LENGTH_MAX for text in data.values())
            ):
                pass
            case _:
                raise Refusal("BAD_USER_INPUT", field="body", problem="is not a message")
        contents = hashlib.sha256(asked.body).hexdigest()
        if before := self._accepted.get((app.app_id, key)):
            if before[0] != contents:
                raise Refusal("MINIAPPS_IDEMPOTENCY_KEY_REUSED")
            return {"id": before[1].id, "state": "accepted"}
        self._spend(app, openid, template)
        page = body.get("page")
        message = SentMessage(self._city.new_id("msm"), app.app_id, openid, template, data, page, key)
        self._city.sent_messages.append(message)
        self._accepted[app.app_id, key] = (contents, message)
        return {"id": message.id, "state": "accepted"}

    def _spend(self, app: App, openid: str, template: str) -> None:
        if template not in app.templates:
            raise Refusal("MINIAPPS_TEMPLATE_UNKNOWN")
        left = self._city.subscriptions.get((openid, template))
        if left is None:
            raise Refusal("MINIAPPS_NOT_SUBSCRIBED")
        if left == 0:
            raise Refusal("MINIAPPS_SUBSCRIPTION_SPENT")
        self._city.subscriptions[openid, template] = left - 1

    def _graphql(self, asked: Asked) -> object:
        app, body = self._backend(asked), _body(asked)
        document = app.documents.get(str(body.get("documentId")))
        if document is None:
            raise Refusal("MINIAPPS_DOCUMENT_UNKNOWN")
        citizen = self._asked_for(app, body)
        if citizen is None and document.personal:
            raise Refusal("MINIAPPS_NOT_PERMITTED", name="city.user.openid", why="context")
        variables = body.get("variables") or {}
        data = document.answer(variables, citizen) if callable(document.answer) else document.answer
        grants = citizen.grants if citizen else set()
        withheld = sorted(name for name, permission in document.withheld.items() if permission not in grants)
        return {"data": data, "errors": [], "withheld": withheld}

    def _asked_for(self, app: App, body: Mapping[str, Any]) -> Citizen | None:
        openid = body.get("openid")
        if openid is None:
            return None
        runs = [run for run in self._city.runs.values() if run.app is app and run.openid == openid]
        if not runs or body.get("session", runs[0].id) != runs[0].id:
            raise Refusal("MINIAPPS_SESSION_OVER")
        return runs[0].citizen

    # --- webhooks

    def _webhook_test(self, asked: Asked) -> object:
        app = self._backend(asked)
        at = datetime.fromtimestamp(self._city.clock(), UTC).isoformat().replace("+00:00", "Z")
        sent = self._city.signed_webhook({"type": "ping", "timestamp": at, "data": {"appId": app.app_id}})
        return {"id": sent.id}

    def _deliveries(self, asked: Asked) -> object:
        self._backend(asked)
        query = parse_qs(urlsplit(asked.path).query)
        found = list(self._city.deliveries.values())
        after = query.get("after", [""])[0]
        begin = next((n + 1 for n, one in enumerate(found) if one.id == after), 0)
        end = begin + int(query.get("first", ["50"])[0])
        listed = [_delivery(one) for one in found[begin:end]]
        return {"deliveries": listed, "next": found[end - 1].id if end < len(found) else None}

    def _replay(self, asked: Asked, id: str) -> object:
        self._backend(asked)
        if id not in self._city.deliveries:
            raise Refusal("NOT_FOUND")
        self._city.deliveries[id].status = None
        return {"id": id, "state": "pending"}

    # --- for anybody

    def _tile(self, path: str) -> bytes:
        try:
            tile = tiles.read_path(path)
        except ValueError:
            raise Refusal("NOT_FOUND") from None
        held = self._city.tree().tiles.get(tile.place, b"")[: tile.width * 32]
        if len(held) < tile.width * 32:
            raise Refusal("NOT_FOUND")
        return held

    def _discovery(self, _: Asked) -> object:
        url, rings = self._city.url, self._city.rings
        logs = [one.text for one in rings.published().logs]
        keys = [base64.b64encode(key.public_bytes_raw()).decode() for key in rings.published().webhooks]
        return {
            "issuer": url,
            "token_endpoint": url + PATHS["token"],
            "device_authorization_endpoint": url + PATHS["device"],
            "packages_endpoint": url + PATHS["packages"],
            "backend_endpoint": f"{url}/open/v1",
            "graphql_endpoint": f"{url}/graphql",
            "jwks_uri": url + PATHS["keys"],
            "revocations_uri": url + PATHS["revocations"],
            "tlog": {"origin": rings.log, "keys": logs},
            "webhook_keys": [f"whpk_{key}" for key in keys],
            "sandbox": False,
        }


def _permitted(citizen: Citizen, name: str) -> None:
    if name not in citizen.grants:
        raise Refusal("MINIAPPS_NOT_PERMITTED", name=name, why="consent")


def _delivery(one: Delivered) -> dict[str, object]:
    return {
        "id": one.id,
        "type": one.type,
        "state": one.state,
        "attempts": one.attempts,
        "lastStatus": one.status,
        "createdAt": one.created_at,
        "nextAt": None,
    }


def _form(asked: Asked) -> dict[str, str]:
    """Raises: Refusal unless it is a form with each member once."""
    if asked.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise Refusal("invalid_request")
    found = parse_qs(asked.body.decode("utf-8", "replace"), keep_blank_values=True)
    if any(len(values) != 1 for values in found.values()):
        raise Refusal("invalid_request")
    return {name: values[0] for name, values in found.items()}


def _body(asked: Asked) -> Mapping[str, Any]:
    try:
        if asked.headers.get("content-type", "").partition(";")[0] == "application/json":
            return json_object(asked.body)
    except ValueError:
        pass
    raise Refusal("BAD_USER_INPUT", field="body", problem="must be a JSON object")


def _reply(status: int, body: object, headers: Mapping[str, str]) -> Reply:
    return Reply(status, json.dumps(body, ensure_ascii=False).encode(), {"content-type": "application/json", **headers})
