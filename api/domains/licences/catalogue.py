"""The types of licence that the city knows, every version of each. A licence keeps the version it was issued under.

To change a type, add its next version; a version that licences were issued under is never changed.
The departments are those of the demonstration: a city puts its own types here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from stdnum.cn import uscc

from api.domains.licences.forms import FieldKind, FieldSpec, LicenceType
from core.departments import CIVIL_AFFAIRS, PUBLIC_SECURITY
from core.locale import Text

_NAME: Final = FieldSpec("name", Text(zh="姓名", en="Name"), level=2, by_default=True)
_SEX: Final = FieldSpec(
    "sex",
    Text(zh="性别", en="Sex"),
    kind=FieldKind.CHOICE,
    level=2,
    choices={"M": Text(zh="男", en="Male"), "F": Text(zh="女", en="Female")},
)
_BORN: Final = FieldSpec("born", Text(zh="出生日期", en="Date of birth"), kind=FieldKind.DATE, level=2)

DRIVING_LICENCE: Final = LicenceType(
    code=f"{PUBLIC_SECURITY.code}001",
    version=1,
    name=Text(zh="机动车驾驶证", en="Driving licence"),
    issuer=PUBLIC_SECURITY.code,
    fields=(
        _NAME,
        _SEX,
        _BORN,
        FieldSpec("number", Text(zh="证号", en="Licence number"), level=3),
        FieldSpec(
            "class",
            Text(zh="准驾车型", en="Class"),
            kind=FieldKind.CHOICE,
            by_default=True,
            choices={
                "A1": Text(zh="A1 大型客车", en="A1 Large bus"),
                "A2": Text(zh="A2 重型牵引挂车", en="A2 Heavy tractor-trailer"),
                "B1": Text(zh="B1 中型客车", en="B1 Medium bus"),
                "B2": Text(zh="B2 大型货车", en="B2 Heavy goods vehicle"),
                "C1": Text(zh="C1 小型汽车", en="C1 Car"),
                "C2": Text(zh="C2 小型自动挡汽车", en="C2 Car, automatic"),
                "D": Text(zh="D 普通三轮摩托车", en="D Three-wheeled motorcycle"),
                "E": Text(zh="E 普通二轮摩托车", en="E Motorcycle"),
            },
        ),
        FieldSpec("firstIssued", Text(zh="初次领证日期", en="First issued"), kind=FieldKind.DATE),
        FieldSpec("address", Text(zh="住址", en="Address"), level=3),
        # For the department's own work: what stands in the file stays there.
        FieldSpec("fileNumber", Text(zh="档案编号", en="File number"), level=3, showable=False),
    ),
    valid_months=72,
    renewable_before_days=90,
    renewable_after_days=365,
)

RESIDENCE_PERMIT: Final = LicenceType(
    code=f"{PUBLIC_SECURITY.code}002",
    version=1,
    name=Text(zh="北京市居住证", en="Beijing residence permit"),
    issuer=PUBLIC_SECURITY.code,
    fields=(
        _NAME,
        _SEX,
        _BORN,
        FieldSpec("number", Text(zh="证件号码", en="Permit number"), level=3),
        FieldSpec("district", Text(zh="居住地所属区", en="District of residence"), level=2, by_default=True),
        FieldSpec("address", Text(zh="居住地址", en="Address of residence"), level=3),
    ),
    valid_months=12,
    renewable_before_days=30,
    renewable_after_days=60,
)

SENIOR_CARD: Final = LicenceType(
    code=f"{CIVIL_AFFAIRS.code}001",
    version=1,
    name=Text(zh="老年人优待证", en="Senior citizen card"),
    issuer=CIVIL_AFFAIRS.code,
    fields=(
        _NAME,
        _SEX,
        _BORN,
        FieldSpec("number", Text(zh="证件号码", en="Card number"), level=3),
        FieldSpec("emergencyContact", Text(zh="紧急联系人", en="Emergency contact"), level=3, required=False),
    ),
    valid_months=None,
)


class Catalogue:
    """Types by code and version."""

    def __init__(self, types: Iterable[LicenceType]) -> None:
        """Raises: ValueError for one version of a type given twice, or a definer or issuer that is no USCC."""
        found: dict[str, dict[int, LicenceType]] = {}
        for one in types:
            if not (uscc.is_valid(one.code[:18]) and uscc.is_valid(one.issuer)):
                raise ValueError(f"{one.code}: licences are defined and issued under a USCC")
            if one.version in found.setdefault(one.code, {}):
                raise ValueError(f"{one.code} has two versions {one.version}")
            found[one.code][one.version] = one
        self._types: Mapping[str, Mapping[int, LicenceType]] = MappingProxyType(found)

    def types(self) -> list[LicenceType]:
        """The present version of every type, in the catalogue's order."""
        return [versions[max(versions)] for versions in self._types.values()]

    def latest(self, code: str) -> LicenceType | None:
        """The version that is issued at present."""
        versions = self._types.get(code)
        return versions[max(versions)] if versions else None

    def at(self, code: str, version: int) -> LicenceType:
        """The version that a licence was issued under. Raises: KeyError when it was taken out of the catalogue."""
        return self._types[code][version]

    def issued_by(self, issuer: str) -> list[str]:
        """The codes of the types that a department issues."""
        return [one.code for one in self.types() if one.issuer == issuer]


CATALOGUE: Final = Catalogue((DRIVING_LICENCE, RESIDENCE_PERMIT, SENIOR_CARD))
