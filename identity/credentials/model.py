"""What an account holds to prove itself with, and the rules of it.

- A keychain is all that one account holds: one row, so that two changes at once cannot both forget each other.
- A password has 10 to 128 characters in NFC; it is not among those that everybody uses, and does not hold its owner's
  phone or name. Nothing is asked of its characters (NIST SP 800-63B-4 §3.1.1.2).
- A one-time password is of a time step; a step that was used, and every one before it, is never good again.
- A recovery code is good once.
- A second step is asked of who has one-time passwords, or says that their passkeys are for that.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.errors import BadInput, NotFound
from core.principal import Method
from identity.credentials.errors import PasswordRefused, TooManyPasskeys

PASSWORD_LENGTH_MIN: Final = 10
PASSWORD_LENGTH_MAX: Final = 128
PASSKEYS_MAX: Final = 20
PASSKEY_NAME_LENGTH_MAX: Final = 64
RECOVERY_CODES: Final = 10
RECOVERY_CODE_BYTES: Final = 10  # 80 bits, 16 characters of base32
TOTP_STEP_S: Final = 30
TOTP_WINDOW: Final = 1
# For what a session left lying about must not do.
FRESH: Final = timedelta(minutes=5)

BY_PASSWORD: Final = frozenset({Method.PASSWORD.value})
BY_OTP: Final = frozenset({Method.OTP.value})
_FIRST_STEPS: Final = frozenset({Method.SMS.value, Method.PASSWORD.value})
_SECOND_STEPS: Final = frozenset({Method.OTP.value, Method.SWK.value, Method.HWK.value})

_RECOVERY: Final = re.compile(r"[A-Z2-7]{16}")
_TOTP: Final = re.compile(r"[0-9]{6}")


class SecondStep(StrEnum):
    """What a second step may be taken with."""

    TOTP = "totp"
    RECOVERY = "recovery"
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True)
class Password:
    """hash: argon2id in PHC form, with its salt and parameters."""

    hash: str = field(repr=False)
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Passkey:
    """A public key whose private half an authenticator keeps.

    credential_id, public_key (COSE_Key): as the authenticator gave them. sign_count: how often it says that it has
    signed; 0 from those that do not count. synced: whether its maker keeps a copy of it (the flags BE and BS).
    """

    id: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str = field(repr=False)
    transports: tuple[str, ...]
    backup_eligible: bool
    synced: bool
    created_at: datetime
    last_used_at: datetime | None = None

    @property
    def methods(self) -> frozenset[str]:
        """How somebody who used it proved themself: one that may be copied counts as a key in software."""
        key = Method.SWK if self.backup_eligible else Method.HWK
        return frozenset({key.value, Method.USER.value})


@dataclass(frozen=True, slots=True)
class Totp:
    """secret: base32. last_step: the newest time step whose password was used.

    published: everybody knows the secret, and many use it at once: a demonstration's. Its passwords are good as often
    as they are shown, since one that was overheard tells nobody anything.
    """

    secret: str = field(repr=False)
    confirmed_at: datetime
    last_step: int
    published: bool = False


@dataclass(frozen=True, slots=True)
class Keychain:
    """All that one account holds besides its phone.

    recovery: digests of the recovery codes that are left. second_by_passkey: the owner wants a passkey asked for as a
    second step.
    """

    account_id: str
    password: Password | None = None
    passkeys: tuple[Passkey, ...] = ()
    totp: Totp | None = None
    recovery: tuple[bytes, ...] = field(default=(), repr=False)
    second_by_passkey: bool = False

    @property
    def has_strong(self) -> bool:
        """Whether the owner can prove themself by more than their phone and what they know."""
        return self.totp is not None or bool(self.passkeys)

    @property
    def wants_second_step(self) -> bool:
        return self.totp is not None or (self.second_by_passkey and bool(self.passkeys))

    @property
    def second_steps(self) -> list[str]:
        """What a second step may be taken with, the usual one first."""
        there = {
            SecondStep.TOTP: self.totp is not None,
            SecondStep.PASSKEY: bool(self.passkeys),
            SecondStep.RECOVERY: bool(self.recovery),
        }
        return [step.value for step, held in there.items() if held]

    def passkey(self, passkey_id: str) -> Passkey:
        """Raises: NotFound."""
        for one in self.passkeys:
            if one.id == passkey_id:
                return one
        raise NotFound(thing="passkey")

    def passkey_of(self, credential_id: bytes) -> Passkey | None:
        return next((one for one in self.passkeys if one.credential_id == credential_id), None)

    def with_passkey(self, passkey: Passkey) -> Keychain:
        """Adds it, or puts it in the place of the one with its id. Raises: TooManyPasskeys."""
        others = tuple(one for one in self.passkeys if one.id != passkey.id)
        if len(others) >= PASSKEYS_MAX:
            raise TooManyPasskeys(passkeys_max=PASSKEYS_MAX)
        keys = tuple(sorted((*others, passkey), key=lambda one: (one.created_at, one.id)))
        return replace(self, passkeys=keys)

    def without_passkey(self, passkey_id: str) -> Keychain:
        """Raises: NotFound."""
        gone = self.passkey(passkey_id)
        left = tuple(one for one in self.passkeys if one is not gone)
        return replace(self, passkeys=left, second_by_passkey=self.second_by_passkey and bool(left))._tidy()

    def without_totp(self) -> Keychain:
        return replace(self, totp=None)._tidy()

    def using_step(self, step: int) -> Keychain:
        """With the password of a time step used up."""
        assert self.totp is not None, "a step of it was found"
        if self.totp.published:
            return self
        return replace(self, totp=replace(self.totp, last_step=step))

    def using_recovery(self, spent: bytes) -> Keychain:
        return replace(self, recovery=tuple(one for one in self.recovery if one != spent))

    def _tidy(self) -> Keychain:
        """Recovery codes stand in for a second factor; with the last one they go."""
        return self if self.has_strong else replace(self, recovery=())


def combined(methods: frozenset[str]) -> frozenset[str]:
    """`methods`, and `mfa` where they hold a first and a second step. Source: RFC 8176 §2."""
    both = bool(methods & _FIRST_STEPS) and bool(methods & _SECOND_STEPS)
    return methods | {Method.MFA.value} if both else methods


# --- what people type -------------------------------------------------------------------------------------------


def normal_password(text: str) -> str:
    """As it is hashed, however it was typed: NFC. Bounded, so that nobody has a novel hashed. Raises: BadInput."""
    if len(text) > 4 * PASSWORD_LENGTH_MAX:
        raise BadInput(field="password", problem=f"must have at most {PASSWORD_LENGTH_MAX} characters")
    return unicodedata.normalize("NFC", text)


def new_password(text: str, *, phone: str | None, name: str | None) -> str:
    """A password that may be set, short of whether everybody uses it. phone: E.164.

    Raises: BadInput, PasswordRefused.
    """
    password = normal_password(text)
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise PasswordRefused(because="length")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in password):
        raise BadInput(field="password", problem="must have printable characters only")
    folded = unicodedata.normalize("NFKC", password).casefold()
    if any(own in folded for own in _own_words(phone, name)):
        raise PasswordRefused(because="personal")
    return password


def _own_words(phone: str | None, name: str | None) -> list[str]:
    """What a stranger who knows somebody tries first: the phone's last eight digits, the name whole and in parts."""
    words = [phone[-8:]] if phone else []
    if name:
        folded = unicodedata.normalize("NFKC", name).casefold()
        words += [part for part in (folded, *folded.split()) if len(part) >= (4 if part.isascii() else 2)]
    return words


def parse_totp(text: str) -> str:
    """Six ASCII digits; blanks are forgiven. Raises: BadInput."""
    code = "".join(text.split()) if len(text) <= 12 else ""
    if not _TOTP.fullmatch(code):
        raise BadInput(field="totp", problem="must be 6 digits")
    return code


def parse_recovery_code(text: str) -> str:
    """Sixteen characters of base32; case, blanks and dashes are forgiven. Raises: BadInput."""
    code = "".join(text.split()).replace("-", "").upper() if len(text) <= 40 else ""
    if not _RECOVERY.fullmatch(code):
        raise BadInput(field="recoveryCode", problem="must be 16 letters and digits")
    return code


def grouped(code: str) -> str:
    """A recovery code as it is shown: `ABCD-EFGH-IJKL-MNOP`."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def parse_passkey_name(text: str) -> str:
    """Raises: BadInput."""
    name = unicodedata.normalize("NFC", " ".join(text.split())) if len(text) <= 4 * PASSKEY_NAME_LENGTH_MAX else ""
    if not name or len(name) > PASSKEY_NAME_LENGTH_MAX or not name.isprintable():
        problem = f"must have 1 to {PASSKEY_NAME_LENGTH_MAX} printable characters"
        raise BadInput(field="name", problem=problem)
    return name
