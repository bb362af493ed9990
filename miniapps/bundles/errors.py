"""What is wrong with a package: one exception with a stable code.

Codes are the contract between this library, its JavaScript twin in the shell and the corpus of both; sentences are not.
`path` names a file of the package or a member of the manifest, `detail` says what was seen, in a few words; neither
ever holds a secret.
"""

from __future__ import annotations

from typing import Final

# The archive.
TOO_LARGE: Final = "BUNDLE_TOO_LARGE"  # more bytes packed than the budget
NOT_A_ZIP: Final = "BUNDLE_NOT_A_ZIP"  # no end record where an archive has to end
EMPTY: Final = "BUNDLE_EMPTY"  # an archive of nothing
ZIP_PREFIX: Final = "BUNDLE_ZIP_PREFIX"  # bytes before the first entry
ZIP_TRAILING: Final = "BUNDLE_ZIP_TRAILING"  # bytes after the end record
ZIP_COMMENT: Final = "BUNDLE_ZIP_COMMENT"  # a comment of the archive or of an entry
ZIP_MULTI_DISK: Final = "BUNDLE_ZIP_MULTI_DISK"  # an archive in several parts
ZIP_64: Final = "BUNDLE_ZIP_64"  # Zip64 records or their marks
ZIP_DIRECTORY: Final = "BUNDLE_ZIP_DIRECTORY"  # a central directory that does not say what it holds
ZIP_LAYOUT: Final = "BUNDLE_ZIP_LAYOUT"  # entries that overlap, leave gaps or stand in another order than the directory
ZIP_HEADERS_DIFFER: Final = "BUNDLE_ZIP_HEADERS_DIFFER"  # an entry's own header is not what the directory says
ZIP_ENCRYPTED: Final = "BUNDLE_ZIP_ENCRYPTED"  # an encrypted entry
ZIP_FLAGS: Final = "BUNDLE_ZIP_FLAGS"  # flags other than the one for UTF-8 names
ZIP_METHOD: Final = "BUNDLE_ZIP_METHOD"  # neither stored nor deflated, or a newer ZIP than 2.0
ZIP_EXTRA: Final = "BUNDLE_ZIP_EXTRA"  # extra fields
ZIP_FILE_TYPE: Final = "BUNDLE_ZIP_FILE_TYPE"  # a link, directory or device in place of a file
ZIP_SIZE: Final = "BUNDLE_ZIP_SIZE"  # a stored entry of two sizes, or data of another size than declared
ZIP_DATA: Final = "BUNDLE_ZIP_DATA"  # compressed data that is broken, or goes on after its end
ZIP_CRC: Final = "BUNDLE_ZIP_CRC"  # content that does not have its checksum
TOO_MANY_ENTRIES: Final = "BUNDLE_TOO_MANY_ENTRIES"
RATIO: Final = "BUNDLE_RATIO"  # an entry that swells more than a hundredfold
UNPACKED_TOO_LARGE: Final = "BUNDLE_UNPACKED_TOO_LARGE"

# Names of files.
NAME_ENCODING: Final = "BUNDLE_NAME_ENCODING"  # not UTF-8, or not ASCII without the flag
NAME_PATH: Final = "BUNDLE_NAME_PATH"  # absolute, or with an empty, `.` or `..` segment
NAME_FORBIDDEN: Final = "BUNDLE_NAME_FORBIDDEN"  # a character that no name may hold, or a dot at a segment's edge
NAME_LENGTH: Final = "BUNDLE_NAME_LENGTH"  # a segment over 255 bytes or a path over 65,535
NAME_DUPLICATE: Final = "BUNDLE_NAME_DUPLICATE"  # the same path twice
NAME_COLLISION: Final = (
    "BUNDLE_NAME_COLLISION"  # the same path but for case or composition, or a file where a folder is
)
TYPE_FORBIDDEN: Final = "BUNDLE_TYPE_FORBIDDEN"  # an extension that the city does not serve

# The layout of a program.
LAYOUT_MISSING: Final = "BUNDLE_LAYOUT_MISSING"  # no manifest.json, app.js or app.css
LAYOUT_PAGE: Final = "BUNDLE_LAYOUT_PAGE"  # the manifest names a page that is not in the package
LAYOUT_FILE: Final = "BUNDLE_LAYOUT_FILE"  # the manifest names an icon or a list of operations that is not there

# The manifest.
MANIFEST_JSON: Final = "BUNDLE_MANIFEST_JSON"  # not one JSON object in UTF-8, with each member once
MANIFEST_MISSING: Final = "BUNDLE_MANIFEST_MISSING"  # a member that W3C requires is not there or unusable
MANIFEST_APP_ID: Final = "BUNDLE_MANIFEST_APP_ID"  # an id that no program can be registered by
MANIFEST_VALUE: Final = "BUNDLE_MANIFEST_VALUE"  # a member of the city's own that is not what it has to be
MANIFEST_PERMISSION: Final = "BUNDLE_MANIFEST_PERMISSION"  # a permission of the city that does not exist, or twice
MANIFEST_TOO_LARGE: Final = "BUNDLE_MANIFEST_TOO_LARGE"  # more text, pages or domains than a manifest may have

# Pages.
HTML_ENCODING: Final = "BUNDLE_HTML_ENCODING"  # not UTF-8, or with U+0000
HTML_SYNTAX: Final = "BUNDLE_HTML_SYNTAX"  # markup that parsers may read in two ways
HTML_ELEMENT: Final = "BUNDLE_HTML_ELEMENT"  # <base>, <iframe>, <object> and their kind
HTML_SRCDOC: Final = "BUNDLE_HTML_SRCDOC"  # a document inside an attribute
HTML_HANDLER: Final = "BUNDLE_HTML_HANDLER"  # an inline event handler
HTML_META: Final = "BUNDLE_HTML_META"  # <meta http-equiv> that moves the page or its policy
HTML_URL: Final = "BUNDLE_HTML_URL"  # a `javascript:` address
HTML_REMOTE: Final = "BUNDLE_HTML_REMOTE"  # a script, or a hint to the browser, from outside of the package

# Signatures.
BLOCK: Final = "BUNDLE_BLOCK"  # a signing block that is not well formed
UNSIGNED: Final = "BUNDLE_UNSIGNED"  # a signature that has to be there is not
JWS: Final = "BUNDLE_JWS"  # a signature that is not in the form that the city takes
KEY_UNKNOWN: Final = "BUNDLE_KEY_UNKNOWN"  # a signature by a key that is not known here
SIGNATURE: Final = "BUNDLE_SIGNATURE"  # a signature that does not hold
STATEMENT: Final = "BUNDLE_STATEMENT"  # a statement or profile without what it has to say
HASH: Final = "BUNDLE_HASH"  # signed, but of other bytes
LOG: Final = "BUNDLE_LOG"  # no proof that the release stands in the log
NOT_YET: Final = "BUNDLE_NOT_YET"  # approved for a later time
OLDER: Final = "BUNDLE_OLDER"  # an older version than was seen before
REVOKED: Final = "BUNDLE_REVOKED"  # the program or this version was revoked
REVOCATIONS_STALE: Final = "BUNDLE_REVOCATIONS_STALE"  # the list of revocations is too old, or older than one seen

# Addresses.
ADDRESS: Final = "BUNDLE_ADDRESS"  # not the address of a mini-program


class BundleError(Exception):
    """A package, or a part of one, that is refused. `code`: one of the constants above."""

    def __init__(self, code: str, path: str = "", detail: str = "") -> None:
        super().__init__(code, path, detail)
        self.code = code
        self.path = path
        self.detail = detail

    def __str__(self) -> str:
        return ": ".join(part for part in (self.code, self.path, self.detail) if part)
