"""Keys that stay in hardware: named by a PKCS #11 URI, and used as keys out of files are.

Rules
- The private half never leaves its token. Each signature is made in a session that is opened for it, so nothing stays
  logged in, and is checked by the public half before anybody gets it.
- A PIN is in no address, for addresses stand in histories and lists of processes. One that is wrong is tried once:
  tokens lock themselves.
- An address means one key. Where it fits none, or several, nothing is signed.
- `python-pkcs11` is wanted only by whoever has such keys: `citytong-sdk[pkcs11]`.
Sources: RFC 7512; PKCS #11 v3.1 §6.3.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self
from urllib.parse import quote_from_bytes, unquote, unquote_to_bytes, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurve,
    EllipticCurvePrivateKey,
    EllipticCurvePrivateNumbers,
    EllipticCurvePublicKey,
    EllipticCurveSignatureAlgorithm,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from .errors import KeyInvalid

if TYPE_CHECKING:
    from cryptography.utils import Buffer
    from pkcs11 import KeyType, Object, ObjectClass, Session, Token

SCHEME: Final = "pkcs11:"
PIN_BYTES_MAX: Final = 256
_PIN_VALUE: Final = "pin-value"
_ID_BYTES: Final = 16
_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
# What stands unescaped in an attribute (RFC 7512 §2.3); the rest is written as %XX.
_PLAIN: Final = "-._~:[]@!$'()*+,=/"
# Curves as DER: the OIDs 1.3.101.112 and 1.2.840.10045.3.1.7.
_ED25519_PARAMETERS: Final = bytes.fromhex("06032b6570")
_P256_PARAMETERS: Final = bytes.fromhex("06082a8648ce3d030107")
_ED25519_BYTES: Final = 32
_P256_BYTES: Final = 32
_POINT_BYTES: Final = 1 + 2 * _P256_BYTES
_OCTET_STRING: Final = 0x04
# Login is of the process, not of the session: two at once would be in each other's way.
_ONE_AT_A_TIME: Final = Lock()


@dataclass(frozen=True, slots=True)
class Pkcs11Uri:
    """Where a key stands. token, serial: of the token, whichever are known. object: its label. id: what the token calls
    it. module: the library that speaks to the token. pin_source: the file that holds the PIN.
    """

    token: str = ""
    serial: str = ""
    object: str = ""
    id: bytes = b""
    module: str = ""
    pin_source: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises: KeyInvalid; what it says never quotes the address, which may hold a PIN."""
        path, _, query = text.removeprefix(SCHEME).partition("?")
        if not text.startswith(SCHEME):
            raise KeyInvalid("An address of a key in hardware begins with pkcs11:.")
        named, asked = _attributes(path, ";"), _attributes(query, "&")
        if _PIN_VALUE in named or _PIN_VALUE in asked:
            raise KeyInvalid(
                "A PIN in an address is seen by whoever sees the command. Put it into a file and say "
                "pin-source=file:/its/path, or hand it over by itself."
            )
        others = (named.keys() - {"token", "serial", "object", "id", "type"}) | (
            asked.keys() - {"module-path", "pin-source"}
        )
        if others or named.get("type", "private") != "private":
            raise KeyInvalid(
                "The address has attributes that are not known here; token, serial, object, id, type=private, "
                "module-path and pin-source are."
            )
        return cls(
            token=_text(named, "token"),
            serial=_text(named, "serial"),
            object=_text(named, "object"),
            id=unquote_to_bytes(named.get("id", "")),
            module=_text(asked, "module-path"),
            pin_source=_source(_text(asked, "pin-source")),
        )

    def __str__(self) -> str:
        named = {"token": self.token, "serial": self.serial, "object": self.object}
        path = [f"{name}={_escaped(value.encode())}" for name, value in named.items() if value]
        path += [f"id={''.join(f'%{byte:02X}' for byte in self.id)}"] if self.id else []
        asked = {"module-path": self.module, "pin-source": f"file:{self.pin_source}" if self.pin_source else ""}
        query = "&".join(f"{name}={_escaped(value.encode())}" for name, value in asked.items() if value)
        return SCHEME + ";".join(path) + (f"?{query}" if query else "")

    def pin(self) -> str | None:
        """What stands in `pin-source`, without the end of its line; None where there is none. Raises: KeyInvalid."""
        if not self.pin_source:
            return None
        try:
            with Path(self.pin_source).open("rb") as file:
                return file.read(PIN_BYTES_MAX).rstrip(b"\r\n").decode()
        except (OSError, ValueError):
            raise KeyInvalid(f"The PIN cannot be read from {self.pin_source}.") from None


def opened(uri: Pkcs11Uri, *, pin: str | None = None) -> Ed25519PrivateKey | EllipticCurvePrivateKey:
    """The key that the address names, of Ed25519 or P-256. pin: else what `pin-source` holds; a token may need none.

    Raises: KeyInvalid.
    """
    place = _Place(uri, pin or uri.pin())
    with place.session() as session:
        return _held(place, session)


def generated(
    uri: Pkcs11Uri, *, pin: str | None = None, p256: bool = False
) -> tuple[Ed25519PrivateKey | EllipticCurvePrivateKey, Pkcs11Uri]:
    """A new key of Ed25519, made in the token, and its own address, which has an id.

    uri: the token, the new key's label, and its id if it is to have a certain one; p256: of P-256, for tokens that
    cannot do better. Raises: KeyInvalid: also where there is a key of this id, or the token does not know the curve.
    """
    place = _Place(replace(uri, id=uri.id or secrets.token_bytes(_ID_BYTES)), pin or uri.pin())
    with place.session(writes=True) as session:
        from pkcs11 import Attribute, Mechanism

        kind, parameters = (_kinds()[0], _P256_PARAMETERS) if p256 else (_kinds()[1], _ED25519_PARAMETERS)
        mechanism = Mechanism.EC_KEY_PAIR_GEN if p256 else Mechanism.EC_EDWARDS_KEY_PAIR_GEN
        if any(True for _ in session.get_objects({Attribute.ID: place.uri.id})):
            raise KeyInvalid("The token has a key of this id.")
        curve = session.create_domain_parameters(kind, {Attribute.EC_PARAMS: parameters}, local=True)
        curve.generate_keypair(
            id=place.uri.id,
            label=place.uri.object,
            store=True,
            mechanism=mechanism,
            public_template={Attribute.VERIFY: True},
            private_template={
                Attribute.SIGN: True,
                Attribute.PRIVATE: True,
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
            },
        )
        return _held(place, session), place.uri


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a key stands, and what opens it."""

    uri: Pkcs11Uri
    pin: str | None = field(repr=False)

    @contextmanager
    def session(self, *, writes: bool = False) -> Iterator[Session]:
        """Logged in until the block ends. Raises: KeyInvalid."""
        if not self.uri.module:
            raise KeyInvalid("The address says no module-path: the library that speaks to the token.")
        try:
            import pkcs11
        except ImportError:
            raise KeyInvalid('Keys in hardware need python-pkcs11: pip install "citytong-sdk[pkcs11]".') from None
        with _ONE_AT_A_TIME:
            try:
                token = self._token(pkcs11.lib(self.uri.module).get_tokens())
                with token.open(rw=writes, user_pin=self.pin) as session:
                    yield session
            except pkcs11.PKCS11Error as fault:
                raise KeyInvalid(_said(fault)) from None

    def signed(self, data: bytes, mechanism: str) -> bytes:
        """Raises: KeyInvalid."""
        with self.session() as session:
            from pkcs11 import Mechanism

            key: Any = _private(session, self.uri)
            found: bytes = key.sign(data, mechanism=Mechanism[mechanism])
            return found

    def _token(self, there: Iterator[Token]) -> Token:
        from pkcs11 import TokenFlag

        fitting = [
            one
            for one in there
            if TokenFlag.TOKEN_INITIALIZED in one.flags
            and self.uri.token in ("", one.label)
            and self.uri.serial in ("", one.serial.decode("ascii", "replace").rstrip())
        ]
        if len(fitting) != 1:
            many = "Several tokens fit the address; say which by token and serial."
            raise KeyInvalid(many if fitting else "No token fits the address. Is it plugged in?")
        return fitting[0]


class _Ed25519InToken(Ed25519PrivateKey):
    def __init__(self, place: _Place, public: Ed25519PublicKey) -> None:
        self._place, self._public = place, public

    def public_key(self) -> Ed25519PublicKey:
        return self._public

    def sign(self, data: Buffer) -> bytes:
        signature = self._place.signed(bytes(data), "EDDSA")
        try:
            self._public.verify(signature, data)
        except InvalidSignature:
            raise KeyInvalid("What the token signed does not fit the public key that it tells.") from None
        return signature

    def private_bytes(self, *_: object) -> NoReturn:
        _stays()

    def private_bytes_raw(self) -> NoReturn:
        _stays()

    def __copy__(self) -> _Ed25519InToken:
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> _Ed25519InToken:
        return self


class _P256InToken(EllipticCurvePrivateKey):
    def __init__(self, place: _Place, public: EllipticCurvePublicKey) -> None:
        self._place, self._public = place, public

    @property
    def curve(self) -> EllipticCurve:
        return SECP256R1()

    @property
    def key_size(self) -> int:
        return 8 * _P256_BYTES

    def public_key(self) -> EllipticCurvePublicKey:
        return self._public

    def sign(self, data: Buffer, signature_algorithm: EllipticCurveSignatureAlgorithm) -> bytes:
        if not isinstance(signature_algorithm.algorithm, SHA256):
            raise KeyInvalid("Keys of P-256 sign by SHA-256 here.")
        raw = self._place.signed(hashlib.sha256(data).digest(), "ECDSA")
        r, s = (int.from_bytes(half) for half in (raw[:_P256_BYTES], raw[_P256_BYTES:]))
        signature = encode_dss_signature(r, s)
        try:
            self._public.verify(signature, data, ECDSA(SHA256()))
        except InvalidSignature:
            raise KeyInvalid("What the token signed does not fit the public key that it tells.") from None
        return signature

    def exchange(self, algorithm: ECDH, peer_public_key: EllipticCurvePublicKey) -> NoReturn:
        raise KeyInvalid("This key is for signatures.")

    def private_numbers(self) -> EllipticCurvePrivateNumbers:
        _stays()

    def private_bytes(self, *_: object) -> NoReturn:
        _stays()

    def __copy__(self) -> _P256InToken:
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> _P256InToken:
        return self


def _held(place: _Place, session: Session) -> Ed25519PrivateKey | EllipticCurvePrivateKey:
    """The key of the address, by its public half, which stands in the token beside it under the same id."""
    from pkcs11 import Attribute, ObjectClass

    private: Any = _private(session, place.uri)
    id = bytes(private[Attribute.ID])
    public = _one(session, ObjectClass.PUBLIC_KEY, replace(place.uri, id=id, object="" if id else place.uri.object))
    point, place = bytes(public[Attribute.EC_POINT]), replace(place, uri=replace(place.uri, id=id))
    try:
        if private.key_type is _kinds()[1]:
            return _Ed25519InToken(place, Ed25519PublicKey.from_public_bytes(_bare(point, _ED25519_BYTES)))
        if bytes(public[Attribute.EC_PARAMS]) == _P256_PARAMETERS:
            found = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), _bare(point, _POINT_BYTES))
            return _P256InToken(place, found)
    except ValueError:
        pass
    raise KeyInvalid("The key in the token is not of Ed25519, nor of P-256.")


def _private(session: Session, uri: Pkcs11Uri) -> Object:
    from pkcs11 import ObjectClass

    return _one(session, ObjectClass.PRIVATE_KEY, uri)


def _one(session: Session, wanted: ObjectClass, uri: Pkcs11Uri) -> Object:
    """The key of this address, of Ed25519 or P-256's type. Raises: KeyInvalid: none, or several."""
    from pkcs11 import Attribute

    fitting: dict[Attribute, Any] = {Attribute.CLASS: wanted}
    fitting |= {Attribute.LABEL: uri.object} if uri.object else {}
    fitting |= {Attribute.ID: uri.id} if uri.id else {}
    found = [one for kind in _kinds() for one in islice(session.get_objects({**fitting, Attribute.KEY_TYPE: kind}), 2)]
    if len(found) != 1:
        none = "The token has no such key with both its halves; a PIN may be missing."
        raise KeyInvalid("Several keys of the token fit the address; say which by its id." if found else none)
    return found[0]


def _kinds() -> tuple[KeyType, KeyType]:
    from pkcs11 import KeyType

    return KeyType.EC, KeyType.EC_EDWARDS


def _bare(point: bytes, size: int) -> bytes:
    """A point without the OCTET STRING that most tokens, by the older standard, put around it."""
    return point[2:] if len(point) == size + 2 and point[:2] == bytes((_OCTET_STRING, size)) else point


def _attributes(text: str, separator: str) -> dict[str, str]:
    """By name, still escaped. Raises: KeyInvalid."""
    found: dict[str, str] = {}
    for part in text.split(separator) if text else ():
        name, equals, value = part.partition("=")
        if not equals or name in found:
            raise KeyInvalid("The address of a key in hardware is pkcs11:token=…;object=…?module-path=….")
        found[name] = value
    return found


def _text(found: dict[str, str], name: str) -> str:
    value = unquote(found.get(name, ""), errors="replace")
    if name in found and not _TEXT.fullmatch(value):
        raise KeyInvalid(f"{name} in the address has no value that it can have.")
    return value


def _source(text: str) -> str:
    """The path in `pin-source`: a file, never a program to run (RFC 7512 §2.4 leaves both open). Raises: KeyInvalid."""
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("", "file") or parts.netloc or not parts.path.startswith("/"):
        raise KeyInvalid("pin-source in the address is a file: file:/its/path.")
    return parts.path


def _escaped(value: bytes) -> str:
    return quote_from_bytes(value, safe=_PLAIN)


def _said(fault: Exception) -> str:
    """What a token's fault means to who has it in hand. Its own words may hold paths, and say no more."""
    name = type(fault).__name__
    meant = {
        "PinIncorrect": "The token does not take this PIN. It was tried once: tokens lock themselves.",
        "PinInvalid": "The token does not take this PIN. It was tried once: tokens lock themselves.",
        "PinLenRange": "The token does not take a PIN of this length.",
        "PinLocked": "The token is locked: too many wrong PINs.",
        "UserNotLoggedIn": "The token wants its PIN.",
        "UserPinNotInitialized": "The token has no PIN yet.",
        "MechanismInvalid": "The token does not know this curve. Many know P-256 alone.",
        "PKCS11Error": "The library at module-path cannot be used.",
    }
    return meant.get(name, f"The token refuses ({name}).")


def _stays() -> NoReturn:
    raise KeyInvalid("This key stays in its token.")
