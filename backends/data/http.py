"""The department's own routes, beside GraphQL.

| route | who | what |
|---|---|---|
| GET /catalogue.jsonld?after= | anybody | the catalogue in DCAT-AP 3, `PAGE` datasets a page |
| GET /datasets/{id}/rows.{csv,json} | anybody | the rows, where the city publishes them itself |
| PUT /intake/datasets/{id} | a key that may publish | an entry and its rows (`model.publication_of`), in one step |
| DELETE /intake/datasets/{id} | the key that published it | withdrawn |
| POST /registers/population/check | a key with that right | `{"name", "idNumber"}` → `{"match"}` |
| POST /registers/population/children | a key with that right | `{"name", "idNumber"}` → `{"children"}` |
| POST /registers/documents/check | a key with that right | `{"type", "number", "name", …}` → `{"match"}` |
| POST /registers/organisations/check | a key with that right | `{"uscc", "name"}` → `{"match", "status"}` |
| POST /registers/organisations/representative | a key that may check organisations | → `{"match", "status"}` |
| POST /registers/addresses/search | a key with that right | `{"text", "district"?}` → `{"addresses"}` |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson
from aiohttp import web

from backends.base.door import Door
from backends.base.http import json_of, reply
from backends.data.dcat import catalogue_page
from backends.data.errors import DatasetUnknown
from backends.data.keys import Grant, Right, holder
from backends.data.model import is_dataset_id
from backends.data.questions import Address
from backends.data.registers import Registers
from backends.data.service import Catalogue
from backends.data.shelf import Question
from backends.data.vocabulary import Format
from core.paging import PageRequest, encode_cursor

INTAKE_BYTES_MAX: Final = 5 * 1024 * 1024
QUESTION_BYTES_MAX: Final = 4 * 1024
PAGE: Final = 100
_CACHED_S: Final = 60


@dataclass(frozen=True, slots=True)
class Routes:
    door: Door
    catalogue: Catalogue
    registers: Registers
    grants: Sequence[Grant]

    def all(self) -> list[web.RouteDef]:
        return [
            web.get("/catalogue.jsonld", self.linked),
            web.get("/datasets/{id}/rows.{format:csv|json}", self.rows),
            web.put("/intake/datasets/{id}", self.publish),
            web.delete("/intake/datasets/{id}", self.withdraw),
            web.post("/registers/population/check", self.check_person),
            web.post("/registers/population/children", self.children),
            web.post("/registers/documents/check", self.check_document),
            web.post("/registers/organisations/check", self.check_organisation),
            web.post("/registers/organisations/representative", self.check_representative),
            web.post("/registers/addresses/search", self.find_addresses),
        ]

    async def linked(self, request: web.Request) -> web.Response:
        after = request.query.get("after")
        page = (await self.catalogue.find(Question())).page(PageRequest.of(first=PAGE, after=after))
        body = catalogue_page(
            [(dataset, self.catalogue.distributions(dataset)) for dataset in page.rows],
            base_url=self.catalogue.base_url,
            here=after,
            behind=encode_cursor(page.keys[-1]) if page.has_next else None,
        )
        return reply(body, content_type="application/ld+json")

    async def rows(self, request: web.Request) -> web.Response:
        id, format = _dataset_id(request), Format(request.match_info["format"].upper())
        file = await self.catalogue.rows_file(id=id, format=format)
        if _etag(file.checksum) in _etags(request):
            return web.Response(status=304, headers=_caching(file.checksum))
        content = await self.catalogue.rows(id=id, format=format)
        name = f"{id}.{format.lower()}"
        return web.Response(
            body=content,
            content_type=format.media_type,
            charset="utf-8",
            # Of what is sent, which may be newer than what was looked up.
            headers={
                **_caching(sha256(content).hexdigest()),
                "Content-Disposition": f'attachment; filename="{name}"',
                "X-Content-Type-Options": "nosniff",
            },
        )

    async def publish(self, request: web.Request) -> web.Response:
        by, id = self._holder(request, Right.PUBLISH), request.match_info["id"]
        body = await self.door.body(request, bytes_max=INTAKE_BYTES_MAX)
        done = await self.catalogue.publish(by=by, id=id, body=body)
        return reply({"id": id, "version": done.version, "changed": done.changed})

    async def withdraw(self, request: web.Request) -> web.Response:
        by = self._holder(request, Right.PUBLISH)
        await self.catalogue.withdraw(by=by, id=_dataset_id(request))
        return web.Response(status=204)

    async def check_person(self, request: web.Request) -> web.Response:
        by = self._holder(request, Right.POPULATION)
        match = await self.registers.check_person(await self._asked(request), by=by)
        return _private({"match": match})

    async def children(self, request: web.Request) -> web.Response:
        by = self._holder(request, Right.FAMILIES)
        found = await self.registers.children_of(await self._asked(request), by=by)
        return _private({"children": [{"name": child.name, "idNumber": child.id_number} for child in found]})

    async def check_document(self, request: web.Request) -> web.Response:
        by = self._holder(request, Right.DOCUMENTS)
        return _private({"match": await self.registers.check_document(await self._asked(request), by=by)})

    async def check_representative(self, request: web.Request) -> web.Response:
        by = self._holder(request, Right.ORGANISATIONS)
        standing = await self.registers.check_representative(await self._asked(request), by=by)
        return _private({"match": standing is not None, "status": standing})

    async def check_organisation(self, request: web.Request) -> web.Response:
        by = self._holder(request, Right.ORGANISATIONS)
        standing = await self.registers.check_organisation(await self._asked(request), by=by)
        return _private({"match": standing is not None, "status": standing})

    async def find_addresses(self, request: web.Request) -> web.Response:
        by = self._holder(request, Right.ADDRESSES)
        found = await self.registers.find_addresses(await self._asked(request), by=by)
        return _private({"addresses": list(map(_address, found))})

    def _holder(self, request: web.Request, right: Right) -> str:
        return holder(request.headers.get("Authorization", ""), grants=self.grants, right=right)

    async def _asked(self, request: web.Request) -> object:
        return json_of(await self.door.body(request, bytes_max=QUESTION_BYTES_MAX))


def _dataset_id(request: web.Request) -> str:
    """Raises: DatasetUnknown for what cannot be one."""
    id = request.match_info["id"]
    if not is_dataset_id(id):
        raise DatasetUnknown()
    return id


def _caching(checksum: str) -> dict[str, str]:
    return {"ETag": _etag(checksum), "Cache-Control": f"public, max-age={_CACHED_S}"}


def _etag(checksum: str) -> str:
    return f'"{checksum}"'


def _etags(request: web.Request) -> set[str]:
    """Of `If-None-Match`, compared weakly (RFC 9110 §13.1.2)."""
    return {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",", 16)}


def _private(body: dict[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json", headers={"Cache-Control": "no-store"})


def _address(address: Address) -> dict[str, Any]:
    return {
        "code": address.code,
        "text": address.text,
        "district": address.district,
        "longitude": address.point.longitude,
        "latitude": address.point.latitude,
        "synthetic": address.synthetic,
    }
