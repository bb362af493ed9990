"""The personal fields and purposes by code, in words: what consents name, and what the access log tells.

A field is sensitive when leaking it endangers a person's dignity, safety or property; consent to it is given on its
own. Source: PIPL articles 28 and 29, GB/T 35273-2020 annex B.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.locale import Locale, Text


@dataclass(frozen=True, slots=True)
class Field:
    name: Text
    sensitive: bool = False


# What a program can ask a citizen for.
CLAIMS: Final[Mapping[str, Field]] = {
    "name": Field(Text(zh="姓名", en="Name")),
    "masked_name": Field(Text(zh="姓名（部分隐藏）", en="Name, partly hidden")),
    "phone_number": Field(Text(zh="手机号码", en="Phone number")),
    "phone_number_verified": Field(Text(zh="手机号码已验证", en="That the phone number is yours")),
    "address": Field(Text(zh="常住区", en="Home district")),
    "real_name_level": Field(Text(zh="实名等级", en="Real-name level")),
    "verified_claims": Field(Text(zh="实名核验依据", en="How the name was proven")),
    "verified_claims.name": Field(Text(zh="经核验的姓名", en="Name, as proven")),
    "verified_claims.birthdate": Field(Text(zh="经核验的出生日期", en="Date of birth, as proven")),
    "home_district": Field(Text(zh="常住区", en="Home district")),
    "email": Field(Text(zh="电子邮箱", en="E-mail address")),
    "birthdate": Field(Text(zh="出生日期", en="Date of birth")),
    "gender": Field(Text(zh="性别", en="Gender")),
    "age_over_18": Field(Text(zh="是否年满 18 周岁", en="Whether 18 or older")),
    "relations": Field(Text(zh="亲属与代办关系", en="Family and who acts for whom")),
    "organisations": Field(Text(zh="所属单位及职务", en="Organisations and roles")),
    "id_number": Field(Text(zh="身份证号码", en="Id number"), sensitive=True),
    "portrait": Field(Text(zh="人像照片", en="Portrait"), sensitive=True),
    "licences": Field(Text(zh="电子证照", en="Licences"), sensitive=True),
    "health": Field(Text(zh="健康状态", en="Health status"), sensitive=True),
    "payments": Field(Text(zh="账单与缴费", en="Bills and payments"), sensitive=True),
    "whereabouts": Field(Text(zh="位置与行踪", en="Whereabouts"), sensitive=True),
}
# The scopes that a program asks for them with; on their own they tell nothing but what their claims do.
SCOPES: Final[Mapping[str, Field]] = {
    "openid": Field(Text(zh="用城市通登录", en="Sign in with CityTong")),
    "offline_access": Field(Text(zh="在您离开后继续使用", en="Go on while you are away")),
    "profile": Field(Text(zh="基本信息", en="Profile")),
    "phone": Field(Text(zh="联系电话", en="Phone")),
    "real_name": Field(Text(zh="实名信息", en="Real name")),
}
# What a mini-program can ask a citizen for, by the names of its manifest.
PERMISSIONS: Final[Mapping[str, Field]] = {
    "city.user.phone": Field(Text(zh="手机号码", en="Phone number"), sensitive=True),
    "city.user.profile": Field(Text(zh="昵称和头像", en="Display name and picture")),
    "city.user.realname": Field(Text(zh="真实姓名", en="Real name"), sensitive=True),
    "city.user.address": Field(Text(zh="地址", en="Addresses"), sensitive=True),
    "city.device.location": Field(Text(zh="精确位置", en="Exact location"), sensitive=True),
    "city.device.location.fuzzy": Field(Text(zh="大致位置", en="Approximate location")),
    "city.device.camera": Field(Text(zh="相机", en="Camera")),
    "city.device.album": Field(Text(zh="相册", en="Pictures")),
    "city.device.clipboard": Field(Text(zh="剪贴板", en="Clipboard")),
    "city.data.name": Field(Text(zh="姓名", en="Name"), sensitive=True),
    "city.data.masked_name": Field(Text(zh="姓名（部分隐藏）", en="Name, partly hidden")),
    "city.data.phone": Field(Text(zh="手机号码", en="Phone number"), sensitive=True),
    "city.data.masked_phone": Field(Text(zh="手机号码（部分隐藏）", en="Phone number, partly hidden")),
    "city.data.real_name_level": Field(Text(zh="实名等级", en="Real-name level")),
    "city.data.home_district": Field(Text(zh="常住区", en="Home district")),
    "city.data.city_code": Field(Text(zh="城市码", en="City code"), sensitive=True),
    "city.data.scans": Field(Text(zh="谁扫过您的城市码", en="Who scanned your city code"), sensitive=True),
    "city.data.health": Field(Text(zh="健康状态", en="Health status"), sensitive=True),
    "city.data.developer": Field(
        Text(zh="您开发的小程序（查看与管理）", en="The programs you build, to see and to manage"), sensitive=True
    ),
    "city.device.biometry": Field(Text(zh="指纹或面容验证结果", en="Whether fingerprint or face fits"), sensitive=True),
}
FIELDS: Final[Mapping[str, Field]] = {**CLAIMS, **SCOPES, **PERMISSIONS}
# Beside those: what the city's own rooms show to others.
_SHOWN: Final[Mapping[str, Text]] = {
    "account": Text(zh="账号是否存在", en="Whether there is an account"),
    "interventions": Text(zh="账号处置记录", en="What staff did to the account"),
    "licences:read": Text(zh="电子证照", en="Licences"),
    "health:read": Text(zh="健康状态", en="Health status"),
    "payments:read": Text(zh="账单", en="Bills"),
    "payments:pay": Text(zh="账单", en="Bills"),
    "reports:read": Text(zh="上报记录", en="Reports"),
    "notifications:read": Text(zh="消息", en="Messages"),
    "consents:give": Text(zh="授权", en="Consents"),
    "citycode:show": Text(zh="城市码", en="City code"),
    "city_code": Text(zh="城市码", en="City code"),
}
_PURPOSES: Final[Mapping[str, Text]] = {
    "card": Text(zh="工作人员核对身份", en="A member of staff checked who you are"),
    "staff.intervened": Text(zh="工作人员处置账号", en="Staff intervened in your account"),
    "staff.interventions": Text(zh="查看账号处置记录", en="Looked at what staff did to your account"),
    "identity.look_up": Text(zh="窗口办事查询", en="Looked up at a service counter"),
    "identity.acting": Text(zh="代您办事", en="Acting for you"),
    "identity.counter": Text(zh="窗口核验身份", en="Verified at a service counter"),
    "licences.check": Text(zh="核验证照", en="Checked a licence"),
    "health.look": Text(zh="查看健康状态", en="Looked at the health status"),
    "citycode.show": Text(zh="代您出示城市码", en="Showed your city code for you"),
    "citycode.scan": Text(zh="扫描城市码", en="Scanned your city code"),
    "mini.graphql": Text(zh="小程序经您同意读取", en="A mini-program read, with your consent"),
    "mini.phone": Text(zh="小程序经您同意获取手机号", en="A mini-program was told, with your consent"),
    "oidc.claims": Text(zh="经您同意提供", en="Told with your consent"),
}


def field_words(code: str, locale: Locale) -> str:
    """What people call a field; its code where the city has no words for it."""
    if code in FIELDS:
        return FIELDS[code].name.in_(locale)
    words = _SHOWN.get(code)
    return words.in_(locale) if words else code


def purpose_words(code: str, locale: Locale) -> str:
    """What people call a purpose; as it stands where it is said in words already."""
    words = _PURPOSES.get(code)
    return words.in_(locale) if words else code
