"""Every setting of the city: read once, every fault reported at once, refuses to start.

Each field is one environment variable. Rooms never see this object: the roof hands them plain values.
`docs/settings.md` is generated from the fields.
"""

from __future__ import annotations

import base64
import binascii
import logging
import shlex
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from cryptography.x509 import Certificate

from api.domains.reports.open311 import partner_keys
from core.calling import on_this_machine
from core.crypto import MASTER_KEY_BYTES
from core.divisions import division_name
from identity.faces import check_key
from identity.oidc.certificates import authorities
from miniapps.releases.origins import Origins, OriginsInvalid


class SettingsError(Exception):
    """Faults of the environment, all of them. The message is a list for the operator."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("These settings are wrong:\n" + "\n".join(f"  {fault}" for fault in faults))
        self.faults = faults


def _text(raw: str) -> str:
    return raw


def _switch(raw: str) -> bool:
    if raw.lower() in ("1", "true", "on", "yes"):
        return True
    if raw.lower() in ("0", "false", "off", "no", ""):
        return False
    raise ValueError("must be on or off")


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(raw: str) -> int:
        number = int(raw) if raw.isascii() and raw.isdecimal() else low - 1
        if not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return number

    return read


def _url(*schemes: str) -> Callable[[str], str]:
    def read(raw: str) -> str:
        parts = urlsplit(raw)
        if parts.scheme not in schemes or not parts.netloc:
            raise ValueError(f"must be a URL that begins with {' or '.join(f'{s}://' for s in schemes)}")
        return raw

    return read


def _key(raw: str) -> bytes:
    try:
        key = base64.b64decode(raw, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError("must be 32 random bytes in base64, as `openssl rand -base64 32` prints them")
    return key


def _command(raw: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(raw))
    except ValueError:
        words = ()
    if not words or not Path(words[0]).is_absolute():
        raise ValueError("must be a command as in a shell, its program by a whole path")
    return words


def _keys(raw: str) -> tuple[bytes, ...]:
    return tuple(_key(part.strip()) for part in raw.split(","))


def _issuers(raw: str) -> tuple[str, ...]:
    """Of OpenID Connect, letter for letter as their tokens say it."""
    found = tuple(one.strip() for one in raw.split(",") if one.strip())
    for one in found:
        parts = urlsplit(one)
        if not (parts.scheme == "https" or on_this_machine(one)) or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be addresses over https, with commas between")
    return found


def _subgraphs(raw: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in raw.split(","))):
        name, separator, url = part.partition("=")
        if not separator or not name.isidentifier():
            raise ValueError("must be a list of name=URL, with commas between")
        found[name] = _url("http", "https")(url)
    return found


def _authorities(raw: str) -> tuple[Certificate, ...]:
    try:
        return authorities(Path(raw).read_bytes())
    except (OSError, ValueError) as fault:
        raise ValueError("must be a file of certificates in PEM") from fault


def _face_key(raw: str) -> Mapping[str, Any]:
    try:
        jwk = orjson.loads(raw)
    except orjson.JSONDecodeError:
        jwk = None
    if not isinstance(jwk, dict):
        raise ValueError("must be a JSON object")
    return check_key(jwk)


def _zone(raw: str) -> ZoneInfo:
    try:
        return ZoneInfo(raw)
    except (ZoneInfoNotFoundError, ValueError) as fault:
        raise ValueError("must be a zone of the IANA database, such as Asia/Shanghai") from fault


def _city(raw: str) -> str:
    if division_name(raw) is None:
        raise ValueError("must be a GB/T 2260 code that core/divisions.py knows")
    return raw


def _hours(raw: str) -> tuple[time, time]:
    try:
        opens, closes = (time.fromisoformat(part) for part in raw.split("-"))
    except ValueError:
        opens = closes = time.min
    if not opens < closes:
        raise ValueError("must be two times of a day, such as 08:00-20:00")
    return opens, closes


def _level(raw: str) -> str:
    if raw not in logging.getLevelNamesMapping():
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return raw


def _setting(
    read: Callable[[str], Any], meaning: str, *, default: Any = MISSING, unit: str = "", secret: bool = False
) -> Any:
    metadata = {"read": read, "meaning": meaning, "unit": unit}
    if default == {}:
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, repr=not secret, metadata=metadata)


# The backends read these themselves, on whichever machine they run.
_BACKENDS_OWN = ("TONG_SENSOR_", "TONG_GOVERNANCE_", "TONG_DATA_", "TONG_CARRIERS_")
_BEIJING = ZoneInfo("Asia/Shanghai")
# Who knows real people, or acts on what they report.
_OF_DEPARTMENTS = ("data_url", "face_url", "net_id_url", "governance_url")
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The city's settings. A field `mongo_url` is the variable `TONG_MONGO_URL`."""

    mongo_url: str = _setting(
        _url("mongodb", "mongodb+srv"), "The MongoDB replica set that holds the facts.", secret=True
    )
    redis_url: str = _setting(
        _url("redis", "rediss"), "The Redis or Valkey that holds what may be lost; of this city alone.", secret=True
    )
    master_key: bytes = _setting(_key, "Seals personal fields and signing keys; losing it loses them.", secret=True)
    master_key_previous: tuple[bytes, ...] = _setting(
        _keys,
        "Other master keys that open what they sealed, with commas between: those before, until `rewrap` is done.",
        default=(),
        secret=True,
    )
    mongo_database: str = _setting(_text, "The database's name.", default="citytong")
    host: str = _setting(_text, "The address to listen on.", default="127.0.0.1")
    port: int = _setting(_whole(0, 65535), "The port to listen on; 0 takes a free one.", default=8000)
    public_url: str = _setting(
        _url("http", "https"), "The address citizens use; the issuer of access tokens.", default="http://127.0.0.1:8000"
    )
    mini_url: str = _setting(
        _url("http", "https"),
        "Under whose host each mini-program gets one of its own: a domain beside the city's. None: "
        "mini.localhost for a city on this machine, and no programs elsewhere.",
        default="",
    )
    mini_run_command: tuple[str, ...] = _setting(
        _command,
        "What runs mini-programs in a browser for their review: the SDK's `tong`, by whatever shuts it in; none: they "
        "are not run, and reviewers are told so.",
        default=(),
    )
    subgraphs: Mapping[str, str] = _setting(
        _subgraphs, "Where subgraphs over HTTP answer: name=URL, with commas between.", default={}
    )
    subgraph_deadline_ms: int = _setting(
        _whole(10, 60_000), "How long one subgraph may take for one fetch.", default=2000, unit="ms"
    )
    store_timeout_ms: int = _setting(
        _whole(100, 60_000), "How long one operation on MongoDB or Redis may take.", default=5000, unit="ms"
    )
    city_code: str = _setting(_city, "The city whose codes are signed and accepted here (GB/T 2260).", default="110000")
    erasure_grace_days: int = _setting(
        _whole(0, 90), "How long an account that is to be erased can be called back.", default=7, unit="days"
    )
    phone_change_hours: int = _setting(
        _whole(24, 168),
        "How long another phone number waits that neither the old phone nor two factors confirmed.",
        default=72,
        unit="hours",
    )
    recovery_hours: int = _setting(
        _whole(24, 168), "How long the recovery of a lost account can be stopped.", default=72, unit="hours"
    )
    recovery_seen_hours: int = _setting(
        _whole(24, 168),
        "The same, of an account whose owner was seen before, by a provider or at a counter.",
        default=24,
        unit="hours",
    )
    asleep_days: int = _setting(
        _whole(90, 3650),
        "Without a sign-in for so long, an account asks whether its phone number has another holder now.",
        default=180,
        unit="days",
    )
    device_cool_off_hours: int = _setting(
        _whole(0, 168),
        "How long a new device does nothing dangerous without a strong proof; a demo city trusts it at once.",
        default=24,
        unit="hours",
    )
    networks_file: str = _setting(
        _text,
        "A table of networks and where they are, as JSON; without one a sign-in's place is not known.",
        default="",
    )
    city_zone: ZoneInfo = _setting(_zone, "The city's time zone, for its days.", default=_BEIJING)
    governance_url: str = _setting(
        _url("http", "https"), "Where the governance backend takes cases and tells what became of them.", default=""
    )
    governance_key: str = _setting(_text, "The key that it asks for.", default="", secret=True)
    data_url: str = _setting(
        _url("http", "https"), "Where the data backend takes datasets and answers for base registers.", default=""
    )
    data_key: str = _setting(_text, "The key that it asks for.", default="", secret=True)
    face_url: str = _setting(
        _url("http", "https"), "Where the provider of real-person checks answers; none: no such checks.", default=""
    )
    face_key: str = _setting(_text, "The key that it asks for.", default="", secret=True)
    face_jwk: Mapping[str, Any] = _setting(
        _face_key, "The public key that it signs results with, as a JWK with kid, alg and use.", default={}
    )
    net_id_url: str = _setting(
        _url("http", "https"), "Where the public platform of net-IDs answers; none: no net-IDs.", default=""
    )
    net_id_key: str = _setting(_text, "The key that it asks for.", default="", secret=True)
    fcm_url: str = _setting(
        _url("http", "https"), "Where FCM HTTP v1 answers, when it is not Google's own address.", default=""
    )
    fcm_project: str = _setting(_text, "The Firebase project whose app is pushed to; none: no push.", default="")
    fcm_credentials_file: str = _setting(_text, "Its service account, as the JSON file that Google gives.", default="")
    smtp_url: str = _setting(
        _url("smtp", "smtps"),
        "The mail server, with name and password if it asks; none: no e-mail.",
        default="",
        secret=True,
    )
    mail_from: str = _setting(_text, "The sender of e-mail.", default="city@citytong.example")
    open311_keys: Mapping[str, bytes] = _setting(
        partner_keys,
        "Partners who may create reports over Open311: name:key, with commas between.",
        default={},
        secret=True,
    )
    trusted_proxies: int = _setting(
        _whole(0, 8), "How many reverse proxies stand before the door; their X-Forwarded-For is believed.", default=0
    )
    client_certificate_header: str = _setting(
        _text,
        "The header in which the proxy hands on partners' TLS certificates; it takes it from nobody. None: no mTLS.",
        default="",
    )
    client_certificate_authorities: tuple[Certificate, ...] = _setting(
        _authorities, "PEM file of the authorities whose certificates partners may prove themselves with.", default=()
    )
    request_bytes_max: int = _setting(
        _whole(1024, 16_777_216), "The largest GraphQL request body.", default=262_144, unit="bytes"
    )
    trusted_documents: str = _setting(
        _text, "A manifest of the documents that may be asked, as JSON by SHA-256; none: any document.", default=""
    )
    cost_max: int = _setting(
        _whole(1, 1_000_000_000), "The most that an operation may cost by its estimate.", default=1_000_000
    )
    requests_per_minute_max: int = _setting(
        _whole(0, 100_000_000), "Queries of one person in a minute; costly ones count for several. 0: any.", default=600
    )
    mutation_units: int = _setting(_whole(1, 1000), "How many queries a mutation counts for.", default=5)
    address_people: int = _setting(
        _whole(1, 10_000), "How many people's requests one address may send without signing in.", default=50
    )
    streams_max: int = _setting(
        _whole(0, 100_000), "How many event streams this process keeps open at once.", default=500
    )
    streams_of_one_max: int = _setting(_whole(1, 10_000), "How many of them one caller may have.", default=10)
    streams_of_organisation_max: int = _setting(
        _whole(1, 100_000), "How many of them the tools of one organisation may have together.", default=50
    )
    stream_life_s: int = _setting(
        _whole(10, 86_400), "How long an event stream goes on before its client asks again.", default=600, unit="s"
    )
    subgraph_attempts_max: int = _setting(
        _whole(1, 10), "Requests to a subgraph over HTTP for one fetch of a query, if it fails.", default=2
    )
    plans_kept_max: int = _setting(_whole(16, 100_000), "How many compiled query plans are kept.", default=1000)
    jobs_at_once_max: int = _setting(_whole(1, 500), "How many event handlers run at once in this process.", default=20)
    ci_issuers: tuple[str, ...] = _setting(
        _issuers,
        "CI systems whose runs may hand in versions of programs, where an owner lets them: the issuers of their ID "
        "tokens, with commas between, as https://token.actions.githubusercontent.com,https://gitlab.com. None: no run "
        "does.",
        default=(),
    )
    demo: bool = _setting(
        _switch, "Demo accounts, and sign-in codes shown instead of sent. Never in production.", default=False
    )
    sandbox: bool = _setting(
        _switch,
        "A city to try programs in: developers make test citizens, who are nobody. In a database of its own, with "
        "registers, providers and departments of this machine alone. Never in production.",
        default=False,
    )
    development: bool = _setting(
        _switch, "GraphiQL, introspection and name suggestions, for whoever builds on the graph.", default=False
    )
    staff_hours: tuple[time, time] | None = _setting(
        _hours,
        "When staff change one another's accounts, end citizens' accounts and let partners in (08:00-20:00); not set, "
        "always.",
        default=None,
    )
    staff_second_factor: bool = _setting(
        _switch,
        "Whether staff always sign in with a second factor. Off only where something else stands in its place.",
        default=True,
    )
    log_level: str = _setting(_level, "The least level that is logged.", default="INFO")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Raises: SettingsError with every fault: wrong values, missing ones, and unknown `TONG_` names."""
        faults: list[str] = []
        values: dict[str, Any] = {}
        names = {variable(f.name): f for f in fields(cls)}
        for name in sorted(env):
            if name.startswith("TONG_") and name not in names and not name.startswith(_BACKENDS_OWN):
                faults.append(f"{name} is not a setting; docs/settings.md lists them")
        for name, one in names.items():
            raw = env.get(name)
            try:
                if raw is not None and raw != "":
                    values[one.name] = one.metadata["read"](raw)
                elif not _has_default(one):
                    faults.append(f"{name} is missing: {one.metadata['meaning']}")
            except ValueError as fault:
                faults.append(f"{name} {fault}")
        if values.get("client_certificate_header") and not values.get("trusted_proxies"):
            faults.append("TONG_CLIENT_CERTIFICATE_HEADER needs TONG_TRUSTED_PROXIES: only a proxy may write it")
        if values.get("sandbox"):
            faults += _faults_of_sandbox(values)
        faults += _faults_of_origins(values.get("mini_url", ""), values.get("public_url", _default("public_url")))
        if faults:
            raise SettingsError(faults)
        return cls(**values)


def _default(name: str) -> Any:
    return next(one.default for one in fields(Settings) if one.name == name)


def _faults_of_sandbox(values: Mapping[str, Any]) -> list[str]:
    """People who are nobody must never be asked about, or reported to, where real ones are: what stands in for a
    register, a provider or a department runs on the same machine.
    """
    told = {name: [values[name]] for name in _OF_DEPARTMENTS if values.get(name)}
    told["subgraphs"] = list(values.get("subgraphs", {}).values())
    return [
        f"{variable(name)} must be of this machine, as everything beside a sandbox (TONG_SANDBOX)"
        for name, urls in told.items()
        if any(urlsplit(url).hostname not in _THIS_MACHINE for url in urls)
    ]


def _faults_of_origins(mini_url: str, public_url: str) -> list[str]:
    """Programs must never be of the city's origin or site: a city that would serve them so does not start."""
    try:
        Origins.of(mini_url=mini_url, public_url=public_url)
    except OriginsInvalid as fault:
        return [f"TONG_MINI_URL {fault}"]
    return []


def variable(field_name: str) -> str:
    """The environment variable of a field."""
    return f"TONG_{field_name.upper()}"


def as_markdown() -> str:
    """`docs/settings.md`."""
    lines = [
        "# Settings",
        "",
        "Generated by `make docs` from `api/settings.py`. Read once at start; any fault stops the start.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for one in fields(Settings):
        default = _shown(one.default) if _has_default(one) else "(must be set)"
        unit = f" ({one.metadata['unit']})" if one.metadata["unit"] else ""
        lines.append(f"| `{variable(one.name)}` | {default}{unit} | {one.metadata['meaning']} |")
    return "\n".join(lines) + "\n"


def _has_default(one: Field[Any]) -> bool:
    return one.default is not MISSING or one.default_factory is not MISSING


def _shown(value: object) -> str:
    if value in (MISSING, "", None, ()):
        return "(none)"
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    return f"`{value}`"
