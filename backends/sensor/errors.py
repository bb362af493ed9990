"""What can go wrong between a measuring station and a reader."""

from __future__ import annotations

from typing import Any, Final

from backends.base import errors as base
from core.errors import DomainError, Kind


class IngestKeyInvalid(base.KeyInvalid):
    code = "SENSOR_INGEST_KEY_INVALID"
    template = "Send `Authorization: Bearer` with a valid ingest key."
    template_zh = "缺少有效的数据接入密钥。"


class BodyTooLarge(base.BodyTooLarge):
    code = "SENSOR_BODY_TOO_LARGE"
    template = "The body is larger than {bytes_max} bytes: send fewer rows at a time."
    template_zh = "请求内容超过 {bytes_max} 字节，请分批发送。"


class BodyMalformed(base.BodyMalformed):
    code = "SENSOR_BODY_MALFORMED"


class BodyTooSlow(base.BodyTooSlow):
    code = "SENSOR_BODY_TOO_SLOW"
    template = "The body did not arrive within {seconds_max} s: send it again, or fewer rows at a time."
    template_zh = "请求内容未在 {seconds_max} 秒内送达，请重新发送或分批发送。"


class BatchInvalid(DomainError):
    """At least one row is refused, so none was stored.

    rows: the first refusals, each {index (from 0), code, message, and the refusal's own fields}.
    """

    code = "SENSOR_BATCH_INVALID"
    kind = Kind.INVALID
    template = "{rows_invalid} rows are invalid; nothing was stored."
    template_zh = "有 {rows_invalid} 行数据无效，未保存任何数据。"

    rows_invalid: int
    rows: list[dict[str, Any]]


class RowMalformed(DomainError):
    code = "SENSOR_ROW_MALFORMED"
    kind = Kind.INVALID
    template = "{field}: {problem}"
    template_zh = "数据行格式有误（{field}）。"

    field: str
    problem: str


class StationUnknown(DomainError):
    code = "SENSOR_STATION_UNKNOWN"
    kind = Kind.INVALID
    template = "No station has the code {station}."
    template_zh = "没有代码为 {station} 的监测站。"

    station: str


class StationTaken(DomainError):
    """A registration for a code that belongs to the demo model or to a published file."""

    code = "SENSOR_STATION_TAKEN"
    kind = Kind.CONFLICT
    template = "{station} is a code of stations that are made or imported, not registered: choose another."
    template_zh = "{station} 属于模拟或导入的监测站，不能用于注册，请使用其他代码。"

    station: str


class PropertyUnknown(DomainError):
    code = "SENSOR_PROPERTY_UNKNOWN"
    kind = Kind.INVALID
    template = "No observed property has the id {property}."
    template_zh = "没有编号为 {property} 的观测项目。"

    property: str


class ValueImplausible(DomainError):
    code = "SENSOR_VALUE_IMPLAUSIBLE"
    kind = Kind.INVALID
    template = "{property} must be a number from {least} to {most} {unit}."
    template_zh = "{property} 应为 {least} 至 {most} {unit} 之间的数值。"

    property: str
    least: float
    most: float
    unit: str


class TimeImplausible(DomainError):
    code = "SENSOR_TIME_IMPLAUSIBLE"
    kind = Kind.INVALID
    template = "ts: {problem}"
    template_zh = "观测时间有误。"

    problem: str


class RangeRefused(DomainError):
    """A span of time that no series is told for."""

    code = "SENSOR_RANGE_REFUSED"
    kind = Kind.INVALID
    template = "{field}: a series lies between {earliest} and tomorrow and spans at most {days_max} days."
    template_zh = "时间范围有误（{field}）：应在 {earliest} 至明日之间，且不超过 {days_max} 天。"

    field: str
    earliest: str
    days_max: int


class WritersBusy(DomainError):
    """Another writer holds one of these stations, or died holding it; its lease ends by itself."""

    code = "SENSOR_WRITERS_BUSY"
    kind = Kind.UNAVAILABLE
    template = "Another writer is storing readings of these stations. Send the same batch again in {retry_after_s} s."
    template_zh = "其他程序正在写入这些监测站的数据，请在 {retry_after_s} 秒后重新发送。"

    retry_after_s: int


class FileUnreadable(DomainError):
    code = "SENSOR_FILE_UNREADABLE"
    kind = Kind.INVALID
    template = "{file} cannot be read: {problem}."
    template_zh = "文件 {file} 无法读取。"

    file: str
    problem: str


class FileInvalid(DomainError):
    """A file to import is not what it should be; the batch that holds this line was not stored."""

    code = "SENSOR_FILE_INVALID"
    kind = Kind.INVALID
    template = "{file}, line {line}: {problem}"
    template_zh = "文件 {file} 第 {line} 行有误。"

    file: str
    line: int
    problem: str


class QueryRefused(base.QueryRefused):
    code = "SENSOR_QUERY_REFUSED"


class QueryTooCostly(base.QueryTooCostly):
    code = "SENSOR_QUERY_TOO_COSTLY"


REFUSALS: Final = base.Refusals(
    key_invalid=IngestKeyInvalid,
    body_too_large=BodyTooLarge,
    body_malformed=BodyMalformed,
    body_too_slow=BodyTooSlow,
    query_refused=QueryRefused,
    query_too_costly=QueryTooCostly,
)
