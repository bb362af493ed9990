"""Nothing secret is shown: no token, code, key or phone in a log line, an error or a repr, whatever goes wrong."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any

import pytest
from citytong_sdk import DecryptionKey, MiniApp, Options, PrivateKey
from citytong_sdk.errors import CityTongError, KeyInvalid
from citytong_sdk.testing import Citizen, FakePlatform

from tests.contract.sdk_python.conftest import asking
from tests.support.threats import covers

PHONE = "13800138000"


@covers("T23", "T37")
@pytest.mark.parametrize("blocking", [False, True], ids=["async", "sync"])
async def test_nothing_secret_is_told(
    app: MiniApp, city: FakePlatform, citizen: Citizen, caplog: pytest.LogCaptureFixture, blocking: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    ask, told = asking(app, blocking=blocking), list[str]()

    async def shown(verb: str, *arguments: Any) -> Any:
        """What the verb answers; its repr, or the error's with all its causes, is kept."""
        found = None
        try:
            found = await ask(verb, *arguments)
        except CityTongError as error:
            told.extend([repr(error), str(error), *traceback.format_exception(error), repr(error.fields)])
        told.append(repr(found))
        return found

    codes = [city.login_code(citizen) for _ in range(4)] + [city.phone_code(citizen) for _ in range(4)]
    token, sealed = city.launch_token(citizen), city.sealed_phone(citizen)
    await shown("auth.code2session", codes[0])
    await shown("auth.code2session", codes[0])
    for failing in ("lose", "slow"):
        city.lose("code2session") if failing == "lose" else city.slow("code2session", 60)
        await shown("auth.code2session", codes[1])
    await shown("auth.verify_launch_token", token)
    await shown("auth.verify_launch_token", token[:-2])
    await shown("phone.exchange", codes[4])
    await shown("phone.exchange", codes[4])
    await shown("phone.unseal", sealed)
    await shown("phone.unseal", sealed)
    await shown("phone.unseal", sealed[:-2])
    city.fail("token", "invalid_client", times=3)
    app._verbs.city._token = None
    await shown("phone.exchange", codes[5])
    for request in city.requests:
        told.append(repr(request))
    told.extend(repr(one) for one in (app, app.auth, app.phone, app._verbs.city, app.sync.phone, citizen, city))
    told.extend(record.getMessage() + repr(record.args) for record in caplog.records)

    access = {one.headers["authorization"].split()[1] for one in city.requests if "authorization" in one.headers}
    assertions = {one.body.decode().rpartition("client_assertion=")[2] for one in city.requests if "/token" in one.path}
    assert access and assertions and told
    whole = "\n".join(told)
    for secret in [*codes, token, sealed, PHONE, PHONE[:3] + " " + PHONE[3:7], *access, *assertions]:
        assert secret and secret not in whole
        assert secret.rpartition(".")[2] not in whole  # nor the signature of it


def test_a_key_s_file_is_its_owner_s_alone_and_never_written_over(tmp_path: Path) -> None:
    for kind in (PrivateKey, DecryptionKey):
        file, own = tmp_path / kind.__name__, kind.generate()
        own.to_file(file, passphrase="a secret")
        assert file.stat().st_mode & 0o777 == 0o600
        assert kind.from_file(file, passphrase="a secret").kid == own.kid
        with pytest.raises(FileExistsError):
            own.to_file(file)


def test_keys_show_nothing_of_themselves() -> None:
    own, opening = PrivateKey.generate(), DecryptionKey.generate()
    assert repr(own) == "PrivateKey()"
    assert repr(opening) == "DecryptionKey()"
    assert {"d", "k"}.isdisjoint({*own.jwk, *opening.jwk})


def test_a_file_that_is_no_key_is_not_quoted() -> None:
    pem = PrivateKey.generate().pem(passphrase="a secret")
    for kind, given, passphrase in (
        (PrivateKey, pem, "another"),
        (PrivateKey, pem, None),
        (PrivateKey, b"-----BEGIN PRIVATE KEY-----\nSECRET", None),
        (DecryptionKey, PrivateKey.generate().pem(), None),
    ):
        with pytest.raises(KeyInvalid) as refusal:
            kind.from_pem(given, passphrase=passphrase)
        assert "SECRET" not in "".join(traceback.format_exception(refusal.value))
    assert PrivateKey.from_pem(pem, passphrase="a secret").pem() != pem


async def test_the_environment_s_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    plain = MiniApp(app_id="a.b", key=PrivateKey.generate(), platform="https://127.0.0.1:2")
    believing = MiniApp(
        app_id="a.b", key=PrivateKey.generate(), platform="https://127.0.0.1:2", options=Options(trust_env=True)
    )
    mounts = [one._runner._client._mounts for one in (plain, believing)]
    assert [bool(one) for one in mounts] == [False, True]
    for one in (plain, believing):
        await one.aclose()
