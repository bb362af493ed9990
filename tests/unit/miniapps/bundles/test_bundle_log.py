"""The log of releases: proofs hold for what they are about and for nothing else."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from miniapps.bundles import errors, tlog
from miniapps.bundles.errors import BundleError
from tests.support.threats import covers

# The leaves and roots of Certificate Transparency's reference tests (RFC 6962).
CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
CT_ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
LEAVES = [tlog.leaf_hash(bytes.fromhex(leaf)) for leaf in CT_LEAVES]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
NAMED = tlog.NoteKey(name="city.example/log", public=KEY.public_key())


@pytest.mark.parametrize("size", CT_ROOTS)
def test_roots_are_those_of_the_reference(size: int) -> None:
    assert tlog.root(LEAVES[:size]).hex() == CT_ROOTS[size]


@given(st.integers(1, 70), st.data())
def test_inclusion_is_proven_for_the_leaf_and_place_alone(size: int, data: st.DataObject) -> None:
    leaves = [tlog.leaf_hash(b"%d" % number) for number in range(size)]
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index) if size > 1 else st.none())
    path, root = tlog.inclusion(index, leaves), tlog.root(leaves)
    assert tlog.included(leaves[index], index, size, path, root)
    assert not tlog.included(leaves[index], index, size, [*path, root], root)
    assert not tlog.included(leaves[index], size, size, path, root)
    if other is not None:
        assert not tlog.included(leaves[other], index, size, path, root)
        assert not tlog.included(leaves[index], other, size, path, root)


@given(st.integers(1, 70), st.data())
@covers("T30")
def test_growth_is_proven_and_rewriting_is_not(size: int, data: st.DataObject) -> None:
    leaves = [tlog.leaf_hash(b"%d" % number) for number in range(size)]
    old = data.draw(st.integers(1, size))
    path, before, after = tlog.consistency(old, leaves), tlog.root(leaves[:old]), tlog.root(leaves)
    assert tlog.consistent(old, before, size, after, path)
    rewritten = tlog.root([tlog.leaf_hash(b"rewritten"), *leaves[1:old]])
    assert not tlog.consistent(old, rewritten, size, after, path)
    assert not tlog.consistent(old, before, size, after, [*path, after])
    assert not tlog.consistent(0, before, size, after, path)


def test_a_checkpoint_is_read_whoever_else_signed_it() -> None:
    checkpoint = tlog.Checkpoint(origin=NAMED.name, size=8, root=tlog.root(LEAVES))
    note = tlog.sign_checkpoint(checkpoint, KEY)
    assert tlog.read_checkpoint(note, NAMED) == checkpoint
    assert tlog.read_checkpoint(note + "— witness.example AAAAAAAA\n", NAMED) == checkpoint
    for wrong in (note.replace("8", "9", 1), note[:-1], note.replace("— ", "- "), note.split("\n\n")[0], ""):
        with pytest.raises(BundleError, match=errors.LOG):
            tlog.read_checkpoint(wrong, NAMED)


def test_a_key_is_handed_round_as_text() -> None:
    assert tlog.read_key(NAMED.text).text == NAMED.text
    for wrong in (NAMED.text.replace("city", "town", 1), NAMED.text[:-4], "x"):
        with pytest.raises(ValueError, match=r".+"):
            tlog.read_key(wrong)
