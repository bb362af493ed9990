"""What every row of an officer's page asks for, found for all of them with one query each.

Loaders are a request's: what its rows ask for in one turn is read together. Nothing is kept from one turn to the next,
since mutations of one request follow each other, and a decision changes how its builder is rated.
"""

from __future__ import annotations

from core.errors import NotFound
from core.graph import Info
from core.loading import DataLoader
from miniapps.developers.model import App
from miniapps.versions.records import Builder, Records


def programs(info: Info) -> DataLoader[str, App]:
    """By id, as they were registered. Loading raises: NotFound, Unavailable."""

    async def load(app_ids: list[str]) -> list[App | BaseException]:
        found = await info.context.service(Records).programs(app_ids)
        return [found.get(app_id) or NotFound(thing="mini-program") for app_id in app_ids]

    return info.context.once("miniapps.desk.programs", lambda: DataLoader(load_fn=load, cache=False))


def builders(info: Info) -> DataLoader[str, Builder]:
    """By the organisation's id. Loading raises: NotFound, Unavailable."""

    async def load(organisations: list[str]) -> list[Builder | BaseException]:
        found = await info.context.service(Records).builders(organisations)
        return [found.get(one) or NotFound(thing="organisation") for one in organisations]

    return info.context.once("miniapps.desk.builders", lambda: DataLoader(load_fn=load, cache=False))


def own(info: Info) -> DataLoader[str, bool]:
    """By the organisation's id, whether the officer belongs to it. Loading raises: Unavailable."""

    async def load(organisations: list[str]) -> list[bool | BaseException]:
        mine = await info.context.service(Records).own_organisations(principal=info.context.principal)
        return [one in mine for one in organisations]

    return info.context.once("miniapps.desk.own", lambda: DataLoader(load_fn=load, cache=False))
