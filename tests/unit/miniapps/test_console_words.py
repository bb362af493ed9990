"""The developer console's words: both languages say the same things of the same facts, and no page asks for others."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

CONSOLE: Final = Path("miniapps/programs/developer")
# The names that a word fills in stand in what its function takes apart.
_READ: Final = """
const [zh, en] = await Promise.all(['zh', 'en'].map((name) => import(`${process.cwd()}/common/${name}.js`)));
const blanks = (said) => /\\{([^}]*)\\}/.exec(said)[1].split(',').map((one) => one.trim()).sort();
const asked = (said) => (typeof said === 'function' ? blanks(said.toString()) : []);
const table = (words) => Object.fromEntries(Object.entries(words).map(([key, said]) => [key, asked(said)]));
console.log(JSON.stringify([table(zh.zh), table(en.en)]));
"""
Table = dict[str, list[str]]


@cache
def tables() -> tuple[Table, Table]:
    command = ["node", "--no-warnings", "--input-type=module", "-e", _READ]
    told = subprocess.run(command, cwd=CONSOLE, capture_output=True, text=True, check=True).stdout
    zh, en = json.loads(told)
    return zh, en


def test_both_languages_have_the_same_keys_and_blanks() -> None:
    zh, en = tables()
    assert zh.keys() ^ en.keys() == set()
    assert {key: (zh[key], en[key]) for key in zh if zh[key] != en[key]} == {}


def test_every_word_is_used_and_every_used_word_exists() -> None:
    zh, _ = tables()
    written = [*(CONSOLE / "common").glob("*.js"), *(CONSOLE / "pages").glob("*.js")]
    said = "\n".join(path.read_text() for path in written if path.stem not in ("zh", "en"))
    assert set(re.findall(r"\bt\(\s*'([\w.]+)'", said)) - zh.keys() == set()
    begun = tuple(set(re.findall(r"`([\w.]+\.)\$\{", said)))
    ended = tuple(set(re.findall(r"\$\{\w+\}(\.\w+)`", said)))
    whole = [key for key in zh if not key.startswith(begun) and not key.endswith(ended)]
    assert [key for key in whole if f"'{key}'" not in said] == []
