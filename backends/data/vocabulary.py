"""The words that a catalogue entry is made of, each with its IRI in the EU's authority tables.

Source: DCAT-AP 3.0 §12 (controlled vocabularies); publications.europa.eu authority tables `data-theme`, `frequency`,
`file-type`; IANA media types.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.locale import Text

_AUTHORITY: Final = "http://publications.europa.eu/resource/authority"


class Theme(StrEnum):
    """What a dataset is about."""

    AGRI = "AGRI"
    ECON = "ECON"
    EDUC = "EDUC"
    ENER = "ENER"
    ENVI = "ENVI"
    GOVE = "GOVE"
    HEAL = "HEAL"
    INTR = "INTR"
    JUST = "JUST"
    REGI = "REGI"
    SOCI = "SOCI"
    TECH = "TECH"
    TRAN = "TRAN"

    @property
    def iri(self) -> str:
        return f"{_AUTHORITY}/data-theme/{self.value}"

    @property
    def label(self) -> Text:
        return _THEMES[self]


_THEMES: Final = {
    Theme.AGRI: Text(zh="农业与食品", en="Agriculture and food"),
    Theme.ECON: Text(zh="经济与金融", en="Economy and finance"),
    Theme.EDUC: Text(zh="教育、文化与体育", en="Education, culture and sport"),
    Theme.ENER: Text(zh="能源", en="Energy"),
    Theme.ENVI: Text(zh="环境", en="Environment"),
    Theme.GOVE: Text(zh="政府与公共部门", en="Government and public sector"),
    Theme.HEAL: Text(zh="卫生健康", en="Health"),
    Theme.INTR: Text(zh="国际事务", en="International issues"),
    Theme.JUST: Text(zh="司法与公共安全", en="Justice and public safety"),
    Theme.REGI: Text(zh="区域与城市", en="Regions and cities"),
    Theme.SOCI: Text(zh="人口与社会", en="Population and society"),
    Theme.TECH: Text(zh="科学与技术", en="Science and technology"),
    Theme.TRAN: Text(zh="交通运输", en="Transport"),
}


class Periodicity(StrEnum):
    """How often a dataset is brought up to date."""

    CONT = "CONT"
    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    ANNUAL = "ANNUAL"
    IRREG = "IRREG"
    NEVER = "NEVER"

    @property
    def iri(self) -> str:
        return f"{_AUTHORITY}/frequency/{self.value}"

    @property
    def label(self) -> Text:
        return _PERIODICITIES[self]


_PERIODICITIES: Final = {
    Periodicity.CONT: Text(zh="实时", en="Continuous"),
    Periodicity.HOURLY: Text(zh="每小时", en="Hourly"),
    Periodicity.DAILY: Text(zh="每日", en="Daily"),
    Periodicity.WEEKLY: Text(zh="每周", en="Weekly"),
    Periodicity.MONTHLY: Text(zh="每月", en="Monthly"),
    Periodicity.QUARTERLY: Text(zh="每季度", en="Quarterly"),
    Periodicity.ANNUAL: Text(zh="每年", en="Annual"),
    Periodicity.IRREG: Text(zh="不定期", en="Irregular"),
    Periodicity.NEVER: Text(zh="不更新", en="Never"),
}


class Format(StrEnum):
    """What a distribution is written in."""

    CSV = "CSV"
    JSON = "JSON"
    GEOJSON = "GEOJSON"
    XML = "XML"
    XLSX = "XLSX"
    PDF = "PDF"
    ZIP = "ZIP"
    HTML = "HTML"

    @property
    def iri(self) -> str:
        return f"{_AUTHORITY}/file-type/{self.value}"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]


_MEDIA_TYPES: Final = {
    Format.CSV: "text/csv",
    Format.JSON: "application/json",
    Format.GEOJSON: "application/geo+json",
    Format.XML: "application/xml",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PDF: "application/pdf",
    Format.ZIP: "application/zip",
    Format.HTML: "text/html",
}


@dataclass(frozen=True, slots=True)
class Licence:
    """What a reader may do. code: as it is stored; iri: the licence's own text."""

    code: str
    name: str
    iri: str


LICENCES: Final = {
    one.code: one
    for one in (
        Licence("CC-BY-4.0", "Creative Commons Attribution 4.0", "https://creativecommons.org/licenses/by/4.0/"),
        Licence("CC0-1.0", "Creative Commons Zero 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
        Licence("ODbL-1.0", "Open Database License 1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
        Licence("PDDL-1.0", "Public Domain Dedication 1.0", "https://opendatacommons.org/licenses/pddl/1-0/"),
        Licence("WTFPL", "Do What The F*** You Want To Public License", "http://www.wtfpl.net/txt/copying/"),
    )
}
