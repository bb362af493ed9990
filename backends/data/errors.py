"""What the data department refuses."""

from __future__ import annotations

from backends.base import errors as base
from core.errors import DomainError, Kind


class KeyInvalid(base.KeyInvalid):
    code = "DATA_KEY_INVALID"


class BodyTooLarge(base.BodyTooLarge):
    code = "DATA_BODY_TOO_LARGE"


class BodyMalformed(base.BodyMalformed):
    code = "DATA_BODY_MALFORMED"


class BodyTooSlow(base.BodyTooSlow):
    code = "DATA_BODY_TOO_SLOW"


class QueryRefused(base.QueryRefused):
    code = "DATA_QUERY_REFUSED"


class QueryTooCostly(base.QueryTooCostly):
    code = "DATA_QUERY_TOO_COSTLY"


REFUSALS = base.Refusals(
    key_invalid=KeyInvalid,
    body_too_large=BodyTooLarge,
    body_malformed=BodyMalformed,
    body_too_slow=BodyTooSlow,
    query_refused=QueryRefused,
    query_too_costly=QueryTooCostly,
)


class KeyMayNot(DomainError):
    code = "DATA_KEY_MAY_NOT"
    kind = Kind.FORBIDDEN
    template = "This key may not do this: it lacks the right {right}."
    template_zh = "该密钥没有此项权限（{right}）。"

    right: str


class DatasetUnknown(DomainError):
    code = "DATA_DATASET_UNKNOWN"
    kind = Kind.NOT_FOUND
    template = "The catalogue holds no such dataset."
    template_zh = "目录中没有该数据集。"


class RowsUnknown(DomainError):
    """The dataset stands in the catalogue, and its rows are published elsewhere."""

    code = "DATA_ROWS_UNKNOWN"
    kind = Kind.NOT_FOUND
    template = "The city publishes no rows of this dataset here: see where its distributions lead."
    template_zh = "该数据集未在此提供数据下载，请查看其发布地址。"


class DatasetInvalid(DomainError):
    """What was sent is not a dataset; nothing was changed.

    field: where, as in `distributions[0].accessUrl`. problem: what is wrong with it.
    """

    code = "DATA_DATASET_INVALID"
    kind = Kind.INVALID
    template = "{field}: {problem}"
    template_zh = "数据集内容有误（{field}）。"

    field: str
    problem: str


class DatasetTaken(DomainError):
    code = "DATA_DATASET_TAKEN"
    kind = Kind.CONFLICT
    template = "This dataset is published with another key: choose another id."
    template_zh = "该数据集由其他密钥发布，请使用其他编号。"


class CatalogueFull(DomainError):
    code = "DATA_CATALOGUE_FULL"
    kind = Kind.CONFLICT
    template = "The catalogue holds {most} datasets and takes no more."
    template_zh = "目录已有 {most} 个数据集，无法再添加。"

    most: int


class SearchRefused(DomainError):
    code = "DATA_SEARCH_REFUSED"
    kind = Kind.INVALID
    template = "{field}: {problem}"
    template_zh = "检索条件有误（{field}）。"

    field: str
    problem: str


class NumberInvalid(DomainError):
    """A number that by its own digits cannot be one: it is told without asking the register."""

    code = "DATA_NUMBER_INVALID"
    kind = Kind.INVALID
    template = "{field} is not a valid number of {standard}."
    template_zh = "{field} 不符合 {standard}。"

    field: str
    standard: str


class QuestionMalformed(DomainError):
    code = "DATA_QUESTION_MALFORMED"
    kind = Kind.INVALID
    template = "{field}: {problem}"
    template_zh = "查询内容有误（{field}）。"

    field: str
    problem: str


class TooManyQuestions(DomainError):
    code = "DATA_TOO_MANY_QUESTIONS"
    kind = Kind.LIMITED
    template = "Too many questions: ask again in {retry_after_s} s."
    template_zh = "查询过于频繁，请在 {retry_after_s} 秒后重试。"

    retry_after_s: int
