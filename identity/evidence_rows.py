"""Evidence as it stands in its citizen's row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.mongo import Document
from identity.levels import LEVELS, PHONE_LEVEL, DocumentType, EvidenceKind, NameEvidence


def all_of(row: Document) -> tuple[NameEvidence, ...]:
    """A citizen's, also what has expired."""
    return tuple(map(_evidence_of, rows_of(row)))


def rows_of(row: Document) -> list[Document]:
    """A citizen's. Of rows from before there were kinds, with a level and who said so: what supports that level."""
    found = row.get("evidence")
    if isinstance(found, list):
        return found
    kinds = [kind for kind, level in LEVELS.items() if level == row.get("real_name_level", PHONE_LEVEL)]
    source, at = (found["source"], found["at"]) if found else ("", row["created_at"])
    return [row_of(NameEvidence.of(kind, source, at=at)) for kind in kinds[:1]]


def row_of(evidence: NameEvidence) -> Document:
    return {
        "kind": evidence.kind.value,
        "source": evidence.source,
        "at": evidence.at,
        "expires_at": evidence.expires_at,
        "document": evidence.document.value if evidence.document else None,
    }


def _evidence_of(row: Mapping[str, Any]) -> NameEvidence:
    document = row["document"]
    return NameEvidence(
        kind=EvidenceKind(row["kind"]),
        source=row["source"],
        at=row["at"],
        expires_at=row["expires_at"],
        document=DocumentType(document) if document else None,
    )
