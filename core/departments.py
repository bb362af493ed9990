"""The departments that issue licences, send bills, handle cases and publish data, by their USCC.

The codes have the form and the check character of GB 32100 and belong to the demonstration; a city puts its own here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.locale import Text


@dataclass(frozen=True, slots=True)
class Department:
    """code: unified social credit code (GB 32100), 18 characters. district: GB/T 2260, of a district's own."""

    code: str
    name: Text
    district: str | None = None


PUBLIC_SECURITY: Final = Department(
    "11110000000021000D", Text(zh="北京市公安局", en="Beijing Municipal Public Security Bureau")
)
CITY_MANAGEMENT: Final = Department(
    "11110000000022000L", Text(zh="北京市城市管理委员会", en="Beijing Commission of City Management")
)
HEALTH: Final = Department("111100000000310005", Text(zh="北京市卫生健康委员会", en="Beijing Health Commission"))
MARKET: Final = Department("11110000000041000W", Text(zh="北京市市场监督管理局", en="Beijing Market Regulation Bureau"))
CIVIL_AFFAIRS: Final = Department("11110000000052000U", Text(zh="北京市民政局", en="Beijing Civil Affairs Bureau"))
ENVIRONMENT: Final = Department(
    "11110000000092000T", Text(zh="北京市生态环境局", en="Beijing Ecology and Environment Bureau")
)
GOVERNMENT_SERVICES: Final = Department(
    "11110000000063000T",
    Text(zh="北京市政务服务和数据管理局", en="Beijing Government Services and Data Bureau"),
)
DONGCHENG_MANAGEMENT: Final = Department(
    "11110101000071000P",
    Text(zh="东城区城市管理委员会", en="Dongcheng District Commission of City Management"),
    "110101",
)
HAIDIAN_MANAGEMENT: Final = Department(
    "11110108000081000L",
    Text(zh="海淀区城市管理委员会", en="Haidian District Commission of City Management"),
    "110108",
)

DEPARTMENTS: Final[dict[str, Department]] = {
    one.code: one
    for one in (
        PUBLIC_SECURITY,
        CITY_MANAGEMENT,
        HEALTH,
        MARKET,
        CIVIL_AFFAIRS,
        ENVIRONMENT,
        GOVERNMENT_SERVICES,
        DONGCHENG_MANAGEMENT,
        HAIDIAN_MANAGEMENT,
    )
}
