"""The roof: settings → stores → services → subgraphs → gateway → aiohttp application.

The only place that chooses who works with whom. To see what the city is made of, read `open_city` from top to bottom.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web

import api.domains.citycode.http
import api.domains.citycode.worker
import identity.http
import identity.worker
from api.composition import SUPERGRAPH
from api.domains.citycode.service import KEY_PURPOSE as CITY_CODE_KEYS
from api.domains.citycode.service import CityCodes
from api.domains.citycode.store import CityCodeStore
from api.gateway.execute import Engine, GatewayLimits
from api.gateway.supergraph import Supergraph
from api.gateway.transport import HttpTransport, LocalTransport, Transport
from api.settings import Settings
from api.subgraphs import ROOMS
from api.web.asking import Asking
from api.web.door import application
from api.web.graphql import GraphQLDoor
from api.web.metrics import Metrics
from core import redis as core_redis
from core.clock import Clock, SystemClock
from core.crypto import FieldCipher
from core.events import Outbox, Subscription
from core.graph import graphql_core_schema
from core.ids import Ids
from core.keys import Algorithm, KeyRing
from core.mongo import Mongo
from core.redis import Redis

_SHELL: Final = Path(__file__).parents[1] / "miniapps" / "host"
_KEY_OVERLAP: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class City:
    """An open city: everything that answers or works, ready to be put behind a port."""

    settings: Settings
    mongo: Mongo
    redis: Redis
    http: aiohttp.ClientSession
    engine: Engine
    identity: Identity
