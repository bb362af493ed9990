"""A case as a document: its free text sealed to its id, the rest as MongoDB indexes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from api.domains.reports.categories import CATEGORIES
from api.domains.reports.model import Case, Entry, EntryKind, PlaceFact, Progress, Rating
from api.domains.reports.workflow import Action, By, Status
from core.crypto import FieldCipher
from core.geo import Point
from core.locale import Text
from core.mongo import Document
from core.resealing import SealedField

CASES: Final = "reports_cases"
_TEXT: Final = "reports.text"
SEALED: Final = tuple(
    SealedField(CASES, path, _TEXT) for path in ("description", "address", "timeline.note", "rating.comment")
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Turns cases into documents and back."""

    cipher: FieldCipher

    def of(self, case: Case) -> Document:
        """The document of a new case. What is unset is left out, so that partial indexes stay small."""
        row = {
            "_id": case.id,
            "number": case.number,
            "category": case.category.code,
            "description": self._seal(case.id, case.description),
            "location": case.location.geojson(),
            "address": self._seal(case.id, case.address),
            "district": case.district,
            "created_at": case.created_at,
            "citizen": case.citizen,
            "partner": case.partner,
            "place": case.place,
            "photos": list(case.photos),
            "hashes": [f"{one:016x}" for one in case.hashes],
            "doubtful": case.doubtful,
            "supporters": case.supporters,
            "timeline": [self.entry(case.id, entry) for entry in case.timeline],
            **self.changing(case),
        }
        return {name: value for name, value in row.items() if value is not None}

    def changing(self, case: Case) -> Document:
        """What a step changes, its line of the timeline aside."""
        return {
            "status": case.status.value,
            "open": case.open,
            "version": case.version,
            "updated_at": case.updated_at,
            "due_at": case.due_at,
            "settled_at": case.settled_at,
            "paused_at": case.paused_at,
            "duplicate_of": case.duplicate_of,
        }

    def case(self, row: Document) -> Case:
        longitude, latitude = row["location"]["coordinates"]
        return Case(
            id=row["_id"],
            number=row["number"],
            category=CATEGORIES[row["category"]],
            description=self._open(row["_id"], row["description"]),
            location=Point(longitude, latitude),
            address=self._open(row["_id"], row["address"]),
            district=row["district"],
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            due_at=row["due_at"],
            citizen=row.get("citizen"),
            partner=row["partner"],
            place=row.get("place"),
            status=Status(row["status"]),
            version=row["version"],
            supporters=row["supporters"],
            photos=tuple(row["photos"]),
            hashes=tuple(int(one, 16) for one in row["hashes"]),
            timeline=tuple(self._entry(row["_id"], entry) for entry in row["timeline"]),
            settled_at=row.get("settled_at"),
            paused_at=row.get("paused_at"),
            duplicate_of=row.get("duplicate_of"),
            unit=_text(row.get("unit")),
            rating=self._rating(row["_id"], row.get("rating")),
            doubtful=row["doubtful"],
        )

    def entry(self, case_id: str, entry: Entry) -> Document:
        row = {
            "at": entry.at,
            "kind": entry.kind.value,
            "status": entry.status.value,
            "action": entry.action.value if entry.action else None,
            "by": entry.by.value if entry.by else None,
            "staff": entry.staff or None,
            "note": self._seal(case_id, entry.note) if entry.note else None,
            "photos": list(entry.photos) or None,
            "unit": {"zh": entry.unit.zh, "en": entry.unit.en} if entry.unit else None,
            "progress": entry.progress.value if entry.progress else None,
            "internal": entry.internal or None,
        }
        return {name: value for name, value in row.items() if value is not None}

    def rating(self, case_id: str, rating: Rating) -> Document:
        return {"stars": rating.stars, "at": rating.at, "comment": self._seal(case_id, rating.comment)}

    def _entry(self, case_id: str, row: Document) -> Entry:
        return Entry(
            at=row["at"],
            kind=EntryKind(row["kind"]),
            status=Status(row["status"]),
            action=Action(row["action"]) if "action" in row else None,
            by=By(row["by"]) if "by" in row else None,
            staff=row.get("staff", ""),
            note=self._open(case_id, row["note"]) if "note" in row else "",
            photos=tuple(row.get("photos", ())),
            unit=_text(row.get("unit")),
            progress=Progress(row["progress"]) if "progress" in row else None,
            internal=row.get("internal", False),
        )

    def _rating(self, case_id: str, row: Document | None) -> Rating | None:
        return Rating(row["stars"], row["at"], self._open(case_id, row["comment"])) if row else None

    def _seal(self, case_id: str, text: str) -> bytes:
        return self.cipher.seal(text.encode(), purpose=_TEXT, owner=case_id)

    def _open(self, case_id: str, sealed: bytes) -> str:
        return self.cipher.open(sealed, purpose=_TEXT, owner=case_id).decode()


def place_row(place: PlaceFact) -> Document:
    return {
        "name": {"zh": place.name.zh, "en": place.name.en},
        "location": place.location.geojson(),
        "district": place.district,
        "active": place.active,
        "category": place.category,
    }


def place_of(row: Document) -> PlaceFact:
    longitude, latitude = row["location"]["coordinates"]
    return PlaceFact(
        code=row["_id"],
        name=Text(**row["name"]),
        location=Point(longitude, latitude),
        district=row["district"],
        active=row["active"],
        category=row["category"],
    )


def _text(row: Any) -> Text | None:
    return Text(zh=row["zh"], en=row["en"]) if row else None
