"""The SDK as strangers get it: a wheel, and an environment that holds it and what it says that it needs, and nothing
else.
"""

from __future__ import annotations

import fcntl
import re
import subprocess
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final

from uv import find_uv_bin

_SOURCE: Final = Path(__file__).parents[2] / "sdk" / "python"
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_SECONDS_MAX: Final = 120


def built(folder: Path) -> Path:
    """The wheel, in `folder`; built by the first who asks, also of several processes."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (found := list(folder.glob("*.whl"))):
            pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
            _ran([*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(_SOURCE)])
            found = list(folder.glob("*.whl"))
    return found[0]


def installed(wheel: Path, folder: Path, *, extra: str = "") -> Path:
    """The Python of a new environment in `folder` with the wheel and what its metadata ask for (with those of `extra`).

    Dependencies are linked from the environment that runs the tests: no registry is asked.
    """
    python = folder / "bin" / "python"
    uv = [find_uv_bin(), "--quiet", "--offline", "--no-cache", "--no-config"]
    _ran([*uv, "venv", "--python", sys.executable, str(folder)])
    _ran([*uv, "pip", "install", "--python", str(python), "--no-deps", "--no-index", str(wheel)])
    packages = next((folder / "lib").glob("python3*")) / "site-packages"
    ours = Distribution.at(next(packages.glob("citytong_sdk-*.dist-info")))
    linked: set[str] = set()
    for wanted in _wanted(ours, extra):
        _link(wanted, packages, linked)
    return python


def _ran(words: list[str]) -> None:
    ran = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS_MAX)
    assert ran.returncode == 0, ran.stderr


def _wanted(one: Distribution, extra: str = "") -> list[str]:
    """Names of what it requires: of every platform's marks, those of `extra` alone."""
    found = []
    for line in one.requires or []:
        matched, (requirement, _, marker) = _NAME.match(line), line.partition(";")
        if matched and ("extra ==" not in marker or (extra and f"'{extra}'" in marker.replace('"', "'"))):
            found.append(requirement[: matched.end()])
    return found


def _link(name: str, packages: Path, linked: set[str]) -> None:
    try:
        one = distribution(name)
    except ModuleNotFoundError:
        return  # of another platform or an older Python
    if one.metadata["Name"].lower() in linked:
        return
    linked.add(one.metadata["Name"].lower())
    for top in {file.parts[0] for file in one.files or [] if file.parts[0] not in ("..", "__pycache__")}:
        source, target = Path(str(one.locate_file(top))), packages / top
        if source.exists() and not target.exists():
            target.symlink_to(source)
    for wanted in _wanted(one):
        _link(wanted, packages, linked)
