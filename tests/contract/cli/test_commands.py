"""The command line as an operator meets it: what it prints, and the one sentence for each thing that is wrong."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import orjson
import pytest
from bson import Int64

from api import __main__ as command_line
from api.app import open_city
from api.settings import Settings
from api.startup import CityUnavailable
from core.embedded import Stores
from core.mongo import Mongo, Session
from tests.support.process import city_process
from tests.unit.miniapps.releases.workshop import Developer, files

ROOT = Path(__file__).parents[3]
KEY = base64.b64encode(bytes(range(32))).decode()


Said = tuple[int, str, str]
Run = Callable[..., Awaitable[Said]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`python -m api …` in an environment of its own: exit status, standard output, standard error.

    In this process, for starting one costs more than most commands; `in_a_process` proves the way there.
    """

    async def ran(*arguments: str, **environment: str) -> Said:
        root = logging.getLogger()
        handlers, level = list(root.handlers), root.level
        with monkeypatch.context() as patched:
            for name in [name for name in os.environ if name.startswith("TONG_")]:  # noqa: TID251 as a shell does
                patched.delenv(name)
            for name, value in environment.items():
                patched.setenv(name, value)
            try:
                status = await command_line._done(command_line._parser().parse_args(arguments))
            finally:
                root.handlers[:] = handlers
                root.setLevel(level)
        return (status, *capsys.readouterr())

    return ran


async def in_a_process(*arguments: str, **environment: str) -> Said:
    plain = {k: v for k, v in os.environ.items() if not k.startswith("TONG_")}  # noqa: TID251 handed on
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "api",
        *arguments,
        cwd=ROOT,
        env={**plain, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def stores_of(stores: Stores, database: str) -> dict[str, str]:
    return {
        "TONG_MONGO_URL": stores.mongo_url,
        "TONG_REDIS_URL": stores.redis_url,
        "TONG_MASTER_KEY": KEY,
        "TONG_MONGO_DATABASE": database,
        "TONG_SUBGRAPHS": "sensor=http://127.0.0.1:9/graphql",
        "TONG_PORT": "0",
    }


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"TONG_MONGO_URL": "mongodb://user:s3cret@t@x/"},
            "TONG_MONGO_URL is not a URL that MongoDB's driver can read.",
        ),
        ({"TONG_REDIS_URL": "redis://h:abc"}, "TONG_REDIS_URL is not a URL that Redis's driver can read."),
        (
            {"TONG_REDIS_URL": "redis://127.0.0.1:9"},
            "Redis does not answer. Check that it runs, and that TONG_REDIS_URL is right.",
        ),
        (
            {"TONG_SUBGRAPHS": "sensor_=http://x,sensor=http://y"},
            "TONG_SUBGRAPHS names sensor_; there is citycode, data, governance, health, identity, ",
        ),
        (
            {"TONG_SUBGRAPHS": ""},
            "TONG_SUBGRAPHS does not say where data, governance, sensor answers: data=http://…",
        ),
        ({"TONG_PROT": "1"}, "TONG_PROT is not a setting; docs/settings.md lists them"),
    ],
)
async def test_what_is_wrong_is_said_in_one_sentence(
    run: Run, stores: Stores, mongo: Mongo, wrong: dict[str, str], sentence: str
) -> None:
    status, out, err = await run("serve", **{**stores_of(stores, mongo.database.name), **wrong})
    assert (status, out) == (2, "")
    assert sentence in err and "Traceback" not in err and "s3cret" not in err


async def test_a_process_ends_with_that_sentence_and_nothing_else(stores: Stores, mongo: Mongo) -> None:
    told = {**stores_of(stores, mongo.database.name), "TONG_MONGO_URL": "mongodb://user:s3cret@t@x/"}
    sentence = "TONG_MONGO_URL is not a URL that MongoDB's driver can read.\n"
    assert await in_a_process("serve", **told) == (2, "", sentence)


async def test_another_master_key_is_refused(run: Run, stores: Stores, mongo: Mongo) -> None:
    told = stores_of(stores, mongo.database.name)
    status, out, err = await run("rotate-keys", **told)
    assert status == 1 and err.startswith("access-token: The next key is not known everywhere yet.")
    status, out, _ = await run("rotate-keys", "--force", **told)
    rings = (
        "access-token",
        "oidc-ES256",
        "oidc-Ed25519",
        "oidc-RS256",
        "city-code",
        "place-code",
        "licence-showing",
        "mini-platform",
        "mini-log",
        "mini-revocations",
        "mini-developer",
        "mini-launch",
        "mini-open",
        "mini-webhook",
        "audit-checkpoint",
    )
    assert status == 0 and re.fullmatch("".join(rf"{ring}: \w{{4}} signs now\n" for ring in rings), out)
    other = base64.b64encode(bytes(32)).decode()
    status, _, err = await run("rotate-keys", **{**told, "TONG_MASTER_KEY": other})
    assert status == 2 and err.startswith("TONG_MASTER_KEY is not the key that this database was sealed with.")


async def test_a_port_in_use_is_said_before_anything_starts(run: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, _, err = await run("serve", "--embedded", "--data-dir", str(tmp_path / "city"), "--port", port)
    assert status == 2 and err.startswith(f"Port {port} on 127.0.0.1 is in use.")
    assert not (tmp_path / "city").exists()


async def test_a_folder_that_cannot_be_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, _, err = await run("serve", "--embedded", "--data-dir", str(tmp_path / "file" / "city"), "--port", "0")
    assert status == 2 and "cannot be written" in err and "--data-dir" in err


async def test_explain_prints_a_plan_and_refuses_what_does_not_fit(run: Run, tmp_path: Path) -> None:
    query = tmp_path / "q.graphql"
    query.write_text("{ me { name homeDistrict { airQuality { aqi } } } }")
    status, out, _ = await run("explain", str(query))
    assert status == 0 and 'Fetch(service: "sensor")' in out and "Flatten" in out
    query.write_text("{ nothing }")
    status, _, err = await run("explain", str(query))
    assert status == 1 and err.startswith("GRAPHQL_VALIDATION_FAILED: ")
    status, _, err = await run("explain", str(tmp_path / "none.graphql"))
    assert status == 2 and "cannot be read" in err


async def test_dead_letters_of_a_healthy_city_are_none(run: Run, stores: Stores, mongo: Mongo) -> None:
    told = stores_of(stores, mongo.database.name)
    assert await run("dead-letters", "list", **told) == (0, "", "")
    status, _, err = await run("dead-letters", "replay", "no-such", **told)
    assert status == 1 and "no-such" in err
    status, _, err = await run("dead-letters", "replay", **told)
    assert status == 2 and "Say which" in err


async def test_the_audit_is_proven_and_a_change_in_it_is_found(
    run: Run, stores: Stores, mongo: Mongo, tmp_path: Path
) -> None:
    told = stores_of(stores, mongo.database.name)
    city = await open_city(Settings.from_env(told))

    async def work(session: Session) -> None:
        await city.ground.audit.append("test.done", actor="stf_1", session=session)
        await city.ground.audit.append("test.done", actor="stf_2", session=session)

    await city.ground.mongo.transaction(work)
    checkpoint = await city.ground.audit.seal()
    await city.close()
    assert checkpoint is not None
    kept = tmp_path / "checkpoint"
    kept.write_text(checkpoint.text)

    sound = "entries      2\nnot linked   0\ncheckpoints  1\nThe audit is sound.\n"
    assert await run("audit", "--checkpoint", str(kept), **told) == (0, sound, "")
    await mongo.collection("audit_entries").update_one({"seq": 1}, {"$set": {"actor": "stf_3"}})
    status, out, _ = await run("audit", **told)
    assert status == 1
    assert out.endswith(", or one before it, was changed.\nThe audit is NOT sound.\n")


async def test_books_are_proven_and_what_is_wrong_in_them_is_named(run: Run, stores: Stores, mongo: Mongo) -> None:
    told = stores_of(stores, mongo.database.name)
    settings = Settings.from_env({**told, "TONG_DEMO": "on"})
    city = await open_city(settings)
    await city.load_demo()
    await city.close()

    sound = """\
accounts   11
transfers  4
bills      3
payments   1
refunds    0
posted     debits ¥2,000.00, credits ¥2,000.00
pending    debits ¥0.00, credits ¥0.00
The books are sound.
"""
    assert await run("books", **told) == (0, sound, "")

    wallets = mongo.collection("payments_accounts")
    taken = await wallets.find_one_and_update({"code": 1}, {"$inc": {"credits_posted": Int64(1)}})
    status, out, err = await run("books", **told)
    assert (status, err) == (1, "") and taken is not None
    *_, fault, verdict = out.splitlines()
    assert fault == f"fault      {taken['_id']} does not hold the sum of its transfers"
    assert verdict == "The books are NOT sound."


async def test_the_first_staff_are_added_and_no_third(run: Run, stores: Stores, mongo: Mongo) -> None:
    async def add(phone: str) -> Said:
        told = ["--name", "常青", "--badge", "WJ-91", "--unit", "人事处", "--department", "111100000000310005"]
        return await run("staff", "add", "--phone", phone, *told, **stores_of(stores, mongo.database.name))

    for phone in ("13900000091", "13900000092"):
        status, out, err = await add(phone)
        assert (status, err) == (0, "")
        assert re.fullmatch(r"stf_\w+: staff_admin of 111100000000310005, 110000\n", out)
    status, out, err = await add("13900000093")
    assert (status, out) == (1, "") and err.startswith("STAFF_ADMINS_SUFFICE: This department has two")


async def test_programs_are_published_and_taken_back(
    stores: Stores, mongo: Mongo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    developer = Developer()
    (tmp_path / "library.ma").write_bytes(developer.signed(files(), at=1_800_000_000))
    (tmp_path / "library.jwk").write_bytes(orjson.dumps(developer.jwk))
    for name, value in stores_of(stores, mongo.database.name).items():
        monkeypatch.setenv(name, value)

    async def program(*told: str) -> tuple[int, str, str]:
        arguments = command_line._parser().parse_args(["program", *told])
        status = await arguments.command(arguments)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    publish = ("publish", str(tmp_path / "library.ma"), "--organisation", "City Library")
    assert await program(*publish) == (1, "", "NOT_FOUND: There is no such organisation.\n")
    key = ("--key", str(tmp_path / "library.jwk"), "--grant", "city.user.phone", "--category", "culture")
    status, out, _ = await program(*publish, *key)
    assert status == 0
    assert re.fullmatch(r"mpr_\w+: org\.example\.library 1\.1\.0 \(1\), released\ngranted: city\.user\.phone\n", out)
    revoke = ("revoke", "org.example.library", "1", "--reason", "it leaks")
    assert await program(*revoke) == (0, "org.example.library: version 1 is revoked, number 1 of the list\n", "")
    status, out, err = await program(*revoke)
    assert (status, out) == (1, "") and err.startswith("MINIAPPS_RELEASE_CANNOT_CHANGE: ")
    with pytest.raises(CityUnavailable, match="A category is one of government, "):
        await program(*publish, "--category", "everything")


async def test_books_of_a_city_that_is_not_there_are_not_proven(tmp_path: Path) -> None:
    status, out, err = await in_a_process("books", "--data-dir", str(tmp_path))
    assert (status, out) == (2, "") and "Traceback" not in err and err.count("\n") == 1


async def test_ctrl_c_while_the_city_opens_ends_it(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "api", "serve", "--embedded", "--demo", "--welcome", "--port", "0", "--data-dir", str(tmp_path / "c")),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    assert b"Starting MongoDB" in await asyncio.wait_for(process.stderr.readline(), 30)
    process.send_signal(signal.SIGINT)
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, out) == (130, b"")


def test_make_run_asks_for_the_demo_and_for_words() -> None:
    recipe = subprocess.run(["make", "-n", "run"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--welcome" in recipe and "--demo" in recipe and "--embedded" in recipe


async def test_a_person_is_told_where_to_go(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    async with city_process(tmp_path / "city", "--port", port, welcome=True) as process:
        assert "The shell" in process.said and "138 0000 0001" in process.said
        # What it tells others of itself is where it is, though nobody set TONG_PUBLIC_URL.
        async with aiohttp.ClientSession() as http:
            told = await http.get(f"http://127.0.0.1:{port}/.well-known/openid-configuration")
            assert (await told.json())["issuer"] == f"http://127.0.0.1:{port}"
            # Beside it are the hosts of programs, and nothing of the city is there.
            for path in ("/healthz", "/"):
                apart = await http.get(f"http://127.0.0.1:{port}{path}", headers={"Host": f"mini.localhost:{port}"})
                assert (apart.status, await apart.text()) == (404, "")
        assert await process.stop() == 0
