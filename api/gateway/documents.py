"""Documents by name: trusted ones, which operators give, and those that clients send once (APQ).

Rules
- A manifest names documents by their SHA-256. With one, nothing else is executed, whoever asks, unless free-form
  documents are allowed on purpose (development). Without one, every document is.
- A client names a document by `documentId` (GraphQL over HTTP, appendix A) or by `extensions.persistedQuery`
  (automatic persisted queries). Only without a manifest, or in development, may it teach us a new name, and only the
  document's own hash. What it taught is forgotten by two bounds: entries and bytes.
Source: github.com/graphql/graphql-over-http, appendix A; apollographql/apollo-link-persisted-queries, "Protocol".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from api.gateway.errors import DocumentHashWrong, DocumentNotKnown, DocumentNotTrusted, ManifestInvalid
from api.gateway.weight import bytes_of
from core.bounded import Bounded

_APOLLO_FORMAT: Final = "apollo-persisted-query-manifest"
_NAME_MAX: Final = 128


def read_manifest(raw: bytes) -> dict[str, str]:
    """Documents by name, of `{"<sha256>": "query …"}` or of Apollo's manifest format.

    Raises: ManifestInvalid.
    """
    try:
        manifest = orjson.loads(raw)
    except orjson.JSONDecodeError as fault:
        raise ManifestInvalid(reason="it is not JSON.") from fault
    if isinstance(manifest, dict) and manifest.get("format") == _APOLLO_FORMAT:
        rows = manifest.get("operations")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ManifestInvalid(reason="its `operations` are not a list of objects.")
        manifest = {row.get("id"): row.get("body") for row in rows}
    if not isinstance(manifest, dict):
        raise ManifestInvalid(reason="it is not an object of documents by name.")
    for name, document in manifest.items():
        if not isinstance(name, str) or not isinstance(document, str) or not 0 < len(name) <= _NAME_MAX:
            raise ManifestInvalid(reason="names and documents must be strings.")
    return {_bare(name): document for name, document in manifest.items()}


@dataclass(slots=True)
class Documents:
    """Finds the document that a request names.

    trusted: by name; None where no manifest is set. free_form: whether other documents may be sent all the same.
    """

    trusted: Mapping[str, str] | None = None
    free_form: bool = True
    learned: Bounded[str, str] = field(default_factory=lambda: Bounded(1_000, 4 * 1024 * 1024))
    _texts: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._texts = frozenset((self.trusted or {}).values())

    @property
    def open(self) -> bool:
        return self.trusted is None or self.free_form

    def resolved(self, body: Any) -> Any:
        """The request's body with its `query`. What is malformed otherwise is left for the reader of the body.

        Raises: DocumentNotTrusted, DocumentNotKnown, DocumentHashWrong.
        """
        if not isinstance(body, dict):
            return body
        name, taught = _name_of(body)
        query = body.get("query")
        if name is None:
            if isinstance(query, str) and not self.open and query not in self._texts:
                raise DocumentNotTrusted()
            return body
        known = (self.trusted or {}).get(name)
        if known is not None:
            return {**body, "query": known}
        if not self.open:
            raise DocumentNotTrusted()
        return {**body, "query": self._learned(name, query if taught else None)}

    def _learned(self, name: str, query: Any) -> str:
        if not isinstance(query, str):
            found = self.learned.get(name)
            if found is None:
                raise DocumentNotKnown()
            return found
        if hashlib.sha256(query.encode()).hexdigest() != name:
            raise DocumentHashWrong()
        return self.learned.put(name, query, weight=bytes_of(name, query))


def _name_of(body: Mapping[str, Any]) -> tuple[str | None, bool]:
    """How the request names its document, and whether it may teach the name."""
    if isinstance(name := body.get("documentId"), str):
        return _bare(name), False
    extensions = body.get("extensions")
    persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    name = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    return (_bare(name), True) if isinstance(name, str) else (None, False)


def _bare(name: str) -> str:
    return name.removeprefix("sha256:").lower() if name.startswith("sha256:") else name
