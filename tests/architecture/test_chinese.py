"""Chinese that citizens and developers read has Chinese marks, `，：；？！（）`, where English has `,:;?!()`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.test_tree import TEXTS

HAN = "\u3400-\u9fff"
# Patterns in which marks mean something to who reads them.
PATTERNS = ("review/words.py",)
HALF_WIDTH = re.compile(rf"[{HAN}”』》）%]\s?[,:;?!(](?!//)|\([{HAN}]|\)[{HAN}，。：；]")
_HAN = re.compile(f"[{HAN}]")
_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|>[^<>{}]*<")
_PLACEHOLDER = re.compile(r"\$?\{[^{}]*\}")


def is_chinese(text: str) -> bool:
    """Whether a sentence is Chinese: names of things apart, not English about something Chinese."""
    return len(re.findall(f"[{HAN}]", text)) >= 2 * len(re.findall(r"[A-Za-z]{2,}", text))


def said_in_python(source: str) -> Iterator[str]:
    """Its texts but docstrings, what is filled in as `{}`."""
    tree = ast.parse(source)
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts | documents:
            yield node.value


def half_width(text: str) -> str:
    """The first mark of `text` that should be a Chinese one, with what stands beside it: `字` for what is filled in."""
    bare = _PLACEHOLDER.sub("", text)
    if not _HAN.search(bare) or not is_chinese(bare):
        return ""
    found = HALF_WIDTH.search(_PLACEHOLDER.sub("字", text))
    return found[0] if found else ""


def said() -> Iterator[tuple[str, str]]:
    for name, source in TEXTS.items():
        if name.startswith(("tests/", "docs/")) or name.endswith(PATTERNS) or not _HAN.search(source):
            continue
        if name.endswith(".py"):
            yield from ((name, text) for text in said_in_python(source))
        elif name.endswith((".js", ".ts", ".vue", ".html", ".json", ".jsonl", ".in", ".graphql")):
            yield from ((name, text) for text in _STRING.findall(source))


def test_chinese_has_chinese_marks() -> None:
    assert [(name, text) for name, text in said() if half_width(text)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("请重试,或稍后再来。", "试,"),
        ("请重试，或稍后再来。", ""),
        ("{title}: {seen}，请改正", "字:"),
        ("有效期(月)", "期("),
        ("请求 https://a.example 失败", ""),
        ("张丽华, citizen of Dongcheng; acts for her mother", ""),
    ],
)
def test_marks_are_found_where_they_are_half_as_wide(text: str, found: str) -> None:
    assert half_width(text) == found


def test_what_is_composed_for_chinese_readers_is_looked_at_too() -> None:
    assert [half_width(text) for text in said_in_python('"""文档,说明。"""\nx = f"{label.zh}:{value}阴性"')] == ["字:"]
