"""A version that waits for review in a demonstration city, so that its officers have something to decide about.

It is the demo studio's second program, signed by a key that is made for it and forgotten. The machine finds nothing in
it; what is left to judge is what it asks for: where the citizen is, and their phone number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.clock import epoch_s
from core.jose import key_of_seed
from core.paging import PageRequest
from core.principal import Principal, PrincipalKind
from miniapps.bundles import archive, blocks, jws, statement
from miniapps.bundles import manifest as manifests
from miniapps.developers.demo import NAME, WHO
from miniapps.developers.keys import PROOF_TYPE, Keys
from miniapps.developers.registering import Registering
from miniapps.releases.model import Category
from miniapps.versions.service import Versions

APP: Final = "studio.hutong.walks"
_NAMES: Final = {"zh-CN": "胡同漫步", "en": "Hutong Walks"}
_NOTES: Final = "第一个版本：十条步行路线。定位只用来找最近的起点。"
_MANIFEST: Final[Mapping[str, Any]] = {
    "app_id": APP,
    "name": "胡同漫步",
    "description": "十条走胡同的路线。",
    "lang": "zh-CN",
    "icons": [{"src": "common/icon.svg", "sizes": "96x96", "label": "路线"}],
    "version": {"name": "1.0.0", "code": 1},
    "platform_version": {"min_code": 1},
    "pages": ["pages/index"],
    "req_permissions": [{"name": "city.device.location", "reason": "用来找离您最近的起点"}],
    "city_opt_permissions": [{"name": "city.user.phone", "reason": "活动改期时联系您"}],
}
_ENGLISH: Final[Mapping[str, Any]] = {
    "name": "Hutong Walks",
    "description": "Ten walks through the hutongs.",
    "city_reasons": {
        "city.device.location": "To find the beginning nearest to you",
        "city.user.phone": "To reach you when a walk is put off",
    },
}
_NOT_KEPT: Final = {"zh-CN": "不保存", "en": "Not at all"}
_PRIVACY: Final[Mapping[str, Any]] = {
    "data": [
        {
            "name": "city.device.location",
            "purpose": {"zh-CN": "找最近的起点", "en": "The nearest beginning"},
            "kept": _NOT_KEPT,
        },
        {
            "name": "city.user.phone",
            "purpose": {"zh-CN": "通知改期", "en": "To say that a walk is put off"},
            "kept": _NOT_KEPT,
        },
    ]
}
_PAGE: Final = """<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>胡同漫步</title>
<link rel="stylesheet" href="../app.css">
<script type="module" src="index.js"></script></head>
<body><main>
<div id="walks"></div>
<button type="button" id="near">离我最近的起点</button>
<button type="button" id="tell">改期时联系我</button>
<p id="said" aria-live="polite"></p>
</main></body>
</html>
"""
_SCRIPT: Final = """import { mp } from "../sdk/index.js";
import { nearest, walks } from "../app.js";

const at = (id) => document.getElementById(id);
const said = (words) => void (at("said").textContent = words);
const asked = (id, ask) =>
  at(id).addEventListener("click", () => ask().then(said, () => said("没有得到您的同意。")));

for (const { name, km } of walks) {
  const line = document.createElement("p");
  line.textContent = `${name} ${km} km`;
  at("walks").append(line);
}
asked("near", async () => nearest(await mp.getLocation()).name);
asked("tell", async () => (await mp.getPhoneNumber()) && "改期时会联系您。");
"""
_WALKS: Final = """export const walks = [
  { name: "南锣鼓巷", km: 1.8, latitude: 39.937, longitude: 116.403 },
  { name: "五道营", km: 2.4, latitude: 39.949, longitude: 116.416 },
  { name: "白塔寺", km: 3.1, latitude: 39.924, longitude: 116.357 },
];

const away = (walk, here) => Math.hypot(walk.latitude - here.latitude, walk.longitude - here.longitude);

/** The walk that begins nearest to here: in one city, degrees are far enough. */
export const nearest = (here) => walks.toSorted((one, other) => away(one, here) - away(other, here))[0];
"""
_STYLE: Final = b"""body { font-size: 1rem; }
button { min-height: 3rem; font: inherit; }
@media (prefers-color-scheme: dark) { body { background: #000; color: #fff; } }
"""
_ICON: Final = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><path d="M16 76h20V44h24V20h20"/></svg>\n'


def files(kit: bytes) -> Mapping[str, bytes]:
    """Of the program. kit: the published `index.js` of @citytong/sdk."""
    return {
        manifests.FILE: orjson.dumps(_MANIFEST, option=orjson.OPT_INDENT_2),
        "app.css": _STYLE,
        "app.js": _WALKS.encode(),
        "common/icon.svg": _ICON,
        "i18n/en.json": orjson.dumps(_ENGLISH, option=orjson.OPT_INDENT_2),
        "pages/index.html": _PAGE.encode(),
        "pages/index.js": _SCRIPT.encode(),
        "privacy.json": orjson.dumps(_PRIVACY, option=orjson.OPT_INDENT_2),
        "sdk/index.js": kit,
    }


async def load_demo(
    *, versions: Versions, registering: Registering, keys: Keys, people: Mapping[str, str], kit: bytes
) -> str | None:
    """Hand the program in, unless it was before; the version's id.

    people: account ids by nickname. kit: as of `files`.
    """
    desk = versions.desk
    if (await desk.store.versions(APP, request=PageRequest.of(first=1, after=None))).rows:
        return None
    who = people[WHO]
    principal = Principal(PrincipalKind.CITIZEN, who, who, scopes=frozenset({"citizen"}))
    studio = (await registering.register(principal=principal, of=None, name=NAME)).organisation.id
    await registering.register_app(
        principal=principal, organisation=studio, app_id=APP, category=Category.CULTURE, names=_NAMES
    )
    at, seed = epoch_s(desk.clock.now()), desk.ids.random_bytes(32)
    key, jwk = Ed25519PrivateKey.from_private_bytes(seed), key_of_seed(seed).jwk()
    claims = orjson.dumps({"organisation": studio, "iat": at})
    proof = jws.sign(claims, key, typ=PROOF_TYPE, kid=jwk["kid"])
    await keys.add(principal=principal, organisation=studio, jwk=jwk, proof=proof)
    package = _signed(key, jwk["kid"], at, files(kit))
    upload = await versions.keep_package(
        authority=await desk.builders.authority(principal=principal, organisation=studio), package=package
    )
    made = await versions.create(principal=principal, app_id=APP, upload=upload.sha256, notes=_NOTES)
    return (await versions.submit(principal=principal, id=made.id)).id


def _signed(key: Ed25519PrivateKey, kid: str, at: int, program: Mapping[str, bytes]) -> bytes:
    unsigned = archive.pack(program)
    said = statement.make(unsigned, built_with="citytong", created=at)
    return blocks.join(unsigned, {blocks.DEVELOPER: statement.sign_developer(said, key=key, kid=kid)})
