"""What can go wrong when a program asks the graph."""

from __future__ import annotations

from core.errors import DomainError, Kind


class DocumentUnknown(DomainError):
    """The release that runs has no document of this id."""

    code = "MINIAPPS_DOCUMENT_UNKNOWN"
    kind = Kind.NOT_FOUND
    template = "The mini-program has no document of this id."
    template_zh = "小程序没有该查询文档。"


class OperationsInvalid(DomainError):
    """A program's documents cannot be trusted. rule: which one is broken. document: its name or id; empty for the file.

    rule: `format`, `size` (or more than the engine takes), `syntax`, `schema`, `kind` (a subscription, or more than one
    operation), `closed` (a field that no program may ask for), `undeclared` (its scope is not in the manifest).
    """

    code = "MINIAPPS_OPERATIONS_INVALID"
    kind = Kind.INVALID
    template = "The program's documents are not accepted: {rule} {document} {detail}"
    template_zh = "小程序的查询文档未通过:{rule} {document} {detail}"

    rule: str
    document: str
    detail: str
