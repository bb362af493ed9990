"""What `bridge.schema.json` says, written out for everyone who speaks it (`make contract`).

The JSON file is the truth and is written by hand. Everything here is made of it, alike on every machine, with Python's
standard library alone: two validators in JavaScript (a small one for programs, a quick one for the host), one in
Python, TypeScript's types, the table behind `canIUse` and the reference for readers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from sdk.contract.generate import host, kit, python, reference, types
from sdk.contract.generate.model import Contract, parsed

ROOT: Final = Path(__file__).parents[3]
SOURCE: Final = ROOT / "sdk/contract/bridge.schema.json"


def contract() -> Contract:
    """The contract as it stands.

    Raises: ContractError for a keyword, a name or a reference that nobody would understand.
    """
    return parsed(json.loads(SOURCE.read_text(encoding="utf-8")))


def generated() -> dict[Path, str]:
    """Each generated file's text, by its path."""
    read = contract()
    kit_folder = ROOT / "sdk/js/src/generated"
    return {
        kit_folder / "methods.js": kit.methods(read),
        kit_folder / "methods.d.ts": types.methods(read),
        kit_folder / "validate.js": kit.validate(),
        kit_folder / "validate.d.ts": types.validate(),
        kit_folder / "permissions.js": kit.permissions(read),
        kit_folder / "errors.js": kit.errors(read),
        kit_folder / "errors.d.ts": types.errors(read),
        ROOT / "miniapps/host/mini/generated/bridge.js": host.bridge(read),
        ROOT / "sdk/python/src/citytong_sdk/generated/__init__.py": python.package(),
        ROOT / "sdk/python/src/citytong_sdk/generated/bridge.py": python.bridge(read),
        ROOT / "sdk/contract/can-i-use.json": reference.can_i_use(read),
        ROOT / "docs/sdk/bridge.md": reference.document(read),
    }
