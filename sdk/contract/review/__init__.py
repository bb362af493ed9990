"""The rules of review: the city's copy of their library, and what developers read of them.

`make contract` copies `citytong_sdk/review` to `miniapps/review` (decision 0062), and writes its tables of calls and
scopes and `docs/sdk/review-rules.md`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sdk.contract.generate import contract

from . import published, reference

ROOT: Final = Path(__file__).parents[3]
LIBRARY: Final = ROOT / "sdk" / "python" / "src" / "citytong_sdk" / "review"
COPY: Final = ROOT / "miniapps" / "review"


def generated() -> dict[Path, str]:
    """Every file that is written from another, and what it has to hold."""
    library = {file.name: file.read_text(encoding="utf-8") for file in LIBRARY.iterdir() if file.is_file()}
    library["published.py"] = published.module(contract())
    return {
        LIBRARY / "published.py": library["published.py"],
        ROOT / "docs" / "sdk" / "review-rules.md": reference.document(),
        **{COPY / name: text for name, text in library.items()},
    }
