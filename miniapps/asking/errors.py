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
    template_zh = "小程序的查询文档未通过：{rule} {document} {detail}"

    rule: str
    document: str
    detail: str


class NewDocumentsTooCostly(DomainError):
    """Documents that no release has took all that an organisation may have of the processor within a minute.

    Those that were read before answer all the same.
    """

    code = "MINIAPPS_NEW_DOCUMENTS_TOO_COSTLY"
    kind = Kind.LIMITED
    template = (
        "New documents of your organisation took {most_ms} ms of the city's processor within a minute. "
        "New ones may come again in {retry_after_s} seconds; those that were read before still answer."
    )
    template_zh = (
        "贵机构的新查询文档一分钟内已占用 {most_ms} 毫秒处理时间。"
        "新文档请在 {retry_after_s} 秒后重试；已读取过的文档仍可查询。"
    )

    most_ms: int
    retry_after_s: int
