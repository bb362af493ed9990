"""People of a city whom no demo and no other test knows."""

from __future__ import annotations

from identity.levels import DocumentType, EvidenceKind, NameEvidence
from identity.model import Citizen
from identity.relations import DOCUMENT_REGISTER, FACE_CHECK
from tests.support.city import OpenCity


async def resident(city: OpenCity, *, phone: str, name: str) -> None:
    """Somebody with a passport whom the real-person check has seen. phone: eleven digits, of one test alone where a
    city is many tests'.
    """
    now = city.clock.now()
    evidence = (
        NameEvidence.of(EvidenceKind.DOCUMENT, DOCUMENT_REGISTER, at=now, document=DocumentType.PASSPORT),
        NameEvidence.of(EvidenceKind.FACE, FACE_CHECK, at=now),
    )
    citizen = Citizen(
        id=city.city.ground.ids.new("cit"),
        phone=f"+86{phone}",
        created_at=now,
        name=name,
        home_district="110101",
        evidence=evidence,
    )
    await city.city.rooms.wings.identity.store.add_citizen(citizen, id_number=None)
