"""The city's administrative divisions that other rooms key on: GB/T 2260 codes of Beijing's districts."""

from __future__ import annotations

from dataclasses import dataclass

from core.locale import Text

CITY_CODE = "110000"
CITY_NAME = Text(zh="北京市", en="Beijing")


@dataclass(frozen=True, slots=True)
class District:
    code: str
    name: Text


DISTRICTS: dict[str, District] = {
    code: District(code, Text(zh=zh, en=en))
    for code, zh, en in (
        ("110101", "东城区", "Dongcheng"),
        ("110102", "西城区", "Xicheng"),
        ("110105", "朝阳区", "Chaoyang"),
        ("110106", "丰台区", "Fengtai"),
        ("110107", "石景山区", "Shijingshan"),
        ("110108", "海淀区", "Haidian"),
        ("110109", "门头沟区", "Mentougou"),
        ("110111", "房山区", "Fangshan"),
        ("110112", "通州区", "Tongzhou"),
        ("110113", "顺义区", "Shunyi"),
        ("110114", "昌平区", "Changping"),
        ("110115", "大兴区", "Daxing"),
        ("110116", "怀柔区", "Huairou"),
        ("110117", "平谷区", "Pinggu"),
        ("110118", "密云区", "Miyun"),
        ("110119", "延庆区", "Yanqing"),
    )
}


def division_name(code: str) -> Text | None:
    """The name of the city or of one of its districts; None for any other code."""
    if code == CITY_CODE:
        return CITY_NAME
    district = DISTRICTS.get(code)
    return district.name if district else None
