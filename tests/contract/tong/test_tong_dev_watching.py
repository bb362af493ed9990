"""What a developer saves while `tong dev` starts is read again, as if it were saved a minute later; what a build writes
among its sources is not a save."""

from __future__ import annotations

import asyncio
import io
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from citytong_sdk.tong import project as projects
from citytong_sdk.tong.desk import Desk
from citytong_sdk.tong.dev import Network
from citytong_sdk.tong.dev.serving import Work
from citytong_sdk.tong.dev.watching import look

from core.tasks import ended
from tests.support.waiting import until

# The source is saved once more between the build's own reading of it and the end of the first build.
_BUILD: Final = (
    "cp words.js program/common/words.js; test -e program/.built || { echo // >> words.js; touch program/.built; }"
)


def _work(folder: Path) -> Work:
    streams = {"out": io.StringIO(), "err": io.StringIO()}
    env = {"HOME": str(folder), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    desk = Desk(env, folder, **streams, now=lambda: 1.8e9, sleep=lambda _: None, secret=str)
    work = Work(desk, projects.read(folder), "", 5317, Network.GOOD, None)
    work.read(build=True)
    assert work.faults() == []
    return work


@asynccontextmanager
async def _watched(work: Work) -> AsyncIterator[None]:
    watching = asyncio.create_task(work.watch())
    try:
        yield
    finally:
        await ended([watching], within_s=20)


async def _runs(work: Work, words: bytes) -> None:
    async def shown() -> bool:
        program = work.city.program
        return program is not None and program.files["common/words.js"] == words

    await until(shown, what="the program as it was saved")


async def test_what_is_saved_after_the_first_reading_runs(project: Path) -> None:
    words = project / "program/common/words.js"
    work = _work(project)
    words.write_bytes(words.read_bytes() + b"//\n")
    async with _watched(work):
        await _runs(work, words.read_bytes())


async def test_what_is_saved_while_the_first_build_runs_is_built(project: Path) -> None:
    source, told = project / "words.js", project / "citytong.toml"
    source.write_bytes((project / "program/common/words.js").read_bytes())
    (project / "build.sh").write_text(_BUILD)
    told.write_text(told.read_text().replace("[paths]", '[paths]\nbuild = "sh build.sh"'))
    work = _work(project)
    async with _watched(work):
        await _runs(work, source.read_bytes())


async def test_what_cannot_be_read_is_said_and_the_next_save_runs(project: Path) -> None:
    words, schema, socket = (project / path for path in ("program/common/words.js", "schema.graphql", "program/socket"))
    work = _work(project)
    async with _watched(work):
        schema.write_bytes(b"\xff")
        await _wrong(work, words, "TONG_SCHEMA")
        schema.unlink()
        os.mknod(socket, stat.S_IFSOCK | 0o600)
        await _wrong(work, words, "TONG_FILE")
        socket.unlink()
        words.write_bytes(words.read_bytes() + b"//\n")
        await _runs(work, words.read_bytes())


async def _wrong(work: Work, saved: Path, code: str) -> None:
    saved.write_bytes(saved.read_bytes() + b"//\n")

    async def said() -> bool:
        return work.city.fault is not None and work.city.fault["code"] == code

    await until(said, what=code)


def test_what_is_written_anew_as_it_was_is_not_saved(tmp_path: Path) -> None:
    made, large = tmp_path / "made.js", tmp_path / "large.bin"
    made.write_bytes(b"one")
    large.write_bytes(bytes(2_000_000))
    first = look([tmp_path])
    _write(made, b"one", later_s=1)
    again = look([tmp_path], before=first)
    assert again == first == look([tmp_path])
    _write(made, b"two", later_s=2)
    other = look([tmp_path], before=again)
    assert other != again and other == look([tmp_path])
    _write(large, bytes(2_000_000), later_s=3)  # too large to be read: it may be another
    assert look([tmp_path], before=other) != other


def _write(path: Path, content: bytes, *, later_s: int) -> None:
    written = path.stat().st_mtime_ns
    path.write_bytes(content)
    os.utime(path, ns=(written, written + later_s * 1_000_000_000))
