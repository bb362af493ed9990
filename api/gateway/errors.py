"""What the engine refuses or reports. Codes reach `errors[].extensions.code`."""

from __future__ import annotations

from core.errors import DomainError, Kind


class ParseFailed(DomainError):
    code = "GRAPHQL_PARSE_FAILED"
    kind = Kind.INVALID
    template = "The document is not GraphQL: {reason}"
    template_zh = "请求不是有效的 GraphQL 文档：{reason}"

    reason: str


class ValidationFailed(DomainError):
    code = "GRAPHQL_VALIDATION_FAILED"
    kind = Kind.INVALID
    template = "{reason}"
    template_zh = "请求与接口定义不符：{reason}"

    reason: str


class OperationUnknown(DomainError):
    code = "OPERATION_RESOLUTION_FAILURE"
    kind = Kind.INVALID
    template = "The document holds no operation of that name, or several and none was named."
    template_zh = "文档中没有该名称的操作，或有多个操作而未指明。"


class SubscriptionUnsupported(DomainError):
    code = "SUBSCRIPTION_UNSUPPORTED"
    kind = Kind.INVALID
    template = (
        "Ask for a subscription with Accept: text/event-stream, by POST, where what it is about is in this process."
    )
    template_zh = "订阅操作须以 POST 请求 text/event-stream，且仅限本进程内的服务。"


class DocumentTooLarge(DomainError):
    code = "DOCUMENT_TOO_LARGE"
    kind = Kind.INVALID
    template = "The document is longer than {limit} characters."
    template_zh = "请求文档超过 {limit} 个字符。"

    limit: int


class TooManyTokens(DomainError):
    code = "TOO_MANY_TOKENS"
    kind = Kind.INVALID
    template = "The document has more than {limit} tokens."
    template_zh = "请求文档超过 {limit} 个词法单元。"

    limit: int


class TooDeep(DomainError):
    code = "TOO_DEEP"
    kind = Kind.INVALID
    template = "The operation is nested deeper than {limit} levels."
    template_zh = "查询嵌套超过 {limit} 层。"

    limit: int


class TooManyAliases(DomainError):
    code = "TOO_MANY_ALIASES"
    kind = Kind.INVALID
    template = "The operation has more than {limit} aliases."
    template_zh = "查询的别名超过 {limit} 个。"

    limit: int


class TooManyRootFields(DomainError):
    code = "TOO_MANY_ROOT_FIELDS"
    kind = Kind.INVALID
    template = "The operation asks more than {limit} root fields."
    template_zh = "查询的根字段超过 {limit} 个。"

    limit: int


class TooManyDirectives(DomainError):
    code = "TOO_MANY_DIRECTIVES"
    kind = Kind.INVALID
    template = "The operation has more than {limit} directives."
    template_zh = "查询的指令超过 {limit} 个。"

    limit: int


class TooManySelections(DomainError):
    """Validation compares selections with each other, so what is written is bounded before it."""

    code = "TOO_MANY_SELECTIONS"
    kind = Kind.INVALID
    template = "The document has more than {limit} fields, fragments and spreads."
    template_zh = "请求文档的字段与片段超过 {limit} 个。"

    limit: int


class TooManyFields(DomainError):
    """Fragments that spread each other can make a short document ask for millions of fields."""

    code = "TOO_MANY_FIELDS"
    kind = Kind.INVALID
    template = "The operation asks more than {limit} fields once its fragments are spread."
    template_zh = "展开片段后，查询的字段超过 {limit} 个。"

    limit: int


class PlanTooCostly(DomainError):
    code = "PLAN_TOO_COSTLY"
    kind = Kind.INVALID
    template = "Planning this operation needs more than {limit} steps."
    template_zh = "该查询的规划步骤超过 {limit}。"

    limit: int


class OperationTooCostly(DomainError):
    """By the static estimate: nothing ran. Apollo's name for the code, so that clients know it."""

    code = "COST_ESTIMATED_TOO_EXPENSIVE"
    kind = Kind.INVALID
    template = (
        "The operation may cost {estimated}, and {limit} is the most allowed. Ask for shorter lists or less of each."
    )
    template_zh = "该查询的预估开销为 {estimated}，超过上限 {limit}。请减少列表长度或字段。"

    estimated: int
    limit: int


class DocumentNotTrusted(DomainError):
    code = "DOCUMENT_NOT_TRUSTED"
    kind = Kind.FORBIDDEN
    template = "Only documents that this gateway was given in advance are executed."
    template_zh = "此处仅执行预先登记的查询文档。"


class DocumentNotKnown(DomainError):
    """Clients of automatic persisted queries send the document once more when they read this code."""

    code = "PERSISTED_QUERY_NOT_FOUND"
    kind = Kind.NOT_FOUND
    template = "PersistedQueryNotFound"
    template_zh = "PersistedQueryNotFound"


class DocumentHashWrong(DomainError):
    code = "PERSISTED_QUERY_HASH_MISMATCH"
    kind = Kind.INVALID
    template = "The document is not the one that its SHA-256 names."
    template_zh = "文档与其 SHA-256 不符。"


class FieldUnreachable(DomainError):
    """The schema has the field, but from where the query stands no key leads to a subgraph that answers it."""

    code = "FIELD_UNREACHABLE"
    kind = Kind.INVALID
    template = "{coordinate} cannot be reached from where this query asks it."
    template_zh = "从该查询所处位置无法取得 {coordinate}。"

    coordinate: str


class SubgraphUnavailable(DomainError):
    code = "SUBGRAPH_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    template = "{service} does not answer right now. Try again shortly."
    template_zh = "服务 {service} 暂时不可用，请稍后重试。"

    service: str


class SubgraphTimeout(DomainError):
    code = "SUBGRAPH_TIMEOUT"
    kind = Kind.UNAVAILABLE
    template = "{service} took too long to answer. Try again shortly."
    template_zh = "服务 {service} 响应超时，请稍后重试。"

    service: str


class SubgraphFault(DomainError):
    """A subgraph answered with an error of its own that carries no code: its words stay inside."""

    code = "SUBGRAPH_FAULT"
    kind = Kind.INTERNAL
    template = "{service} could not answer this part."
    template_zh = "服务 {service} 无法给出这部分内容。"

    service: str


class NonNullMissing(DomainError):
    code = "NON_NULL_MISSING"
    kind = Kind.INTERNAL
    template = "A value that is always there is missing."
    template_zh = "缺少必有的内容。"


class ValueInvalid(DomainError):
    """A subgraph gave a value that the public schema does not know: a hidden enum value, a list for an object."""

    code = "VALUE_INVALID"
    kind = Kind.INTERNAL
    template = "A value came back that the schema does not allow here."
    template_zh = "返回的内容不符合接口定义。"


class ManifestInvalid(DomainError):
    """Seen by an operator at start, never by a citizen."""

    code = "MANIFEST_INVALID"
    kind = Kind.INTERNAL
    template = "The manifest of trusted documents cannot be used: {reason}"
    template_zh = "无法使用可信文档清单：{reason}"

    reason: str


class SupergraphInvalid(DomainError):
    """Seen by an operator at start, never by a citizen."""

    code = "SUPERGRAPH_INVALID"
    kind = Kind.INTERNAL
    template = "The supergraph cannot be used: {reason}"
    template_zh = "无法使用该 supergraph:{reason}"

    reason: str
