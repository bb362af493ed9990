"""What is answered on programs' hosts and what on the city's, over HTTP, by both ways in."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import orjson
import pytest
import pytest_asyncio
from multidict import CIMultiDict
from yarl import URL

from core.clock import FixedClock, epoch_s
from core.crypto import FieldCipher
from core.ids import Ids
from core.mongo import Mongo
from miniapps.bundles import policy, revocations
from miniapps.bundles.html import inline_script_hashes
from miniapps.releases.http import routes
from miniapps.releases.model import Release
from miniapps.releases.reports import Blocked, Kind
from miniapps.releases.signing import public_keys
from miniapps.releases.store import PACKAGES
from tests.contract.web.doors import door, serving
from tests.support.threats import covers
from tests.unit.miniapps.releases.workshop import APP, ICON, PAGE, Workshop, build, files

HELLO = b'{"query":"{hello}"}'


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: CIMultiDict[str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Street:
    """A door with the city and its programs behind it. release: the one that is served."""

    base: str
    http: aiohttp.ClientSession
    workshop: Workshop
    release: Release

    @property
    def host(self) -> str:
        return f"{self.release.app_key}.mini.localhost"

    async def ask(self, path: str, *, host: str | None = None, method: str = "GET", **headers: str) -> Answer:
        """host: of the city where it is not said."""
        told = {"Accept-Encoding": "identity", **headers, **({"Host": host} if host else {})}
        url = URL(f"{self.base}{path}", encoded=True)
        async with self.http.request(method, url, headers=told, allow_redirects=False) as response:
            return Answer(response.status, CIMultiDict(response.headers), await response.read())

    async def page(self, path: str = "pages/index.html", **headers: str) -> Answer:
        return await self.ask(f"/{self.release.root}/{path}", host=self.host, **headers)

    async def report(self, body: bytes, *, root: str = "", **headers: str) -> int:
        """What a browser says of a page."""
        told = {"Host": self.host, "Content-Type": "application/csp-report", **headers}
        url = URL(f"{self.base}/__mini/reports/{root or self.release.root}", encoded=True)
        async with self.http.post(url, data=body, headers=told) as response:
            return response.status

    async def raw(self, *lines: str, body: bytes = b"") -> bytes:
        """The whole answer to a request of these lines."""
        reader, writer = await asyncio.open_connection("127.0.0.1", int(self.base.rpartition(":")[2]))
        writer.write("\r\n".join((*lines, "Connection: close", "", "")).encode() + body)
        try:
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()


@pytest_asyncio.fixture(params=["lean", "aiohttp"])
async def street(request: pytest.FixtureRequest, workshop: Workshop) -> AsyncIterator[Street]:
    release = await workshop.publish()
    rings = workshop.releases.key_rings
    city = routes(workshop.releases, rings=rings, https=False, trusted_proxies=0)
    app = door(others=workshop.hosts, routes=city)
    async with serving(app, lean=request.param == "lean") as base, aiohttp.ClientSession(auto_decompress=False) as http:
        yield Street(base, http, workshop, release)


async def test_a_page_comes_with_its_policy_and_begins_with_the_hosts_script(street: Street) -> None:
    page = await street.page()
    preload = street.workshop.hosts.host_files.path_of("preload.js")
    first, rest = PAGE.split(b"\n", 1)
    assert page.body == first + f'<script src="{preload}"></script>\n'.encode() + rest
    assert page.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' "
        "'sha256-WxFx1v8xV5vHDronSFSJoibj+opiNNle/RCwJSTkNoQ='; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; "
        "connect-src 'self' https://api.library.example; worker-src blob:; frame-src 'none'; form-action 'none'; "
        "base-uri 'none'; frame-ancestors http://127.0.0.1:8000 http://localhost:8000; "
        "sandbox allow-scripts allow-forms; require-trusted-types-for 'script'; trusted-types mp#host; "
        f"report-uri /__mini/reports/{street.release.root}"
    )
    told = {
        "Content-Type": "text/html; charset=utf-8",
        "Permissions-Policy": policy.PERMISSIONS_POLICY,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Access-Control-Allow-Origin": "*",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
    }
    assert {name: page.headers.get(name) for name in told} == told
    # An opaque origin has an agent cluster of its own anyway, and Chromium warns where pages differ in asking for one.
    unneeded = {"Cross-Origin-Opener-Policy", "Origin-Agent-Cluster"}
    assert not {"Set-Cookie", "Content-Encoding", *unneeded} & page.headers.keys()
    assert street.workshop.releases.shelf.opener.shells == ("http://127.0.0.1:8000", "http://localhost:8000")
    # What the shell composes without a line tells nobody.
    kept = await street.workshop.releases.csp_of(street.release)
    assert page.headers["Content-Security-Policy"].startswith(f"{kept}; report-uri ")


async def test_files_are_kept_for_ever_packed_and_not_sent_twice(street: Street) -> None:
    script = await street.page("app.js")
    assert script.body == files()["app.js"]
    assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["Content-Security-Policy"] == policy.NO_DOCUMENT
    packed = await street.page("app.js", **{"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.body) == script.body
    assert "Content-Encoding" not in (await street.page("app.js", **{"Accept-Encoding": "gzip;q=0"})).headers
    again = await street.page("app.js", **{"If-None-Match": packed.headers["ETag"]})
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", script.headers["ETag"])
    head = await street.ask(f"/{street.release.root}/app.js", host=street.host, method="HEAD")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(script.body)))
    preload = await street.ask(street.workshop.hosts.host_files.path_of("preload.js"), host=street.host)
    assert preload.headers["Cache-Control"] == script.headers["Cache-Control"] and preload.body
    of_now = await street.ask("/__mini/preload.js", host=street.host)
    assert (of_now.body, of_now.headers["Cache-Control"]) == (preload.body, "no-cache")


async def test_what_is_no_file_of_the_program_is_not_there(street: Street) -> None:
    root, host = street.release.root, street.host
    for path in (
        *("/", "/app.js", f"/{root}", f"/{root}/", f"/{root}/nothing.js", f"/{root}/../{root}/app.js"),
        *(f"/{root}/pages", f"/{root}/%2e%2e/app.js", f"//{root}/app.js", f"/{root[::-1]}/app.js", "/__mini/"),
        *("/__mini/../api.js", "/__mini/0123456789abcdef/preload.js", "/__mini/frame.js"),
    ):
        answer = await street.raw(f"GET {path} HTTP/1.1", f"Host: {host}")
        assert answer.split()[1] == b"404", path
        assert answer.endswith(b"\r\n\r\n"), path
    for method in ("POST", "PUT", "OPTIONS", "DELETE"):
        refused = await street.ask(f"/{root}/app.js", host=host, method=method)
        assert (refused.status, refused.headers["Allow"], refused.body) == (405, "GET, HEAD", b"")
    nobody = await street.ask(f"/{root}/app.js", host="aaaaaaaaaaaaaaaaaaaaaaaaaa.mini.localhost")
    assert nobody.status == 404 and nobody.headers["Content-Security-Policy"] == policy.NO_DOCUMENT


@covers("T32")
async def test_of_what_a_page_tried_its_directive_and_a_kind_are_heard(street: Street) -> None:
    secret, own = "zhang-lihua-13800000001", f"http://{street.host}"
    tried = [
        ("img-src", f"https://{secret}.evil.example/{secret}?{secret}", Kind.ELSEWHERE),
        ("connect-src", "https://api.library.example/loans", Kind.DECLARED),
        ("form-action", f"{own}/__mini/{secret}", Kind.OWN),
        ("connect-src", "http://localhost:8000/graphql", Kind.CITY),
        ("script-src-elem", "inline", Kind.INLINE),
        ("require-trusted-types-for", "trusted-types-sink", Kind.INLINE),
        ("script-src", "wasm-eval", Kind.EVAL),
        ("font-src", "data", Kind.DATA),
        ("frame-src", "blob:null/1", Kind.BLOB),
        ("img-src", "http://[", Kind.ELSEWHERE),
    ]
    for directive, where, _ in tried:
        told = {
            "effective-directive": directive,
            "blocked-uri": where,
            "document-uri": f"{own}/{secret}",
            "more": secret,
        }
        assert await street.report(orjson.dumps({"csp-report": told})) == 204
    heard = street.workshop.heard.said
    assert heard == [(1, Blocked(directive, kind)) for directive, _, kind in tried] and secret not in str(heard)

    good = {"csp-report": {"violated-directive": "img-src", "blocked-uri": "data"}}
    nothing: list[tuple[bytes, dict[str, str]]] = [
        *((raw, {}) for raw in (b"", b"{", b"[]", b'{"csp-report": 1}', b'{"csp-report": {"blocked-uri": "data"}}')),
        (orjson.dumps({"csp-report": {"effective-directive": secret, "blocked-uri": "data"}}), {}),
        (orjson.dumps({"csp-report": {"effective-directive": "img-src", "blocked-uri": 1}}), {}),
        (orjson.dumps({**good, "padding": "x" * 40_000}), {}),
        (orjson.dumps(good), {"Content-Type": "application/json"}),
        (orjson.dumps(good), {"root": street.release.root[::-1]}),
    ]
    for raw, more in nothing:
        assert await street.report(raw, **more) == 204
    assert len(heard) == len(tried)
    assert await street.report(orjson.dumps(good)) == 204 and len(heard) == len(tried) + 1
    # Elsewhere it is no address at all.
    refused = await street.ask(f"/__mini/reports/{street.release.root}", host="mini.localhost", method="POST")
    assert refused.status == 405
    assert (await street.ask(f"/__mini/reports/{street.release.root}", host=street.host)).status == 404


@covers("T7", "E17")
async def test_nothing_of_the_city_is_answered_on_a_programs_host(street: Street) -> None:
    """T7: whichever way the host is written, and wherever in the request."""
    hosts = (
        street.host,
        street.host.upper(),
        f"{street.host}:9",
        f"{street.host}.",
        "mini.localhost",
        "x.mini.localhost",
    )
    for host in hosts:
        for path in ("/", "/healthz", "/readyz", "/metrics", "/graphql", "/api.js", "/fails", f"/run/{APP}"):
            answer = await street.raw(f"GET {path} HTTP/1.1", f"Host: {host}")
            assert answer.split()[1] == b"404", (host, path)
        asked = ("Content-Type: application/json", f"Content-Length: {len(HELLO)}")
        answer = await street.raw("POST /graphql HTTP/1.1", f"Host: {host}", *asked, body=HELLO)
        assert answer.split()[1] == b"405" and b"Hello" not in answer, host
    absolute = await street.raw(f"GET http://{street.host}/healthz HTTP/1.1", "Host: 127.0.0.1")
    beside = await street.raw("GET http://127.0.0.1/healthz HTTP/1.1", f"Host: {street.host}")
    twice = await street.raw("GET /healthz HTTP/1.1", "Host: 127.0.0.1", f"Host: {street.host}")
    for answer in (absolute, beside, twice):
        assert answer.split()[1] in (b"404", b"400") and b"alive" not in answer
    asked = ("Content-Type: application/json", f"Content-Length: {len(HELLO)}")
    of_city = await street.raw("POST /graphql HTTP/1.1", "Host: 127.0.0.1", *asked, body=HELLO)
    assert b"Hello you" in of_city


@covers("T7", "E17")
async def test_no_file_of_a_program_is_answered_on_the_citys_host(street: Street) -> None:
    for host in (None, "localhost", "city.example", f"{street.release.app_key}.localhost", "evil.example"):
        for path in (
            f"/{street.release.root}/pages/index.html",
            f"/{street.release.root}/app.js",
            "/__mini/preload.js",
        ):
            assert (await street.ask(path, host=host)).status == 404


@covers("T9")
async def test_what_was_revoked_is_gone_at_once_here_and_soon_elsewhere(
    street: Street, mongo: Mongo, clock: FixedClock, ids: Ids, cipher: FieldCipher
) -> None:
    icon = f"/mini/icons/{hashlib.sha256(ICON).hexdigest()}"
    assert [(await street.page("app.js")).status, (await street.ask(icon)).status] == [200, 200]
    beside = await build(mongo=mongo, clock=clock, ids=ids, cipher=cipher)
    await beside.releases.revoke(app_id=APP, version_code=1, reason="it leaks", by="stf_1")
    assert [(await street.page("app.js")).status, (await street.ask(icon)).status] == [200, 200]
    clock.advance(seconds=6)
    assert (await street.ask(icon)).status == 404
    gone = await street.page("app.js")
    assert (gone.status, gone.headers["Clear-Site-Data"], gone.body) == (410, '"cache", "storage"', b"")
    again = await street.workshop.publish(2)
    page = f"/{again.root}/app.js"
    assert [(await street.ask(page, host=street.host)).status, (await street.ask(icon)).status] == [200, 200]
    await street.workshop.releases.revoke(app_id=APP, reason="a fraud", by="stf_1")
    assert [(await street.ask(page, host=street.host)).status, (await street.ask(icon)).status] == [410, 404]


@pytest.mark.parametrize("at", [60, -200, -60])
@covers("T26")
async def test_bytes_that_changed_in_the_database_reach_nobody(street: Street, mongo: Mongo, at: int) -> None:
    """T26: in an entry, in a signature or in the proof."""
    row = await mongo.collection(PACKAGES).find_one({"_id": street.release.package_sha256})
    assert row is not None
    raw = bytearray(row["raw"])
    raw[at] ^= 1
    await mongo.collection(PACKAGES).update_one({"_id": row["_id"]}, {"$set": {"raw": bytes(raw)}})
    assert (await street.page("app.js")).status == 404


async def test_the_player_frames_one_program_and_runs_nothing(street: Street) -> None:
    player = await street.ask(f"/run/{APP}", **{"Accept-Language": "en"})
    assert player.headers["Content-Security-Policy"] == (
        f"default-src 'none'; frame-src http://{street.host}:8000; style-src 'self'; frame-ancestors 'self'; "
        "base-uri 'none'; form-action 'none'; object-src 'none'"
    )
    assert b"<title>Library</title>" in player.body and b"<script" not in player.body
    assert (await street.ask("/run/org.example.nobody")).status == 404
    shell = await street.ask("/")
    assert "frame-src 'self';" in shell.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in shell.headers["Content-Security-Policy"]


async def test_packages_icons_keys_and_revocations_are_for_everybody(street: Street) -> None:
    workshop, release = street.workshop, street.release
    package = await street.ask(f"/mini/packages/{release.package_sha256}.ma")
    assert package.body == await workshop.releases.package(release.package_sha256)
    assert package.headers["Content-Type"] == "application/miniapp-pkg+zip"
    assert (await street.ask(f"/mini/packages/{'0' * 64}.ma")).status == 404
    (program,) = (await workshop.releases.catalogue.listed()).programs.values()
    icon = await street.ask(f"/mini/icons/{program.icon}")
    assert (icon.body, icon.headers["Content-Type"]) == (ICON, "image/svg+xml")
    assert icon.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert icon.headers["Cache-Control"] == "public, max-age=86400"
    keys = orjson.loads((await street.ask("/.well-known/mini-jwks.json")).body)["keys"]
    assert {key["city_purpose"] for key in keys} == {ring.purpose for ring in workshop.releases.key_rings}
    assert not any("d" in key for key in keys)
    (theirs,) = [key for key in keys if key["kid"] == workshop.developer.jwk["kid"]]
    assert (theirs["city_purpose"], theirs["city_organisation"]) == ("mini-developer", program.organisation)
    assert {key["alg"] for key in keys} == {"EdDSA"}
    assert {key.get("city_log") for key in keys if key["city_purpose"] == "mini-log"} == {"110000.citytong/mini-log"}
    listed = await street.ask("/.well-known/mini-revocations.json")
    ours = public_keys([key for key in keys if key["city_purpose"] == "mini-revocations"])
    found = revocations.read(listed.body.decode(), keys=ours, now=epoch_s(workshop.clock.now()))
    assert found.sequence == 0 and listed.headers["Access-Control-Allow-Origin"] == "*"
    assert (await street.ask("/tlog/checkpoint")).body.startswith(b"110000.citytong/mini-log\n1\n")
    assert len((await street.ask("/tlog/tile/0/000.p/1")).body) == 32


async def test_links_lead_to_the_shells_screen(street: Street) -> None:
    """W3C MiniApp Addressing: 404 for what is not there, 501 for what is no reading."""
    screen = f"/#/mini/{APP}"
    for link, status, leads in (
        (f"/miniapp/{APP}", 303, screen),
        (f"/miniapp/{APP.upper()}/pages/a?k=v&w=%2F", 303, f"{screen}?page=pages%2Fa&query=k%3Dv%26w%3D%252F"),
        (f"/miniapp/{APP};version=1.1.0/pages/a", 303, f"{screen}?page=pages%2Fa"),
        (f"/miniapp/{APP};version=9/pages/a", 404, None),
        ("/miniapp/org.example.nobody/pages/a", 404, None),
        (f"/miniapp/{APP}/pages%2F..%2Fa", 404, None),
    ):
        answer = await street.ask(link)
        assert (answer.status, answer.headers.get("Location")) == (status, leads), link
    assert (await street.ask(f"/miniapp/{APP}", method="POST")).status == 501


async def test_links_without_tls_are_refused_where_the_city_has_it(workshop: Workshop) -> None:
    await workshop.publish()
    told = routes(workshop.releases, rings=(), https=True, trusted_proxies=1)
    async with serving(door(routes=told)) as base, aiohttp.ClientSession() as http:
        for scheme, status in (("http", 403), ("https", 303)):
            url, headers = f"{base}/miniapp/{APP}", {"X-Forwarded-Proto": scheme}
            async with http.get(url, headers=headers, allow_redirects=False) as response:
                assert response.status == status


async def test_the_page_that_waits_runs_its_own_script_and_loads_nothing(street: Street) -> None:
    page = await street.ask("/__mini/waiting.html", host=street.host)
    (source,) = inline_script_hashes(page.body)
    rules = page.headers["Content-Security-Policy"].split("; ")
    assert (page.status, page.headers["Cache-Control"]) == (200, "no-cache")
    assert page.headers["Connection-Allowlist"] == "(response-origin)"
    assert {"default-src 'none'", f"script-src {source}", "sandbox allow-scripts allow-forms"} < set(rules)
