"""Datasets of the demonstration that were put together by hand, in the form in which a department sends them.

Those with rows hold facts that anybody can check; those without lead to where the data really is published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from core.departments import (
    CITY_MANAGEMENT,
    CIVIL_AFFAIRS,
    DEPARTMENTS,
    ENVIRONMENT,
    GOVERNMENT_SERVICES,
    HEALTH,
    MARKET,
    PUBLIC_SECURITY,
    Department,
)
from core.divisions import CITY_CODE, DISTRICTS

Said = dict[str, Any]

_CITY_PORTAL: Final = "https://data.beijing.gov.cn/"
_ISSUED: Final = "2026-09-01"


def both(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def said(
    *, title: tuple[str, str], description: tuple[str, str], department: Department, theme: str,
    keywords: Sequence[str], periodicity: str = "ANNUAL", districts: Sequence[str] = (), licence: str = "CC-BY-4.0",
    synthetic: bool = False, distributions: Sequence[Said] = (),
) -> Said:  # fmt: skip
    """An entry as it is sent. title, description: in Chinese and English."""
    name = both(department.name.zh, department.name.en)
    return {
        "title": both(*title),
        "description": both(*description),
        "publisher": {"uscc": department.code, "name": name},
        "theme": theme,
        "keywords": list(keywords),
        "licence": licence,
        "issued": _ISSUED,
        "periodicity": periodicity,
        "districts": list(districts),
        "contact": {"name": both("数据开放服务台", "Open data desk"), "email": "opendata@citytong.example"},
        "synthetic": synthetic,
        "distributions": list(distributions),
    }


def column(name: str, zh: str, en: str, type: str = "string") -> Said:
    return {"name": name, "title": both(zh, en), "type": type}


def published_elsewhere(url: str, format: str, zh: str = "发布页面", en: str = "Where it is published") -> Said:
    return {"title": both(zh, en), "format": format, "accessUrl": url}


def curated() -> Iterator[tuple[str, Said]]:
    """(id, body) of each."""
    for id, entry, table in (*_with_rows(), *_leading_elsewhere()):
        yield id, {"dataset": entry, "table": table}


def _with_rows() -> Iterator[tuple[str, Said, Said]]:
    yield (
        "districts",
        said(
            title=("北京市行政区划代码", "Administrative divisions of Beijing"),
            description=("全市十六个区的行政区划代码与中英文名称。", "Codes (GB/T 2260) and names of the districts."),
            department=CIVIL_AFFAIRS, theme="REGI", keywords=["行政区划", "区", "代码", "districts", "codes"],
        ),
        {
            "columns": [column("code", "代码", "Code"), *_NAMES],
            "rows": [[CITY_CODE, "北京市", "Beijing"], *([d.code, d.name.zh, d.name.en] for d in DISTRICTS.values())],
        },
    )  # fmt: skip
    yield (
        "departments",
        said(
            title=("政务部门统一社会信用代码名录", "Departments and their unified social credit codes"),
            description=("本演示城市各部门的统一社会信用代码。", "Codes (GB 32100) of these departments."),
            department=GOVERNMENT_SERVICES, theme="GOVE", keywords=["部门", "统一社会信用代码", "departments"],
            synthetic=True,
        ),
        {
            "columns": [column("uscc", "统一社会信用代码", "USCC"), *_NAMES],
            "rows": [[d.code, d.name.zh, d.name.en] for d in DEPARTMENTS.values()],
        },
    )  # fmt: skip
    yield (
        "aqi-breakpoints",
        said(
            title=("环境空气质量指数分级浓度限值", "Breakpoints of the air quality index"),
            description=(
                "HJ 633-2012 规定的空气质量分指数及对应的污染物项目浓度限值（24 小时平均）。",
                "Individual index and the 24-hour mean of each pollutant that stands for it, after HJ 633-2012.",
            ),
            department=ENVIRONMENT, theme="ENVI", keywords=["空气质量", "AQI", "PM2.5", "标准", "air quality"],
            periodicity="NEVER",
        ),
        {
            "columns": [column("iaqi", "分指数", "Individual index", "integer")]
            + [column(p, f"{zh}({unit})", f"{en}, {unit}", "number") for p, zh, en, unit in _POLLUTANTS],
            "rows": [list(row) for row in _BREAKPOINTS],
        },
    )  # fmt: skip
    yield (
        "parks",
        _place_entry("城市公园名录", "City parks", "ENVI", ["公园", "绿地", "park", "green space"]),
        _places(_PARKS),
    )
    yield (
        "museums",
        _place_entry("博物馆名录", "Museums", "EDUC", ["博物馆", "文化", "museum", "culture"]),
        _places(_MUSEUMS),
    )
    yield (
        "railway-stations",
        _place_entry("火车站名录", "Railway stations", "TRAN", ["火车站", "铁路", "railway", "station"]),
        _places(_STATIONS),
    )
    yield (
        "hospitals-tertiary",
        _place_entry(
            "部分三级医院名录", "Tertiary hospitals, a selection", "HEAL", ["医院", "三级甲等", "hospital"], HEALTH
        ),
        _places(_HOSPITALS),
    )
    yield (
        "universities",
        _place_entry("部分高等学校名录", "Universities, a selection", "EDUC", ["大学", "高校", "university"]),
        _places(_UNIVERSITIES),
    )


_NAMES: Final = (column("name_zh", "名称", "Name"), column("name_en", "英文名", "English name"))
_POLLUTANTS: Final = (
    ("so2", "二氧化硫", "Sulphur dioxide", "µg/m³"),
    ("no2", "二氧化氮", "Nitrogen dioxide", "µg/m³"),
    ("pm10", "颗粒物 PM10", "Particles PM10", "µg/m³"),
    ("co", "一氧化碳", "Carbon monoxide", "mg/m³"),
    ("pm2_5", "细颗粒物 PM2.5", "Fine particles PM2.5", "µg/m³"),
)
_BREAKPOINTS: Final = (
    (0, 0, 0, 0, 0, 0),
    (50, 50, 40, 50, 2, 35),
    (100, 150, 80, 150, 4, 75),
    (150, 475, 180, 250, 14, 115),
    (200, 800, 280, 350, 24, 150),
    (300, 1600, 565, 420, 36, 250),
    (400, 2100, 750, 500, 48, 350),
    (500, 2620, 940, 600, 60, 500),
)
_PARKS: Final = {
    "颐和园": "110108", "圆明园遗址公园": "110108", "香山公园": "110108", "玉渊潭公园": "110108",
    "紫竹院公园": "110108",
    "天坛公园": "110101", "地坛公园": "110101", "中山公园": "110101", "北海公园": "110102", "景山公园": "110102",
    "陶然亭公园": "110102", "朝阳公园": "110105", "奥林匹克森林公园": "110105", "北京世界花卉大观园": "110106",
}  # fmt: skip
_MUSEUMS: Final = {
    "故宫博物院": "110101", "中国国家博物馆": "110101", "国家自然博物馆": "110101", "首都博物馆": "110102",
    "北京天文馆": "110102", "中国科学技术馆": "110105", "中国人民革命军事博物馆": "110108",
    "中国人民抗日战争纪念馆": "110106",
    "中国电影博物馆": "110105", "中国航空博物馆": "110114",
}  # fmt: skip
_STATIONS: Final = {
    "北京站": "110101", "北京西站": "110106", "北京南站": "110106", "北京丰台站": "110106", "北京北站": "110102",
    "北京朝阳站": "110105", "清河站": "110108", "北京大兴站": "110115", "昌平站": "110114", "顺义站": "110113",
}  # fmt: skip
_HOSPITALS: Final = {
    "北京协和医院": "110101", "首都医科大学附属北京天坛医院": "110106", "首都医科大学附属北京同仁医院": "110101",
    "北京大学第一医院": "110102", "北京大学人民医院": "110102", "北京大学第三医院": "110108", "中日友好医院": "110105",
    "首都医科大学附属北京儿童医院": "110102", "首都医科大学宣武医院": "110102", "北京积水潭医院": "110102",
}  # fmt: skip
_UNIVERSITIES: Final = {
    "北京大学": "110108", "清华大学": "110108", "中国人民大学": "110108", "北京师范大学": "110108",
    "北京航空航天大学": "110108", "北京理工大学": "110108", "中国农业大学": "110108", "北京邮电大学": "110108",
    "北京工业大学": "110105", "中央财经大学": "110108", "首都师范大学": "110108", "北京交通大学": "110108",
}  # fmt: skip


def _place_entry(
    zh: str, en: str, theme: str, keywords: Sequence[str], department: Department = CITY_MANAGEMENT
) -> Said:
    return said(
        title=(f"北京市{zh}", f"{en} of Beijing"),
        description=(f"{zh}及所在行政区。", f"{en} with the district that each lies in."),
        department=department, theme=theme, keywords=keywords,
    )  # fmt: skip


def _places(places: Mapping[str, str]) -> Said:
    return {
        "columns": [
            column("name", "名称", "Name"), column("district", "区代码", "District"),
            column("district_name", "区", "Name of the district"),
        ],
        "rows": [[name, code, DISTRICTS[code].name.zh] for name, code in places.items()],
    }  # fmt: skip


def _leading_elsewhere() -> Iterator[tuple[str, Said, None]]:
    for id, theme, department, title, description, keywords, periodicity, licence, url, format in _ELSEWHERE:
        entry = said(
            title=title, description=description, department=department, theme=theme, keywords=keywords.split(),
            periodicity=periodicity, licence=licence, distributions=[published_elsewhere(url, format)],
        )  # fmt: skip
        yield id, entry, None


_ELSEWHERE: Final = (
    ("air-quality-2013-2017", "ENVI", ENVIRONMENT,
     ("北京市多站点空气质量逐时数据", "Beijing multi-site air quality, hourly"),
     ("十二个国控站点 2013 年 3 月至 2017 年 2 月逐时空气质量与气象数据。",
      "Hourly air quality and weather of twelve stations, March 2013 to February 2017."),
     "空气质量 PM2.5 监测站 air quality", "NEVER", "CC-BY-4.0",
     "https://archive.ics.uci.edu/dataset/501/beijing+multi+site+air+quality+data", "ZIP"),
    ("subway-stations", "TRAN", CITY_MANAGEMENT, ("地铁站点与出入口位置", "Subway stations and their entrances"),
     ("轨道交通各线路站点及出入口坐标（WGS-84）。", "Stations of every line with their entrances, in WGS-84."),
     "地铁 轨道交通 站点 subway metro station", "IRREG", "ODbL-1.0",
     "https://www.openstreetmap.org/relation/1771304", "HTML"),
    ("streets-and-communities", "REGI", CIVIL_AFFAIRS, ("街道乡镇与社区村名录", "Streets, towns and communities"),
     ("全市街道、乡镇及社区、村的区划代码与名称。", "Codes and names of every street, town, community and village."),
     "街道 社区 区划代码 street community", "ANNUAL", "WTFPL",
     "https://github.com/modood/Administrative-divisions-of-China", "CSV"),
    ("bus-routes", "TRAN", CITY_MANAGEMENT, ("公交线路与站点", "Bus routes and stops"),
     ("地面公交线路走向、站点与首末班时间。", "Routes of surface buses, their stops, first and last departures."),
     "公交 线路 站点 bus route stop", "MONTHLY", "CC-BY-4.0", _CITY_PORTAL, "HTML"),
    ("public-toilets", "SOCI", CITY_MANAGEMENT, ("公共厕所位置信息", "Public toilets"),
     ("公共厕所位置、等级与无障碍设施情况。", "Where public toilets are, of which grade, and how accessible."),
     "公厕 公共厕所 无障碍 toilet accessible", "QUARTERLY", "CC-BY-4.0", _CITY_PORTAL, "HTML"),
    ("parking-lots", "TRAN", CITY_MANAGEMENT, ("备案公共停车场", "Registered public car parks"),
     ("经备案的公共停车场名称、地址、泊位数与收费标准。", "Registered car parks with address, spaces and tariff."),
     "停车场 泊位 收费 parking", "MONTHLY", "CC-BY-4.0", _CITY_PORTAL, "HTML"),
    ("water-quality", "ENVI", ENVIRONMENT, ("地表水水质状况", "Surface water quality"),
     ("主要河流、湖泊、水库月度水质类别。", "The monthly quality class of rivers, lakes and reservoirs."),
     "水质 河流 水库 water quality river", "MONTHLY", "CC-BY-4.0", _CITY_PORTAL, "HTML"),
    ("food-inspections", "HEAL", MARKET, ("食品安全监督抽检结果", "Results of food safety sampling"),
     ("食品安全监督抽检合格与不合格产品信息。", "Products that passed and failed the sampling of food safety."),
     "食品安全 抽检 市场监管 food safety inspection", "WEEKLY", "CC-BY-4.0", _CITY_PORTAL, "HTML"),
    ("business-registrations", "ECON", MARKET, ("市场主体登记信息", "Registrations of businesses"),
     ("新设、变更与注销的市场主体统计。", "How many businesses were founded, changed and closed."),
     "企业 登记 营业执照 business registration", "MONTHLY", "CC-BY-4.0", _CITY_PORTAL, "HTML"),
    ("vaccination-sites", "HEAL", HEALTH, ("预防接种门诊名录", "Vaccination sites"),
     ("各区预防接种门诊名称、地址与接种时间。", "Vaccination sites of every district with address and hours."),
     "疫苗 接种 门诊 vaccination clinic", "QUARTERLY", "CC-BY-4.0", _CITY_PORTAL, "HTML"),
    ("elderly-care-institutions", "SOCI", CIVIL_AFFAIRS, ("养老机构名录", "Care homes for the elderly"),
     ("养老机构名称、地址、床位数与服务质量星级。", "Care homes with address, beds and star rating."),
     "养老 养老院 床位 elderly care home", "QUARTERLY", "CC-BY-4.0", _CITY_PORTAL, "HTML"),
    ("traffic-accidents", "JUST", PUBLIC_SECURITY, ("道路交通事故统计", "Statistics of road accidents"),
     ("按月统计的道路交通事故起数。", "How many road accidents there were in each month."),
     "交通事故 道路 安全 road accident safety", "MONTHLY", "CC-BY-4.0", _CITY_PORTAL, "HTML"),
)  # fmt: skip
