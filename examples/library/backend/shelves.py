"""What the library knows: books, loans and readers. A reader is an openid; the library has no other name for them.

One SQLite file, one connection for each unit of work, and every change in a transaction of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

LOAN: Final = timedelta(days=28)
# So long before a book is due its reader is told.
NOTICE: Final = timedelta(days=3)
LOANS_MAX: Final = 5

_TABLES: Final = """
create table if not exists books (
  id text primary key, title_zh text not null, title_en text not null, copies int not null);
create table if not exists readers (openid text primary key, name text, phone text, since int not null);
create table if not exists loans (
  id integer primary key, openid text not null, book text not null references books, branch text not null,
  due int not null, returned int, told int);
create unique index if not exists one_copy on loans (openid, book) where returned is null;
"""
_BOOKS: Final = (
    ("lu-xun", "呐喊", "Call to Arms", 2),
    ("lao-she", "骆驼祥子", "Rickshaw Boy", 1),
    ("cao-xueqin", "红楼梦", "Dream of the Red Chamber", 3),
    ("shen-fu", "浮生六记", "Six Records of a Floating Life", 1),
)


class Refused(Exception):
    """code: what the program says in its reader's language."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Book:
    id: str
    title: dict[str, str]
    left: int


@dataclass(frozen=True, slots=True)
class Loan:
    id: int
    book: str
    title: dict[str, str]
    branch: str
    due: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody is to be told of a loan that is soon due."""

    loan: Loan
    openid: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shelves:
    path: Path

    def open(self) -> None:
        with self._work() as database:
            database.executescript(_TABLES)
            database.executemany("insert or ignore into books values (?, ?, ?, ?)", _BOOKS)

    def books(self) -> list[Book]:
        out = "(select count(*) from loans where book = books.id and returned is null)"
        with self._work() as database:
            rows = database.execute(f"select id, title_zh, title_en, copies - {out} from books order by id").fetchall()
        return [Book(id, {"zh": zh, "en": en}, left) for id, zh, en, left in rows]

    # --- readers

    def welcome(self, openid: str, *, now: datetime) -> None:
        with self._work() as database:
            database.execute("insert or ignore into readers values (?, null, null, ?)", (openid, _seconds(now)))

    def know(self, openid: str, *, name: str | None = None, phone: str | None = None) -> None:
        with self._work() as database:
            database.execute(
                "update readers set name = coalesce(?, name), phone = coalesce(?, phone) where openid = ?",
                (name, phone, openid),
            )

    def phone_known(self, openid: str) -> bool:
        with self._work() as database:
            return (
                database.execute("select 1 from readers where openid = ? and phone is not null", (openid,)).fetchone()
                is not None
            )

    def unlearn(self, openid: str, names: frozenset[str]) -> None:
        """The reader took a consent back: what came of it goes."""
        columns = {"city.user.phone": "phone", "city.data.masked_name": "name"}
        with self._work() as database:
            for name in sorted(names & columns.keys()):
                database.execute(f"update readers set {columns[name]} = null where openid = ?", (openid,))

    def forget(self, openid: str) -> None:
        """The reader left the city. What they still have at home stays counted as lent, of nobody."""
        with self._work() as database:
            database.execute("delete from readers where openid = ?", (openid,))
            database.execute("delete from loans where openid = ? and returned is not null", (openid,))
            database.execute("update loans set openid = '' where openid = ?", (openid,))

    # --- loans

    def lend(self, openid: str, book: str, branch: str, *, now: datetime) -> Loan:
        """Raises: Refused NO_BOOK, NONE_LEFT, TOO_MANY, ALREADY."""
        with self._work() as database:
            row = database.execute("select copies from books where id = ?", (book,)).fetchone()
            if row is None:
                raise Refused("NO_BOOK")
            lent = database.execute("select openid from loans where book = ? and returned is null", (book,)).fetchall()
            if (openid,) in lent:
                raise Refused("ALREADY")
            if len(lent) >= row[0]:
                raise Refused("NONE_LEFT")
            having = "select count(*) from loans where openid = ? and returned is null"
            if database.execute(having, (openid,)).fetchone()[0] >= LOANS_MAX:
                raise Refused("TOO_MANY")
            made = database.execute(
                "insert into loans (openid, book, branch, due) values (?, ?, ?, ?) returning id",
                (openid, book, branch, _seconds(now + LOAN)),
            ).fetchone()
            return _loan(database.execute(_LOAN + " where loans.id = ?", made).fetchone())

    def loans(self, openid: str) -> list[Loan]:
        with self._work() as database:
            rows = database.execute(_LOAN + " where openid = ? and returned is null order by due", (openid,))
            return [_loan(row) for row in rows]

    def bring_back(self, openid: str, id: int, *, now: datetime) -> None:
        """Raises: Refused NO_LOAN."""
        with self._work() as database:
            done = database.execute(
                "update loans set returned = ? where id = ? and openid = ? and returned is null",
                (_seconds(now), id, openid),
            )
            if not done.rowcount:
                raise Refused("NO_LOAN")

    def soon_due(self, *, now: datetime) -> list[Notice]:
        """Loans whose readers were not told yet."""
        until = _seconds(now + NOTICE)
        asked = _LOAN + " where returned is null and told is null and openid != '' and due <= ? order by loans.id"
        with self._work() as database:
            return [Notice(_loan(row), row[-1]) for row in database.execute(asked, (until,))]

    def told(self, id: int, *, now: datetime) -> None:
        with self._work() as database:
            database.execute("update loans set told = ? where id = ?", (_seconds(now), id))

    @contextmanager
    def _work(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self.path, isolation_level=None, timeout=5)
        try:
            database.execute("begin immediate")
            yield database
            database.commit()
        finally:
            database.close()  # what was not committed is rolled back


_LOAN: Final = (
    "select loans.id, book, title_zh, title_en, branch, due, openid from loans join books on books.id = loans.book"
)


def _loan(row: tuple[int, str, str, str, str, int, str]) -> Loan:
    id, book, zh, en, branch, due, _ = row
    return Loan(id, book, {"zh": zh, "en": en}, branch, datetime.fromtimestamp(due, UTC))


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
