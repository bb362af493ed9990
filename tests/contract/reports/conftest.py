"""The room behind a real port."""

from __future__ import annotations

from tests.unit.reports.conftest import build, room

__all__ = ["build", "room"]
