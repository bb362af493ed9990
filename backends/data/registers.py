"""What the base registers do: answer one question at a time, to whom has the right, and keep record of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backends.data.errors import TooManyQuestions
from backends.data.questions import (
    Address,
    AddressQuestion,
    Organisation,
    Person,
    Register,
    Representation,
    Standing,
    TravelDocument,
)
from backends.data.records import Records
from backends.data.terms import folded, question_terms
from core.clock import Clock, epoch_s
from core.ids import Ids

QUESTIONS_A_MINUTE_MAX: Final = 600
# How often one number may be asked about: names are not to be tried out on it.
OF_ONE_NUMBER_A_DAY_MAX: Final = 20
ADDRESSES_FOUND_MAX: Final = 10
_ADDRESSES_READ_MAX: Final = 200
_MINUTE_S: Final = 60
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Registers:
    """The registers' verbs. `by` is always the name of the key that asks."""

    records: Records
    ids: Ids
    clock: Clock
    a_minute_max: int = QUESTIONS_A_MINUTE_MAX
    of_one_a_day_max: int = OF_ONE_NUMBER_A_DAY_MAX

    async def check_person(self, asked: object, *, by: str) -> bool:
        """Whether the name goes with the number: {"name", "idNumber"}.

        Raises: TooManyQuestions (of this key, or about this number), QuestionMalformed, NumberInvalid, Unavailable.
        """
        await self._bound(f"{Register.POPULATION}:{by}", self.a_minute_max, _MINUTE_S)
        person = Person.of(asked, today=self.clock.now().date())
        subject = self.records.subject(person.id_number)
        await self._bound(f"subject:{subject.hex()}", self.of_one_a_day_max, _DAY_S)
        await self._on_record(Register.POPULATION, by, subject)
        return await self.records.knows(person)

    async def check_document(self, asked: object, *, by: str) -> bool:
        """Whether somebody of this name has this document: {"type", "number", "name", "nationality"?, "birthDate"?}.

        Raises: TooManyQuestions (of this key, or about this document), QuestionMalformed, Unavailable.
        """
        await self._bound(f"{Register.DOCUMENTS}:{by}", self.a_minute_max, _MINUTE_S)
        document = TravelDocument.of(asked)
        subject = self.records.subject(document.number)
        await self._bound(f"subject:{subject.hex()}", self.of_one_a_day_max, _DAY_S)
        await self._on_record(Register.DOCUMENTS, by, subject)
        return await self.records.knows_document(document)

    async def children_of(self, asked: object, *, by: str) -> Sequence[Person]:
        """The children of the person whom name and number name together; none where they do not: {"name", "idNumber"}.

        Raises: TooManyQuestions (of this key, or about this number), QuestionMalformed, NumberInvalid, Unavailable.
        """
        await self._bound(f"{Register.FAMILIES}:{by}", self.a_minute_max, _MINUTE_S)
        person = Person.of(asked, today=self.clock.now().date())
        subject = self.records.subject(person.id_number)
        await self._bound(f"subject:{subject.hex()}", self.of_one_a_day_max, _DAY_S)
        await self._on_record(Register.FAMILIES, by, subject)
        return await self.records.children_of(person)

    async def check_representative(self, asked: object, *, by: str) -> Standing | None:
        """How the organisation stands when name, code and representative all go together, else None:
        {"uscc", "name", "representative", "idNumber"}.

        Raises: TooManyQuestions (of this key, or about this person), QuestionMalformed, NumberInvalid, Unavailable.
        """
        await self._bound(f"{Register.ORGANISATIONS}:{by}", self.a_minute_max, _MINUTE_S)
        representation = Representation.of(asked, today=self.clock.now().date())
        subject = self.records.subject(representation.person.id_number)
        await self._bound(f"subject:{subject.hex()}", self.of_one_a_day_max, _DAY_S)
        await self._on_record(Register.ORGANISATIONS, by, subject)
        return await self.records.represented(representation)

    async def check_organisation(self, asked: object, *, by: str) -> Standing | None:
        """How the organisation stands when the name goes with the code, else None: {"uscc", "name"}.

        Raises: TooManyQuestions, QuestionMalformed, NumberInvalid, Unavailable.
        """
        await self._bound(f"{Register.ORGANISATIONS}:{by}", self.a_minute_max, _MINUTE_S)
        organisation = Organisation.of(asked)
        await self._on_record(Register.ORGANISATIONS, by, self.records.subject(organisation.uscc))
        return await self.records.standing_of(organisation)

    async def find_addresses(self, asked: object, *, by: str) -> Sequence[Address]:
        """Standard addresses for what somebody wrote, the nearest writing first: {"text", "district"?}.

        Where no house has the number, those of the road are found.
        Raises: TooManyQuestions, QuestionMalformed, Unavailable.
        """
        await self._bound(f"{Register.ADDRESSES}:{by}", self.a_minute_max, _MINUTE_S)
        question = AddressQuestion.of(asked)
        terms = question_terms(question.text)
        words = [term for term in terms if not term.isdecimal()]
        found = await self._addresses(terms, question.district) or await self._addresses(words, question.district)
        return sorted(found, key=lambda a: _distance(question.text, a))[:ADDRESSES_FOUND_MAX]

    async def _addresses(self, terms: Sequence[str], district: str | None) -> Sequence[Address]:
        if not terms:
            return []
        return await self.records.addresses(terms=terms, district=district, limit=_ADDRESSES_READ_MAX)

    async def _bound(self, name: str, most: int, window_s: int) -> None:
        now = self.clock.now()
        if await self.records.count(name, window_s=window_s, now=now) > most:
            raise TooManyQuestions(retry_after_s=window_s - epoch_s(now) % window_s)

    async def _on_record(self, register: Register, by: str, subject: bytes) -> None:
        await self.records.put_on_record(
            id=self.ids.new("qry"), register=register, by=by, subject=subject, at=self.clock.now()
        )


def _distance(text: str, address: Address) -> tuple[bool, int, str]:
    """How far an address is from what was written: in other words, then by how much longer it is."""
    return folded(text) not in folded(address.text), len(address.text), address.code
