"""`python -m backend`: the library on port 8001, for the city that `CITYTONG_PLATFORM` names (else `tong dev`)."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from citytong_sdk import MiniApp, PrivateKey

from .library import application, database

HERE = Path(__file__).parent

city = MiniApp(
    app_id="org.example.library",
    key=PrivateKey.from_file(os.environ.get("CITYTONG_KEY", HERE / "app.pem")),
    platform=os.environ.get("CITYTONG_PLATFORM", "http://localhost:5180"),
)


def now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


served = application(city, database(HERE), now=now)
uvicorn.run(served, host="127.0.0.1", port=int(os.environ.get("PORT", "8001")))
