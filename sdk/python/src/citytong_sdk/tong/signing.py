"""`tong sign` and `tong verify`: a developer's word on a package, and everybody's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from citytong_sdk.bundles import archive, blocks, jws, manifest, statement
from citytong_sdk.bundles.encoding import from_b64url, json_object
from citytong_sdk.bundles.errors import LOG, UNSIGNED, BundleError
from citytong_sdk.bundles.hashing import sha256_hex
from citytong_sdk.bundles.revocations import Revocations
from citytong_sdk.keys import PLATFORM, PrivateKey

from . import files, keyring, logbook, places, trust
from .desk import Desk, Done
from .errors import Exit, TongError, of_package
from .oidc import Oidc, TokenFile, let_in
from .packing import read_package

_BUILT_WITH = "tong"


@dataclass(frozen=True, slots=True)
class Signed:
    path: str
    app_id: str
    version_name: str
    version_code: int
    pkg_sha256: str
    files_h1: str
    kid: str
    created: int


@dataclass(frozen=True, slots=True)
class Developer:
    """organisation: whose key it is, by the city's word; null for a key that was given by --key."""

    kid: str
    organisation: str | None
    built_with: str
    created: int


@dataclass(frozen=True, slots=True)
class Platform:
    issuer: str
    issued_at: int
    not_before: int
    review: str


@dataclass(frozen=True, slots=True)
class Log:
    """size, view: of the log as it is now; null when nobody asked it. view: SAME or GREW since it was seen here."""

    origin: str
    index: int
    size: int | None
    view: str | None


@dataclass(frozen=True, slots=True)
class Believed:
    """Times in seconds of Unix time. revocations: the number of the list that was asked; null without a line."""

    path: str
    app_id: str
    version_name: str
    version_code: int
    pkg_sha256: str
    files_h1: str
    developer: Developer
    platform: Platform | None
    log: Log | None
    grants: tuple[str, ...]
    domains: tuple[str, ...]
    revocations: int | None


def sign(
    desk: Desk,
    *,
    package: Annotated[Path, typer.Argument(metavar="X.ma", help="What `tong pack` wrote.")],
    key: Annotated[
        str, typer.Option(help="A key's name, the path of a PEM file, or the address of one in a token: `pkcs11:…`.")
    ] = keyring.DEFAULT,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where it goes; else it is signed in place.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Take signatures off that are there.")] = False,
    oidc: Oidc = False,
    id_token_file: TokenFile = None,
    city: places.City = "",
) -> Done:
    """Sign a package as its developer, by a key file or a key in hardware (PKCS #11); or, in a CI system, by a key that
    is the run's alone (`--oidc`).

    A run's key signs one package, which has to be handed in within ten minutes: `tong submit --oidc` does both at once.
    """
    path = desk.folder / package
    content = read_package(path)
    if oidc or id_token_file:
        own = PrivateKey.generate()
        signer = keyring.SigningKey("this run's", own.kid, own.private)
        let_in(desk, places.web(desk, city), app_of(content, str(path)), file=id_token_file, key=own)
    else:
        signer = keyring.load(desk, key)
    said, signed = signed_by(desk, content, signer, str(path), again=again)
    target = desk.folder / output if output else path
    files.write(target, signed)
    result = Signed(
        path=str(target),
        app_id=said.app_id,
        version_name=said.version_name,
        version_code=said.version_code,
        pkg_sha256=said.pkg_sha256,
        files_h1=said.files_h1,
        kid=signer.kid,
        created=said.created,
    )
    return Done(result, [f"{target}", f"  {said.app_id} {said.version_name}, signed by {signer.kid} ({signer.name})"])


def signed_by(
    desk: Desk, content: bytes, signer: keyring.SigningKey, where: str, *, again: bool = False
) -> tuple[statement.Statement, bytes]:
    """What is said of a package, and the package with it. again: without signatures that it has. Raises: TongError."""
    try:
        parts = blocks.split(content)
        if parts.values and not again:
            raise TongError(
                "TONG_SIGNED", "The package is signed already.", where=where, advice="--again signs it anew."
            )
        said = statement.make(parts.unsigned, built_with=_BUILT_WITH, created=_created(desk))
        value = statement.sign_developer(said, key=signer.private, kid=signer.kid)
        return said, blocks.join(parts.unsigned, {blocks.DEVELOPER: value})
    except BundleError as fault:
        raise of_package(fault, where) from fault


def is_signed(content: bytes, where: str) -> bool:
    """By its developer. Raises: TongError."""
    try:
        return blocks.DEVELOPER in blocks.split(content).values
    except BundleError as fault:
        raise of_package(fault, where) from fault


def app_of(content: bytes, where: str) -> str:
    """The id of the program in a package. Raises: TongError."""
    try:
        return manifest.read(archive.unpack(blocks.strip(content)).get(manifest.FILE, b"")).app_id
    except BundleError as fault:
        raise of_package(fault, where) from fault


def verify(
    desk: Desk,
    *,
    package: Annotated[Path, typer.Argument(metavar="X.ma")],
    offline: Annotated[bool, typer.Option("--offline", help="By the keys that were seen last; ask nobody.")] = False,
    developer_only: Annotated[
        bool, typer.Option("--developer-only", help="The developer's signature alone: before it is submitted.")
    ] = False,
    key: Annotated[str, typer.Option(help="Believe this key of a developer; a name or a PEM file.")] = "",
    jwks: Annotated[Path | None, typer.Option(help="The city's keys in a file, in place of its address.")] = None,
    city: places.City = "",
) -> Done:
    """Ask who vouches for a package: its developer, the city, the log; and, online, whether it was taken back.

    Online the log is looked at as well: it must have grown from what this machine saw before. One that shows less, or
    another history, is told with what it means.
    """
    path = desk.folder / package
    content = read_package(path)
    own = keyring.public(desk, key) if key else {}
    try:
        if developer_only and own:
            return _by_developer(content, path, own, {})
        known, revoked, seen = _asked(desk, content, offline=offline or developer_only, jwks=jwks, city=city)
        developers = {**known.developers(_sha256(content)), **own}
        if developer_only:
            return _by_developer(content, path, developers, known.organisations)
        return _by_all(content, path, known, developers, revoked, seen, int(desk.now()))
    except BundleError as fault:
        refused = of_package(fault, str(path))
        refused.exit = Exit.SIGNATURE  # whatever is wrong with it: nobody vouches for these bytes
        raise refused from fault


def _asked(
    desk: Desk, content: bytes, *, offline: bool, jwks: Path | None, city: str
) -> tuple[trust.CityKeys, Revocations | None, logbook.LogSeen | None]:
    """The city's keys, its list and its log, as far as somebody may be asked."""
    if jwks is not None:
        return trust.keys((desk.folder / jwks).read_bytes(), str(jwks)), None, None
    where = places.web(desk, city)
    kept = trust.memory(desk, where)
    if offline:
        if (raw := kept.recalled("jwks.json")) is None:
            raise TongError(
                "TONG_NOTHING_KNOWN",
                f"Nothing is known here of the city at {where.base}.",
                advice="Verify once with a line, or give its keys by --jwks FILE.",
                exit=Exit.NETWORK,
            )
        return trust.keys(raw, str(kept.folder)), None, None
    desk.note(f"Asking {where.base} for its keys, its list of revocations and its log")
    known = trust.fetched_keys(where, kept, signer=_signer(content))
    revoked = trust.fetched_revocations(where, known, kept, int(desk.now()))
    proof = blocks.split(content).values.get(blocks.LOG_PROOF)
    if proof is None:
        raise BundleError(UNSIGNED, detail="no proof of the log: the city has not released it")
    return known, revoked, logbook.looked(where, known, kept, logbook.proven_by(proof))


def _by_developer(content: bytes, path: Path, developers: jws.Keys, organisations: object) -> Done:
    found = statement.submitted(content, developer_keys=developers)
    owners = organisations if isinstance(organisations, dict) else {}
    said = found.statement
    result = Believed(
        path=str(path),
        app_id=said.app_id,
        version_name=said.version_name,
        version_code=said.version_code,
        pkg_sha256=said.pkg_sha256,
        files_h1=said.files_h1,
        developer=_developer(found.developer, said, owners),
        platform=None,
        log=None,
        grants=(),
        domains=(),
        revocations=None,
    )
    return Done(result, _said(result))


def _by_all(
    content: bytes,
    path: Path,
    known: trust.CityKeys,
    developers: jws.Keys,
    revoked: Revocations | None,
    seen: logbook.LogSeen | None,
    now: int,
) -> Done:
    found, origin = _verified(content, known, developers, revoked, now)
    said, profile = found.statement, found.profile
    value = blocks.split(content).values[blocks.DEVELOPER]
    result = Believed(
        path=str(path),
        app_id=said.app_id,
        version_name=said.version_name,
        version_code=said.version_code,
        pkg_sha256=said.pkg_sha256,
        files_h1=said.files_h1,
        developer=_developer(value, said, known.organisations),
        platform=Platform(profile.issuer, profile.issued_at, profile.not_before, profile.review),
        log=Log(origin, found.log_index, seen.size if seen else None, seen.view if seen else None),
        grants=tuple(sorted(profile.capabilities)),
        domains=tuple(sorted({*profile.connect, *profile.img})),
        revocations=revoked.sequence if revoked else None,
    )
    return Done(result, _said(result))


def _verified(
    content: bytes, known: trust.CityKeys, developers: jws.Keys, revoked: Revocations | None, now: int
) -> tuple[statement.Verified, str]:
    """The package as all three vouch for it, and the log's name. The log may have had several keys."""
    fault = BundleError(LOG, detail="the city names no key of its log")
    for key in known.published.logs:
        try:
            found = statement.verify(
                content,
                developer_keys=developers,
                platform_keys=known.published.of(PLATFORM),
                log_key=key,
                now=now,
                revocations=revoked,
            )
            return found, key.name
        except BundleError as refusal:
            if refusal.code != LOG:
                raise
            fault = refusal
    raise fault


def _sha256(content: bytes) -> str:
    """Of a package without its signing block."""
    return sha256_hex(blocks.strip(content))


def _signer(content: bytes) -> str:
    """The name of the key that its developer's signature says; empty where it says none."""
    value = blocks.split(content).values.get(blocks.DEVELOPER, b"")
    try:
        return _kid(value)
    except (ValueError, KeyError):
        return ""


def _kid(value: bytes) -> str:
    return str(json_object(from_b64url(value.partition(b".")[0].decode("ascii")))["kid"])


def _developer(value: bytes, said: statement.Statement, owners: object) -> Developer:
    kid = _kid(value)
    organisation = owners.get(kid) if isinstance(owners, dict) else None
    return Developer(kid, organisation, said.built_with, said.created)


def _created(desk: Desk) -> int:
    """Now, or what a reproducible build says that now is (https://reproducible-builds.org/specs/source-date-epoch)."""
    told = desk.env.get("SOURCE_DATE_EPOCH", "")
    if told and not told.isdecimal():
        raise TongError("TONG_USAGE", "$SOURCE_DATE_EPOCH is no number of seconds.")
    return int(told or desk.now())


def _said(found: Believed) -> list[str]:
    lines = [
        f"{found.app_id} {found.version_name} ({found.version_code})",
        f"  developer   {found.developer.kid} {found.developer.organisation or ''}".rstrip(),
    ]
    if found.platform is None or found.log is None:
        return [*lines, "  The city has not been asked for its word."]
    log = f"{found.log.origin} entry {found.log.index}"
    if found.log.size is not None:
        log += f" of {found.log.size}, {(found.log.view or 'first seen').lower()}"
    return [
        *lines,
        f"  city        {found.platform.issuer}, review {found.platform.review}",
        f"  log         {log}",
        f"  grants      {', '.join(found.grants) or 'none'}",
        f"  domains     {', '.join(found.domains) or 'none'}",
        f"  revocations {'not asked' if found.revocations is None else f'not on list {found.revocations}'}",
    ]
