"""What can end a command, and with which status.

An error says what is wrong, where, why, and what to do about it; its code is stable, its sentences are not. None of
these ever holds a token, a key or a passphrase.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from citytong_sdk.bundles import errors as bundles
from citytong_sdk.bundles.errors import BundleError


class Exit(IntEnum):
    """The status that a command ends with; scripts may rely on it."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    NETWORK = 3
    AUTH = 4
    SIGNATURE = 5
    INTERRUPTED = 130


class TongError(Exception):
    """code: stable. where: a file, a member, an address. why: what stands behind it. advice: what to do."""

    def __init__(
        self, code: str, message: str, *, where: str = "", why: str = "", advice: str = "", exit: Exit = Exit.USAGE
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.where = where
        self.why = why
        self.advice = advice
        self.exit = exit


# Of a package's own words, those that say whom it is not from; all others are about its content.
_OF_SIGNATURES: Final = frozenset(
    {
        bundles.BLOCK,
        bundles.UNSIGNED,
        bundles.JWS,
        bundles.KEY_UNKNOWN,
        bundles.SIGNATURE,
        bundles.STATEMENT,
        bundles.HASH,
        bundles.LOG,
        bundles.NOT_YET,
        bundles.OLDER,
        bundles.REVOKED,
        bundles.REVOCATIONS_STALE,
    }
)
# What a code of a package means, and what helps.
_SAID: Final[Mapping[str, tuple[str, str]]] = {
    bundles.NOT_A_ZIP: ("This is no package.", "Make one with `tong pack`, or take it again from where it was made."),
    bundles.ZIP_CRC: ("The package is damaged.", "Do not use this file. Take it again from where it was made."),
    bundles.TOO_LARGE: ("The package is over its budget.", "Take out what no page needs; `tong pack` lists sizes."),
    bundles.UNPACKED_TOO_LARGE: ("The files are over their budget.", "Take out what no page needs."),
    bundles.TYPE_FORBIDDEN: ("The city does not serve files of this type.", "Take the file out of the folder."),
    bundles.LAYOUT_MISSING: ("A file that every package has is missing.", "Add it; app.css may be empty."),
    bundles.LAYOUT_PAGE: ("The manifest names a page that is not there.", "Add the page or take it out of `pages`."),
    bundles.LAYOUT_FILE: ("The manifest names a file that is not there.", "Add the file or correct its path."),
    bundles.MANIFEST_JSON: ("The manifest is not one JSON object.", "Correct it; an editor shows the line."),
    bundles.MANIFEST_MISSING: ("The manifest lacks a member that it must have.", "Add the member."),
    bundles.MANIFEST_APP_ID: ("No program can be registered by this id.", "Write it as org.example.library."),
    bundles.MANIFEST_PERMISSION: ("There is no such permission, or it stands twice.", "See docs/sdk/bridge.md."),
    bundles.MANIFEST_VALUE: ("A member of the manifest cannot have this value.", "Correct the member."),
    bundles.UNSIGNED: ("A signature that has to be there is missing.", "Sign it with `tong sign`, or submit it first."),
    bundles.KEY_UNKNOWN: (
        "It is signed by a key that is not known.",
        "If it is your own, say so with --key default; else look whose it is.",
    ),
    bundles.SIGNATURE: ("A signature does not hold.", "Do not use this file. Take it again from where it was made."),
    bundles.HASH: ("The bytes are not those that were signed.", "Do not use this file; somebody changed it."),
    bundles.LOG: ("The log does not prove that this release stands in it.", "Do not use this file; tell the city."),
    bundles.NOT_YET: ("The city approved it for a later time.", "Wait until then."),
    bundles.REVOKED: ("This program or version was taken back.", "Do not use it."),
    bundles.REVOCATIONS_STALE: (
        "The list of revocations is too old, or older than one seen before.",
        "Try again; if it stays so, somebody keeps the new list from you.",
    ),
}


def of_package(fault: BundleError, where: str = "") -> TongError:
    """What is wrong with a package, for a person. where: the file, when the fault names none."""
    signature = fault.code in _OF_SIGNATURES
    message, advice = _SAID.get(
        fault.code, ("The package is not one that the city takes.", "Make it with `tong pack`, or take it again.")
    )
    return TongError(
        fault.code,
        message,
        where=": ".join(part for part in (where, fault.path) if part),
        why=fault.detail,
        advice=advice,
        exit=Exit.SIGNATURE if signature else Exit.FINDINGS,
    )


def of_file(fault: OSError) -> TongError:
    """What the system says of a file or a folder, for a person."""
    return TongError(
        "TONG_FILE",
        "A file or folder could not be used.",
        where=str(fault.filename or ""),
        why=fault.strerror or type(fault).__name__,
        advice="Look whether it is there and yours to read and write.",
    )
