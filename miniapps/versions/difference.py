"""What a version changes against another one: what it asks for, and its files. Pure functions over two packages' files.

Nothing here is run or drawn: texts are compared line by line, within bounds, and shown as text. A text that is too dear
to compare is shown as replaced: a stranger chose both, and some pairs of them take hours.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from miniapps.bundles import archive, blocks, manifest

FILES_MAX: Final = 500
# Of one file whose text is compared, of one comparison, and of all of them.
TEXT_BYTES_MAX: Final = 64 * 1024
LINES_MAX: Final = 400
LINE_LENGTH_MAX: Final = 400
ALL_LINES_MAX: Final = 4_000
# Of all texts of one comparison: how often a line is held against another one like it.
STEPS_MAX: Final = 10_000_000
_CONTEXT: Final = 2


@dataclass(frozen=True, slots=True)
class FileChange:
    """before, after: bytes; None where it is not there. lines: as `diff -u` shows them; empty where not compared."""

    name: str
    before: int | None
    after: int | None
    lines: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A member of the manifest, as JSON; None where it is not there."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Sides:
    added: tuple[str, ...]
    removed: tuple[str, ...]

    @classmethod
    def of(cls, before: Collection[str], after: Collection[str]) -> Sides:
        return cls(tuple(sorted(set(after) - set(before))), tuple(sorted(set(before) - set(after))))


@dataclass(frozen=True, slots=True)
class Difference:
    """operations: documents of the graph. files: those that changed, by name; cut: there are more."""

    members: tuple[MemberChange, ...]
    permissions: Sides
    domains: Sides
    operations: Sides
    files: tuple[FileChange, ...]
    cut: bool


def files_of(package: bytes) -> Mapping[str, bytes]:
    """Of a package that was checked before."""
    return archive.unpack(blocks.split(package).unsigned)


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Difference:
    """before: empty where there was none."""
    old, new = _asked(before), _asked(after)
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return Difference(
        members=_members(before, after),
        permissions=Sides.of(old.declared if old else (), new.declared if new else ()),
        domains=Sides.of(_domains(old), _domains(new)),
        operations=Sides.of(_documents(before, old), _documents(after, new)),
        files=_files(before, after, names[:FILES_MAX]),
        cut=len(names) > FILES_MAX,
    )


def _asked(files: Mapping[str, bytes]) -> manifest.Manifest | None:
    return manifest.read(files[manifest.FILE]) if manifest.FILE in files else None


def _domains(asked: manifest.Manifest | None) -> Sequence[str]:
    return (*asked.connect, *asked.img) if asked else ()


def _documents(files: Mapping[str, bytes], asked: manifest.Manifest | None) -> Sequence[str]:
    if asked is None or not asked.operations:
        return ()
    listed = orjson.loads(files[asked.operations]).get("documents", [])
    return [one[:LINE_LENGTH_MAX] for one in listed if isinstance(one, str)]


def _members(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[MemberChange, ...]:
    old = orjson.loads(before[manifest.FILE]) if manifest.FILE in before else {}
    new = orjson.loads(after[manifest.FILE])
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return tuple(MemberChange(name, old.get(name), new.get(name)) for name in names)


def _files(before: Mapping[str, bytes], after: Mapping[str, bytes], names: Sequence[str]) -> tuple[FileChange, ...]:
    changes, left, steps = list[FileChange](), ALL_LINES_MAX, _Steps(STEPS_MAX)
    for name in names:
        old, new = before.get(name), after.get(name)
        lines = _lines(old or b"", new or b"", steps)[: min(left, LINES_MAX)] if left else ()
        left -= len(lines)
        sizes = (None if old is None else len(old), None if new is None else len(new))
        changes.append(FileChange(name, *sizes, lines))
    return tuple(changes)


@dataclass(slots=True)
class _Steps:
    left: int


class _TooDear(Exception):
    """No steps are left for these texts."""


class _Matcher(difflib.SequenceMatcher[str]):
    """One that gives up. Of lines that occur often it takes as many steps as they occur, each time it looks."""

    def __init__(self, old: Sequence[str], new: Sequence[str], steps: _Steps) -> None:
        super().__init__(None, old, new)
        self._old, self._often, self._steps = old, Counter(new), steps

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> difflib.Match:
        self._steps.left -= sum(self._often[line] + 1 for line in self._old[alo:ahi])
        if self._steps.left < 0:
            raise _TooDear
        return super().find_longest_match(alo, ahi, blo, bhi)


def _lines(old: bytes, new: bytes, steps: _Steps) -> tuple[str, ...]:
    before, after = _text(old), _text(new)
    if before is None or after is None:
        return ()
    groups = _compared(before, after, steps)
    if groups is None:
        groups = [[("replace", 0, len(before), 0, len(after))]]
    return tuple(line[:LINE_LENGTH_MAX] for group in groups for line in _unified(group, before, after))


def _compared(
    old: Sequence[str], new: Sequence[str], steps: _Steps
) -> list[list[tuple[str, int, int, int, int]]] | None:
    """What changed, in hunks; None where it is too dear to say."""
    if steps.left < 0:
        return None
    try:
        return list(_Matcher(old, new, steps).get_grouped_opcodes(_CONTEXT))
    except _TooDear:
        return None


def _unified(group: Sequence[tuple[str, int, int, int, int]], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """One hunk, as `diff -u` writes it."""
    (_, old_first, _, new_first, _), (*_, old_end, _, new_end) = group[0], group[-1]
    yield f"@@ -{_range(old_first, old_end)} +{_range(new_first, new_end)} @@"
    for kind, old_at, old_to, new_at, new_to in group:
        if kind == "equal":
            yield from (f" {line}" for line in old[old_at:old_to])
            continue
        yield from (f"-{line}" for line in old[old_at:old_to])
        yield from (f"+{line}" for line in new[new_at:new_to])


def _range(first: int, end: int) -> str:
    """Lines are counted from 1; of none, the one before is named."""
    count = end - first
    return f"{first + 1}" if count == 1 else f"{first + (count > 0)},{count}"


def _text(raw: bytes) -> list[str] | None:
    """Its lines; None for what is no text, or too much of it."""
    if len(raw) > TEXT_BYTES_MAX or b"\0" in raw:
        return None
    try:
        return [line[: LINE_LENGTH_MAX * 2] for line in raw.decode().splitlines()]
    except UnicodeDecodeError:
        return None
