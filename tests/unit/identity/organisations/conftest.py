"""The room with the registers of the data department behind their real HTTP door."""

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
from core.mongo import Mongo
from identity.organisations.registers import HttpOrganisationRegister
from identity.organisations.service import Organisations
from identity.organisations.store import OrganisationStore
from identity.registers import HttpPopulationRegister
from tests.support.remembering import once
from tests.unit.identity.organisations.relating import Agreement, Related
from tests.unit.identity.room import Room

KEY = "register-key"


@pytest_asyncio.fixture
async def registers(room: Room, mongo: Mongo) -> AsyncIterator[str]:
    """Where they answer."""
    catalogue, records = (
        Catalogue(CatalogueStore(mongo), room.clock, "https://data.city.example"),
        Records(mongo, room.cipher),
    )
    await catalogue.store.prepare()
    await records.prepare()
    await once(mongo, "registers", partial(load_registers, records))
    settings = Settings(
        mongo_url="", database=mongo.database.name, grants=grants_of(f"city:population+families+organisations={KEY}")
    )
    async with app.serving(settings, Department(catalogue, Registers(records, room.ids, room.clock))) as base:
        yield base


@pytest_asyncio.fixture
async def related(room: Room, registers: str) -> AsyncIterator[Related]:
    async with aiohttp.ClientSession() as http:
        register = HttpPopulationRegister(http, registers, KEY)
        room.identity = dataclasses.replace(room.identity, register=register)
        organisations = Organisations(
            store=OrganisationStore(mongo=room.mongo, cipher=room.cipher),
            acting=room.identity.acting,
            delegating=room.identity.delegating,
            charges=room.identity.codes.charges,
            register=HttpOrganisationRegister(http, registers, KEY),
            four_eyes=Agreement(),
        )
        await organisations.open()
        yield Related(room, organisations)
