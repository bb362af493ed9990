"""COSE_Sign1 with Ed25519, and the strict CBOR under it: what a stranger's library reads and writes the same.

    COSE_Sign1 = 18([ protected: bstr, unprotected: map, payload: bstr, signature: bstr ])

The signature is over ["Signature1", protected, h'', payload] as CBOR, so the payload is never written anew before it is
checked: the very bytes that came are.

Rules
- One item, to the last byte; definite lengths; no key twice; no tag but the 18 in front. A tag makes a decoder build
  things (dates, big numbers, patterns) for whoever sends it, so none is looked into.
- The algorithm stands in the protected header and is EdDSA (-8); a header that the sender calls critical is refused,
  for this knows none.
Source: RFC 9052 §3, §4.2, §4.4; RFC 9053 §2.2; RFC 8949 §4.2.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import cbor2
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

EDDSA: Final = -8
# Of the messages that this takes: array > map > value leaves two more levels for a payload's own maps.
DEPTH_MAX: Final = 5

_TAG_SIGN1: Final = b"\xd2"
_EMPTY_MAP: Final = b"\xa0"
_ALGORITHM: Final = 1
_CRITICAL: Final = 2
_KEY_ID: Final = 4


class NotCose(ValueError):
    """These bytes are not one strict CBOR item, or not a COSE_Sign1 message."""


@dataclass(frozen=True, slots=True)
class Sign1:
    """A message as read, not yet believed. `headers` holds both maps: a label stands in one of them only."""

    protected: bytes = field(repr=False)
    headers: Mapping[Any, Any] = field(repr=False)
    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def kid(self) -> bytes | None:
        """The signing key's name, as its signer chose it."""
        kid = self.headers.get(_KEY_ID)
        return kid if isinstance(kid, bytes) else None

    @property
    def to_be_signed(self) -> bytes:
        """The Sig_structure (RFC 9052 §4.4)."""
        return _to_be_signed(self.protected, self.payload)

    def verify(self, key: VerifyKey) -> bool:
        """True when this key signed the message with Ed25519."""
        if self._algorithm != EDDSA or len(self.signature) != 64:
            return False
        try:
            key.verify(self.to_be_signed, self.signature)
        except BadSignatureError:
            return False
        return True

    @property
    def _algorithm(self) -> object:
        return _map_of(self.protected).get(_ALGORITHM)


def sign1(payload: bytes, *, key: SigningKey, kid: bytes) -> bytes:
    """A tagged message, its algorithm and key id under the signature."""
    protected = cbor2.dumps({_ALGORITHM: EDDSA, _KEY_ID: kid})
    signature = key.sign(_to_be_signed(protected, payload)).signature
    return _TAG_SIGN1 + cbor2.dumps([protected, {}, payload, signature])


def parse(raw: bytes) -> Sign1:
    """Read a message that anybody may have written; bound its length before. Raises: NotCose."""
    if raw[:1] != _TAG_SIGN1:
        raise NotCose("not tagged as COSE_Sign1")
    parts = decode(raw[1:])
    if not isinstance(parts, list) or len(parts) != 4:
        raise NotCose("not four parts")
    protected, unprotected, payload, signature = parts
    if not (isinstance(protected, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)):
        raise NotCose("not byte strings")
    if not isinstance(unprotected, dict):
        raise NotCose("no header map")
    sheltered = _map_of(protected)
    if _CRITICAL in sheltered or sheltered.keys() & unprotected.keys():
        raise NotCose("headers that cannot be honoured")
    return Sign1(protected, {**unprotected, **sheltered}, payload, signature)


def decode(raw: bytes) -> object:
    """One CBOR item that takes all of `raw`. Raises: NotCose."""
    source = io.BytesIO(raw)
    try:
        item: object = cbor2.load(
            source,
            max_depth=DEPTH_MAX,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            semantic_decoders=_NO_TAGS,
            read_size=1,
        )
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError) as fault:
        raise NotCose("not strict CBOR") from fault
    if source.read(1):
        raise NotCose("more than one item")
    return item


def _map_of(protected: bytes) -> dict[Any, Any]:
    """The protected header; the empty string stands for the empty map (RFC 9052 §3)."""
    headers = decode(protected) if protected else {}
    if not isinstance(headers, dict):
        raise NotCose("no header map")
    return headers


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """An empty map counts as the empty string, however it was sent (RFC 9052 §4.4)."""
    return cbor2.dumps(["Signature1", b"" if protected == _EMPTY_MAP else protected, b"", payload])


def _refuse(*_: object) -> NoReturn:
    raise NotCose("a tag")


class _NoTags(dict[int, Any]):
    """A decoder for every tag there is: one that refuses it."""

    def get(self, *_: object) -> Any:
        return _refuse

    def __getitem__(self, _: object) -> Any:
        return _refuse

    def __contains__(self, _: object) -> bool:
        return True


_NO_TAGS: Final = _NoTags()
