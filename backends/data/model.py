"""What a dataset is: what the catalogue says of it, where its rows are, and when two versions are the same.

Rules
- An entry has the properties that DCAT-AP 3 asks of a dataset, in Chinese and English.
- Rows that the city publishes itself come with the entry and are replaced with it, never beside it.
- A version is known by the checksum of what was sent: the same thing sent again changes nothing.

Source: DCAT-AP 3.0.0 (Dataset, Distribution); W3C DCAT 3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

import orjson

from backends.data.errors import DatasetInvalid
from backends.data.numbers import is_uscc
from backends.data.reading import Fields, seen
from backends.data.tables import Table, table_of
from backends.data.vocabulary import LICENCES, Format, Licence, Periodicity, Theme
from core.divisions import DISTRICTS
from core.locale import Text

TITLE_LENGTH_MAX: Final = 120
DESCRIPTION_LENGTH_MAX: Final = 2000
KEYWORDS_MAX: Final = 12
KEYWORD_LENGTH_MAX: Final = 40
DISTRIBUTIONS_MAX: Final = 10
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MEMBERS: Final = (
    "title", "description", "publisher", "theme", "keywords", "licence", "issued", "periodicity", "districts",
    "contact", "synthetic", "distributions",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Publisher:
    """uscc: unified social credit code (GB 32100)."""

    uscc: str
    name: Text


@dataclass(frozen=True, slots=True)
class Contact:
    """A department's desk, never a person."""

    name: Text
    email: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """One form in which the data can be had.

    access_url: a page or a file that leads to it. download_url: the file itself. byte_size, checksum (SHA-256, hex): of
    that file, where known.
    """

    title: Text
    format: Format
    access_url: str
    download_url: str | None = None
    byte_size: int | None = None
    checksum: str | None = None


@dataclass(frozen=True, slots=True)
class RowsFile:
    """One rendering of rows that the city publishes itself. checksum: SHA-256, hex."""

    byte_size: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Rows:
    """What is known of a dataset's rows without reading them."""

    count: int
    csv: RowsFile
    json: RowsFile


@dataclass(frozen=True, slots=True)
class Entry:
    """What a publisher says of a dataset. districts: which it covers (GB/T 2260); empty for the whole city."""

    title: Text
    description: Text
    publisher: Publisher
    theme: Theme
    keywords: tuple[str, ...]
    licence: Licence
    issued: date
    periodicity: Periodicity
    contact: Contact
    districts: tuple[str, ...] = ()
    synthetic: bool = False
    distributions: tuple[Distribution, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """An entry as it stands in the catalogue. modified: when this version was published."""

    id: str
    entry: Entry
    version: int
    modified: datetime
    rows: Rows | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """What is sent to be published under one id. said: the entry as it was sent; `entry_of` reads it again."""

    id: str
    entry: Entry
    said: Mapping[str, Any]
    table: Table | None
    checksum: str


def is_dataset_id(text: object) -> bool:
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def publication_of(*, id: str, body: object) -> Publication:
    """From decoded JSON: {"dataset": {...}, "table": {"columns", "rows"} or null}. Raises: DatasetInvalid."""
    if not is_dataset_id(id):
        raise DatasetInvalid(field="id", problem="must be 1 to 63 of a-z, 0-9 and -")
    whole = Fields.of(body, at="body", names=("dataset", "table"))
    said = whole.values.get("dataset")
    entry = entry_of(said)
    table = None if whole.values.get("table") is None else table_of(whole.values["table"])
    if table is None and not entry.distributions:
        raise DatasetInvalid(field="dataset.distributions", problem="or a table is needed: a dataset leads to data")
    return Publication(id, entry, said or {}, table, checksum_of(whole.values))


def checksum_of(body: Mapping[str, Any]) -> str:
    """SHA-256 of the meaning of a JSON object: the order of members is none of it."""
    return sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def all_distributions(dataset: Dataset, *, base_url: str) -> tuple[Distribution, ...]:
    """Every form in which the data can be had, those that the city serves itself first."""
    if dataset.rows is None:
        return dataset.entry.distributions
    own = [
        _served(dataset, format, file, base_url)
        for format, file in ((Format.CSV, dataset.rows.csv), (Format.JSON, dataset.rows.json))
    ]
    return (*own, *dataset.entry.distributions)


def _served(dataset: Dataset, format: Format, file: RowsFile, base_url: str) -> Distribution:
    url = f"{base_url}/datasets/{dataset.id}/rows.{format.lower()}"
    title = Text(zh=f"{dataset.entry.title.zh}（{format}）", en=f"{dataset.entry.title.en} ({format})")
    return Distribution(title, format, url, url, file.byte_size, file.checksum)


def entry_of(said: object) -> Entry:
    """Raises: DatasetInvalid."""
    given = Fields.of(said, at="dataset", names=_MEMBERS)
    return Entry(
        title=given.both("title", most=TITLE_LENGTH_MAX),
        description=given.both("description", most=DESCRIPTION_LENGTH_MAX),
        publisher=_publisher_of(given.object("publisher", ("uscc", "name"))),
        theme=given.one_of("theme", Theme),
        keywords=_keywords_of(given),
        licence=_licence_of(given),
        issued=given.day("issued"),
        periodicity=given.one_of("periodicity", Periodicity),
        contact=_contact_of(given.object("contact", ("name", "email"))),
        districts=_districts_of(given),
        synthetic=given.flag("synthetic"),
        distributions=_distributions_of(given),
    )


def _publisher_of(given: Fields) -> Publisher:
    uscc = given.text("uscc", most=18)
    if not is_uscc(uscc):
        raise given.fault("uscc", "must be a unified social credit code (GB 32100)")
    return Publisher(uscc, given.both("name", most=TITLE_LENGTH_MAX))


def _keywords_of(given: Fields) -> tuple[str, ...]:
    found = given.list("keywords", least=1, most=KEYWORDS_MAX)
    at = given.place("keywords")
    return tuple(dict.fromkeys(seen(k, at=f"{at}[{i}]", most=KEYWORD_LENGTH_MAX) for i, k in enumerate(found)))


def _licence_of(given: Fields) -> Licence:
    found = LICENCES.get(given.text("licence", most=40))
    if found is None:
        raise given.fault("licence", f"must be one of {', '.join(LICENCES)}")
    return found


def _contact_of(given: Fields) -> Contact:
    return Contact(given.both("name", most=TITLE_LENGTH_MAX), given.email("email"))


def _districts_of(given: Fields) -> tuple[str, ...]:
    found = given.list("districts", most=len(DISTRICTS))
    if not all(isinstance(code, str) and code in DISTRICTS for code in found):
        raise given.fault("districts", "must be codes of districts of this city")
    return tuple(sorted(set(found)))


def _distributions_of(given: Fields) -> tuple[Distribution, ...]:
    names = ("title", "format", "accessUrl", "downloadUrl", "byteSize", "checksum")
    return tuple(map(_distribution_of, given.objects("distributions", names, most=DISTRIBUTIONS_MAX)))


def _distribution_of(given: Fields) -> Distribution:
    checksum = given.values.get("checksum")
    if checksum is not None and not (isinstance(checksum, str) and _SHA256.fullmatch(checksum)):
        raise given.fault("checksum", "must be a SHA-256 in 64 hexadecimal digits")
    return Distribution(
        title=given.both("title", most=TITLE_LENGTH_MAX),
        format=given.one_of("format", Format),
        access_url=given.url("accessUrl"),
        download_url=None if given.values.get("downloadUrl") is None else given.url("downloadUrl"),
        byte_size=given.count("byteSize"),
        checksum=checksum,
    )
