"""What looks like personal data carries a label, and the city's table of readers knows every matter and policy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import pytest

from api.composition import SUPERGRAPH
from api.gateway.masking import CLASSES
from api.gateway.ownership import FieldDef, TypeDef
from api.gateway.supergraph import Supergraph
from api.readers import MASKING, POLICIES, known_policies, on_own_behalf, staff_of_department
from api.startup import CityUnavailable
from core.departments import DEPARTMENTS
from core.principal import ANONYMOUS, Principal, PrincipalKind
from identity.model import ROLE_SCOPES
from identity.relations import MATTERS

# By the words of a field's name, whatever its type.
_NAMES = re.compile(
    r"phones?|mobile|e?mail|idnumber|idcard|birth\w*|born|address|home|passport|displayname|realname|fullname|"
    r"maskedname|maskedphone|device\w*|plate|gender|ethnicity|citizen|holder|payer|reporter|delegate|subject|actor|"
    r"location|latitude|longitude|coordinates"
)
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
# Types of people: a `name` of theirs is one's name, and who gives one says who somebody is.
PEOPLE = {"Citizen", "MaskedPerson", "FoundCitizen", "StaffMember"}
GIVES_SOMEBODY = {"MaskedPerson", "FoundCitizen"}
# Flags and numbers about something say nothing of it.
_SAYS_NOTHING = {"Boolean", "Int"}

# Who is given them is whom they are about; those of test citizens are about nobody.
OWN = {
    "Device.name",
    "SecurityEvent.deviceName",
    "SecurityEvent.place",
    "LinkRequest.deviceName",
    "LinkRequest.place",
    "Passkey.name",
    "Session.deviceName",
    "StaffMember.displayName",
    "TestCitizen.bornOn",
    "TestCitizen.homeDistrict",
    "TestCitizen.idNumber",
    "TestCitizen.phone",
}


@cache
def _supergraph() -> Supergraph:
    return Supergraph.parse(SUPERGRAPH.read_text())


@dataclass(frozen=True, slots=True)
class _Asked:
    owner: TypeDef
    field: FieldDef

    @property
    def coordinate(self) -> str:
        return f"{self.owner.name}.{self.field.name}"

    @property
    def looks_personal(self) -> bool:
        name, named = self.field.name, self.field.type.named
        types = _supergraph().types
        door = self.owner.name in _supergraph().roots.values() and named in types and types[named].composite
        if named in _SAYS_NOTHING or door:
            return False
        if named in GIVES_SOMEBODY or (self.owner.name in PEOPLE and name == "name"):
            return True
        words = [word.lower() for word in _WORDS.findall(name)]
        return any(map(_NAMES.fullmatch, [*words, "".join(words), *map("".join, pairwise(words))]))

    @property
    def labelled(self) -> bool:
        return "personal" in self.field.directives

    @property
    def public(self) -> bool:
        return "public" in self.field.directives or self.owner.name in _public_types()

    @property
    def hidden(self) -> bool:
        return "inaccessible" in self.field.directives or not self.field.joins


@cache
def _public_types() -> frozenset[str]:
    return frozenset(re.findall(r"^(?:type|interface) (\w+)[^{]*@public[^{]*\{", SUPERGRAPH.read_text(), re.MULTILINE))


def _fields() -> list[_Asked]:
    return [_Asked(owner, field) for owner in _supergraph().types.values() for field in owner.fields.values()]


def test_what_looks_personal_is_labelled_or_public_on_purpose() -> None:
    silent = [
        asked.coordinate
        for asked in _fields()
        if asked.looks_personal and not asked.labelled and not asked.public and not asked.hidden
    ]
    assert silent == []


def test_the_look_finds_what_it_should() -> None:
    found = {asked.coordinate for asked in _fields() if asked.looks_personal}
    assert found >= {
        *("Citizen.name", "Citizen.phone", "Citizen.homeDistrict", "Case.address", "Case.location", "Bill.payer"),
        *("NotificationEmail.address", "Scan.person", "Session.deviceName", "LicenceVerification.holder"),
    }


def test_only_one_s_own_is_never_masked() -> None:
    own = {a.coordinate for a in _fields() for label in a.field.directives.get("personal", ()) if label.get("own")}
    assert own == OWN


@pytest.mark.parametrize("coordinate", ["Citizen.phone", "FoundCitizen.phone", "NotificationEmail.address"])
def test_texts_with_a_customary_form_say_which(coordinate: str) -> None:
    owner, name = coordinate.split(".")
    (label,) = _supergraph().types[owner].fields[name].labels
    assert label.class_ == "CONTACT" and label.mask in ("PHONE", "EMAIL")


def test_every_matter_says_what_it_opens_and_no_other_does() -> None:
    assert MASKING.matters.keys() == MATTERS.keys()
    assert {class_ for one in (MASKING.family, *MASKING.matters.values()) for class_ in one} <= CLASSES


def test_every_clearance_of_a_role_is_one() -> None:
    for role, scopes in ROLE_SCOPES.items():
        stated = {scope for scope in scopes if scope.startswith("personal:")}
        reader = Principal(PrincipalKind.STAFF, "stf_1", "stf_1", scopes=scopes)
        read = {f"personal:{class_.lower()}:{level}" for class_, level in MASKING.clearance(reader).items()}
        assert read == stated and {scope.split(":")[1].upper() for scope in stated} <= CLASSES, role


def test_the_city_knows_every_policy_that_its_graph_asks_for_and_has_no_other() -> None:
    assert _supergraph().policies == POLICIES.keys() == known_policies(_supergraph()).keys()


def test_the_city_does_not_open_with_a_policy_that_it_does_not_know() -> None:
    strange = SUPERGRAPH.read_text().replace('[["on_own_behalf"]]', '[["on_own_behalf", "full_moon"]]')
    with pytest.raises(CityUnavailable, match="asks for the policy full_moon; there is on_own_behalf, staff_of_"):
        known_policies(Supergraph.parse(strange))


CITIZEN = Principal(PrincipalKind.CITIZEN, "cit_1", "cit_1")
ACTING = Principal(PrincipalKind.CITIZEN, "cit_1", "cit_2")
STAFF = Principal(PrincipalKind.STAFF, "stf_1", "stf_1", department=next(iter(DEPARTMENTS)))
ELSEWHERE = Principal(PrincipalKind.STAFF, "stf_1", "stf_1", department="nowhere")


def test_what_the_city_s_policies_mean() -> None:
    readers = (CITIZEN, ACTING, STAFF, ELSEWHERE, ANONYMOUS)
    assert [on_own_behalf(reader) for reader in readers] == [True, False, False, False, False]
    assert [staff_of_department(reader) for reader in readers] == [False, False, True, False, False]
