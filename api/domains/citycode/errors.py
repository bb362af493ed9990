"""Why a city code or a plate is refused. Each sentence says what to do next; none says anything about a person."""

from __future__ import annotations

from core.errors import DomainError, Kind


class CodeMalformed(DomainError):
    code = "CITYCODE_MALFORMED"
    kind = Kind.INVALID
    template = "This is not a personal city code. Ask the person to open their city code, and scan the whole square."
    template_zh = "这不是城市个人码。请对方打开城市码，完整扫描后重试。"


class CodeForeign(DomainError):
    code = "CITYCODE_FOREIGN"
    kind = Kind.INVALID
    template = "This code was issued by another city and cannot be checked here. Ask for an identity document."
    template_zh = "此码由其他城市签发，本市无法核验。请改用身份证件核验。"


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
    template_zh = "此码并非本市签发，请勿采信，并改用身份证件核验。"


class CodeNotYetValid(DomainError):
    code = "CITYCODE_NOT_YET_VALID"
    kind = Kind.INVALID
    template = "This code is not valid yet. Wait half a minute, ask the person to refresh their code, and scan again."
    template_zh = "此码尚未生效。请稍候半分钟，让对方刷新城市码后重新扫描。"


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


class PlateMalformed(DomainError):
    code = "CITYCODE_PLATE_MALFORMED"
    kind = Kind.INVALID
    template = "This is not the code of a place or thing of the city. Scan the whole square on the plate."
    template_zh = "这不是城市地点码或物品码。请完整扫描标牌上的二维码。"


class PlatePersonal(DomainError):
    code = "CITYCODE_PLATE_PERSONAL"
    kind = Kind.INVALID
    template = "This is a person's code. Only an officer can read it, with the scanner."
    template_zh = "这是个人码，只能由工作人员用扫码功能核验。"


class PlateForeign(DomainError):
    code = "CITYCODE_PLATE_FOREIGN"
    kind = Kind.INVALID
    template = "This plate belongs to another city and cannot be checked here."
    template_zh = "此标牌属于其他城市，本市无法核验。"


class PlateKeyUnknown(DomainError):
    code = "CITYCODE_PLATE_KEY_UNKNOWN"
    kind = Kind.INVALID
    template = "This plate is signed with a key that is not in use. Tell the city, so that it is replaced."
    template_zh = "此标牌的签名密钥未在使用。请向城市管理部门反映，以便更换。"


class PlateForged(DomainError):
    code = "CITYCODE_PLATE_FORGED"
    kind = Kind.INVALID
    template = "The city did not make this plate. Do not follow what it says."
    template_zh = "此标牌并非本市制作，请勿采信。"


class PlateReplaced(DomainError):
    """Also the answer to a registrar who replaces a plate that is not the present one."""

    code = "CITYCODE_PLATE_REPLACED"
    kind = Kind.CONFLICT
    template = "This plate has been replaced by a newer one. Use the new plate."
    template_zh = "此标牌已更换为新标牌，请使用新标牌。"


class PlatesUsedUp(DomainError):
    code = "CITYCODE_PLATES_USED_UP"
    kind = Kind.CONFLICT
    template = "This place has had {plates_max} plates, which is all there are. Retire it and register it anew."
    template_zh = "该地点的标牌更换次数已达上限（{plates_max}）。请注销后重新登记。"

    plates_max: int


class PlaceRetired(DomainError):
    code = "CITYCODE_PLACE_RETIRED"
    kind = Kind.CONFLICT
    template = "This place or thing is no longer in the city's register."
    template_zh = "该地点或物品已注销。"


class CheckInNotOffered(DomainError):
    code = "CITYCODE_CHECK_IN_NOT_OFFERED"
    kind = Kind.CONFLICT
    template = "Nobody needs to check in here."
    template_zh = "此处无需登记。"


class CheckInIdReused(DomainError):
    """A citizen's device used one `clientCheckInId` for two places."""

    code = "CITYCODE_CHECK_IN_ID_REUSED"
    kind = Kind.CONFLICT
    template = "Your device has already used this number for another check-in. Check in again."
    template_zh = "您的设备已将此编号用于另一次登记。请重新登记。"


class PlaceIdReused(DomainError):
    """A registrar's device used one `clientPlaceId` for two different places."""

    code = "CITYCODE_PLACE_ID_REUSED"
    kind = Kind.CONFLICT
    template = "Your device has already used this number to register another place. Begin again."
    template_zh = "您的设备已将此编号用于登记另一地点。请重新登记。"


class PlaceOutsideCity(DomainError):
    code = "CITYCODE_PLACE_OUTSIDE_CITY"
    kind = Kind.INVALID
    template = "This point lies outside the city."
    template_zh = "该位置不在本市范围内。"
