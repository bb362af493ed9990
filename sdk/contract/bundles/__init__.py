"""Cases that every reader of packages has to meet, and the city's copy of the library that opens them.

`make contract` writes `sdk/contract/vectors/bundles/*.json` and copies `citytong_sdk/bundles` to
`miniapps/bundles` (decision 0051). Cases are named in the scheme of W3C's miniapp-tests: `pkg-…`, `mnf-…`, `adr-…`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from . import addresses, archives, manifests, pages, signatures

ROOT: Final = Path(__file__).parents[3]
LIBRARY: Final = ROOT / "sdk" / "python" / "src" / "citytong_sdk" / "bundles"
COPY: Final = ROOT / "miniapps" / "bundles"
VECTORS: Final = ROOT / "sdk" / "contract" / "vectors" / "bundles"


def generated() -> dict[Path, str]:
    """Every file that is written from another, and what it has to hold."""
    parts = {"archives": archives, "manifests": manifests, "signatures": signatures, "addresses": addresses}
    vectors = {VECTORS / f"{name}.json": _text(part.vectors()) for name, part in {**parts, "pages": pages}.items()}
    library = {COPY / file.name: file.read_text(encoding="utf-8") for file in LIBRARY.iterdir() if file.is_file()}
    return {**vectors, **library}


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
