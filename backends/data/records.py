"""The base registers in MongoDB, who asked them what, and how often.

Rules
- A person stands under the blind index of number and name together, and so do a parent's children and an
  organisation's representative; what can be read is sealed. Nobody who holds the database without the key learns a
  name, a number, or whether two rows share a name.
- A question is counted and put on record before it is answered, under the blind index of whom it was about.
- The key that the rows were sealed with is tried at the start: with another one every question would be a miss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from bson.binary import Binary
from pymongo import ASCENDING, IndexModel, ReturnDocument, UpdateOne

from backends.data.questions import (
    Address,
    Organisation,
    Person,
    Register,
    Representation,
    Standing,
    TravelDocument,
    comparable,
    holder_of,
)
from backends.data.terms import terms_of
from core.crypto import FieldCipher, UnsealError, same
from core.geo import Point
from core.mongo import Document, Mongo, answering, ensure_indexes

KEPT_FOR: Final = timedelta(days=3 * 365)
_PEOPLE: Final = "people"
_FAMILIES: Final = "families"
_DOCUMENTS: Final = "documents"
_ORGANISATIONS: Final = "organisations"
_ADDRESSES: Final = "addresses"
_QUESTIONS: Final = "questions"
_ASKED: Final = "asked"
_COUNTS: Final = "counts"
_PERSON: Final = "person"
_CHILDREN: Final = "children"
_REPRESENTATIVE: Final = "representative"
_SEAL: Final = "seal"


@dataclass(frozen=True, slots=True)
class Records:
    mongo: Mongo
    cipher: FieldCipher

    async def prepare(self) -> None:
        """Make what is missing; try the key. Raises: UnsealError when the rows are sealed with another."""
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)
            seals = self.mongo.collection(_COUNTS)
            own = self.cipher.seal(b"open", purpose=_SEAL, owner=_SEAL)
            kept = await seals.find_one_and_update(
                {"_id": _SEAL}, {"$setOnInsert": {"sealed": own}}, upsert=True, return_document=ReturnDocument.AFTER
            )
        assert kept is not None, "an upsert answers with what it made"
        self.cipher.open(kept["sealed"], purpose=_SEAL, owner=_SEAL)

    def subject(self, number: str) -> bytes:
        """What stands for a number on record and in counts."""
        return self.cipher.blind_index(number, purpose="subject")

    async def put_people(self, people: Sequence[Person]) -> None:
        """Add these people, or set the name that goes with a number."""
        changes = [self._put_person(person) for person in people]
        async with answering():
            for number, document in changes:
                await self.mongo.collection(_PEOPLE).replace_one({"number": number}, document, upsert=True)

    def _put_person(self, person: Person) -> tuple[Binary, Document]:
        number = Binary(self.subject(person.id_number))
        return number, {"number": number, "pair": Binary(self._pair(person)), "sealed": self._sealed(person)}

    async def knows(self, person: Person) -> bool:
        """True when this name goes with this number."""
        pair = self._pair(person)
        async with answering():
            found = await self.mongo.collection(_PEOPLE).find_one({"pair": Binary(pair)})
        return found is not None and self._says(found, person)

    def _says(self, document: Mapping[str, Any], person: Person) -> bool:
        """What is sealed in the row must say the same: a row that somebody put together says nothing."""
        try:
            plain = self.cipher.open(document["sealed"], purpose=_PERSON, owner=self._pair(person).hex())
        except UnsealError:
            return False
        return same(plain, person.pair.encode())

    def _pair(self, person: Person) -> bytes:
        return self.cipher.blind_index(person.pair, purpose="pair")

    def _sealed(self, person: Person) -> bytes:
        return self.cipher.seal(person.pair.encode(), purpose=_PERSON, owner=self._pair(person).hex())

    async def put_documents(self, documents: Sequence[TravelDocument]) -> None:
        """Add these documents, with their holders' birth dates."""
        for one in documents:
            row = {"holder": Binary(self._holder(one.name, one.number)), "born": self._born(one)}
            async with answering():
                await self.mongo.collection(_DOCUMENTS).replace_one({"_id": self._document(one)}, row, upsert=True)

    async def knows_document(self, document: TravelDocument) -> bool:
        """Whether somebody of this name has it and, where that was told, was born then."""
        async with answering():
            found = await self.mongo.collection(_DOCUMENTS).find_one({"_id": self._document(document)})
        return found is not None and (not document.born or same(found["born"], self._born(document)))

    async def knows_holder(self, name: str, number: str) -> bool:
        """Whether somebody of this name has a number of any kind."""
        if await self.knows(Person(name, number)):
            return True
        async with answering():
            found = await self.mongo.collection(_DOCUMENTS).find_one({"holder": Binary(self._holder(name, number))})
        return found is not None

    def _document(self, document: TravelDocument) -> Binary:
        return Binary(self.cipher.blind_index(document.pair, purpose="document"))

    def _holder(self, name: str, number: str) -> bytes:
        return self.cipher.blind_index(holder_of(name, number), purpose="holder")

    def _born(self, document: TravelDocument) -> bytes:
        return self.cipher.blind_index(f"{document.pair}\n{document.born}", purpose="born")

    async def put_children(self, parent: Person, children: Sequence[Person]) -> None:
        """Set who the children of this person are."""
        pair = self._pair(parent)
        told = orjson.dumps([[child.name, child.id_number] for child in children])
        sealed = self.cipher.seal(told, purpose=_CHILDREN, owner=pair.hex())
        async with answering():
            await self.mongo.collection(_FAMILIES).replace_one({"_id": Binary(pair)}, {"sealed": sealed}, upsert=True)

    async def children_of(self, parent: Person) -> list[Person]:
        """Of somebody whose name goes with their number; none for anybody else."""
        pair = self._pair(parent)
        async with answering():
            found = await self.mongo.collection(_FAMILIES).find_one({"_id": Binary(pair)})
        if found is None:
            return []
        told = self.cipher.open(found["sealed"], purpose=_CHILDREN, owner=pair.hex())
        return [Person(name, number) for name, number in orjson.loads(told)]

    async def put_representative(self, representation: Representation) -> None:
        """Set who represents an organisation of the register."""
        async with answering():
            await self.mongo.collection(_ORGANISATIONS).update_one(
                {"_id": representation.organisation.uscc}, {"$set": {"representative": self._whole(representation)}}
            )

    async def represented(self, representation: Representation) -> Standing | None:
        """As `standing_of`, where this person is also its representative."""
        standing = await self.standing_of(representation.organisation)
        query = {"_id": representation.organisation.uscc, "representative": self._whole(representation)}
        async with answering():
            found = await self.mongo.collection(_ORGANISATIONS).find_one(query, {"_id": 1})
        return standing if found else None

    def _whole(self, representation: Representation) -> Binary:
        return Binary(self.cipher.blind_index(representation.whole, purpose=_REPRESENTATIVE))

    async def put_organisations(self, organisations: Sequence[Organisation]) -> None:
        changes = [
            UpdateOne({"_id": o.uscc}, {"$set": {"name": o.name, "standing": o.standing.value}}, upsert=True)
            for o in organisations
        ]
        async with answering():
            await self.mongo.collection(_ORGANISATIONS).bulk_write(changes, ordered=False)

    async def standing_of(self, organisation: Organisation) -> Standing | None:
        """How the organisation of this code and this name stands; None when there is none."""
        async with answering():
            found = await self.mongo.collection(_ORGANISATIONS).find_one({"_id": organisation.uscc})
        if found is None or comparable(found["name"]) != comparable(organisation.name):
            return None
        return Standing(found["standing"])

    async def put_addresses(self, addresses: Sequence[Address]) -> None:
        changes = [UpdateOne({"_id": a.code}, {"$set": _address_document(a)}, upsert=True) for a in addresses]
        async with answering():
            await self.mongo.collection(_ADDRESSES).bulk_write(changes, ordered=False)

    async def addresses(self, *, terms: Sequence[str], district: str | None, limit: int) -> list[Address]:
        """Addresses that hold all of these terms, by code."""
        query: Document = {"terms": {"$all": list(terms)}}
        if district is not None:
            query["district"] = district
        async with answering():
            found = self.mongo.collection(_ADDRESSES).find(query, sort={"_id": ASCENDING}, limit=limit)
            return [_address_of(document) async for document in found]

    async def count(self, name: str, *, window_s: int, now: datetime) -> int:
        """The how-manieth question of this name it is in the present window, this one included."""
        window = int(now.timestamp()) // window_s
        async with answering():
            counted = await self.mongo.collection(_ASKED).find_one_and_update(
                {"_id": f"{name}:{window_s}:{window}"},
                {"$inc": {"n": 1}, "$setOnInsert": {"until": now + timedelta(seconds=2 * window_s)}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        assert counted is not None, "an upsert answers with what it made"
        return int(counted["n"])

    async def put_on_record(self, *, id: str, register: Register, by: str, subject: bytes, at: datetime) -> None:
        question = {"_id": id, "register": register.value, "by": by, "subject": Binary(subject), "at": at}
        async with answering():
            await self.mongo.collection(_QUESTIONS).insert_one(question)


_INDEXES: Final[Mapping[str, Sequence[IndexModel]]] = {
    _PEOPLE: [
        IndexModel([("number", ASCENDING)], name="number", unique=True),
        IndexModel([("pair", ASCENDING)], name="pair", unique=True),
    ],
    _DOCUMENTS: [IndexModel([("holder", ASCENDING)], name="holder")],
    _ADDRESSES: [IndexModel([("terms", ASCENDING), ("district", ASCENDING)], name="terms")],
    _QUESTIONS: [
        IndexModel([("subject", ASCENDING), ("at", ASCENDING)], name="of_subject"),
        IndexModel([("at", ASCENDING)], name="leaves", expireAfterSeconds=int(KEPT_FOR.total_seconds())),
    ],
    _ASKED: [IndexModel([("until", ASCENDING)], name="leaves", expireAfterSeconds=0)],
}


def _address_document(address: Address) -> Document:
    return {
        "text": address.text,
        "district": address.district,
        "location": address.point.geojson(),
        "synthetic": address.synthetic,
        "terms": sorted(set(terms_of(address.text, single=True))),
    }


def _address_of(document: Mapping[str, Any]) -> Address:
    longitude, latitude = document["location"]["coordinates"]
    point = Point(longitude, latitude)
    return Address(document["_id"], document["text"], document["district"], point, document["synthetic"])
