"""Why a report, a photo or a step is refused. Each sentence says what to do next; none says anything about a person."""

from __future__ import annotations

from core.errors import DomainError, Kind


class CategoryUnknown(DomainError):
    code = "REPORTS_CATEGORY_UNKNOWN"
    kind = Kind.INVALID
    template = "Choose what the report is about from the list of categories."
    template_zh = "请从列表中选择问题类别。"


class PlaceUnknown(DomainError):
    code = "REPORTS_PLACE_UNKNOWN"
    kind = Kind.INVALID
    template = "This place code is not in use. Choose a category and a point on the map instead."
    template_zh = "此地点码未启用。请自行选择类别并在地图上标出位置。"


class LocationMissing(DomainError):
    code = "REPORTS_LOCATION_MISSING"
    kind = Kind.INVALID
    template = "Say where it is: a point on the map, or the code at the place."
    template_zh = "请标出位置，或扫描现场的地点码。"


class OutsideCity(DomainError):
    code = "REPORTS_OUTSIDE_CITY"
    kind = Kind.INVALID
    template = "This point lies outside the city. Report it to the city that it lies in."
    template_zh = "该位置不在本市范围内，请向所在城市反映。"


class TooManyReports(DomainError):
    code = "REPORTS_TOO_MANY"
    kind = Kind.LIMITED
    template = "You may send {daily_max} reports a day. Go on tomorrow; call 12345 if it cannot wait."
    template_zh = "每天最多提交 {daily_max} 件。请明天继续，紧急情况请拨打 12345。"

    daily_max: int


class ClientReportIdReused(DomainError):
    """A device used one `clientReportId` for two different reports."""

    code = "REPORTS_CLIENT_ID_REUSED"
    kind = Kind.CONFLICT
    template = "Your device has already used this number for another report. Start a new report."
    template_zh = "您的设备已将此编号用于另一件上报。请重新填写。"


class CaseChanged(DomainError):
    """Somebody else moved the case since it was read."""

    code = "REPORTS_CASE_CHANGED"
    kind = Kind.CONFLICT
    template = "The case has changed meanwhile. Look at it again, then decide."
    template_zh = "该件已有新的变化，请刷新后再操作。"

    version: int


class ActionNotAllowed(DomainError):
    code = "REPORTS_ACTION_NOT_ALLOWED"
    kind = Kind.CONFLICT
    template = "A case that is {status} cannot take this step ({action})."
    template_zh = "该件当前状态不能进行此操作。"

    action: str
    status: str


class NoteRequired(DomainError):
    code = "REPORTS_NOTE_REQUIRED"
    kind = Kind.INVALID
    template = "Say why: this step needs a note."
    template_zh = "此操作需要填写说明。"


class PhotoRequired(DomainError):
    code = "REPORTS_PHOTO_REQUIRED"
    kind = Kind.INVALID
    template = "Add a photo of the result: this step needs one."
    template_zh = "此操作需要上传处理后的照片。"


class ReopenTermOver(DomainError):
    code = "REPORTS_REOPEN_TERM_OVER"
    kind = Kind.CONFLICT
    template = "A case can be reopened for {days} days. Send a new report."
    template_zh = "办结超过 {days} 天，不能重新办理。请重新上报。"

    days: int


class AlreadyRated(DomainError):
    code = "REPORTS_ALREADY_RATED"
    kind = Kind.CONFLICT
    template = "You have already rated this case."
    template_zh = "您已评价过该件。"


class NotYetRateable(DomainError):
    code = "REPORTS_NOT_YET_RATEABLE"
    kind = Kind.CONFLICT
    template = "A case can be rated once it is resolved."
    template_zh = "办结后才能评价。"


class DuplicateOfUnfit(DomainError):
    code = "REPORTS_DUPLICATE_OF_UNFIT"
    kind = Kind.INVALID
    template = "Name the other case that this one repeats: one that is not itself a repetition."
    template_zh = "请填写被重复的另一件编号，且该件本身不能是重复件。"


class OwnCase(DomainError):
    code = "REPORTS_OWN_CASE"
    kind = Kind.CONFLICT
    template = "This is your own case: you hear of it anyway."
    template_zh = "这是您自己上报的件，无需关注。"


class CaseFull(DomainError):
    code = "REPORTS_CASE_FULL"
    kind = Kind.CONFLICT
    template = "This case has taken all the steps that one case can. Open a new one."
    template_zh = "该件的办理记录已满，请另行上报。"


class PhotoUnknown(DomainError):
    """Not there, expired, somebody else's, or already part of a case."""

    code = "REPORTS_PHOTO_UNKNOWN"
    kind = Kind.INVALID
    template = "One of the photos is no longer here. Take or choose it again."
    template_zh = "有照片已失效，请重新拍摄或选择。"


class PhotoTooLarge(DomainError):
    code = "REPORTS_PHOTO_TOO_LARGE"
    kind = Kind.INVALID
    template = "A photo may take {bytes_max} bytes. Choose a smaller one."
    template_zh = "照片过大，请选择较小的照片。"

    bytes_max: int


class PhotoTooManyPixels(DomainError):
    code = "REPORTS_PHOTO_TOO_MANY_PIXELS"
    kind = Kind.INVALID
    template = "A photo may have {pixels_max} pixels. Choose a smaller one."
    template_zh = "照片尺寸过大，请选择较小的照片。"

    pixels_max: int


class PhotoUnsupported(DomainError):
    code = "REPORTS_PHOTO_UNSUPPORTED"
    kind = Kind.INVALID
    template = "Send a photo as JPEG, PNG or WebP."
    template_zh = "请上传 JPEG、PNG 或 WebP 格式的照片。"


class PhotoBroken(DomainError):
    code = "REPORTS_PHOTO_BROKEN"
    kind = Kind.INVALID
    template = "This photo cannot be read. Take or choose it again."
    template_zh = "照片无法读取，请重新拍摄或选择。"


class PhotoTooSlow(DomainError):
    code = "REPORTS_PHOTO_TOO_SLOW"
    kind = Kind.INVALID
    template = "The photo did not arrive whole within {seconds_max} seconds. Send it again."
    template_zh = "照片在 {seconds_max} 秒内未能传完，请重试。"

    seconds_max: int


class TooManyPhotos(DomainError):
    code = "REPORTS_TOO_MANY_PHOTOS"
    kind = Kind.LIMITED
    template = "You may send {daily_max} photos a day."
    template_zh = "每天最多上传 {daily_max} 张照片。"

    daily_max: int


class PhotosBusy(DomainError):
    code = "REPORTS_PHOTOS_BUSY"
    kind = Kind.UNAVAILABLE
    template = "Too many photos arrive at once. Try again shortly."
    template_zh = "当前上传人数较多，请稍后重试。"


class HandOverRefused(DomainError):
    """The departments' side does not take a case, and will not take it later either."""

    code = "REPORTS_HAND_OVER_REFUSED"
    kind = Kind.INVALID
    template = "The departments' side refused a case (HTTP {status})."
    template_zh = "部门系统拒收该件。"

    status: int


class HandOverFailed(DomainError):
    """The departments' side did not answer, or not in the agreed words."""

    code = "REPORTS_HAND_OVER_FAILED"
    kind = Kind.UNAVAILABLE
    template = "The departments' side does not answer right now."
    template_zh = "部门系统暂时没有响应。"
