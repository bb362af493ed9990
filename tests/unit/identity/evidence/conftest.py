"""The room with everybody who is asked about people behind the data department's real HTTP door."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from functools import partial

import aiohttp
import pytest_asyncio

from backends.data import app
from backends.data.app import Department, Settings
from backends.data.demo import load_registers
from backends.data.keys import grants_of
from backends.data.records import Records
from backends.data.registers import Registers
from backends.data.service import Catalogue
from backends.data.store import CatalogueStore
from core.jose import key_of_seed
from core.mongo import Mongo
from core.processes import free_port
from identity.evidence.pending import Pending
from identity.evidence.service import Evidences
from identity.faces import HttpFaceProvider
from identity.registers import HttpDocumentRegister, HttpNetIdPlatform, HttpPopulationRegister, HttpRegister
from tests.support.remembering import once
from tests.unit.identity.evidence.proving import CITY, SEED, World
from tests.unit.identity.room import Room

KEY = "register-key"
RIGHTS = "population+families+organisations+documents+faces+netids"


@pytest_asyncio.fixture
async def world(room: Room, mongo: Mongo) -> AsyncIterator[World]:
    catalogue = Catalogue(CatalogueStore(mongo), room.clock, "https://data.city.example")
    records = Records(mongo, room.cipher)
    await catalogue.store.prepare()
    await records.prepare()
    await once(mongo, "registers", partial(load_registers, records))
    settings = Settings(
        mongo_url="",
        database=mongo.database.name,
        port=free_port(),
        grants=grants_of(f"city:{RIGHTS}={KEY}"),
        demo=True,
        face_key=SEED,
    )
    department = Department(catalogue, Registers(records, room.ids, room.clock))
    async with app.serving(settings, department) as base, aiohttp.ClientSession() as http:
        room.identity = dataclasses.replace(
            room.identity,
            register=HttpPopulationRegister(http, base, KEY),
            net_ids=HttpNetIdPlatform(http, base, KEY, audience=CITY),
        )
        faces = HttpFaceProvider(
            register=HttpRegister(http, base, KEY),
            ids=room.ids,
            clock=room.clock,
            issuer=base,
            audience=CITY,
            return_to=f"{CITY}/real-name/face",
            jwk=key_of_seed(SEED).jwk(),
        )
        world = World(room, http, base)
        world.evidences = Evidences(
            names=room.identity.real_names,
            pending=Pending(room.redis, room.cipher, room.clock, mongo.database.name),
            documents=HttpDocumentRegister(http, base, KEY),
            faces=faces,
            second_factor=world.has_strong,
            ids=room.ids,
            clock=room.clock,
        )
        yield world
