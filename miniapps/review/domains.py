"""Rules of domains: what code and pages speak to is declared, and what is declared is the developer's, in public."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Final

from ..bundles import manifest as manifests
from .finding import Hit
from .javascript import Script
from .styles import host_of
from .subject import Subject

_URL: Final = re.compile(r"(?:https?|wss?)://([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::\d{1,5})?(?=[/?#]|$)")
# Names, not addresses: nobody loads them. The last three stand in the errors of Vue, React and Svelte.
_NAMESPACES: Final = frozenset(
    ("www.w3.org ns.adobe.com schema.org json-schema.org open.city.example vuejs.org react.dev svelte.dev").split()
)
_PRIVATE_ENDINGS: Final = (
    ".local",
    ".localhost",
    ".internal",
    ".lan",
    ".intranet",
    ".corp",
    ".home.arpa",
    ".test",
    ".invalid",
)
# Suffixes under which strangers register. The whole list is the server's to ask; these are the common ones here.
PUBLIC_SUFFIXES: Final = frozenset(
    (
        "com net org cn info biz io app dev top xyz site com.cn net.cn org.cn gov.cn edu.cn co.uk com.hk com.tw co.jp "
        "github.io gitee.io pages.dev workers.dev vercel.app netlify.app herokuapp.com web.app firebaseapp.com "
        "ngrok.io ngrok-free.app trycloudflare.com appspot.com azurewebsites.net cloudfront.net amazonaws.com "
        "aliyuncs.com myqcloud.com tcloudbase.com"
    ).split()
)
_TO_OWN_SERVER: Final = ("fetch", "request", "uploadFile", "downloadFile")
# Where anybody may put anything in an hour.
_OPENS: Final = frozenset({"openURL"})


def domains(subject: Subject) -> Iterator[Hit]:
    yield from _declared(subject)
    if subject.manifest is None:
        return
    declared = {host_of(one) for one in (*subject.manifest.connect, *subject.manifest.img)}
    seen: set[tuple[str, str]] = set()
    met: set[str] = set()
    for script in subject.scripts:
        for token, value in script.literals():
            url = _URL.match(value) if "://" in value[:8] else None
            if url is None:
                continue
            host = url[1].lower()
            met.add(host)
            if host in declared or host in _NAMESPACES or (script.source.path, host) in seen:
                continue
            seen.add((script.source.path, host))
            yield script.source.hit(_rule(script, token, host), script.starts[token], host)
    yield from _links(subject)
    if subject.manifest.connect and any(_asks_own_server(script) for script in subject.scripts):
        met.add(host_of(subject.manifest.connect[0]))
    texts = [source.text for path, source in subject.texts.items() if path != manifests.FILE]
    for host in sorted(declared - met):
        if not any(host in text for text in texts):
            yield Hit("R-DOMAIN-UNUSED", manifests.FILE, seen=host)


def _asks_own_server(script: Script) -> bool:
    """`mp.fetch('/loans')`: a path alone means the first domain."""
    return any(script.word(at - 1) == "." and script.word(at + 1) == "(" for at in script.named(*_TO_OWN_SERVER))


def is_private(host: str) -> bool:
    """Whether a host is this machine, an address, or a name that means nothing in public."""
    bare = host.strip("[]").lower()
    if bare == "localhost" or bare.endswith(_PRIVATE_ENDINGS) or "." not in bare:
        return True
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return bare.replace(".", "").isdigit()
    return True


def _declared(subject: Subject) -> Iterator[Hit]:
    """Of the manifest as it is written: what it refuses as a whole is said of the one domain that is wrong."""
    for member, domain in _written(subject.raw_manifest):
        host = host_of(domain) or domain.lower()
        seen = f"city_domains.{member}: {domain[:80]}"
        if "*" in domain or host in PUBLIC_SUFFIXES:
            yield Hit("R-DOMAIN-SUFFIX", manifests.FILE, seen=seen)
        elif is_private(host):
            yield Hit("R-DOMAIN-PRIVATE", manifests.FILE, seen=seen)
        elif not domain.startswith("https://"):
            yield Hit("R-DOMAIN-INSECURE", manifests.FILE, seen=seen)
        elif subject.known.proved is None or host not in subject.known.proved:
            yield Hit("R-DOMAIN-UNPROVED", manifests.FILE, seen=seen)


def _written(manifest: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    found = manifest.get("city_domains")
    for member in ("connect", "img"):
        items = found.get(member) if isinstance(found, dict) else None
        for item in dict.fromkeys(one for one in items if isinstance(one, str)) if isinstance(items, list) else ():
            yield member, item


def _rule(script: Script, token: int, host: str) -> str:
    if is_private(host):
        return "R-DEBUG-HOST"
    if script.word(token - 1) == ":" and script.word(token - 2) == "url" and script.word(token - 4) in _OPENS:
        return "R-LINK-EXTERNAL"
    return "R-DOMAIN-UNDECLARED"


def _links(subject: Subject) -> Iterator[Hit]:
    for page in subject.pages.values():
        for element in page.named("a", "area", "form"):
            url = element.attributes.get("action" if element.name == "form" else "href", "")
            if host := host_of(url):
                yield page.source.hit("R-DEBUG-HOST" if is_private(host) else "R-LINK-EXTERNAL", element.at, host)
