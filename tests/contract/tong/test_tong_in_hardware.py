"""Keys in a token of PKCS #11 (SoftHSM): made there, registered, signed with, rotated; and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from citytong_sdk import PrivateKey
from citytong_sdk.bundles import statement
from citytong_sdk.city import client_assertion
from citytong_sdk.errors import KeyInvalid
from citytong_sdk.keys import verification_key

from core import jose
from tests.contract.tong.conftest import Bench, Ran
from tests.contract.tong.tong_city import TongCity

PIN: Final = "271828"
_LIBRARIES: Final = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")
MODULE: Final = next((path for path in _LIBRARIES if Path(path).exists()), _LIBRARIES[0])
TOKEN: Final = f"pkcs11:token=city%20hall;object=release?module-path={MODULE}"


@pytest.fixture(scope="module", autouse=True)
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A token of this module's alone. The library reads its settings once, when it is loaded."""
    folder = tmp_path_factory.mktemp("token")
    settings = folder / "softhsm2.conf"
    (folder / "tokens").mkdir()
    settings.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(settings))
        words = ["softhsm2-util", "--init-token", "--free", "--label", "city hall", "--pin", PIN, "--so-pin", "314159"]
        subprocess.run(words, check=True, capture_output=True, timeout=30)
        yield


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.env["TONG_KEY_PIN"] = PIN
    return bench


def _packed(bench: Bench, project: Path) -> Path:
    assert bench.run("pack", "-o", "library.ma", folder=project).status == 0
    return project / "library.ma"


def _signer(package: Path, jwk: dict[str, str]) -> str:
    key = verification_key(jwk)
    assert key is not None
    found = statement.submitted(package.read_bytes(), developer_keys={jwk["kid"]: key})
    return found.statement.app_id


@pytest.mark.parametrize(("algorithm", "kind"), [("ed25519", "OKP"), ("p256", "EC")])
def test_a_key_is_made_in_its_token_and_signs_there(bench: Bench, project: Path, algorithm: str, kind: str) -> None:
    made = bench.json("keys", "new", "card", "--algorithm", algorithm, "--key", TOKEN.replace("release", algorithm))
    shown = made.result
    assert (shown["algorithm"], shown["jwk"]["kty"]) == (algorithm, kind)
    address = Path(shown["path"])
    assert address.name == "card.pkcs11" and address.read_text().startswith("pkcs11:token=city%20hall;object=")
    assert [path.suffix for path in sorted(address.parent.iterdir())] == [".json", ".pkcs11"]
    package = _packed(bench, project)
    assert bench.json("sign", "library.ma", "--key", "card", folder=project).result["kid"] == shown["kid"]
    assert _signer(package, shown["jwk"]) == "org.example.library"
    by_address = bench.json("sign", "library.ma", "--again", "--key", address.read_text().strip(), folder=project)
    assert by_address.result["kid"] == shown["kid"]
    assert PIN not in made.out + address.read_text()
    del bench.env["TONG_KEY_PIN"]
    assert bench.json("verify", "library.ma", "--developer-only", "--key", "card", folder=project).status == 0
    nobody_asked = bench.json("sign", "library.ma", "--again", "--key", "card", folder=project)
    assert nobody_asked.status == 4 and "TONG_KEY_PIN" in nobody_asked.error["advice"]


def test_a_key_in_a_token_is_registered_and_gives_way_to_another_there(bench: Bench, online: TongCity) -> None:
    old = bench.json("keys", "new", "card", "--key", TOKEN).result
    assert bench.json("keys", "register", "card").result["kid"] == old["kid"]
    fresh = bench.json("keys", "rotate", "card").result
    assert fresh["retired"] == old["kid"] != fresh["kid"]
    assert bench.json("keys", "register", "card", "--retires", old["kid"]).result["kid"] == fresh["kid"]
    assert [name for name, _ in online.said] == ["addDeveloperKey", "rotateDeveloperKey"]
    names = {one["kid"]: Path(one["path"]).suffix for one in bench.json("keys", "list").result["keys"]}
    assert names == {old["kid"]: ".pkcs11", fresh["kid"]: ".pkcs11"}
    # Both are called the same in the token: an address without an id no longer says which.
    several = bench.json("keys", "register", TOKEN)
    assert several.status == 4 and "Several keys" in several.error["why"]


def test_a_backend_proves_itself_by_a_key_in_a_token(bench: Bench, tmp_path: Path) -> None:
    shown = bench.json("keys", "new", "server", "--key", TOKEN.replace("release", "server")).result
    file = tmp_path / "pin"
    file.write_text(f"{PIN}\n")
    key = PrivateKey.from_uri(f"{Path(shown['path']).read_text().strip()}&pin-source=file:{file}")
    assertion = client_assertion(key, app_id="org.example.library", audience="https://city.example", now=1, id="one")
    jose.check(jose.take_apart(assertion), shown["jwk"], allowed=("EdDSA",))
    assert "server" not in repr(key) and PIN not in repr(key)
    with pytest.raises(KeyInvalid, match="stays in its token"):
        key.pem()


def _refused(ran: Ran) -> str:
    assert ran.status == 4 and ran.error["code"] == "TONG_KEY_INVALID" and PIN not in ran.out + ran.err
    return str(ran.error["why"])


def test_what_no_key_is_used_for(bench: Bench, project: Path) -> None:
    before = _packed(bench, project).read_bytes()

    def sign(key: str) -> str:
        return _refused(bench.json("sign", "library.ma", "--key", key, folder=project))

    assert "Put it into a file" in sign(f"{TOKEN}&pin-value={PIN}")
    assert "Put it into a file" in sign(f"pkcs11:token=city%20hall;pin-value={PIN}")
    assert "is a file" in sign(f"{TOKEN}&pin-source=%7C/bin/cat%20pin")
    assert "cannot be read from /nowhere" in sign(f"{TOKEN}&pin-source=file:/nowhere")
    assert "not known here" in sign(f"{TOKEN}&module-name=softhsm2")
    assert "no module-path" in sign("pkcs11:token=city%20hall")
    assert "cannot be used" in sign("pkcs11:token=x?module-path=/etc/passwd")
    assert "No token fits" in sign(TOKEN.replace("city%20hall", "elsewhere"))
    assert "no such key" in sign(TOKEN.replace("release", "nobody"))
    bench.env["TONG_KEY_PIN"] = "000000"
    assert "tried once" in sign(TOKEN)
    del bench.env["TONG_KEY_PIN"]
    assert "a PIN may be missing" in sign(TOKEN)
    assert (project / "library.ma").read_bytes() == before


def test_without_the_library_it_is_said_what_to_install(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    assert 'pip install "citytong-sdk[pkcs11]"' in _refused(bench.json("keys", "new", "card", "--key", TOKEN))
    assert bench.json("keys", "list").result["keys"] == []


def test_a_key_is_not_made_where_one_is_nor_sealed_by_a_passphrase(bench: Bench) -> None:
    taken = TOKEN.replace(";object=release", ";object=first;id=%07")
    assert bench.run("keys", "new", "first", "--key", taken).status == 0
    assert "key of this id" in _refused(bench.json("keys", "new", "second", "--key", taken))
    assert bench.json("keys", "new", "first", "--key", TOKEN).error["code"] == "TONG_KEY_EXISTS"
    assert bench.json("keys", "new", "second", "--passphrase", "--key", TOKEN).error["code"] == "TONG_USAGE"
    listed = bench.json("keys", "list")
    assert [one["name"] for one in listed.result["keys"]] == ["first"] and "PRIVATE" not in json.dumps(listed.document)
