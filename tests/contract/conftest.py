"""What tests of several contracts share: the SDK's wheel, built once a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import wheel


@pytest.fixture(scope="session")
def sdk_wheel(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """`citytong-sdk` as it is published. `tests.support.wheel.installed` makes an environment of it."""
    base = tmp_path_factory.getbasetemp()
    return wheel.built((base if worker_id == "master" else base.parent) / "sdk-wheel")
