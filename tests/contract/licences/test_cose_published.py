"""COSE_Sign1 on the published examples: of the COSE working group, and RFC 8392 appendix A.

EdDSA is checked by the code that the city runs. ES256, which it does not sign with, shows that the bytes under the
signature are the standard's: `cryptography` checks it over them.
Source: github.com/cose-wg/Examples (public domain): eddsa-examples/eddsa-sig-01, sign1-tests; RFC 8392 §A.2.3, §A.3.
"""

from __future__ import annotations

import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from nacl.signing import SigningKey

from core import cose
from core.cose import NotCose, Sign1

EDDSA_SIG_01 = bytes.fromhex(
    "D28445A201270300A10442313154546869732069732074686520636F6E74656E742E58407142FD2FF96D56DB85BEE905A76BA1D0B7321A95"
    "C8C4D3607C5781932B7AFB8711497DFA751BF40B58B3BCC32300B1487F3DB34085EEF013BF08F4A44D6FEF0D"
)
EDDSA_TO_BE_SIGNED = "846A5369676E61747572653145A2012703004054546869732069732074686520636F6E74656E742E"
EDDSA_SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
EDDSA_PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")

CONTENT = "A10442313154546869732069732074686520636F6E74656E742E5840"
SIGNED = (
    "8EB33E4CA31D1C465AB05AAC34CC6B23D58FEF5C083106C4D25A91AEF0B0117E2AF9A291AA32E14AB834DC56ED2A223444547E01F11D3B0916"
    "E5A4C345CACB36"
)
SIGN1_PASS = {
    "the protected header is an empty map": (
        "D28441A0A201260442313154546869732069732074686520636F6E74656E742E584087DB0D2E5571843B78AC33ECB2830DF7B6E0A4D5B7"
        "376DE336B23C591C90C425317E56127FBE04370097CE347087B233BF722B64072BEB4486BDA4031D27244F"
    ),
    "sign-fail-02 and its kin before they were changed": f"D28443A10126{CONTENT}{SIGNED}",
}
SIGN1_FAIL = {
    "sign-fail-02: the content was changed": f"D28443A10126{CONTENT.replace('742E58', '742F58')}{SIGNED}",
    "sign-fail-03: another algorithm": f"D28445A1013903E6{CONTENT}{SIGNED}",
    "sign-fail-04: an unknown algorithm": f"D2844AA10167756E6B6E6F776E{CONTENT}{SIGNED}",
    "sign-fail-06: a protected attribute was added": f"D28445A201260300{CONTENT}{SIGNED}",
    "sign-fail-07: a protected attribute was removed": (
        f"D28443A10126{CONTENT}6520BBAF2081D7E0ED0F95F76EB0733D667005F7467CEC4B87B9381A6BA1EDE8E00DF29F32A37230F39A842"
        "A54821FDD223092819D7728EFB9D3A0080B75380B"
    ),
}
NOT_SIGN1 = {
    "sign-fail-01: another tag": f"D903E68443A10126{CONTENT}{SIGNED}",
    "sign-pass-03: no tag": f"8443A10126{CONTENT}{SIGNED}",
}
SIGN1_X = "usWxHK2PmfnHKwXPS54m0kTcGJ90UiglWiGahtagnv8"
SIGN1_Y = "IBOL-C3BttVivg-lSreASjpkttcsz-1rb7btKLv8EX4"

RFC8392_A3 = bytes.fromhex(
    "d28443a10126a104524173796d6d657472696345434453413235365850a70175636f61703a2f2f61732e6578616d706c652e636f6d02656572"
    "696b77037818636f61703a2f2f6c696768742e6578616d706c652e636f6d041a5612aeb0051a5610d9f0061a5610d9f007420b715840542"
    "7c1ff28d23fbad1f29c4c7c6a555e601d6fa29f9179bc3d7438bacaca5acd08c8d4d4f96131680c429a01f85951ecee743a52b9b63632c5720"
    "9120e1c9e30"
)
RFC8392_X = bytes.fromhex("143329cce7868e416927599cf65a34f3ce2ffda55a7eca69ed8919a394d42f0f")
RFC8392_Y = bytes.fromhex("60f7f1a780d8a783bfb7a2dd6b2796e8128dbbcef9d3d168db9529971a36e7b9")


def b64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def es256(message: Sign1, *, x: bytes, y: bytes) -> None:
    """Raises: InvalidSignature."""
    numbers = EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), SECP256R1())
    r, s = (int.from_bytes(half, "big") for half in (message.signature[:32], message.signature[32:]))
    numbers.public_key().verify(encode_dss_signature(r, s), message.to_be_signed, ECDSA(SHA256()))


def test_the_working_group_s_eddsa_message_is_believed() -> None:
    message = cose.parse(EDDSA_SIG_01)
    key = SigningKey(EDDSA_SEED).verify_key
    assert bytes(key) == EDDSA_PUBLIC
    assert message.to_be_signed.hex().upper() == EDDSA_TO_BE_SIGNED
    assert (message.kid, message.payload) == (b"11", b"This is the content.")
    assert message.verify(key)
    Ed25519PublicKey.from_public_bytes(EDDSA_PUBLIC).verify(message.signature, message.to_be_signed)


def test_another_key_does_not_believe_it() -> None:
    assert not cose.parse(EDDSA_SIG_01).verify(SigningKey(bytes(32)).verify_key)


@pytest.mark.parametrize("written", SIGN1_PASS.values(), ids=SIGN1_PASS)
def test_the_bytes_under_the_signature_are_the_standard_s(written: str) -> None:
    message = cose.parse(bytes.fromhex(written))
    es256(message, x=b64(SIGN1_X), y=b64(SIGN1_Y))
    assert not message.verify(SigningKey(EDDSA_SEED).verify_key), "ES256 is not for the city's keys"


@pytest.mark.parametrize("written", SIGN1_FAIL.values(), ids=SIGN1_FAIL)
def test_a_changed_message_is_not_believed(written: str) -> None:
    message = cose.parse(bytes.fromhex(written))
    with pytest.raises(InvalidSignature):
        es256(message, x=b64(SIGN1_X), y=b64(SIGN1_Y))
    assert not message.verify(SigningKey(EDDSA_SEED).verify_key)


@pytest.mark.parametrize("written", NOT_SIGN1.values(), ids=NOT_SIGN1)
def test_only_a_tagged_sign1_is_read(written: str) -> None:
    with pytest.raises(NotCose):
        cose.parse(bytes.fromhex(written))


def test_the_cwt_of_rfc_8392() -> None:
    message = cose.parse(RFC8392_A3)
    es256(message, x=RFC8392_X, y=RFC8392_Y)
    assert message.kid == b"AsymmetricECDSA256"
    assert cose.decode(message.payload) == {
        1: "coap://as.example.com",
        2: "erikw",
        3: "coap://light.example.com",
        4: 1444064944,
        5: 1443944944,
        6: 1443944944,
        7: bytes.fromhex("0b71"),
    }
