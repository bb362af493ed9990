"""The demonstration's datasets and registers: added where they are missing, brought up to date, never doubled."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from backends.data.demo_curated import curated
from backends.data.demo_generated import generated
from backends.data.demo_registers import CHILDREN, DOCUMENTS, ORGANISATIONS, PEOPLE, REPRESENTATIVES, addresses
from backends.data.keys import DEMO_NAME
from backends.data.model import publication_of
from backends.data.questions import Representation
from backends.data.records import Records
from backends.data.service import Catalogue


async def load_demo(*, catalogue: Catalogue, records: Records) -> int:
    """How many datasets changed by it. Raises: DatasetTaken, CatalogueFull, Unavailable."""
    await load_registers(records)
    return await catalogue.publish_all(
        [publication_of(id=id, body=body) for id, body in all_datasets().items()], by=DEMO_NAME
    )


async def load_registers(records: Records) -> None:
    """People, families, organisations and addresses. Raises: Unavailable."""
    people, organisations = {one.id_number: one for one in PEOPLE}, {one.uscc: one for one in ORGANISATIONS}
    await records.put_people(PEOPLE)
    await records.put_documents(DOCUMENTS)
    for parent, children in CHILDREN.items():
        await records.put_children(people[parent], [people[child] for child in children])
    await records.put_organisations(ORGANISATIONS)
    for uscc, number in REPRESENTATIVES.items():
        await records.put_representative(Representation(organisations[uscc], people[number]))
    await records.put_addresses(list(addresses()))


def all_datasets() -> Mapping[str, Any]:
    """Body by id, as a department would send it."""
    return dict(chain(curated(), generated()))
