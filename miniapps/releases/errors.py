"""What can go wrong with programs and their releases."""

from __future__ import annotations

from core.errors import DomainError, Kind


class PackageInvalid(DomainError):
    """rule: the library's code of what is wrong (`BUNDLE_…`), or `ICON`. where: the file or the manifest's member, if
    one is.
    """

    code = "MINIAPPS_PACKAGE_INVALID"
    kind = Kind.INVALID
    template = "The package is not one that the city takes: {rule}, {where}: {detail}"
    template_zh = "小程序包不符合要求（{rule}，{where}）。"

    rule: str
    where: str
    detail: str


class NotTheDevelopers(DomainError):
    """The package is not signed with a key of the organisation that it is published for."""

    code = "MINIAPPS_NOT_THE_DEVELOPERS"
    kind = Kind.FORBIDDEN
    template = "The package is not signed with a key of {organisation}."
    template_zh = "小程序包的签名与所属机构不符。"

    organisation: str


class ProgramTaken(DomainError):
    code = "MINIAPPS_PROGRAM_TAKEN"
    kind = Kind.CONFLICT
    template = "{app_id} belongs to another organisation."
    template_zh = "该小程序标识已属于其他机构。"

    app_id: str


class VersionNotNewer(DomainError):
    """newest: the version code that was published last."""

    code = "MINIAPPS_VERSION_NOT_NEWER"
    kind = Kind.CONFLICT
    template = "The version code must be above {newest}, which was published before."
    template_zh = "版本号必须大于已发布的 {newest}。"

    newest: int


class ProgramRevoked(DomainError):
    """The city took the program, or this version of it, back."""

    code = "MINIAPPS_PROGRAM_REVOKED"
    kind = Kind.CONFLICT
    template = "{app_id} was revoked."
    template_zh = "该小程序已被下架。"

    app_id: str


class CannotChange(DomainError):
    code = "MINIAPPS_RELEASE_CANNOT_CHANGE"
    kind = Kind.CONFLICT
    template = "A release that is {before} does not become {after}."
    template_zh = "当前状态下无法执行此操作。"

    before: str
    after: str


class NoProgramsHere(DomainError):
    """The city has no host under which programs run (`TONG_MINI_URL`)."""

    code = "MINIAPPS_NO_PROGRAMS_HERE"
    kind = Kind.UNAVAILABLE
    template = "This city runs no mini-programs."
    template_zh = "本城市暂未开通小程序。"
