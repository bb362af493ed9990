"""GB/T 36904 on real identifiers, and on what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domains.licences.identifiers import LicenceIdentifier, NotAnIdentifier, parse, serial_of

MOHURD = "11100000000013338W"
REAL = {
    f"1.2.156.3005.2.{MOHURD}011.11430000006122244L.20230000403.001.U": LicenceIdentifier(
        f"{MOHURD}011", "11430000006122244L", "20230000403", 1
    ),
    f"1.2.156.3005.2.{MOHURD}009.11330105002500287C.2025052201.002.0": LicenceIdentifier(
        f"{MOHURD}009", "11330105002500287C", "2025052201", 2
    ),
    # An issuer that is not a USCC is in use: it is read, and never made.
    "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9": LicenceIdentifier(
        "11100000MB03271699022", "340100", "000000016", 1
    ),
}


@pytest.mark.parametrize(("text", "identifier"), REAL.items())
def test_real_identifiers_are_read_and_written(text: str, identifier: LicenceIdentifier) -> None:
    assert parse(text) == identifier
    assert identifier.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.156.3005.2",
        f"1.2.156.3005.2.{MOHURD}011.11430000006122244L.20230000403.001.V",  # check character
        f"1.2.156.3005.2.{MOHURD}011.11430000006122244L.20230000403.002.U",  # version
        f"1.2.156.3005.2.{MOHURD}011.11430000006122244L.20230000403.1.U",
        f"1.2.156.3005.3.{MOHURD}011.11430000006122244L.20230000403.001.U",  # root
        f"1.2.156.3005.2.{MOHURD}011.11430000006122244L.20230000403.001.u",
        f"1.2.156.3005.2.{MOHURD}01١.11430000006122244L.20230000403.001.U",
        f" 1.2.156.3005.2.{MOHURD}011.11430000006122244L.20230000403.001.U",
        f"1.2.156.3005.2.{MOHURD}011.11430000006122244L.{'0' * 400}.001.U",
    ],
)
def test_what_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(NotAnIdentifier):
        parse(text)


def test_version_zero_does_not_exist() -> None:
    with pytest.raises(NotAnIdentifier):
        parse(LicenceIdentifier(f"{MOHURD}011", "11430000006122244L", "1", 0).text)


@given(randomness=st.binary(min_size=16, max_size=16), version=st.integers(1, 999))
def test_what_is_written_is_read(randomness: bytes, version: int) -> None:
    identifier = LicenceIdentifier(f"{MOHURD}011", "11430000006122244L", serial_of(randomness), version)
    assert len(identifier.serial) == 20
    assert parse(identifier.text) == identifier


@given(place=st.integers(0, 60), drawn=st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_one_wrong_character_is_noticed(place: int, drawn: str) -> None:
    """ISO 7064 MOD 37,36 notices every single substitution."""
    text = next(iter(REAL))
    place %= len(text)
    if text[place] in (drawn, "."):
        return
    with pytest.raises(NotAnIdentifier):
        parse(text[:place] + drawn + text[place + 1 :])
