"""Datasets of the demonstration that a program makes: topics × districts, seeded, each flagged synthetic."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from backends.data.demo_curated import Said, column, said
from core.departments import (
    CITY_MANAGEMENT,
    CIVIL_AFFAIRS,
    ENVIRONMENT,
    GOVERNMENT_SERVICES,
    HEALTH,
    MARKET,
    PUBLIC_SECURITY,
    Department,
)
from core.divisions import DISTRICTS, District

SEED: Final = 20261122
ID_PREFIX: Final = "syn-"
_MONTHS: Final = tuple(f"2025-{month:02}-01" for month in range(1, 13))


@dataclass(frozen=True, slots=True)
class Topic:
    """Something that is counted every month. least, most: of a month, in one district."""

    slug: str
    theme: str
    department: Department
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    keywords: str
    least: int
    most: int


TOPICS: Final = tuple(
    Topic(*row)
    for row in (
        ("park-visits", "ENVI", CITY_MANAGEMENT, "公园游客量", "Visits to parks",
         "人次", "visits", "公园 游客 park", 20_000, 900_000),
        ("waste", "ENVI", CITY_MANAGEMENT, "生活垃圾清运量", "Household waste collected",
         "吨", "tonnes", "垃圾 清运 分类 waste", 8_000, 60_000),
        ("noise", "ENVI", ENVIRONMENT, "区域环境噪声投诉量", "Complaints about noise",
         "件", "complaints", "噪声 投诉 noise", 5, 400),
        ("good-air-days", "ENVI", ENVIRONMENT, "空气质量优良天数", "Days of good air",
         "天", "days", "空气质量 优良 air", 12, 31),
        ("street-lights", "ENER", CITY_MANAGEMENT, "路灯维修数量", "Street lights repaired",
         "盏", "lights", "路灯 照明 street light", 10, 900),
        ("heat", "ENER", CITY_MANAGEMENT, "供热服务报修量", "Repairs of heating",
         "件", "repairs", "供热 供暖 heating", 20, 3_000),
        ("charging", "ENER", CITY_MANAGEMENT, "公共充电桩充电量", "Electricity from public chargers",
         "千瓦时", "kWh", "充电桩 新能源汽车 charging", 90_000, 4_000_000),
        ("bicycles", "TRAN", CITY_MANAGEMENT, "共享单车骑行量", "Rides on shared bicycles",
         "次", "rides", "共享单车 骑行 bicycle", 60_000, 9_000_000),
        ("accessible-taxis", "TRAN", CITY_MANAGEMENT, "无障碍出租车约车量", "Bookings of accessible taxis",
         "次", "bookings", "无障碍 出租车 taxi", 5, 700),
        ("road-works", "TRAN", CITY_MANAGEMENT, "占道施工许可数量", "Permits for road works",
         "件", "permits", "占道 施工 道路 road works", 3, 120),
        ("births", "SOCI", HEALTH, "出生医学证明签发量", "Birth certificates issued",
         "份", "certificates", "出生 证明 birth", 60, 2_900),
        ("vaccinations", "HEAL", HEALTH, "预防接种剂次", "Vaccine doses given",
         "剂次", "doses", "疫苗 接种 vaccination", 2_000, 120_000),
        ("fever-clinics", "HEAL", HEALTH, "发热门诊就诊量", "Visits to fever clinics",
         "人次", "visits", "发热门诊 就诊 clinic", 300, 40_000),
        ("food-checks", "HEAL", MARKET, "餐饮服务监督检查户次", "Inspections of restaurants",
         "户次", "inspections", "餐饮 检查 restaurant", 100, 6_000),
        ("new-businesses", "ECON", MARKET, "新设市场主体数量", "Businesses founded",
         "户", "businesses", "企业 新设 business", 120, 9_000),
        ("lift-inspections", "JUST", MARKET, "电梯定期检验数量", "Lifts inspected",
         "台", "lifts", "电梯 检验 特种设备 lift", 90, 5_000),
        ("marriages", "SOCI", CIVIL_AFFAIRS, "结婚登记数量", "Marriages registered",
         "对", "couples", "结婚 登记 marriage", 40, 2_500),
        ("meals", "SOCI", CIVIL_AFFAIRS, "老年助餐服务人次", "Meals for the elderly",
         "人次", "meals", "养老 助餐 老年 elderly meal", 2_000, 200_000),
        ("lost-property", "JUST", PUBLIC_SECURITY, "拾物招领数量", "Lost property handed in",
         "件", "items", "拾物 招领 lost property", 30, 1_900),
        ("permits", "JUST", PUBLIC_SECURITY, "居住证办理数量", "Residence permits issued",
         "张", "permits", "居住证 办理 residence permit", 300, 15_000),
        ("hotline", "GOVE", GOVERNMENT_SERVICES, "热线诉求受理量", "Requests to the hotline",
         "件", "requests", "热线 诉求 接诉即办 hotline", 4_000, 120_000),
        ("counters", "GOVE", GOVERNMENT_SERVICES, "政务大厅办件量", "Matters handled at counters",
         "件", "matters", "政务服务 办件 counter", 3_000, 90_000),
    )
)  # fmt: skip


def generated(*, seed: int = SEED) -> Iterator[tuple[str, Said]]:
    """(id, body) of each topic in each district: the same seed, the same datasets."""
    for topic in TOPICS:
        for district in DISTRICTS.values():
            yield f"{ID_PREFIX}{topic.slug}-{district.code}", _dataset(topic, district, seed)


def _dataset(topic: Topic, district: District, seed: int) -> Said:
    zh, en = district.name.zh, district.name.en
    entry = said(
        title=(f"{zh}{topic.zh}（2025 年，模拟）", f"{topic.en} in {en}, 2025 (synthetic)"),
        description=(
            f"{zh}2025 年逐月{topic.zh}，单位：{topic.unit_zh}。数据由程序生成，仅供演示。",
            f"{topic.en} in {en} for each month of 2025, in {topic.unit_en}. Made by a program for the demonstration.",
        ),
        department=topic.department,
        theme=topic.theme,
        keywords=topic.keywords.split(),
        periodicity="MONTHLY",
        districts=[district.code],
        synthetic=True,
    )
    chance = random.Random(f"{seed}:{topic.slug}:{district.code}")
    value = column("value", f"数量（{topic.unit_zh}）", f"How many {topic.unit_en}", "integer")
    rows = [[month, chance.randint(topic.least, topic.most)] for month in _MONTHS]
    return {"dataset": entry, "table": {"columns": [column("month", "月份", "Month", "date"), value], "rows": rows}}
