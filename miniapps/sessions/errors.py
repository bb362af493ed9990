"""What can go wrong when a program is opened, and with what it keeps."""

from __future__ import annotations

from core.errors import DomainError, Kind


class PageUnknown(DomainError):
    """The program has no such page; `page` is what was asked."""

    code = "MINIAPPS_PAGE_UNKNOWN"
    kind = Kind.NOT_FOUND
    template = "The mini-program has no page {page}."
    template_zh = "小程序中没有页面 {page}。"

    page: str


class ReferrerRefused(DomainError):
    """The program does not let the one that leads here open it (`city_accept_from` of its manifest)."""

    code = "MINIAPPS_REFERRER_REFUSED"
    kind = Kind.FORBIDDEN
    template = "This mini-program cannot be opened from the one you are in."
    template_zh = "不能从当前小程序打开该小程序。"


class PermissionUnknown(DomainError):
    """The program's manifest declares no such permission that a citizen could be asked for."""

    code = "MINIAPPS_PERMISSION_UNKNOWN"
    kind = Kind.INVALID
    template = "The mini-program does not ask for {name}."
    template_zh = "小程序未申请权限 {name}。"

    name: str


class StorageChanged(DomainError):
    """What was kept has changed since it was read. revision: which it has now; read it again."""

    code = "MINIAPPS_STORAGE_CHANGED"
    kind = Kind.CONFLICT
    template = "The mini-program's data was changed elsewhere. Open it again."
    template_zh = "小程序数据已在其他位置更改，请重新打开。"

    revision: int


class StorageFull(DomainError):
    """bytes_max: how much a program may keep for one citizen."""

    code = "MINIAPPS_STORAGE_FULL"
    kind = Kind.CONFLICT
    template = "The mini-program may keep no more data ({bytes_max} bytes at most)."
    template_zh = "小程序数据存储空间已满（上限 {bytes_max} 字节）。"

    bytes_max: int


class NotInDistrict(DomainError):
    """The program is of a district that is not the citizen's, or where it is not filed."""

    code = "MINIAPPS_NOT_IN_DISTRICT"
    kind = Kind.FORBIDDEN
    template = "This mini-program is not for your district."
    template_zh = "该小程序未在您所在的区备案，暂不能使用。"
