"""The reference of the developer's command, made of the command itself."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from citytong_sdk.tong.reference import markdown

from sdk.contract.generate import ROOT

REFERENCE: Final = ROOT / "docs/sdk/tong.md"


def generated() -> dict[Path, str]:
    """The reference by its place."""
    return {REFERENCE: markdown()}
