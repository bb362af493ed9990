"""`tong keys`: a developer's signing keys, as files that only their owner reads, or in hardware.

A key is `<config>/keys/NAME.pem` (PKCS #8, mode 0600, sealed by a passphrase if one wants) beside `NAME.jwk.json`, its
public half as the city takes it: named by its thumbprint (RFC 7638), so that no two have one name. Of a key in a token
`NAME.pkcs11` stands in place of the PEM: its address, which is no secret.
"""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from citytong_sdk import hardware
from citytong_sdk.bundles import jws
from citytong_sdk.errors import KeyInvalid
from citytong_sdk.keys import Jwk, PrivateKey, verification_key

from . import files
from .desk import Desk, Done
from .errors import Exit, TongError

DEFAULT: Final = "default"
PASSPHRASE: Final = "TONG_KEY_PASSPHRASE"
PIN: Final = "TONG_KEY_PIN"
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_KID_SHOWN: Final = 8
# Of the file that says in which token a key stands.
_ADDRESS: Final = ".pkcs11"


class Algorithm(StrEnum):
    """What packages are signed with."""

    ED25519 = "ed25519"
    P256 = "p256"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """name: how its owner calls it. kid: its thumbprint."""

    name: str
    kid: str
    private: jws.PrivateKey = field(repr=False)


InToken: TypeAlias = Annotated[
    str,
    typer.Option(
        "--key",
        metavar="pkcs11:…",
        help=f"Make it in this token, in place of a file; ${PIN} or a question says its PIN.",
    ),
]


@dataclass(frozen=True, slots=True)
class KeyShown:
    """path: its file, or the one that says in which token it is. jwk: the public half, which the city is given.
    retired: the kid of the key that this one takes the place of.
    """

    name: str
    kid: str
    algorithm: str
    path: str
    jwk: Jwk
    retired: str | None = None


@dataclass(frozen=True, slots=True)
class KeysShown:
    keys: tuple[KeyShown, ...]


def new(
    desk: Desk,
    *,
    name: Annotated[str, typer.Argument(help="How you call it.")] = DEFAULT,
    algorithm: Annotated[Algorithm, typer.Option(help="What it signs with.")] = Algorithm.ED25519,
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help=f"Seal the file; ${PASSPHRASE} or a question says with what.")
    ] = False,
    key: InToken = "",
) -> Done:
    """Make a signing key. It stays on this machine, or in its token; the city is given its public half."""
    if there := _kept_at(desk, name):
        raise TongError(
            "TONG_KEY_EXISTS",
            f"There is a key of the name {name}.",
            where=str(there),
            why="A program takes packages of its organisation's keys alone: one that is overwritten is lost for ever.",
            advice=f"Use another name, or `tong keys rotate {name}`.",
        )
    shown = _made(desk, name, algorithm, key, sealed=passphrase)
    kept = "It cannot be copied" if key else "Keep a copy where a thief and a fire do not come"
    return Done(shown, [f"{shown.path}", f"  kid {shown.kid}", f"  {kept}; tell the city: tong keys register {name}"])


def listed(desk: Desk) -> Done:
    """List the signing keys of this machine."""
    folder = desk.config / "keys"
    found = [_shown(path) for path in sorted(folder.glob("*.jwk.json"))] if folder.is_dir() else []
    lines = [f"{one.name:<20} {one.algorithm:<8} {one.kid}" for one in found]
    return Done(KeysShown(tuple(found)), lines or ["No keys yet: `tong keys new` makes one."])


def rotate(
    desk: Desk,
    *,
    name: Annotated[str, typer.Argument(help="The key that goes.")] = DEFAULT,
    passphrase: Annotated[bool, typer.Option("--passphrase", help="Seal the new file.")] = False,
    key: InToken = "",
) -> Done:
    """Make a new key in the place of one: as a file, or in the token where the old one is.

    The old one stays beside it until the city has retired it.
    """
    old, there = _shown(_public_file(desk, name)), _kept_at(desk, name)
    if there is None:
        raise _missing(name, str(_file(desk, name)))
    kept = f"{name}-{re.sub('[^a-z0-9]', '', old.kid.lower())[:_KID_SHOWN]}"
    if other := _kept_at(desk, kept):
        raise TongError("TONG_KEY_EXISTS", f"There is a key of the name {kept}.", where=str(other))
    place = key or (there.read_text(encoding="ascii").strip() if there.suffix == _ADDRESS else "")
    fresh = _generated(desk, Algorithm(old.algorithm), _another(place) if place else "", sealed=passphrase)
    there.rename(there.with_name(kept + there.suffix))
    _public_file(desk, name).rename(_public_file(desk, kept))
    shown = _kept(desk, name, fresh, retired=old.kid)
    return Done(
        shown,
        [
            f"{shown.path}",
            f"  kid {shown.kid}, in the place of {old.kid}, which is now called {kept}",
            f"  Tell the city: tong keys register {name} --retires {old.kid}. Until then it takes the old one alone.",
        ],
    )


def load(desk: Desk, name: str) -> SigningKey:
    """The key called `name`, in the file of that path, or at that address of a token. Raises: TongError."""
    if name.startswith(hardware.SCHEME):
        return _in_token(desk, name, "")
    path = desk.folder / name if "/" in name or name.endswith(".pem") else _kept_at(desk, name)
    if path is None or not path.is_file():
        raise _missing(name, str(path or _file(desk, name)))
    if path.suffix == _ADDRESS:
        return _in_token(desk, path.read_text(encoding="ascii").strip(), path.stem)
    key = _opened(desk, path)
    return SigningKey(name=path.stem, kid=key.kid, private=key.private)


def public(desk: Desk, name: str) -> jws.Keys:
    """The public half of a key as `load` finds it; of one that is kept by its name without its passphrase or PIN."""
    if not (name.startswith(hardware.SCHEME) or "/" in name or name.endswith(".pem")):
        shown = _shown(_public_file(desk, name))
        if key := verification_key(shown.jwk):
            return {shown.kid: key}
    found = load(desk, name)
    return {found.kid: found.private.public_key()}


def unusable(fault: KeyInvalid, where: str = "", advice: str = "") -> TongError:
    """What is wrong with a key, for a person."""
    return TongError(
        "TONG_KEY_INVALID", "The key cannot be used.", where=where, why=fault.message, advice=advice, exit=Exit.AUTH
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """A new key, and what is kept of it: sealed or not, or where it stands."""

    jwk: Jwk
    content: bytes = field(repr=False)
    suffix: str


def _made(desk: Desk, name: str, algorithm: Algorithm, place: str, *, sealed: bool) -> KeyShown:
    return _kept(desk, name, _generated(desk, algorithm, place, sealed=sealed))


def _generated(desk: Desk, algorithm: Algorithm, place: str, *, sealed: bool) -> _Made:
    """place: of the token to make it in; empty for a file."""
    if place:
        if sealed:
            raise TongError("TONG_USAGE", "A passphrase seals a file; a key in a token has the token's PIN.")
        return _generated_in_token(desk, algorithm, place)
    key = PrivateKey.generate() if algorithm is Algorithm.ED25519 else PrivateKey(generate_private_key(SECP256R1()))
    return _Made(key.jwk, key.pem(passphrase=_new_passphrase(desk) if sealed else None), ".pem")


def _generated_in_token(desk: Desk, algorithm: Algorithm, place: str) -> _Made:
    try:
        uri = hardware.Pkcs11Uri.parse(place)
        private, made = hardware.generated(uri, pin=_pin(desk, uri), p256=algorithm is Algorithm.P256)
    except KeyInvalid as fault:
        raise unusable(fault) from fault
    return _Made(PrivateKey(private).jwk, f"{made}\n".encode(), _ADDRESS)


def _another(place: str) -> str:
    """Where the successor of the key at `place` stands: it is called the same, by another id."""
    try:
        return str(dataclasses.replace(hardware.Pkcs11Uri.parse(place), id=b""))
    except KeyInvalid as fault:
        raise unusable(fault) from fault


def _in_token(desk: Desk, address: str, name: str) -> SigningKey:
    unsaid = False
    try:
        uri = hardware.Pkcs11Uri.parse(address)
        pin = _pin(desk, uri)
        unsaid = pin is None and not uri.pin_source
        key = PrivateKey(hardware.opened(uri, pin=pin))
    except KeyInvalid as fault:
        raise unusable(fault, advice=f"Put its PIN into ${PIN}, where it has one." if unsaid else "") from fault
    return SigningKey(name=name or uri.object or uri.token, kid=key.kid, private=key.private)


def _pin(desk: Desk, uri: hardware.Pkcs11Uri) -> str | None:
    """None where the address names a file of it, or nobody says one: some tokens want none."""
    if uri.pin_source:
        return None
    told = desk.env.get(PIN, "")
    return told or (desk.secret(f"PIN of the token {uri.token or uri.serial}: ") if desk.attended else None)


def _kept(desk: Desk, name: str, made: _Made, retired: str | None = None) -> KeyShown:
    path = _file(desk, name).with_name(f"{name}{made.suffix}")
    files.write(path, made.content, mode=files.PRIVATE)
    files.write(_public_file(desk, name), json.dumps(made.jwk, indent=2).encode() + b"\n")
    return KeyShown(name, str(made.jwk["kid"]), _algorithm(made.jwk), str(path), made.jwk, retired)


def _shown(path: Path) -> KeyShown:
    name = path.name.removesuffix(".jwk.json")
    try:
        jwk = json.loads(path.read_text(encoding="utf-8"))
        private = path.with_name(f"{name}{_ADDRESS}")
        kept = private if private.exists() else private.with_name(f"{name}.pem")
        return KeyShown(name, jwk["kid"], _algorithm(jwk), str(kept), jwk)
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise _missing(name, str(path)) from fault


def _missing(name: str, where: str) -> TongError:
    return TongError(
        "TONG_KEY_MISSING",
        f"There is no key {name!r}.",
        where=where,
        advice="`tong keys list` says which there are, `tong keys new` makes one.",
        exit=Exit.AUTH,
    )


def _opened(desk: Desk, path: Path) -> PrivateKey:
    if path.stat().st_mode & 0o077:
        desk.tell(f"{path}: others on this machine can read this key; chmod 600 it.")
    sealed = b"ENCRYPTED" in path.read_bytes()
    try:
        return PrivateKey.from_file(path, passphrase=_passphrase(desk, path) if sealed else None)
    except KeyInvalid as fault:
        raise unusable(fault, str(path)) from fault


def _passphrase(desk: Desk, path: Path) -> str:
    told = desk.env.get(PASSPHRASE, "")
    if not told and not desk.attended:
        raise TongError(
            "TONG_KEY_SEALED",
            "The key is sealed, and nobody is here to say its passphrase.",
            where=str(path),
            advice=f"Put it into ${PASSPHRASE}.",
            exit=Exit.AUTH,
        )
    return told or desk.secret(f"Passphrase of {path.name}: ")


def _new_passphrase(desk: Desk) -> str:
    told = desk.env.get(PASSPHRASE, "")
    if not told and desk.attended:
        told = desk.secret("A passphrase for the key: ")
        if told != desk.secret("The same again: "):
            raise TongError("TONG_KEY_SEALED", "The two are not the same.", advice="Try again.")
    if not told:
        raise TongError("TONG_KEY_SEALED", "There is no passphrase.", advice=f"Put one into ${PASSPHRASE}.")
    return told


def _algorithm(jwk: Jwk) -> str:
    return {"OKP": Algorithm.ED25519, "EC": Algorithm.P256}[jwk["kty"]].value


def _file(desk: Desk, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise TongError("TONG_NAME", f"{name!r} is no name of a key.", advice="Lower case, digits, dots, hyphens.")
    return desk.config / "keys" / f"{name}.pem"


def _kept_at(desk: Desk, name: str) -> Path | None:
    """The file of a key, or of its address; None where there is neither."""
    pem = _file(desk, name)
    return next((path for path in (pem, pem.with_name(f"{name}{_ADDRESS}")) if path.exists()), None)


def _public_file(desk: Desk, name: str) -> Path:
    return _file(desk, name).with_name(f"{name}.jwk.json")
