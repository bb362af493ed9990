"""What the data tests say often: bodies as departments send them, and datasets made of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from backends.data.model import Dataset, entry_of

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ENVIRONMENT = "11110000000092000T"
HEALTH = "111100000000310005"


def both(zh: str, en: str = "") -> dict[str, str]:
    return {"zh": zh, "en": en or zh}


def entry(title: tuple[str, str] = ("空气质量", "Air quality"), **changes: Any) -> dict[str, Any]:
    """An entry without data of its own: it leads elsewhere."""
    return {
        "title": both(*title),
        "description": both("说明", "Description"),
        "publisher": {"uscc": ENVIRONMENT, "name": both("北京市生态环境局", "Environment Bureau")},
        "theme": "ENVI",
        "keywords": ["关键"],
        "licence": "CC-BY-4.0",
        "issued": "2026-11-01",
        "periodicity": "DAILY",
        "districts": [],
        "contact": {"name": both("服务台", "Desk"), "email": "desk@city.example"},
        "synthetic": False,
        "distributions": [{"title": both("页面", "Page"), "format": "HTML", "accessUrl": "https://city.example/air"}],
        **changes,
    }


def table(rows: list[list[Any]] | None = None) -> dict[str, Any]:
    columns = [
        {"name": "name", "title": both("名称", "Name"), "type": "string"},
        {"name": "value", "title": both("数值", "Value"), "type": "number"},
    ]
    return {"columns": columns, "rows": [["a", 1]] if rows is None else rows}


def body(**changes: Any) -> dict[str, Any]:
    """A whole publication, with rows."""
    return {"dataset": entry(), "table": table(), **changes}


def dataset(
    id: str, title: tuple[str, str] = ("空气质量", "Air quality"), *, days_ago: int = 0, **changes: Any
) -> Dataset:
    return Dataset(id, entry_of(entry(title, **changes)), 1, NOW - timedelta(days=days_ago))
