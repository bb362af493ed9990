"""Names of files in a package.

W3C MiniApp Packaging, "File and directory names", with erratum 2: a FULL STOP is forbidden only at the edge of a
segment (so `.` and `..` are no names, and nothing is hidden), since no file could have an extension otherwise. A code
point that this Unicode does not know is refused as well, for its case cannot be told. Names are unique in their folder
when written in any case and any canonical form.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from .errors import (
    NAME_COLLISION,
    NAME_DUPLICATE,
    NAME_FORBIDDEN,
    NAME_LENGTH,
    NAME_PATH,
    TYPE_FORBIDDEN,
    BundleError,
)

SEGMENT_BYTES_MAX: Final = 255
PATH_BYTES_MAX: Final = 65_535

# Everything that the city serves, and as what. A type that is not here is not in a package.
MEDIA_TYPES: Final[Mapping[str, str]] = {
    "avif": "image/avif",
    "css": "text/css; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "gif": "image/gif",
    "html": "text/html; charset=utf-8",
    "ico": "image/x-icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "m4a": "audio/mp4",
    "map": "application/json; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "otf": "font/otf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "ttf": "font/ttf",
    "txt": "text/plain; charset=utf-8",
    "wasm": "application/wasm",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webmanifest": "application/manifest+json; charset=utf-8",
    "webp": "image/webp",
    "woff": "font/woff",
    "woff2": "font/woff2",
}

_FORBIDDEN: Final = frozenset('"*/:<>\\|')
# Control characters, private use, surrogates, and what is not assigned (non-characters are such).
_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Co", "Cs", "Cn"})
_FORBIDDEN_TAGS: Final = frozenset("\U000e0001\U000e007f")


def check_path(path: str) -> None:
    """Refuse `path`, a file's path from the package's root, unless all its names may be used.

    Raises: BundleError NAME_PATH, NAME_FORBIDDEN, NAME_LENGTH.
    """
    if len(path.encode("utf-8", "surrogatepass")) > PATH_BYTES_MAX:
        raise BundleError(NAME_LENGTH, path[:64], "the path is too long")
    for segment in path.split("/"):
        if segment in ("", ".", ".."):
            raise BundleError(NAME_PATH, path, "absolute, or with a segment that is no name")
        if len(segment.encode("utf-8", "surrogatepass")) > SEGMENT_BYTES_MAX:
            raise BundleError(NAME_LENGTH, path[:64], "a name is too long")
        if segment[0] == "." or segment[-1] == "." or any(map(_forbidden, segment)):
            raise BundleError(NAME_FORBIDDEN, path, "a character that no name may hold there")


def check_type(path: str) -> str:
    """The media type that `path` is served as.

    Raises: BundleError TYPE_FORBIDDEN.
    """
    name = path.rpartition("/")[2]
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension not in MEDIA_TYPES:
        raise BundleError(TYPE_FORBIDDEN, path, f"the city serves no .{extension}" if extension else "no extension")
    return MEDIA_TYPES[extension]


class _Folder(dict[str, "tuple[str, _Folder | None]"]):
    """Names by their folded form: each as written, and what is in it (None: a file)."""


def check_unique(paths: Iterable[str]) -> None:
    """Refuse `paths` unless each is there once in any case and composition, and none is file and folder. Linear.

    Raises: BundleError NAME_DUPLICATE, NAME_COLLISION.
    """
    root = _Folder()
    for path in paths:
        folder, (*above, name) = root, path.split("/")
        for segment in above:
            written, inside = folder.setdefault(fold(segment), (segment, _Folder()))
            if inside is None or written != segment:
                raise BundleError(NAME_COLLISION, path, f"beside {written}")
            folder = inside
        key = fold(name)
        if key in folder:
            twice = folder[key] == (name, None)
            raise BundleError(NAME_DUPLICATE if twice else NAME_COLLISION, path, f"beside {folder[key][0]}")
        folder[key] = (name, None)


def fold(name: str) -> str:
    """What two names share when they differ in case or canonical composition alone.

    Not Unicode's case folding itself, which JavaScript has not: upper case of lower case of the canonical decomposition
    is equal wherever that is (and for the dotless i besides, which then clashes with i).
    """
    decomposed = unicodedata.normalize("NFD", name)
    return unicodedata.normalize("NFD", decomposed.lower().upper())


def _forbidden(character: str) -> bool:
    return (
        character in _FORBIDDEN
        or unicodedata.category(character) in _FORBIDDEN_CATEGORIES
        or "\ufff0" <= character <= "\uffff"
        or character in _FORBIDDEN_TAGS
    )
