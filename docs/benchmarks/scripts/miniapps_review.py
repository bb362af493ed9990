"""The review of packages: what a full one costs, and what hostile text costs when it doubles (CPU time).

`make bench-miniapps-review`. The full package is 2 MB packed: chunks of code as a bundler writes them, and a picture.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Mapping
from typing import Final

from citytong_sdk.bundles import archive
from citytong_sdk.review import check

from tests.support.reviewed import base

ROUNDS: Final = 3
SIZES: Final = (125_000, 250_000, 500_000, 1_000_000)
# A file's name, and what it repeats.
HOSTILE: Final[Mapping[str, tuple[str, str]]] = {
    "semicolons": ("pages/home.js", ";"),
    "brackets that never close": ("pages/home.js", "({["),
    "templates that never end": ("pages/home.js", "`${"),
    "half regular expressions": ("pages/home.js", "/[/["),
    "quotes": ("pages/home.js", '"'),
    "`console.log(` in itself": ("pages/home.js", "console.log("),
    "`eval` on each line": ("pages/home.js", "eval(1);\n"),
    "destructuring without an end": ("pages/home.js", ".login,"),
    "half tokens": ("pages/home.js", "eyJaaaaaaaaaaaa."),
    "half assignments of secrets": ("common/a.txt", 'secret="'),
    "half addresses": ("common/a.txt", "http://a:"),
    "comments of CSS that never end": ("app.css", "/* "),
    "elements in each other": ("pages/home.html", "<div a=b>x"),
    "brackets of JSON": ("i18n/en.json", "["),
}


def main() -> None:
    packed = archive.pack(_full())
    took = sorted(_cpu_s(packed) for _ in range(ROUNDS))
    unpacked = sum(map(len, archive.unpack(packed).values()))
    sys.stdout.write(
        f"{len(packed):,} bytes packed, {unpacked:,} unpacked: "
        f"{statistics.median(took):.2f} s ({took[0]:.2f}–{took[-1]:.2f})\n\n"
        "| text, repeated | " + " | ".join(f"{size / 1e6:g} MB" for size in SIZES) + " | last doubling |\n"
        "|---|" + "---:|" * (len(SIZES) + 1) + "\n"
    )
    for name, (path, text) in HOSTILE.items():
        seconds = [_cpu_s({**base(), path: (text * (size // len(text))).encode()}) for size in SIZES]
        cells = " | ".join(f"{one:.2f}" for one in seconds)
        sys.stdout.write(f"| {name} | {cells} | × {seconds[-1] / seconds[-2]:.1f} |\n")


def _cpu_s(package: bytes | Mapping[str, bytes]) -> float:
    begun = time.process_time()
    check(package)
    return time.process_time() - begun


def _full() -> dict[str, bytes]:
    """Code as bundlers write it, in chunks, until the archive is nearly full; a third of it pictures."""
    chance = random.Random(7)
    names = [f"{chance.choice('abcdefgh')}{number}" for number in range(4000)]
    files, size = base(), 0
    while size < 1_250_000:
        number = len(files)
        lines = (
            f"function {chance.choice(names)}({chance.choice(names)},e){{let n=e.{chance.choice(names)}/2,"
            f"r=`${{n}}-{chance.getrandbits(40):x}`;return /[{chance.choice('abc')}-z]+/.test(r)?"
            f'{chance.choice(names)}(n,"{chance.choice(names)}"):{{{chance.choice(names)}:n+{chance.getrandbits(16)}}}}}'
            for _ in range(1500)
        )
        files[f"assets/chunk{number}.js"] = ";".join(lines).encode()
        size = len(archive.pack(files))
    files["assets/picture.png"] = b"\x89PNG\r\n\x1a\n" + chance.randbytes(1_980_000 - size)
    return files


if __name__ == "__main__":
    main()
