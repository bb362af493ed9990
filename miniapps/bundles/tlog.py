"""The log of releases as mathematics: a Merkle tree, signed checkpoints of it, and proofs that stand alone.

Pure functions over hashes. A leaf is SHA-256(0x00 ‖ entry), a node SHA-256(0x01 ‖ left ‖ right), and the left side of a
tree is the largest power of two that is less than its size. Proofs are made in `tiles`, and checked here.
Sources: RFC 9162 §2.1 (RFC 6962 has the same tree); C2SP signed-note, tlog-checkpoint and tlog-proof.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .encoding import from_b64
from .errors import LOG, BundleError

PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"
# 2^63 leaves: no proof needs more steps.
_HASHES_MAX: Final = 63
_HASH_BYTES: Final = 32
_KEY_ID_BYTES: Final = 4
_ED25519: Final = b"\x01"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_SIGNATURE_LINE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree of `leaves`, which are leaf hashes."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return node_hash(root(leaves[:middle]), root(leaves[middle:]))


def included(leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes) -> bool:
    """Whether `path` proves that `leaf` is number `index` of the tree of `size` with that root (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    first, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            found = node_hash(sibling, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and found == expected


def consistent(old: int, old_root: bytes, size: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` proves that the tree of `old` leaves is the beginning of that of `size` (RFC 9162 §2.1.4.2)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not path and old_root == new_root
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    first, last = old - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    if not hashes:
        return False
    before = after = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def split(size: int) -> int:
    """The largest power of two below `size` (> 1)."""
    return 1 << (size - 1).bit_length() - 1


@dataclass(frozen=True, slots=True)
class NoteKey:
    """Who signs notes: a name without spaces or plus signs, and its Ed25519 key. Source: C2SP signed-note."""

    name: str
    public: Ed25519PublicKey = field(repr=False)

    @property
    def id(self) -> bytes:
        """Four bytes that lead to the key; they prove nothing."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self._raw).digest()[:_KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """The verifier key as it is handed round: name+id+key."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self._raw).decode()}"

    @property
    def _raw(self) -> bytes:
        return self.public.public_bytes_raw()


def read_key(text: str) -> NoteKey:
    """The key that `NoteKey.text` wrote. Raises: ValueError."""
    name, _, rest = text.partition("+")
    kind_and_key = from_b64(rest.partition("+")[2])
    key = NoteKey(name=name, public=Ed25519PublicKey.from_public_bytes(kind_and_key[1:]))
    if key.text != text:
        raise ValueError("not a verifier key of Ed25519")
    return key


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log said that it holds."""

    origin: str
    size: int
    root: bytes


def sign_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """`checkpoint` as a note, signed by the log, whose key's name is its origin."""
    root64 = base64.b64encode(checkpoint.root).decode()
    body = f"{checkpoint.origin}\n{checkpoint.size}\n{root64}\n"
    signer = NoteKey(name=checkpoint.origin, public=key.public_key())
    signature = base64.b64encode(signer.id + key.sign(body.encode())).decode()
    return f"{body}\n— {signer.name} {signature}\n"


def read_checkpoint(text: str, key: NoteKey) -> Checkpoint:
    """The checkpoint that `key` signed in the note `text`; signatures by others are passed over.

    Raises: BundleError LOG.
    """
    body, signatures = _note(text)
    if not any(_holds(body, line, key) for line in signatures):
        raise BundleError(LOG, detail="the log did not sign it")
    try:
        origin, size, root64, *_ = body.split("\n")
        found = from_b64(root64)
    except ValueError:
        raise BundleError(LOG, detail="not a checkpoint") from None
    if origin != key.name or not _NUMBER.fullmatch(size) or len(found) != _HASH_BYTES:
        raise BundleError(LOG, detail="not a checkpoint of this log")
    return Checkpoint(origin=origin, size=int(size), root=found)


def _note(text: str) -> tuple[str, list[str]]:
    body, separator, signatures = text.rpartition("\n\n")
    lines = signatures.split("\n")
    if not separator or lines.pop() != "" or not lines:
        raise BundleError(LOG, detail="not a signed note")
    return body + "\n", lines


def _holds(body: str, line: str, key: NoteKey) -> bool:
    matched = _SIGNATURE_LINE.fullmatch(line)
    if not matched or matched[1] != key.name:
        return False
    try:
        signature = from_b64(matched[2])
        if signature[:_KEY_ID_BYTES] != key.id:
            return False
        key.public.verify(signature[_KEY_ID_BYTES:], body.encode())
    except (ValueError, InvalidSignature):
        return False
    return True


def write_proof(index: int, path: Sequence[bytes], checkpoint: str) -> str:
    """The proof that entry `index` stands in the log of `checkpoint` (a signed note), as C2SP tlog-proof."""
    hashes = [base64.b64encode(step).decode() for step in path]
    return "\n".join([PROOF_HEADER, f"index {index}", *hashes, "", checkpoint])


def check_proof(text: str, entry: bytes, key: NoteKey) -> int:
    """The index at which `text` proves that `entry` stands in the log of `key`.

    The form is narrower than C2SP's: no extra data and no signature but the log's, so each byte of it is proven.
    Raises: BundleError LOG.
    """
    head, _, note = text.partition("\n\n")
    match head.split("\n"):
        case [header, line, *hashes] if header == PROOF_HEADER and len(hashes) <= _HASHES_MAX:
            index = _index(line)
        case _:
            raise BundleError(LOG, detail="not a proof")
    try:
        path = [from_b64(step) for step in hashes]
    except ValueError:
        raise BundleError(LOG, detail="not a proof") from None
    checkpoint = read_checkpoint(note, key)
    if len(_note(note)[1]) != 1 or note.count("\n") != 5 or any(len(step) != _HASH_BYTES for step in path):
        raise BundleError(LOG, detail="more in it than the log signed")
    if not included(leaf_hash(entry), index, checkpoint.size, path, checkpoint.root):
        raise BundleError(LOG, detail="the entry is not in the log")
    return index


def _index(line: str) -> int:
    word, _, number = line.partition(" ")
    if word != "index" or not _NUMBER.fullmatch(number):
        raise BundleError(LOG, detail="not a proof")
    return int(number)
