"""Why a city code is refused. Each sentence tells the officer what to do next; none says anything about the person."""

from __future__ import annotations

from core.errors import DomainError, Kind


class CodeMalformed(DomainError):
    code = "CITYCODE_MALFORMED"
    kind = Kind.INVALID
    template = "This is not a personal city code. Ask the person to open their city code, and scan the whole square."
    template_zh = "这不是城市个人码。请对方打开城市码,完整扫描后重试。"


class CodeForeign(DomainError):
    code = "CITYCODE_FOREIGN"
    kind = Kind.INVALID
    template = "This code was issued by another city and cannot be checked here. Ask for an identity document."
    template_zh = "此码由其他城市签发,本市无法核验。请改用身份证件核验。"


class CodeKeyUnknown(DomainError):
    code = "CITYCODE_KEY_UNKNOWN"
    kind = Kind.INVALID
    template = (
        "This code is signed with a key that is not in use. Ask the person to refresh their code, and scan again."
    )
    template_zh = "此码的签名密钥未在使用。请对方刷新城市码后重新扫描。"


class CodeForged(DomainError):
    code = "CITYCODE_FORGED"
    kind = Kind.INVALID
    template = "The city did not issue this code. Do not accept it; ask for an identity document."
    template_zh = "此码并非本市签发,请勿采信,并改用身份证件核验。"


class CodeNotYetValid(DomainError):
    code = "CITYCODE_NOT_YET_VALID"
    kind = Kind.INVALID
    template = "This code is not valid yet. Wait half a minute, ask the person to refresh their code, and scan again."
    template_zh = "此码尚未生效。请稍候半分钟,让对方刷新城市码后重新扫描。"


class CodeExpired(DomainError):
    code = "CITYCODE_EXPIRED"
    kind = Kind.INVALID
    template = "This code has expired. Ask the person to refresh their code, and scan again."
    template_zh = "此码已过期。请对方刷新城市码后重新扫描。"


class CodeReplayed(DomainError):
    code = "CITYCODE_REPLAYED"
    kind = Kind.CONFLICT
    template = "This code has already been scanned. Ask the person to refresh their code, and scan again."
    template_zh = "此码已被扫描过。请对方刷新城市码后重新扫描。"


class ScanIdReused(DomainError):
    """An officer's device used one `clientScanId` for two different scans."""

    code = "CITYCODE_SCAN_ID_REUSED"
    kind = Kind.CONFLICT
    template = "Your device has already used this scan number for another scan. Start a new scan."
    template_zh = "您的设备已将此扫码编号用于另一次扫码。请重新发起扫码。"
