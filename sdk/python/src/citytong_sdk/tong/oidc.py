"""Runs of CI systems: an ID token for ten minutes of handing in, and a key of the run's own (`--oidc`).

Rules
- The ID token comes from a file, from `$TONG_ID_TOKEN` or from GitHub Actions. It goes to the city alone and is shown
  nowhere; of its claims those are that say which run it is, when the city does not take it.
- The key is made in memory and forgotten with the process. Nothing of a run stays on the machine.
Sources: RFC 8693; docs/sdk/guides/ci.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import urlencode, urlsplit

import typer

from citytong_sdk.bundles.encoding import from_b64url, json_object
from citytong_sdk.keys import PrivateKey

from . import web
from .city import City
from .desk import Desk
from .errors import Exit, TongError
from .web import Web, as_json

TOKEN: Final = "TONG_ID_TOKEN"
_REQUEST_URL: Final = "ACTIONS_ID_TOKEN_REQUEST_URL"
_REQUEST_TOKEN: Final = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
_TOKEN_BYTES_MAX: Final = 16 * 1024
# What tells one run from another.
_CLAIMS: Final = ("iss", "aud", "sub", "repository", "project_path", "ref", "workflow_ref", "environment")

Oidc: TypeAlias = Annotated[
    bool, typer.Option("--oidc", help="As a run of a CI system, by its ID token: with no key, and nobody signed in.")
]
TokenFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--id-token-file", metavar="FILE", help=f"--oidc by this ID token; else ${TOKEN}, or GitHub's own."),
]


def let_in(desk: Desk, where: Web, app_id: str, *, file: Path | None, key: PrivateKey | None) -> City:
    """The city, as a publisher's run of this program is spoken to. key: what it will sign the package with, if it does.

    Raises: TongError.
    """
    token = _id_token(desk, where, file)
    asked = {"app": app_id, "subject_token": token}
    if key is not None:
        proof = key.proof(app_id=app_id, now=desk.now())
        asked |= {"jwk": json.dumps(dict(key.jwk)), "proof": proof}
    desk.note(f"Showing {where.base} whose run this is")
    try:
        return City(where, desk).exchange(asked)
    except TongError as fault:
        if fault.exit is Exit.AUTH:
            fault.why = "; ".join(part for part in (fault.why, f"the run is {_run(token)}") if part)
            fault.advice = "Compare it with the program's publishers: tong publishers list."
        raise


def _id_token(desk: Desk, where: Web, file: Path | None) -> str:
    """For the city alone (its address is the `aud`). Raises: TongError."""
    if file is not None:
        with (desk.folder / file).open("rb") as opened:
            return opened.read(_TOKEN_BYTES_MAX).decode("ascii", "replace").strip()
    if told := desk.env.get(TOKEN, "").strip():
        return told
    url, secret = desk.env.get(_REQUEST_URL, ""), desk.env.get(_REQUEST_TOKEN, "")
    if url and secret:
        return _from_github(url, secret, audience=where.base)
    raise TongError(
        "TONG_NO_ID_TOKEN",
        "This is no run of a CI system that gives it an ID token.",
        advice=f"GitHub Actions: permissions: id-token: write. GitLab: id_tokens: {TOKEN}. Else --id-token-file.",
        exit=Exit.AUTH,
    )


def _from_github(url: str, secret: str, *, audience: str) -> str:
    """Raises: TongError."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode({"audience": audience})) if part)
    there = web.web(f"{parts.scheme}://{parts.netloc}")
    try:
        answer = there.ask("GET", f"{parts.path}?{query}", headers={"Authorization": f"Bearer {secret}"})
    except TongError as fault:
        raise TongError(
            "TONG_NO_ID_TOKEN", "The CI system does not answer.", where=there.base, why=fault.why, exit=Exit.NETWORK
        ) from fault
    if answer.status != 200:
        raise TongError(
            "TONG_NO_ID_TOKEN",
            f"The CI system answered {answer.status}.",
            where=there.base,
            advice="Give the job permissions: id-token: write.",
            exit=Exit.AUTH,
        )
    with as_json(there.base):
        return str(json.loads(answer.body)["value"])


def _run(token: str) -> str:
    """What an ID token says of its run, for a person who compares it."""
    try:
        claims: Mapping[str, Any] = json_object(from_b64url(token.split(".")[1]))
    except (ValueError, IndexError):
        return "no ID token"
    return ", ".join(f"{name} {claims[name]}" for name in _CLAIMS if isinstance(claims.get(name), str))
