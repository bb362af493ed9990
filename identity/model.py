"""Accounts, sessions and the rules of signing in.

- An account is found by its phone number, in E.164. A citizen may be made by a first sign-in; a staff account is
  made by the city and never by signing in.
- A session is one device's sign-in. It ends when it is revoked, left idle, or at its absolute end.
- What a session may do is read from the account each time a token is made, so a role taken away is gone with
  the next token.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

import phonenumbers

from core.divisions import DISTRICTS
from core.errors import BadInput, NotFound
from core.locale import Locale, Text
from core.masking import mask_name, mask_phone
from core.principal import Jurisdiction, Method, Principal, PrincipalKind
from identity.errors import PhoneInvalid
from identity.levels import LEVELS, EvidenceKind, NameEvidence, in_force, level_of

CODE_LENGTH: Final = 6
CODE_LIFETIME: Final = timedelta(minutes=5)
CODE_TRIES_MAX: Final = 5
ACCESS_TOKEN_LIFETIME: Final = timedelta(minutes=10)
# An ended session stays in its owner's list this long.
ENDED_SESSION_KEPT: Final = timedelta(days=30)

UNVERIFIED: Final = Text(zh="未实名用户", en="Unverified person")
NO_PHONE: Final = Text(zh="未绑定手机", en="No phone")

PHONE_LENGTH_MAX: Final = 32
DEVICE_ID_LENGTH_MAX: Final = 64
DEVICE_NAME_LENGTH_MAX: Final = 64
NAME_LENGTH_MAX: Final = 100
REASON_LENGTH_MIN: Final = 4
REASON_LENGTH_MAX: Final = 200

# Two elements checked against a register.
REGISTER_LEVEL: Final = LEVELS[EvidenceKind.REGISTER]

_CODE: Final = re.compile(r"[0-9]{6}")
# Test citizens' (identity.sandbox): 154 was never given to a carrier, so the numbers are nobody's, and `phonenumbers`
# calls them invalid.
_TEST_PHONE: Final = re.compile(r"\+86154[0-9]{8}")
_CALLABLE_TYPES: Final = frozenset(
    {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
)


class Audience(StrEnum):
    """Which side of the counter a session is for."""

    CITIZEN = "CITIZEN"
    STAFF = "STAFF"


@dataclass(frozen=True, slots=True)
class SessionLife:
    """idle: how long a refresh token waits for its use. absolute: how long a session can be refreshed at all."""

    idle: timedelta
    absolute: timedelta


SESSION_LIVES: Final[dict[Audience, SessionLife]] = {
    Audience.CITIZEN: SessionLife(idle=timedelta(days=30), absolute=timedelta(days=180)),
    Audience.STAFF: SessionLife(idle=timedelta(hours=12), absolute=timedelta(hours=12)),
}

# Proven by a code that was sent to one's phone.
BY_PHONE: Final = frozenset({Method.SMS.value})

CITIZEN_SCOPES: Final = frozenset({"citizen"})
# All that a member of staff may do who has no second factor yet: get one.
ENROL_SCOPE: Final = "staff:enrol"
# Every staff session has "staff"; a role adds what it needs. A role that is not here adds nothing.
# `personal:<class>:<level>` is a clearance: up to this level, personal data of the class is shown in clear. Without
# it the gateway masks what a field's label calls personal (api/gateway/masking.py).
ROLE_SCOPES: Final[dict[str, frozenset[str]]] = {
    "clerk": frozenset(),
    "inspector": frozenset(
        {"citycode:scan", "licences:verify", "health:check"}
        | {"personal:identity:3", "personal:whereabouts:3", "personal:health:4"}
    ),
    "licence_clerk": frozenset({"licences:issue", "citizens:find", "personal:identity:3"}),
    "billing_clerk": frozenset({"payments:bill", "payments:refund", "citizens:find", "personal:property:3"}),
    "case_handler": frozenset({"reports:handle", "personal:identity:2", "personal:whereabouts:3"}),
    # Who records what was found calls those whom it concerns.
    "health_officer": frozenset(
        {"health:record", "health:rules", "citizens:find"} | {"personal:health:4", "personal:contact:3"}
    ),
    "registrar": frozenset({"codes:register"}),
    "partner_officer": frozenset({"oidc:clients", "personal:identity:2"}),
    "program_reviewer": frozenset({"miniapps:review"}),
    "program_officer": frozenset({"miniapps:rate", "miniapps:revoke"}),
    # Two of whom agree to what is dangerous: identity.staffing.
    "account_officer": frozenset(
        {"accounts:intervene", "accounts:hold", "organisations:suspend", "citizens:find", "personal:identity:2"}
    ),
    "staff_admin": frozenset({"staff:manage", "personal:identity:3", "personal:contact:3"}),
    # Reads what staff did, and does nothing.
    "auditor": frozenset({"audit:read", "personal:identity:2"}),
    "counter_clerk": frozenset({"identity:verify", "personal:identity:3"}),
}


# --- accounts ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidence:
    """Who said so (`organisation-register`), and when."""

    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Citizen:
    """A person who uses the city.

    phone: E.164; None for somebody who has none, such as a child, and who cannot sign in. home_district: GB/T 2260
    code. evidence: all that was kept, also what has expired. read_at: when this was read; None for one just made.
    """

    id: str
    phone: str | None = field(repr=False)
    created_at: datetime
    name: str | None = field(default=None, repr=False)
    home_district: str | None = None
    evidence: tuple[NameEvidence, ...] = ()
    read_at: datetime | None = None

    @property
    def in_force(self) -> tuple[NameEvidence, ...]:
        """Evidence that had not expired when this was read, the strongest first."""
        return in_force(self.evidence, now=self.read_at or self.created_at)

    @property
    def real_name_level(self) -> int:
        """1 phone only … 5 checked at a counter (urn:city:rl:N), by what is in force."""
        return level_of(self.evidence, now=self.read_at or self.created_at)

    def masked_name(self, locale: Locale) -> str:
        return mask_name(self.name) if self.name else UNVERIFIED.in_(locale)

    def masked_phone(self, locale: Locale) -> str:
        return mask_phone(self.phone) if self.phone else NO_PHONE.in_(locale)

    def principal(self, session: DeviceSession) -> Principal:
        return Principal(
            kind=PrincipalKind.CITIZEN,
            actor=self.id,
            subject=self.id,
            session_id=session.id,
            scopes=CITIZEN_SCOPES,
            real_name_level=self.real_name_level,
            methods=session.methods,
            authenticated_at=session.authenticated_at,
            jkt=session.jkt,
            cooling_until=session.cooling_until,
        )


@dataclass(frozen=True, slots=True)
class Freeze:
    """Staff froze an account: until then nobody signs in to it, and nobody acts for it. by: the intervention's id."""

    until: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is asked of a citizen again and again, without their name and phone. real_name_level, home_district: as of
    `Citizen`. id_number: with which they proved their name; None when with none. frozen: by staff, now.
    """

    real_name_level: int
    home_district: str | None
    id_number: str | None = field(repr=False)
    frozen: bool


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff. A citizen who meets them sees `organisation` and `badge`, never `display_name`.

    organisation: the unit, as its card says. department: the USCC of the department that it belongs to
    (core.departments), which decides what its members may handle; empty for an account from before there was one.
    """

    id: str
    phone: str = field(repr=False)
    display_name: str = field(repr=False)
    badge: str
    organisation: Text
    roles: tuple[str, ...]
    jurisdiction: Jurisdiction
    created_at: datetime
    suspended: bool = False
    department: str = ""

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset({"staff"}).union(*(ROLE_SCOPES.get(role, frozenset()) for role in self.roles))

    def principal(self, session: DeviceSession) -> Principal:
        if session.enrolling:
            return Principal(
                kind=PrincipalKind.STAFF,
                actor=self.id,
                subject=self.id,
                session_id=session.id,
                scopes=frozenset({ENROL_SCOPE}),
                methods=session.methods,
                authenticated_at=session.authenticated_at,
                jkt=session.jkt,
                cooling_until=session.cooling_until,
            )
        return Principal(
            kind=PrincipalKind.STAFF,
            actor=self.id,
            subject=self.id,
            session_id=session.id,
            scopes=self.scopes,
            jurisdiction=self.jurisdiction,
            department=self.department,
            methods=session.methods,
            authenticated_at=session.authenticated_at,
            jkt=session.jkt,
            cooling_until=session.cooling_until,
        )


Account: TypeAlias = Citizen | Staff

# A name that nobody has, for it cannot be typed, and the citizen that is read where there is none.
NOBODY: Final = "\0"
DECOY: Final = Citizen(id="cit_", phone="+8613000000000", created_at=datetime.min.replace(tzinfo=UTC), name=NOBODY)


@dataclass(frozen=True, slots=True)
class LookUp:
    """An officer looked for somebody at a counter. citizen: who was found, None for nobody. reason: as they wrote."""

    id: str
    officer: str
    citizen: str | None
    reason: str = field(repr=False)
    at: datetime


# --- sessions ---------------------------------------------------------------------------------------------------


class EndReason(StrEnum):
    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"
    REFRESH_REUSED = "refresh_reused"
    DEVICE_FORGOTTEN = "device_forgotten"
    ERASED = "erased"
    PHONE_CHANGED = "phone_changed"
    RECOVERED = "recovered"
    MERGED = "merged"
    FROZEN = "frozen"
    ENDED_BY_STAFF = "ended_by_staff"
    STAFF_CHANGED = "staff_changed"


@dataclass(frozen=True, slots=True)
class DeviceSession:
    """One sign-in on one device.

    idle_until: when it ends if its refresh token is not used. ends_at: when it ends in any case.
    methods, authenticated_at: how its owner last proved themself, and when (core.principal.Method).
    enrolling: it was begun by staff who must have a second factor and have none; over when they do.
    device_id: of the device's row (`dev_…`); empty for sessions from before there were any. jkt: thumbprint of the key
    that it is bound to, empty for none. cooling_until: until when its device is not trusted. refresh: the digest of the
    refresh token that was handed out last; empty for sessions from before that was kept.
    """

    id: str
    account_id: str
    audience: Audience
    device_name: str = field(repr=False)
    created_at: datetime
    last_seen_at: datetime
    idle_until: datetime
    ends_at: datetime
    methods: frozenset[str]
    authenticated_at: datetime
    revoked_at: datetime | None = None
    enrolling: bool = False
    device_id: str = ""
    jkt: str = ""
    cooling_until: datetime | None = None
    refresh: bytes = field(default=b"", repr=False)

    @classmethod
    def begin(
        cls,
        *,
        id: str,
        account_id: str,
        audience: Audience,
        device_name: str,
        methods: frozenset[str],
        now: datetime,
        proven_at: datetime | None = None,
        enrolling: bool = False,
        device_id: str = "",
        jkt: str = "",
        cooling_until: datetime | None = None,
    ) -> DeviceSession:
        """proven_at: when its owner proved themself, if that was not now."""
        life = SESSION_LIVES[audience]
        return cls(
            id=id,
            account_id=account_id,
            audience=audience,
            device_name=device_name,
            created_at=now,
            last_seen_at=now,
            idle_until=now + life.idle,
            ends_at=now + life.absolute,
            methods=methods,
            authenticated_at=proven_at or now,
            enrolling=enrolling,
            device_id=device_id,
            jkt=jkt,
            cooling_until=cooling_until,
        )

    def live(self, now: datetime) -> bool:
        return self.revoked_at is None and now < min(self.idle_until, self.ends_at)

    def refresh_until(self, now: datetime) -> datetime:
        """When a refresh token made now expires."""
        return min(now + SESSION_LIVES[self.audience].idle, self.ends_at)


# --- what people type -------------------------------------------------------------------------------------------


def parse_phone(text: str, *, sandbox: bool = False) -> str:
    """A mobile number in E.164; without a country code it is a Chinese one. Raises: PhoneInvalid.

    sandbox: test citizens' numbers are taken as well.
    """
    if len(text) > PHONE_LENGTH_MAX:
        raise PhoneInvalid()
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException as fault:
        raise PhoneInvalid() from fault
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if sandbox and not number.extension and is_test_phone(written):
        return written
    if number.extension or not phonenumbers.is_valid_number(number):
        raise PhoneInvalid()
    if phonenumbers.number_type(number) not in _CALLABLE_TYPES:
        raise PhoneInvalid()
    return written


def is_test_phone(phone: str | None) -> bool:
    """Whether a number in E.164 is a test citizen's; no other account ever has one."""
    return phone is not None and _TEST_PHONE.fullmatch(phone) is not None


def parse_code(text: str) -> str:
    """Six ASCII digits; blanks around and inside are forgiven. Raises: BadInput."""
    code = text.replace(" ", "") if len(text) <= 2 * CODE_LENGTH else text
    if not _CODE.fullmatch(code):
        raise BadInput(field="code", problem=f"must be {CODE_LENGTH} digits")
    return code


def parse_device_name(text: str) -> str:
    """What the session list calls a device; printable, at most 64 characters. Raises: BadInput."""
    name = " ".join(text.split())
    if not name or len(name) > DEVICE_NAME_LENGTH_MAX or not name.isprintable():
        raise BadInput(field="deviceName", problem=f"must have 1 to {DEVICE_NAME_LENGTH_MAX} printable characters")
    return name


def parse_device_id(text: str) -> str:
    """Chosen by the device; empty for a device that keeps none. Raises: BadInput."""
    if len(text) > DEVICE_ID_LENGTH_MAX or not (text == "" or text.isprintable()):
        raise BadInput(field="deviceId", problem=f"must have at most {DEVICE_ID_LENGTH_MAX} printable characters")
    return text


def parse_name(text: str) -> str:
    """A person's name; blanks around and doubled inside are forgiven. Raises: BadInput."""
    name = unicodedata.normalize("NFC", " ".join(text.split())) if len(text) <= 2 * NAME_LENGTH_MAX else ""
    if not name or len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise BadInput(field="name", problem=f"must have 1 to {NAME_LENGTH_MAX} printable characters")
    return name


def comparable_name(name: str) -> str:
    """What two ways of writing one name have in common: width, case, blanks and the kind of dot do not matter."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join("·" if character in "•・‧∙" else character for character in folded if not character.isspace())


def parse_reason(text: str) -> str:
    """Why an officer looks somebody up, which that person will read. Raises: BadInput."""
    reason = " ".join(text.split()) if len(text) <= 2 * REASON_LENGTH_MAX else ""
    if not REASON_LENGTH_MIN <= len(reason) <= REASON_LENGTH_MAX or not reason.isprintable():
        problem = f"must have {REASON_LENGTH_MIN} to {REASON_LENGTH_MAX} printable characters"
        raise BadInput(field="reason", problem=problem)
    return reason


def check_district(code: str) -> str:
    """Raises: NotFound."""
    if code not in DISTRICTS:
        raise NotFound(thing="district")
    return code


class CodeUse(StrEnum):
    """What a code is asked for. Whoever is talked into telling one reads in its message what it would do."""

    SIGN_IN = "sign_in"
    NEW_PHONE = "new_phone"
    RECOVERY = "recovery"
    MERGE = "merge"


_CODE_USES: Final[dict[CodeUse, Text]] = {
    CodeUse.SIGN_IN: Text(zh="", en=""),
    CodeUse.NEW_PHONE: Text(
        zh="有人要将其账号改绑到本号码。", en="Somebody wants to move their account to this number. "
    ),
    CodeUse.RECOVERY: Text(zh="有人要用本号码找回账号。", en="Somebody wants to recover an account with this number. "),
    CodeUse.MERGE: Text(
        zh="有人要将本号码的账号并入其账号，合并后不可恢复。",
        en="Somebody wants to merge the account of this number into theirs, for good. ",
    ),
}


def sign_in_text(*, code: str, locale: Locale, use: CodeUse = CodeUse.SIGN_IN) -> str:
    """The message that carries a code."""
    minutes, what = int(CODE_LIFETIME.total_seconds()) // 60, _CODE_USES[use]
    text = Text(
        zh=f"【城市通】{what.zh}验证码 {code}，{minutes} 分钟内有效。工作人员不会向您索要，请勿告诉他人。",
        en=f"[CityTong] {what.en}Your code is {code}, valid for {minutes} minutes. We never ask for it: tell nobody.",
    )
    return text.in_(locale)


class NoticeKind(StrEnum):
    """What a phone is told of the account that it belongs, or belonged, to."""

    PHONE_CHANGE_WAITS = "phone_change_waits"
    PHONE_CHANGED = "phone_changed"
    RECOVERY_WAITS = "recovery_waits"
    RECOVERED = "recovered"


_NOTICES: Final[dict[NoticeKind, Text]] = {
    NoticeKind.PHONE_CHANGE_WAITS: Text(
        zh="您的账号申请更换手机号，尚未生效。如非本人操作，请立即登录并取消。",
        en="Your account is to get another phone number. If it was not you, sign in now and stop it.",
    ),
    NoticeKind.PHONE_CHANGED: Text(
        zh="您的账号已改绑其他手机号。如非本人操作，请立即找回账号或前往政务服务窗口。",
        en="Your account has another phone number now. If it was not you, recover it or come to a service counter.",
    ),
    NoticeKind.RECOVERY_WAITS: Text(
        zh="有人通过真人核验申请找回您的账号，尚未生效。如非本人操作，请立即登录并阻止。",
        en="Somebody asks to recover your account on another phone. If it was not you, sign in now and stop it.",
    ),
    NoticeKind.RECOVERED: Text(
        zh="您的账号已在另一手机号上找回，原登录方式均已失效。如非本人操作，请前往政务服务窗口。",
        en="Your account was recovered on another phone. If it was not you, come to a service counter.",
    ),
}


def notice_text(kind: NoticeKind) -> str:
    """In both languages, for a phone's own is not known."""
    return f"【城市通】{_NOTICES[kind].zh} {_NOTICES[kind].en}"


# --- refresh tokens ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What is remembered of a refresh token: never the token."""

    digest: bytes = field(repr=False)
    session_id: str
    expires_at: datetime
    used_at: datetime | None = None


class Rotation(StrEnum):
    """What becomes of a refresh token that is shown."""

    GOOD = "good"
    REUSED = "reused"
    INVALID = "invalid"


def judge_refresh(*, token: RefreshToken | None, session: DeviceSession | None, now: datetime) -> Rotation:
    """A token that was used before is reuse however old it is; a guess finds no token and is nothing.

    Of a session's tokens the last that was handed out is good. Step-up hands out one beside that which stands: if both
    were good they would be two families, of which a thief's could go on and never meet the other.

    Source: RFC 9700 §4.14.2, docs/decisions/0004-refresh-tokens-rotate-and-reuse-ends-the-family.md
    """
    if token is None or session is None:
        return Rotation.INVALID
    if token.used_at is not None:
        return Rotation.REUSED
    newest = not session.refresh or token.digest == session.refresh
    return Rotation.GOOD if newest and now < token.expires_at and session.live(now) else Rotation.INVALID
