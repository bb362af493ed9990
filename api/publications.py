"""What the city publishes of its own rooms: public answers of its own graph, handed to the data department as datasets.

Rules
- A publication is a public query: it is asked by nobody in particular, so it publishes nothing that the graph would
  not tell anybody.
- An answer is published whole or not at all: with one error in it the dataset stays as it is.
- What has not changed is not sent. What could not be sent is logged and tried again, and holds up no other.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, TypeAlias

import aiohttp
import orjson

from core.clock import Clock
from core.departments import CITY_MANAGEMENT, ENVIRONMENT, GOVERNMENT_SERVICES, Department
from core.divisions import DISTRICTS
from core.tasks import Work, every

_LOG = logging.getLogger(__name__)

REFRESH: Final = timedelta(minutes=5)
RETRY_S: Final = 30.0
# Sent again though nothing changed, for a data department that lost what it had.
RESEND: Final = timedelta(hours=6)
PAGES_MAX: Final = 20
_TIMEOUT: Final = aiohttp.ClientTimeout(total=20)

Data: TypeAlias = Mapping[str, Any]
Row: TypeAlias = list[Any]
# Asks the city's graph as nobody, in Chinese: query and variables to the whole response, errors and all.
Ask: TypeAlias = Callable[[str, Data], Awaitable[Data]]


class CannotPublish(Exception):
    """An answer that is not whole, or a data department that does not take it. The message says which."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One dataset of the city's own.

    entry: what the catalogue says of it. columns: (name, Chinese title, English title, type) of each.
    query: with a `page` (where in its answer the pageInfo is) it takes `$after`. rows: of one answer's data.
    synthetic: whether what was answered is made by a model.
    """

    id: str
    entry: Data
    columns: Sequence[tuple[str, str, str, str]]
    query: str
    rows: Callable[[Data], list[Row]]
    page: Callable[[Data], Data] | None = None
    synthetic: Callable[[Sequence[Row]], bool] = field(default=lambda rows: False)

    def body(self, rows: Sequence[Row]) -> bytes:
        columns = [{"name": n, "title": {"zh": zh, "en": en}, "type": kind} for n, zh, en, kind in self.columns]
        entry = {**self.entry, "synthetic": self.synthetic(rows)}
        return orjson.dumps({"dataset": entry, "table": {"columns": columns, "rows": rows}})


@dataclass(slots=True)
class _Standing:
    """What the data department was last sent of one publication. due: when the graph is asked again."""

    digest: bytes = b""
    sent_at: datetime | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Publisher:
    """url, key: of the data department. publications: which."""

    ask: Ask
    http: aiohttp.ClientSession
    url: str
    key: str = field(repr=False)
    clock: Clock
    publications: Sequence[Publication]
    _standing: dict[str, _Standing] = field(default_factory=dict, repr=False)

    async def publish_due(self) -> None:
        """Ask for each publication whose time has come, and send what changed; what fails is due again at once."""
        for publication in self.publications:
            standing = self._standing.setdefault(publication.id, _Standing())
            now = self.clock.now()
            if standing.due is not None and now < standing.due:
                continue
            try:
                await self._publish(publication, standing, now)
                standing.due = now + REFRESH
            except (CannotPublish, aiohttp.ClientError, TimeoutError) as fault:
                facts = {"publication": publication.id, "fault": type(fault).__name__, "problem": _problem(fault)}
                _LOG.warning("a publication is tried again", extra={"facts": facts})

    async def _publish(self, publication: Publication, standing: _Standing, now: datetime) -> None:
        rows = await self._rows(publication)
        if not rows:
            return  # there is nothing yet; what was published stays
        body = publication.body(rows)
        digest = sha256(body).digest()
        fresh = standing.sent_at is not None and now - standing.sent_at < RESEND
        if digest == standing.digest and fresh:
            return
        await self._send(publication.id, body)
        standing.digest, standing.sent_at = digest, now

    async def _rows(self, publication: Publication) -> list[Row]:
        """Every page's rows. Raises: CannotPublish."""
        rows: list[Row] = []
        after: str | None = None
        for _ in range(PAGES_MAX):
            data = _whole(await self.ask(publication.query, {"after": after} if publication.page else {}))
            try:
                rows += publication.rows(data)
                page = publication.page(data) if publication.page else {}
                if not page.get("hasNextPage"):
                    return rows
                after = page["endCursor"]
            except (AttributeError, KeyError, TypeError) as fault:
                raise CannotPublish("the answer has another shape") from fault
        raise CannotPublish(f"it has more than {PAGES_MAX} pages")

    async def _send(self, id: str, body: bytes) -> None:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        target = f"{self.url.rstrip('/')}/intake/datasets/{id}"
        async with self.http.put(
            target, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
        ) as response:
            if response.status != 200:
                raise CannotPublish(f"the data department answers {response.status}")


def chores(publisher: Publisher) -> dict[str, Work]:
    """Safe in every process: the same thing sent twice changes nothing."""
    return {"publications": every(RETRY_S, publisher.publish_due)}


def _whole(answer: Data) -> Data:
    """Raises: CannotPublish."""
    data = answer.get("data")
    if answer.get("errors") or not isinstance(data, Mapping):
        codes = [str(e.get("extensions", {}).get("code", "")) for e in answer.get("errors") or ()]
        raise CannotPublish(f"the graph answers with {', '.join(codes[:3]) or 'nothing'}")
    return data


def _problem(fault: BaseException) -> str:
    """Our own words; a client's error may quote the URL."""
    return str(fault) if isinstance(fault, CannotPublish) else ""


def _entry(
    *, title: tuple[str, str], description: tuple[str, str], department: Department, theme: str, keywords: str,
    periodicity: str,
) -> Data:  # fmt: skip
    return {
        "title": {"zh": title[0], "en": title[1]},
        "description": {"zh": description[0], "en": description[1]},
        "publisher": {"uscc": department.code, "name": {"zh": department.name.zh, "en": department.name.en}},
        "theme": theme,
        "keywords": keywords.split(),
        "licence": "CC-BY-4.0",
        "issued": "2026-11-22",
        "periodicity": periodicity,
        "contact": {"name": {"zh": "城市通数据服务", "en": "CityTong data desk"}, "email": "opendata@citytong.example"},
    }


def _readings(data: Data) -> list[Row]:
    """One row a station and property; a station that has not reported has none."""
    return [
        [
            station["code"],
            station["name"],
            station["district"] and station["district"]["code"],
            station["latest"]["observedAt"],
            measured["property"]["id"],
            measured["value"],
            station["synthetic"],
        ]
        for station in data["stations"]["nodes"]
        if station["latest"] is not None
        for measured in station["latest"]["values"]
    ]


def _by_district(data: Data) -> list[Row]:
    return [
        [
            one["district"]["code"],
            DISTRICTS[one["district"]["code"]].name.zh,
            one["total"],
            one["open"],
            one["medianResolvedS"],
        ]
        for one in data["reportStatistics"]["byDistrict"]
    ]


def _by_category(data: Data) -> list[Row]:
    return [
        [one["category"]["code"], one["category"]["name"], one["category"]["group"], one["total"], one["open"]]
        for one in data["reportStatistics"]["byCategory"]
    ]


def _licence_types(data: Data) -> list[Row]:
    return [
        [one["code"], one["name"], one["version"], one["issuer"]["code"], one["issuer"]["name"], one["validMonths"]]
        for one in data["licenceTypes"]
    ]


PUBLICATIONS: Final = (
    Publication(
        id="city-sensor-readings",
        entry=_entry(
            title=("城市监测站最新读数", "Latest readings of the city's measuring stations"),
            description=("各监测站最近一小时的监测项目与数值。", "What each station measured in its last hour."),
            department=ENVIRONMENT, theme="ENVI", keywords="空气质量 监测站 实时 sensor station", periodicity="HOURLY",
        ),
        columns=(
            ("station", "监测站代码", "Station", "string"), ("station_name", "监测站", "Name of the station", "string"),
            ("district", "区代码", "District", "string"), ("observed_at", "观测时间", "Observed at", "datetime"),
            ("property", "监测项目", "Property", "string"), ("value", "数值", "Value", "number"),
            ("synthetic", "模拟数据", "Made by a model", "boolean"),
        ),
        query="""query ($after: String) { stations(first: 100, after: $after) { pageInfo { hasNextPage endCursor }
            nodes { code name synthetic district { code }
                latest { observedAt values { property { id } value } } } } }""",
        rows=_readings,
        page=lambda data: data["stations"]["pageInfo"],
        synthetic=lambda rows: any(row[-1] for row in rows),
    ),
    Publication(
        id="city-reports-by-district",
        entry=_entry(
            title=("随手拍办理情况（按区）", "Citizens' reports by district"),
            description=("各区市民上报总数、在办数量与办结用时中位数。",
                         "How many reports each district received and has open, and how long they took to settle."),
            department=CITY_MANAGEMENT, theme="GOVE", keywords="随手拍 上报 城市管理 reports", periodicity="CONT",
        ),
        columns=(
            ("district", "区代码", "District", "string"), ("district_name", "区", "Name of the district", "string"),
            ("total", "上报总数", "Reports", "integer"), ("open", "在办数量", "Open", "integer"),
            ("median_resolved_s", "办结用时中位数（秒）", "Median time to settle, s", "integer"),
        ),
        query="{ reportStatistics { byDistrict { district { code } total open medianResolvedS } } }",
        rows=_by_district,
    ),
    Publication(
        id="city-reports-by-category",
        entry=_entry(
            title=("随手拍办理情况（按类别）", "Citizens' reports by category"),
            description=("各类别市民上报总数与在办数量。", "How many reports each category received and has open."),
            department=CITY_MANAGEMENT, theme="GOVE", keywords="随手拍 上报 类别 reports category", periodicity="CONT",
        ),
        columns=(
            ("category", "类别代码", "Category", "string"), ("category_name", "类别", "Name of the category", "string"),
            ("group", "大类", "Group", "string"), ("total", "上报总数", "Reports", "integer"),
            ("open", "在办数量", "Open", "integer"),
        ),
        query="{ reportStatistics { byCategory { category { code name group } total open } } }",
        rows=_by_category,
    ),
    Publication(
        id="city-licence-types",
        entry=_entry(
            title=("电子证照类型目录", "Types of electronic licences"),
            description=("可在城市通领取的电子证照类型与签发部门。", "Every type of licence, and who issues it."),
            department=GOVERNMENT_SERVICES, theme="GOVE", keywords="电子证照 证照类型 licence", periodicity="IRREG",
        ),
        columns=(
            ("code", "类型代码", "Code", "string"), ("name", "名称", "Name", "string"),
            ("version", "版本", "Version", "integer"), ("issuer", "签发部门代码", "Issuer", "string"),
            ("issuer_name", "签发部门", "Name of the issuer", "string"),
            ("valid_months", "有效期（月）", "Valid for, months", "integer"),
        ),
        query="{ licenceTypes { code name version issuer { code name } validMonths } }",
        rows=_licence_types,
    ),
)  # fmt: skip
