"""Pages: what they may hold, the hashes of their own scripts, and where the host's script is put in."""

from __future__ import annotations

from typing import Final

from citytong_sdk.bundles import errors, policy

_PRELOAD: Final = "/preload.js"


def vectors() -> object:
    return {
        "good": [{"id": case, "html": html} for case, html in _GOOD.items()],
        "refused": [{"id": case, "html": html, "code": code} for case, (html, code) in _BAD.items()],
        "injected": [
            {"html": html, "src": _PRELOAD, "injected": policy.inject(html.encode(), _PRELOAD).decode()}
            for html in _INJECTED
        ],
    }


_GOOD: Final = {
    "pkg-html-vite": """<!doctype html>
<html lang="zh-CN">
  <head>
    <meta charset="UTF-8" />
    <link rel="icon" type="image/svg+xml" href="./i.svg" />
    <title>图 &amp; 书</title>
    <script type="module" crossorigin src="./assets/index.js"></script>
    <link rel="stylesheet" crossorigin href="./assets/index.css">
  </head>
  <body>
    <div id="app"></div>
  </body>
</html>
""",
    "pkg-html-noscript": "<noscript><strong>It needs <a href='x'>scripts</a>.</strong></noscript>",
    "pkg-html-inline-script": "<script>let a = 1 < 2 && '</p>';</script>",
    "pkg-html-inline-svg": '<svg viewBox="0 0 1 1"><title>x</title><path d="M0 0"/><g><circle r=1 /></g>'
    "<style>.a{}</style></svg><p>a < b</p>",
    "pkg-html-comment": "<!-- a - b --><!--[if IE]><p><![endif]--><p hidden>",
    "pkg-html-template": "<template><p class=x></p></template>",
    "pkg-html-import-map": '<script type="importmap">{"imports": {}}</script>',
}

_BAD: Final[dict[str, tuple[str, str]]] = {
    "pkg-html-nul": ("<p>\0", errors.HTML_ENCODING),
    "pkg-html-srcdoc": ("<iframe srcdoc='&lt;script>'></iframe>", errors.HTML_SRCDOC),
    "pkg-html-srcdoc-in-template": ("<template><IFRAME SrcDoc=x></template>", errors.HTML_SRCDOC),
    "pkg-html-srcdoc-in-noscript": ("<noscript><iframe srcdoc=x></noscript>", errors.HTML_SRCDOC),
    "pkg-html-iframe": ("<iframe src=about:blank></iframe>", errors.HTML_ELEMENT),
    "pkg-html-object": ("<object data=x.svg></object>", errors.HTML_ELEMENT),
    "pkg-html-base": ("<base href=/>", errors.HTML_ELEMENT),
    "pkg-html-frameset": ("<frameset><frame src=x></frameset>", errors.HTML_ELEMENT),
    "pkg-html-plaintext": ("<plaintext>", errors.HTML_ELEMENT),
    "pkg-html-xmp": ("<xmp><p></xmp>", errors.HTML_ELEMENT),
    "pkg-html-handler": ("<p onclick='x()'>", errors.HTML_HANDLER),
    "pkg-html-handler-upper-case": ("<IMG SRC=x ONERROR=x>", errors.HTML_HANDLER),
    "pkg-html-handler-after-slash": ("<svg/onload=x></svg>", errors.HTML_HANDLER),
    "pkg-html-handler-in-template": ("<template><a onclick=x></a></template>", errors.HTML_HANDLER),
    "pkg-html-meta-refresh": ("<meta http-equiv=' REFRESH ' content=0>", errors.HTML_META),
    "pkg-html-meta-policy": ("<meta http-equiv=Content-Security-Policy content=''>", errors.HTML_META),
    "pkg-html-meta-origin-trial": ("<meta http-equiv=origin-trial content=x>", errors.HTML_META),
    "pkg-html-javascript": ("<a href='javascript:x'>", errors.HTML_URL),
    "pkg-html-javascript-tab": ("<a href='java&#9;script:x'>", errors.HTML_URL),
    "pkg-html-javascript-entities": ("<a href='&#x6A;avascript&colon;x'>", errors.HTML_URL),
    "pkg-html-javascript-control": ("<a href='&#1;javascript:x'>", errors.HTML_URL),
    "pkg-html-javascript-action": ("<form action=javascript:x>", errors.HTML_URL),
    "pkg-html-javascript-animated": ("<svg><animate values='x;javascript:1'/></svg>", errors.HTML_URL),
    "pkg-html-script-remote": ("<script src='https://cdn.example/x.js'></script>", errors.HTML_REMOTE),
    "pkg-html-script-remote-relative": ("<script src='//cdn.example/x.js'></script>", errors.HTML_REMOTE),
    "pkg-html-script-remote-backslash": ("<script src='/\\cdn.example/x.js'></script>", errors.HTML_REMOTE),
    "pkg-html-script-data": ("<script src='data:,x'></script>", errors.HTML_REMOTE),
    "pkg-html-preconnect": ("<link rel='x PRECONNECT' href='//e.example'>", errors.HTML_REMOTE),
    "pkg-html-speculation": ("<script type=speculationrules>{}</script>", errors.HTML_REMOTE),
    "pkg-html-script-open": ("<script>", errors.HTML_SYNTAX),
    "pkg-html-script-comment": ("<script><!--<script></script><img src=x>--></script>", errors.HTML_SYNTAX),
    "pkg-html-script-in-svg": ("<svg><script>1</script></svg>", errors.HTML_SYNTAX),
    "pkg-html-title-markup": ("<title><img src=x onerror=x></title>", errors.HTML_SYNTAX),
    "pkg-html-style-markup": ("<svg><style><!--</style><img src=x onerror=x></svg>", errors.HTML_SYNTAX),
    "pkg-html-svg-ended-by-p": ("<svg></p><style><a id='</style><img onerror=x>'>", errors.HTML_SYNTAX),
    "pkg-html-svg-desc": ("<svg><desc><p></svg>", errors.HTML_SYNTAX),
    "pkg-html-svg-foreign-object": ("<svg><foreignObject></foreignObject></svg>", errors.HTML_SYNTAX),
    "pkg-html-mathml": ("<math><mtext><table><mglyph><style><!--</style>", errors.HTML_SYNTAX),
    "pkg-html-noscript-attribute": ("<noscript><p title='</noscript><img onerror=x>'>", errors.HTML_SYNTAX),
    "pkg-html-comment-short": ("<!--><img src=x onerror=x>-->", errors.HTML_SYNTAX),
    "pkg-html-comment-bang": ("<!-- --!><img src=x onerror=x>-->", errors.HTML_SYNTAX),
    "pkg-html-comment-open": ("<!-- <p>", errors.HTML_SYNTAX),
    "pkg-html-cdata": ("<![CDATA[<p>]]>", errors.HTML_SYNTAX),
    "pkg-html-instruction": ("<?xml version='1.0'?>", errors.HTML_SYNTAX),
    "pkg-html-doctype-late": ("<!-- x --><!doctype html>", errors.HTML_SYNTAX),
    "pkg-html-attribute-twice": ("<a href=x href=y>", errors.HTML_SYNTAX),
    "pkg-html-attributes-joined": ("<a b='1'c='2'>", errors.HTML_SYNTAX),
    "pkg-html-attribute-quote": ("<a b=1'>", errors.HTML_SYNTAX),
    "pkg-html-attribute-open": ("<a b='1>", errors.HTML_SYNTAX),
    "pkg-html-attribute-no-name": ("<a =b>", errors.HTML_SYNTAX),
    "pkg-html-end-tag-attributes": ("<p></p onclick=x>", errors.HTML_SYNTAX),
}

_INJECTED: Final = (
    "<!doctype html><html><head></head></html>",
    "\ufeff \n<!DOCTYPE html PUBLIC 'x'>\n<html>",
    "\ufeff<p>页",
    "<html><head>",
    "",
    "<!-- a --><p>",
)
