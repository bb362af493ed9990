"""The log of releases: proofs hold for what they are about and for nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from miniapps.bundles import errors, tiles, tlog
from miniapps.bundles.errors import BundleError
from miniapps.bundles.tiles import Tile, Tree, View
from tests.support.threats import covers

# The leaves and roots of Certificate Transparency's reference tests (RFC 6962).
CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
CT_ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
# From the same tests: the proof that leaf `index` stands in the tree of `size`, and that `old` leaves grew into it.
CT_INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CT_CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
LEAVES = [tlog.leaf_hash(bytes.fromhex(leaf)) for leaf in CT_LEAVES]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
NAMED = tlog.NoteKey(name="city.example/log", public=KEY.public_key())


@pytest.mark.parametrize("size", CT_ROOTS)
def test_roots_are_those_of_the_reference(size: int) -> None:
    assert tlog.root(LEAVES[:size]).hex() == CT_ROOTS[size]


@pytest.mark.parametrize(("index", "size"), CT_INCLUSION)
def test_proofs_of_inclusion_are_those_of_the_reference(index: int, size: int) -> None:
    path = tree_of(LEAVES[:size]).inclusion(index)
    assert [step.hex() for step in path] == CT_INCLUSION[index, size]


@pytest.mark.parametrize(("old", "size"), CT_CONSISTENCY)
def test_proofs_of_consistency_are_those_of_the_reference(old: int, size: int) -> None:
    path = tree_of(LEAVES[:size]).consistency(old)
    assert [step.hex() for step in path] == CT_CONSISTENCY[old, size]


def tree_of(leaves: Sequence[bytes]) -> Tree:
    return Tree(len(leaves), tiles.laid(leaves))


def numbered(size: int) -> list[bytes]:
    return [tlog.leaf_hash(b"%d" % number) for number in range(size)]


# As RFC 9162 defines them, over all leaves.


def path_of(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    middle = tlog.split(len(leaves))
    if index < middle:
        return [*path_of(index, leaves[:middle]), tlog.root(leaves[middle:])]
    return [*path_of(index - middle, leaves[middle:]), tlog.root(leaves[:middle])]


def subproof(old: int, leaves: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [tlog.root(leaves)]
    middle = tlog.split(len(leaves))
    if old <= middle:
        return [*subproof(old, leaves[:middle], whole=whole), tlog.root(leaves[middle:])]
    return [*subproof(old - middle, leaves[middle:], whole=False), tlog.root(leaves[:middle])]


# Around whole subtrees and whole tiles, and two levels of them.
SIZES = st.integers(1, 70) | st.sampled_from([255, 256, 257, 511, 512, 513, 700])
MANY = numbered(66_000)


def served(leaves: Sequence[bytes], wanted: Sequence[Tile]) -> Tree:
    """What somebody has who asked for these tiles, each as wide as its path says."""
    held = tiles.laid(leaves)
    got = {tile.place: held[tile.place][: tile.width * 32] for tile in wanted}
    assert all(len(got[tile.place]) == tile.width * 32 for tile in wanted)
    return Tree(len(leaves), got)


@given(SIZES, st.data())
def test_inclusion_is_proven_for_the_leaf_and_place_alone(size: int, data: st.DataObject) -> None:
    leaves = numbered(size)
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index) if size > 1 else st.none())
    tree = served(leaves, tiles.tiles_of_leaf(index, size))
    path, root = tree.inclusion(index), tree.root()
    assert (path, root, tree.leaf(index)) == (path_of(index, leaves), tlog.root(leaves), leaves[index])
    assert tlog.included(leaves[index], index, size, path, root)
    assert not tlog.included(leaves[index], index, size, [*path, root], root)
    assert not tlog.included(leaves[index], size, size, path, root)
    if other is not None:
        assert not tlog.included(leaves[other], index, size, path, root)
        assert not tlog.included(leaves[index], other, size, path, root)


@given(SIZES, st.data())
@covers("T30")
def test_growth_is_proven_and_rewriting_is_not(size: int, data: st.DataObject) -> None:
    leaves = numbered(size)
    old = data.draw(st.integers(1, size))
    tree = served(leaves, tiles.tiles_of_growth(old, size))
    path, before, after = tree.consistency(old), tree.root(old), tree.root()
    assert path == subproof(old, leaves)
    assert (before, after) == (tlog.root(leaves[:old]), tlog.root(leaves))
    assert tlog.consistent(old, before, size, after, path)
    rewritten = tlog.root([tlog.leaf_hash(b"rewritten"), *leaves[1:old]])
    assert not tlog.consistent(old, rewritten, size, after, path)
    assert not tlog.consistent(old, before, size, after, [*path, after])
    assert not tlog.consistent(0, before, size, after, path)


def test_a_tree_grows_leaf_by_leaf_at_its_edge() -> None:
    """From before the tile of level 2 is begun until after."""
    begin = 65_530
    held = tiles.laid(MANY[:begin])
    for size in range(begin, begin + 20):
        near = {place: held[place] for place in tiles.edge(size) if place in held}
        held |= tiles.grown(size, MANY[size], near)
        after = Tree(size + 1, {**near, **tiles.grown(size, MANY[size], near)})
        assert tlog.included(MANY[size], size, size + 1, after.inclusion(size), after.root())
    assert held == tiles.laid(MANY[: begin + 20])
    with pytest.raises(BundleError, match=errors.LOG):
        tiles.grown(300, MANY[0], {})


def test_a_proof_of_a_large_tree_takes_few_tiles() -> None:
    size = len(MANY)
    assert [tile.path for tile in tiles.tiles_of_leaf(3, size)] == [
        "0/000",
        "0/257.p/208",
        "1/000",
        "1/001.p/1",
        "2/000.p/1",
    ]
    tree = served(MANY, tiles.tiles_of_growth(1_000, size))
    assert len(tree.tiles) == 5
    assert tlog.consistent(1_000, tlog.root(MANY[:1_000]), size, tree.root(), tree.consistency(1_000))
    with pytest.raises(BundleError, match=errors.LOG):
        tree.inclusion(10_000)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "0/000"),
        (Tile(2, 1_234_067), "2/x001/x234/067"),
        (Tile(1, 999, 17), "1/999.p/17"),
        (Tile(tiles.ENTRIES, 1_000, 255), "entries/x001/000.p/255"),
    ],
)
def test_tiles_have_the_addresses_of_the_standard(tile: Tile, path: str) -> None:
    assert (tile.path, tiles.read_path(path)) == (path, tile)


@pytest.mark.parametrize(
    "path",
    ["", "0/0", "00/000", "0/x000/001", "0/001/002", "0/000.p/0", "0/000.p/256", "0/000.p/01", "-1/000", "0/٠٠٠"],
)
def test_what_is_no_address_of_a_tile_is_none(path: str) -> None:
    with pytest.raises(ValueError, match="no tile's path"):
        tiles.read_path(path)


def test_entries_come_in_bundles() -> None:
    entries = [b"", b"one", bytes(tiles.ENTRY_BYTES_MAX)]
    bundle = tiles.write_entries(entries)
    assert bundle[:7] == b"\0\0\0\3one" and tiles.read_entries(bundle) == entries
    for cut in (bundle[:-1], bundle[:3], bundle[:6]):
        with pytest.raises(BundleError, match=errors.LOG):
            tiles.read_entries(cut)
    with pytest.raises(ValueError, match="too long"):
        tiles.write_entries([bytes(tiles.ENTRY_BYTES_MAX + 1)])


def said(size: int, leaves: Sequence[bytes] = MANY) -> tlog.Checkpoint:
    return tlog.Checkpoint(NAMED.name, size, tlog.root(leaves[:size]))


@covers("T30")
def test_two_checkpoints_tell_whether_a_log_grew_was_kept_back_or_has_two_histories() -> None:
    small, large = said(300), said(600)
    tree = served(MANY[:600], tiles.tiles_of_growth(300, 600))
    assert tiles.compare(small, large, tree) is View.GREW
    assert tiles.compare(large, small, tree) is View.OLDER
    assert tiles.compare(small, small, Tree(300, {})) is View.SAME
    assert tiles.compare(said(0), large, served(MANY[:600], tiles.tiles_of_growth(0, 600))) is View.GREW
    other = [tlog.leaf_hash(b"for you alone"), *MANY[1:]]
    assert tiles.compare(small, said(300, other), Tree(300, {})) is View.SPLIT
    assert tiles.compare(said(300, other), large, tree) is View.SPLIT
    assert tiles.compare(large, said(300, other), tree) is View.SPLIT
    elsewhere = tlog.Checkpoint("town.example/log", 600, large.root)
    for told, wrong in ((said(600, other), tree), (elsewhere, tree), (large, Tree(600, {})), (large, Tree(599, {}))):
        with pytest.raises(BundleError, match=errors.LOG):
            tiles.compare(small, told, wrong)


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
