"""What a browser is told about a program's files, and how the host's own script comes first in its pages.

Generated from what the city approved (the profile), never from what a program says of itself. Only pages get a policy
that lets scripts run, and each page its own: an SVG or a JSON file that is opened as a document runs nothing.
Source: "App response headers" of the threat model; experiments E1b, E3, E19, E20, E28, E31.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from . import permissions
from .html import DOCTYPE, check_html, inline_script_hashes
from .names import check_type
from .statement import Profile

# The one Trusted Types policy, which the host's script takes before the program's can.
TRUSTED_TYPES_POLICY: Final = "mp#host"

# Every feature that a page could ask a browser of today for; a name that Chromium does not know costs a line in its
# console with every page.
_FEATURES: Final = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "clipboard-read",
    "clipboard-write",
    "compute-pressure",
    "cross-origin-isolated",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "keyboard-map",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "otp-credentials",
    "payment",
    "picture-in-picture",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "storage-access",
    "unload",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)
PERMISSIONS_POLICY: Final = ", ".join(f"{feature}=()" for feature in _FEATURES)


def page_hashes(files: Mapping[str, bytes]) -> Mapping[str, tuple[str, ...]]:
    """The CSP sources of the inline scripts of each page in `files`, once every page has been checked.

    Raises: BundleError HTML_….
    """
    pages = {path: content for path, content in sorted(files.items()) if _is_page(path)}
    for path, content in pages.items():
        check_html(path, content)
    return {path: inline_script_hashes(content) for path, content in pages.items()}


def headers(
    path: str,
    *,
    profile: Profile,
    hashes: Sequence[str] = (),
    shell_origins: Sequence[str],
    report_url: str = "",
) -> dict[str, str]:
    """The response headers of the file at `path` of the approved program.

    hashes: those of the page's own inline scripts (`page_hashes`). shell_origins: who may frame a page. report_url:
    an address of the same host where violations are told, if anywhere. Raises: BundleError TYPE_FORBIDDEN.
    """
    page = _is_page(path)
    found = {
        "Content-Type": check_type(path),
        "Content-Security-Policy": content_security_policy(
            profile=profile, hashes=hashes, shell_origins=shell_origins, report_url=report_url
        )
        if page
        else NO_DOCUMENT,
        "Permissions-Policy": PERMISSIONS_POLICY,
        "Connection-Allowlist": connection_allowlist(profile),
        "Cross-Origin-Resource-Policy": "cross-origin",
        # Modules are fetched with CORS, and a sandboxed page's origin is "null".
        "Access-Control-Allow-Origin": "*",
        "X-Content-Type-Options": "nosniff",
        "X-DNS-Prefetch-Control": "off",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "public, max-age=31536000, immutable",
    }
    if page and permissions.OWN_ORIGIN in profile.capabilities:
        # Any other page's origin is opaque, and has an agent cluster of its own already.
        found["Origin-Agent-Cluster"] = "?1"
    return found


# For what is no page, and for refusals: nothing runs, nothing loads, nobody frames it.
NO_DOCUMENT: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"


def content_security_policy(
    *, profile: Profile, hashes: Sequence[str], shell_origins: Sequence[str], report_url: str = ""
) -> str:
    """The policy of a page: its package, its inline scripts and the approved domains; framed by the shell alone."""
    own_origin = " allow-same-origin" if permissions.OWN_ORIGIN in profile.capabilities else ""
    directives = [
        "default-src 'none'",
        " ".join(("script-src 'self' 'wasm-unsafe-eval'", *hashes)),
        "style-src 'self' 'unsafe-inline'",
        " ".join(("img-src 'self' data: blob:", *profile.img)),
        "font-src 'self' data:",
        "media-src 'self' blob:",
        " ".join(("connect-src 'self'", *profile.connect)),
        "worker-src blob:",
        "frame-src 'none'",
        "form-action 'none'",
        "base-uri 'none'",
        " ".join(("frame-ancestors", *(shell_origins or ("'none'",)))),
        f"sandbox allow-scripts allow-forms{own_origin}",
    ]
    if profile.trusted_types:
        directives += ["require-trusted-types-for 'script'", f"trusted-types {TRUSTED_TYPES_POLICY}"]
    if report_url:
        # `report-to` waits for a minute, asks first (CORS), and is not everywhere.
        directives.append(f"report-uri {report_url}")
    return "; ".join(directives)


def connection_allowlist(profile: Profile) -> str:
    """All that a page may connect to: its own origin and the approved domains.

    What no Content Security Policy reaches ends here: WebRTC, also from frames within the page, and connections and
    names that a page hints at (`preconnect`, `dns-prefetch`). Chromium from 152; other browsers do not know it.
    Source: WICG Connection Allowlists; an inner list of RFC 9651, §3.1.1.
    """
    domains = [f'"{domain}"' for domain in dict.fromkeys((*profile.connect, *profile.img))]
    return f"({' '.join(('response-origin', *domains))})"


def inject(html: bytes, preload_src: str) -> bytes:
    """`html` with the host's script before everything else that could run.

    One rule of bytes: after the doctype when the page begins with one (a mark of UTF-8 and spaces before it aside),
    else at the page's beginning. A parser that meets a script there makes the <html> and <head> for it, so it is the
    head's first child whatever follows, and no program's <head> has to be found. `check_html` has refused a doctype
    elsewhere. preload_src: an address without quotes, `<` or `&`, as `/preload.js`.
    """
    doctype = DOCTYPE.match(html)
    mark = 3 if html.startswith(b"\xef\xbb\xbf") else 0
    at = doctype.end() if doctype else mark
    return html[:at] + f'<script src="{preload_src}"></script>'.encode() + html[at:]


def _is_page(path: str) -> bool:
    return path.lower().endswith(".html")
