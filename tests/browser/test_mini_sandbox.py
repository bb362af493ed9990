"""The sandbox of programs, in a whole Chromium that isolates sites: programs that try everything, on the city's own
hosts, and a bare page that tries the same and is heard.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import pytest
import pytest_asyncio
from playwright.async_api import Error, Frame, Page

from core.principal import Principal, PrincipalKind
from miniapps.versions.desk import REVIEW
from miniapps.versions.figures import DAYS
from tests.browser.collectors import Collector, collecting, looked_up
from tests.browser.mini_hostile import LOOSE, STRICT, Scene, staged
from tests.browser.shell_phone import CITIZEN
from tests.support.city import OpenCity
from tests.support.threats import covers
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

# What this Chromium asks nobody for, though nothing forbids it: gone (portals, prerender links), never of another
# origin (workers, `use`), or only from a header (reports).
SILENT: Final = {
    *("css-filter", "prerender-link", "portal", "fencedframe", "svg-use", "worker", "service-worker", "presentation"),
    "report-uri",
}
PROGRAMS: Final = (STRICT, LOOSE, "kept")
_REVIEWS: Final = frozenset({REVIEW})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(shell_city: OpenCity, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    chromium = shutil.which("chromium")
    assert chromium is not None, "a whole Chromium is needed: the one without windows hints at nothing"
    async with staged(shell_city, chromium, tmp_path_factory.mktemp("sandbox")) as made:
        yield made


@covers("T4", "T5", "T6", "T31", "E3", "E4", "E5", "E21", "E31")
async def test_not_one_byte_leaves_a_program_and_a_bare_page_is_heard(scene: Scene) -> None:
    """By network, with Trusted Types and without; and from what the shell keeps."""
    control = scene.attempts["control"]
    ways = {*control.found, *await control.frame.evaluate("Object.keys(thief.LEAVE)")}

    async def all_heard() -> bool:
        heard = {*control.at.arrived, *looked_up(scene.log, "control")}
        return ways - heard == SILENT

    await until(all_heard, what="all that a bare page can say")
    for name in PROGRAMS:
        tried = scene.attempts[name]
        assert tried.found.keys() == control.found.keys()
        assert (tried.at.connections, dict(tried.at.arrived), looked_up(scene.log, tried.at.who)) == (0, {}, set()), (
            name
        )


@covers("T32")
async def test_the_browser_tells_the_city_what_was_tried_and_nothing_of_what_for(scene: Scene) -> None:
    """By the header alone: a page can neither turn it off nor choose who is told."""
    platform, officer = scene.city.city.rooms.platform, Principal(PrincipalKind.STAFF, "stf_1", scopes=_REVIEWS)

    async def told() -> dict[str, int]:
        found = await platform.blocking.of(principal=officer, app_id=STRICT)
        return dict(found.get(1, {}))

    async def all_kinds() -> bool:
        return {"connect-src elsewhere", "img-src elsewhere", "require-trusted-types-for inline"} <= (
            await told()
        ).keys()

    await until(all_kinds, what="what the browser says of the page")
    rows = await platform.blocking.counting.mongo.collection(DAYS).find({"app_id": STRICT}).to_list(None)
    assert not [who for who in (STRICT, LOOSE, "localhost", "http") if who in str([row["blocked"] for row in rows])]


@covers("E1", "E1b", "E2", "E14", "E28", "E31", "T8", "T9")
async def test_an_opaque_frame_lacks_what_could_outlive_or_betray(scene: Scene) -> None:
    program, control = scene.attempts[STRICT].frame, scene.attempts["control"].frame
    assert await program.evaluate(_ALONE) == {
        "origin": "null",
        "secure": True,
        "subtle": "object",
        "inline": "ran",
        "database": "SecurityError",
        "worker": "SecurityError",
        "caches": "SecurityError",
        "cookies": "",
        "parent": "SecurityError",
        "top": "SecurityError",
        "open": "null",
        "domain": "SecurityError",
        "storage": "NotAllowedError",
        "wasm": "object",
    }
    bare = await control.evaluate(_ALONE)
    assert [bare[name] for name in ("database", "worker", "caches", "cookies")] == ["done", "done", "done", "a=b"]


_ALONE: Final = """async () => {
  const attempt = async (act) => { try { return String((await act()) ?? null); } catch (error) { return error.name; } };
  const done = (act) => async () => (await act(), "done");
  document.cookie = "a=b";
  return {
    origin: self.origin, secure: isSecureContext, subtle: typeof crypto.subtle, inline: globalThis.inline ?? null,
    database: await attempt(done(() => indexedDB.open("x"))),
    worker: await attempt(done(() => navigator.serviceWorker.register("/worker.js"))),
    caches: await attempt(done(() => caches.open("x"))),
    cookies: document.cookie,
    parent: await attempt(() => parent.document.title),
    top: await attempt(() => { if (top !== self) top.location = "/elsewhere"; }),
    open: await attempt(() => window.open("about:blank")),
    domain: await attempt(() => { document.domain = "localhost"; }),
    storage: await attempt(done(() => document.requestStorageAccess())),
    wasm: typeof (await WebAssembly.instantiate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))).instance,
  };
}"""


@covers("E20t", "E20v", "T31")
async def test_no_sink_takes_a_text(scene: Scene) -> None:
    """Those that the browser guards, and the two around it: documents of requests, and XSLT."""
    found = await scene.attempts[STRICT].frame.evaluate(_SINKS)
    assert found == dict.fromkeys(found, "refused") | {"sanitised": "<b>x</b>"}
    loose = await scene.attempts[LOOSE].frame.evaluate(_SINKS)
    assert {sink for sink, said in loose.items() if said == "refused"} == {"request", "xslt", "eval", "function"}
    policy = scene_policy(scene)
    assert "nonce" not in policy and "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]


_SINKS: Final = """async () => {
  const made = (name) => document.createElement(name);
  const written = (act) => { const frame = made("iframe"); act(frame); return frame.srcdoc; };
  const attribute = (frame, say) => { frame.toggleAttribute("srcdoc"); say(frame.attributes.srcdoc); };
  const inert = document.implementation.createHTMLDocument("");
  const asked = new XMLHttpRequest();
  asked.open("GET", "../../common/markup.json");
  asked.overrideMimeType("text/html");
  asked.responseType = "document";
  await new Promise((resolve) => { asked.onloadend = resolve; asked.send(); });
  const sinks = {
    property: () => written((frame) => { frame.srcdoc = "x"; }),
    set: () => written((frame) => frame.setAttribute("srcdoc", "x")),
    "set-ns": () => written((frame) => frame.setAttributeNS(null, "srcdoc", "x")),
    value: () => written((frame) => attribute(frame, (one) => { one.value = "x"; })),
    text: () => written((frame) => attribute(frame, (one) => { one.textContent = "x"; })),
    node: () => written((frame) => attribute(frame, (one) => { one.nodeValue = "x"; })),
    inert: () => inert.createElement("iframe").setAttribute("srcdoc", "x") ?? 1,
    markup: () => (made("p").innerHTML = "<b>x</b>"),
    outer: () => { const p = made("p"); made("div").append(p); p.outerHTML = "<b>x</b>"; return 1; },
    adjacent: () => made("p").insertAdjacentHTML("beforeend", "<b>x</b>") ?? 1,
    unsafe: () => made("p").setHTMLUnsafe("<b>x</b>") ?? 1,
    parser: () => new DOMParser().parseFromString("<b>x</b>", "text/html"),
    xml: () => new DOMParser().parseFromString("<b/>", "application/xhtml+xml"),
    fragment: () => new Range().createContextualFragment("<b>x</b>"),
    command: () => document.execCommand("insertHTML", false, "<b>x</b>") || 1,
    script: () => (made("script").text = "1"),
    object: () => (made("object").data = "x"),
    eval: () => (0, eval)("1"),
    function: () => new Function("1"),
    request: () => asked.responseXML ?? (typeof asked.response === "string" ? null : asked.response),
    xslt: () => new XSLTProcessor(),
  };
  const found = {};
  for (const [name, act] of Object.entries(sinks)) {
    try { found[name] = act() ? "taken" : "refused"; } catch { found[name] = "refused"; }
  }
  const safe = made("p");
  safe.setHTML("<b>x</b><iframe srcdoc=x></iframe><img src=x onerror=1><script>1</script>".replace(/<img[^>]*>/, ""));
  return { ...found, sanitised: safe.innerHTML };
}"""


def scene_policy(scene: Scene) -> str:
    return scene.policies[STRICT]


@covers("T5", "E4", "E20")
async def test_a_realm_that_has_webrtc_again_is_heard_by_nobody(scene: Scene) -> None:
    """A program without Trusted Types writes a frame and finds what was taken; without the header, STUN leaves.

    By itself in a tab: Chromium ends the process that asks for what the header forbids, and Playwright dies of frames
    that end so.
    """
    address = scene.attempts[LOOSE].frame.url.partition("#")[0]
    async with collecting("realm") as guarded, collecting("unguarded") as heard:
        bare = await scene.context.new_page()
        await bare.goto(f"{scene.bare}/copy?{urlencode({'of': address, 'through': scene.city.base})}")
        await realm(bare.main_frame, heard)

        async def stun() -> bool:
            return heard.arrived["webrtc"] > 0

        await until(stun, what="the control's datagram")
        await bare.close()
        page, ended = await scene.context.new_page(), list[Page]()
        page.on("crash", lambda gone: ended.append(gone))
        await page.goto(address)
        with suppress(Error):
            await realm(page.main_frame, guarded)

        async def over() -> bool:
            return len(ended) > 0

        await until(over, what="the end of its process")
        assert (guarded.connections, dict(guarded.arrived)) == (0, {})
        await page.close()


@covers("E26")
async def test_workers_come_from_blobs_alone_and_reach_nobody(scene: Scene) -> None:
    found = await until(lambda: answered(scene.attempts[LOOSE].frame), what="what became of each worker")
    assert (found["worker"], found["shared-worker"], found["service-worker"]) == (*["SecurityError"] * 3,)
    assert {found[name] for name in found if name.startswith("worker-")} == {"Error"}
    strict = scene.attempts[STRICT].found
    assert {strict[name] for name in strict if name.startswith("worker")} == {"TypeError"}
    worker = """() => new Promise((resolve) => {
      const text = "postMessage([typeof RTCPeerConnection, typeof WebTransport])";
      new Worker(URL.createObjectURL(new Blob([text]))).onmessage = ({ data }) => resolve(data);
    })"""
    assert await scene.attempts[LOOSE].frame.evaluate(worker) == ["undefined", "undefined"]


async def answered(frame: Frame) -> dict[str, str] | None:
    """What was told of each way, when no worker is under way any more."""
    found: dict[str, str] = await frame.evaluate("found")
    return None if any(said == "begun" for name, said in found.items() if name.startswith("worker-")) else found


async def realm(frame: Frame, at: Collector) -> None:
    """A document within the program's, in which the script of the package finds what the preload took."""
    await frame.evaluate(
        """(server) => new Promise((resolve) => {
        const within = document.createElement("iframe");
        const script = document.querySelector("script[src$='common/thief.js']").src.replace("thief", "realm");
        within.srcdoc = `<script src="${script}#${server}"></script>`;
        within.onload = resolve;
        document.body.append(within);
        })""",
        quote(f"stun:stun.{at.who}.localhost:{at.udp}"),
    )


@covers("E22")
async def test_no_powerful_feature_is_there(scene: Scene) -> None:
    allowed = "document.featurePolicy.allowedFeatures()"
    powerful = {
        "camera",
        "microphone",
        "geolocation",
        "usb",
        "payment",
        "clipboard-read",
        "clipboard-write",
        "bluetooth",
    }
    powerful |= {"serial", "hid", "midi", "fullscreen", "display-capture", "identity-credentials-get", "storage-access"}
    for name in PROGRAMS:
        assert not powerful & {*await scene.attempts[name].frame.evaluate(allowed)}, name
    assert {"camera", "geolocation", "payment"} <= {*await scene.attempts["control"].frame.evaluate(allowed)}


@covers("E27", "T4")
async def test_a_program_gets_to_no_other_host(scene: Scene) -> None:
    """Not to another program's, not to the city's."""
    home, other = scene.attempts[STRICT].frame, scene.attempts[LOOSE].frame.url
    for number, target in enumerate((other, f"{scene.city.base}/graphql")):
        await home.evaluate("(url) => ask('navigateTo', { url })", f"pages/second/second?to={number}")
        second = await scene.frame_at(f"second.html?to={number}")
        await second.evaluate("(url) => { location.href = url; }", target)

        async def gone(second: Frame = second) -> bool:
            return second.url.startswith("chrome-error:")

        await until(gone, what="a refusal")


@covers("E19", "T38")
async def test_who_frames_and_who_opens(scene: Scene) -> None:
    """A program's page by itself is as opaque; strangers frame neither it nor the shell."""
    address = scene.attempts[STRICT].frame.url.partition("#")[0]
    page = await scene.context.new_page()
    await page.goto(address)
    assert await page.evaluate("[self.origin, top === self, 'thief' in globalThis]") == ["null", True, True]
    await page.close()
    bare = await scene.bare_page()
    for url in (address, f"{scene.city.base}/", f"{scene.city.base}/run/{STRICT}", f"{scene.bare}/bare"):
        framed = await framed_by(bare, url)
        assert framed.startswith("chrome-error:") == (url != f"{scene.bare}/bare"), url
    await bare.close()


async def framed_by(page: Page, url: str) -> str:
    element = await page.evaluate_handle(
        """(src) => new Promise((resolve) => { const frame = document.createElement("iframe");
        document.body.append(Object.assign(frame, { src, onload: () => resolve(frame) })); })""",
        url,
    )
    within = element.as_element()
    assert within is not None

    async def loaded() -> str | None:
        """What the frame shows; another process tells of it."""
        frame = await within.content_frame()
        return frame.url if frame and frame.url not in ("", "about:blank") else None

    return await until(loaded, what=url)


@covers("E17", "E18b", "T7", "T8")
async def test_what_one_origin_and_one_site_would_have_given_away(scene: Scene) -> None:
    """The controls for which programs have hosts of their own and no origin: a frame of one's own origin opens its
    sandbox, and siblings read each other's cookies."""
    bare = await scene.bare_page()
    await bare.evaluate(
        """() => new Promise((onload) => { const frame = document.createElement("iframe");
        frame.setAttribute("sandbox", "allow-scripts allow-same-origin");
        document.body.append(Object.assign(frame, { src: "/bare?escape", name: "escape", onload })); })"""
    )
    (escape,) = [one for one in bare.frames if one.name == "escape"]
    await escape.evaluate("() => { frameElement.removeAttribute('sandbox'); parent.document.title = 'owned'; }")
    assert await bare.title() == "owned"
    await bare.evaluate("() => { document.cookie = 'sibling=1; domain=mini.localhost'; }")
    await bare.goto(scene.bare.replace("bare.", "other.") + "/bare")
    assert "sibling=1" in await bare.evaluate("document.cookie")
    await bare.close()
    for name in (STRICT, LOOSE):
        frame = scene.attempts[name].frame
        await frame.evaluate("document.cookie = 'own=1; domain=mini.localhost'")
        assert await frame.evaluate("document.cookie") == ""
        element = await frame.frame_element()
        assert await element.get_attribute("sandbox") == "allow-scripts allow-forms"
        assert await element.get_attribute("allow") == ""
    assert "own" not in {one.get("name") for one in await scene.context.cookies()}


@covers("T1")
async def test_no_address_but_a_web_s_passes(scene: Scene) -> None:
    """Every parameter of the contract that is an address, by the host's own validator and its parser."""
    base = await scene.page.evaluate("document.querySelector('script[type=module][src]').src.replace(/[^/]*$/, '')")
    passed = await scene.page.evaluate(
        """async ([base, fields, hostile]) => {
        const { checkParams } = await import(`${base}mini/generated/bridge.js`);
        const { httpsUrl, miniUri } = await import(`${base}mini/urls.js`);
        const { pagePath } = await import(`${base}mini/routes.js`).catch(() => ({}));
        const takes = { "https-url": httpsUrl, "uri-miniapp": miniUri, "page-path": () => null };
        const passed = [];
        for (const [method, params, path, format] of fields) for (const text of hostile) {
          const said = JSON.parse(JSON.stringify(params).replace('"\\u0000"', JSON.stringify(text)));
          if (!checkParams(method, said) && takes[format](text)) passed.push([method, path, text]);
        }
        return passed;
        }""",
        [base, [list(one) for one in addresses_of_the_contract()], HOSTILE],
    )
    assert passed == []
    fields = {(method, path) for method, _, path, _ in addresses_of_the_contract()}
    assert {method for method, _ in fields} >= {"openURL"}
    assert len(set(HOSTILE)) >= 40
    home = scene.attempts[STRICT].frame
    for text in HOSTILE[:4]:
        answer = await home.evaluate("(url) => ask('openURL', { url })", text)
        assert answer["err"]["code"] in ("E_INVALID_PARAM", "E_NEEDS_GESTURE", "E_NOT_DECLARED"), answer


HOSTILE: Final = [
    *("javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "java\tscript:x"),
    *("\x01javascript:x", "javascript://https://a.example/%0aalert(1)", "data:text/html,<script>1</script>", "DATA:,x"),
    *(
        "data:text/html;base64,PHNjcmlwdD4=",
        "blob:https://a.example/1",
        "blob:null/1",
        "filesystem:https://a.example/t/",
    ),
    *("vbscript:x", "file:///etc/passwd", "ftp://a.example/", "http://a.example/", "HTTP://a.example/", "about:blank"),
    *(
        "about:srcdoc",
        "chrome://settings",
        "view-source:https://a.example/",
        "intent://a#Intent;end",
        "ws://a.example/",
    ),
    *(
        "wss://a.example/",
        "//a.example/",
        "/\\a.example/",
        "https:a.example",
        "https:/a.example",
        "https:\\\\a.example",
    ),
    *("https://", "https://user@a.example/", "https://bank.example:x@a.example/", "https://a.example\\@b.example/"),
    *("https://a.example/\njavascript:1", "https://a b.example/", "https://a.example/\x00", "\u202ehttps://a.example/"),
    *(
        "https://[::1",
        "https://%00.example/",
        "",
        "?",
        "mailto:a@a.example",
        "tel:1",
        "sms:1",
        "weixin://dl/x",
        "jar:x!/",
    ),
    *("livescript:x", "x-javascript:1", "https://a.example:99999/", "https://" + "a" * 3000 + ".example/"),
]


def addresses_of_the_contract() -> list[tuple[str, dict[str, Any], str, str]]:
    """Each method with an address among its parameters: a call that holds "\\0" in its place, and its format."""
    methods = json.loads(Path("sdk/contract/bridge.schema.json").read_text())["methods"]
    found = []
    for method, told in methods.items():
        properties = told.get("params", {}).get("properties", {})
        for name, shape in properties.items():
            inner = shape.get("items", shape)
            if inner.get("format") in ("https-url", "uri-miniapp") and not told.get("local"):
                found.append((method, {name: ["\0"] if "items" in shape else "\0"}, name, inner["format"]))
    return found


@covers("T37")
async def test_what_a_program_is_told_stands_in_no_log(scene: Scene) -> None:
    """Nor in the console of the shell: the login code, the launch token, the citizen's phone and token."""
    home = scene.attempts[STRICT].frame
    code = (await home.evaluate("ask('login')"))["ok"]["code"]
    token = (await home.evaluate("ask('getLaunchToken')"))["ok"]
    secrets = [code, *(value for value in token.values() if isinstance(value, str)), CITIZEN]
    told = scene.written.getvalue() + "\n".join(scene.said)
    assert "request" in told and len(secrets) >= 3
    assert [one for one in secrets if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", told)] == []
