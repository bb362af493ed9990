"""The shell's words: both languages say the same things, and nothing is said that no screen uses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.browser.shell_phone import NewPhone

HOST = Path("miniapps/host")
Table = dict[str, Any]


async def tables(new_phone: NewPhone) -> tuple[Table, Table]:
    phone = await new_phone()
    await phone.open(ready="#phone")
    read = "async (name) => (await import(`/locales/${name}.js`)).default"
    return await phone.page.evaluate(read, "zh-CN"), await phone.page.evaluate(read, "en")


def sources() -> str:
    written = [*HOST.glob("*.js"), *(HOST / "ui").glob("*.js"), *(HOST / "views").glob("*.js")]
    return "\n".join(path.read_text() for path in written)


def texts(words: Any) -> list[str]:
    return [words] if isinstance(words, str) else list(words.values())


async def test_both_languages_have_the_same_keys_and_blanks(new_phone: NewPhone) -> None:
    zh, en = await tables(new_phone)
    assert zh.keys() == en.keys()
    blanks = re.compile(r"\{(\w+)\}")
    differ = [k for k in zh if {*blanks.findall(str(texts(zh[k])))} != {*blanks.findall(str(texts(en[k])))}]
    assert differ == []


async def test_every_word_is_used_and_every_used_word_exists(new_phone: NewPhone) -> None:
    zh, _ = await tables(new_phone)
    said = sources()
    families = set(re.findall(r"t\(`([\w.]+\.)\$\{", said))
    literal = set(re.findall(r'"([a-z]+(?:\.[\w]+)+)"', said))
    unused = [key for key in zh if key not in literal and not key.startswith(tuple(families))]
    assert unused == []
    asked = set(re.findall(r'\bt\(\s*"([\w.]+)"', said)) | set(re.findall(r'title: "([\w.]+)"', said))
    assert asked - zh.keys() == set()


async def test_chinese_is_chinese_and_english_is_english(new_phone: NewPhone) -> None:
    zh, en = await tables(new_phone)
    searched = re.compile(r"^search\.(?!label|nothing)")
    foreign = [k for k in en if re.search(r"[一-鿿]", str(en[k])) and not searched.match(k)]
    assert foreign == []
    assert [k for k in zh if not re.search(r"[一-鿿]", str(zh[k]))] == []


def test_colours_come_from_tokens() -> None:
    """Only the code, white in both themes, and the camera's finder keep colours of their own."""
    own = {"tokens.css", "code.css", "desk.css"}
    coloured = re.compile(r"#[0-9a-f]{3,8}\b|rgb\(|hsl\(")
    assert [p.name for p in HOST.rglob("*.css") if p.name not in own and coloured.search(p.read_text())] == []
    desk = (HOST / "styles/desk.css").read_text()
    rules = re.findall(r"([^{}]+)\{([^}]*)\}", desk)
    assert {name.strip() for name, body in rules if coloured.search(body)} == {".finder", ".finder-frame"}
