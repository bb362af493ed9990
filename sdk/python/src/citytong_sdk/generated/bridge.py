"""The bridge between a mini-program and its host: methods, events, errors and what each may say.

Made by `make contract` of sdk/contract/bridge.schema.json; not to be changed by hand.
"""

# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from citytong_sdk.shapes import Choice, Fault, Flag, Json, List, Map, Number, OneOf, Record, Shape, Text


@dataclass(frozen=True, slots=True)
class Method:
    """deadline_ms: 0 for none. permission_when: (parameter, its value, the permission needed then instead)."""

    since: str
    rate: str
    deadline_ms: int
    params: Shape
    result: Shape
    errors: tuple[str, ...] = ()
    permission: str | None = None
    permission_when: tuple[tuple[str, str, str], ...] = ()
    gesture: bool = False
    local: bool = False
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    since: str
    data: Shape
    local: bool = False
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Error:
    """why: who said no, where that is always the same one. message: by language."""

    errno: int
    retryable: bool
    why: str | None
    message: Mapping[str, str]
    docs: str


PROTOCOL: Final = 1

# fmt: off

METHODS: Final[Mapping[str, Method]] = {
    "capabilities": Method("1.0", "free", 10000, Record(), List(Record({"name": Text(most=128, pattern="^city(\\.[a-z][a-z0-9_:-]*)+$"), "state": Choice(("granted", "prompt", "denied", "unavailable")), "why": Choice((None, "manifest", "review", "consent", "policy", "context", "quota")), "reason": Text(most=512)}, ("name", "state", "why")), most=128)),
    "authorize": Method("1.0", "costly", 0, Record({"scopes": List(Text(most=128, pattern="^city(\\.[a-z][a-z0-9_:-]*)+$"), least=1, most=16)}, ("scopes",)), Record({"granted": List(Text(most=128, pattern="^city(\\.[a-z][a-z0-9_:-]*)+$")), "denied": List(Text(most=128, pattern="^city(\\.[a-z][a-z0-9_:-]*)+$"))}, ("granted", "denied")), errors=("E_NOT_DECLARED", "E_UI_BUSY")),
    "getSetting": Method("1.0", "free", 10000, Record(), Record({"authSetting": Map(Flag())}, ("authSetting",))),
    "openSetting": Method("1.0", "costly", 0, Record(), Record({"authSetting": Map(Flag())}, ("authSetting",)), errors=("E_UI_BUSY", "E_NEEDS_GESTURE"), gesture=True),
    "login": Method("1.0", "costly", 10000, Record(), Record({"code": Text(least=1, most=128), "expiresIn": Number(whole=True, least=0, most=31536000)}, ("code", "expiresIn")), errors=("E_CONSENT_REQUIRED", "E_PERMISSION_DENIED"), permission="city.user.openid"),
    "checkSession": Method("1.0", "data", 10000, Record(), Record(), errors=("E_CONSENT_REQUIRED",), permission="city.user.openid"),
    "getLaunchToken": Method("1.0", "data", 10000, Record(), Record({"token": Text(least=1, most=4096), "expiresAt": Number(whole=True, least=0, most=9007199254740991)}, ("token", "expiresAt")), errors=("E_CONSENT_REQUIRED", "E_PERMISSION_DENIED"), permission="city.user.openid"),
    "getUserProfile": Method("1.0", "costly", 0, Record({"desc": Text(most=120)}), Record({"nickName": Text(most=128), "avatarUrl": Text(most=2048, pattern="^[Hh][Tt][Tt][Pp][Ss]://(?:[A-Za-z0-9-]+\\.)*[A-Za-z][A-Za-z0-9-]*(?::[0-9]{1,5})?(?:[/?#][^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be an https address"), "language": Text(least=2, most=35)}, ("nickName", "language")), errors=("E_PERMISSION_DENIED", "E_UI_BUSY"), permission="city.user.profile"),
    "getPhoneNumber": Method("1.0", "costly", 0, Record({"sealed": Flag()}), OneOf((Record({"code": Text(least=1, most=128), "expiresIn": Number(whole=True, least=0, most=31536000)}, ("code", "expiresIn")), Record({"sealed": Text(least=1, most=8192)}, ("sealed",)))), errors=("E_PERMISSION_DENIED", "E_UI_BUSY"), permission="city.user.phone"),
    "graphql": Method("1.0", "data", 10000, Record({"documentId": Text(least=1, most=128, pattern="^[A-Za-z0-9:_-]+$"), "variables": Map(Json())}, ("documentId",)), Record({"data": Json(), "errors": List(Map(Json()), most=1000), "withheld": List(Text(most=256), most=1000)}, ("data", "withheld")), errors=("E_DOC_UNKNOWN", "E_DOC_REVOKED", "E_FIELD_WITHHELD", "E_CONSENT_REQUIRED", "E_NETWORK", "E_QUOTA")),
    "request": Method("1.0", "free", 10000, Record({"url": Text(least=1, most=8192, pattern="^(?:(?:[Hh][Tt][Tt][Pp][Ss]://(?:[A-Za-z0-9-]+\\.)*[A-Za-z][A-Za-z0-9-]*(?::[0-9]{1,5})?|http://(?:(?:[A-Za-z0-9-]+\\.)*localhost|127\\.0\\.0\\.1|\\[::1\\])(?::[0-9]{1,5})?)(?:[/?#][^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?|/(?!/)[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)$", problem="must be an https address or a path"), "method": Choice(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")), "data": Json(), "header": Map(Text(most=8192)), "dataType": Choice(("json", "text")), "responseType": Choice(("text", "arraybuffer"))}, ("url",)), Record({"data": Json(), "statusCode": Number(whole=True, least=100, most=599), "header": Map(Text())}, ("data", "statusCode", "header")), errors=("E_NETWORK", "E_DOMAIN_NOT_ALLOWED"), local=True),
    "fetch": Method("1.0", "free", 10000, Record({"url": Text(least=1, most=8192, pattern="^(?:(?:[Hh][Tt][Tt][Pp][Ss]://(?:[A-Za-z0-9-]+\\.)*[A-Za-z][A-Za-z0-9-]*(?::[0-9]{1,5})?|http://(?:(?:[A-Za-z0-9-]+\\.)*localhost|127\\.0\\.0\\.1|\\[::1\\])(?::[0-9]{1,5})?)(?:[/?#][^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?|/(?!/)[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)$", problem="must be an https address or a path")}, ("url",)), Record(), errors=("E_NETWORK", "E_DOMAIN_NOT_ALLOWED"), local=True),
    "uploadFile": Method("1.0", "free", 10000, Record({"url": Text(least=1, most=8192, pattern="^(?:(?:[Hh][Tt][Tt][Pp][Ss]://(?:[A-Za-z0-9-]+\\.)*[A-Za-z][A-Za-z0-9-]*(?::[0-9]{1,5})?|http://(?:(?:[A-Za-z0-9-]+\\.)*localhost|127\\.0\\.0\\.1|\\[::1\\])(?::[0-9]{1,5})?)(?:[/?#][^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?|/(?!/)[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)$", problem="must be an https address or a path"), "filePath": Text(least=1, most=8192), "name": Text(least=1, most=256), "header": Map(Text(most=8192)), "formData": Map(Text())}, ("url", "filePath", "name")), Record({"data": Text(), "statusCode": Number(whole=True, least=100, most=599)}, ("data", "statusCode")), errors=("E_NETWORK", "E_DOMAIN_NOT_ALLOWED"), local=True),
    "downloadFile": Method("1.0", "free", 10000, Record({"url": Text(least=1, most=8192, pattern="^(?:(?:[Hh][Tt][Tt][Pp][Ss]://(?:[A-Za-z0-9-]+\\.)*[A-Za-z][A-Za-z0-9-]*(?::[0-9]{1,5})?|http://(?:(?:[A-Za-z0-9-]+\\.)*localhost|127\\.0\\.0\\.1|\\[::1\\])(?::[0-9]{1,5})?)(?:[/?#][^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?|/(?!/)[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)$", problem="must be an https address or a path"), "header": Map(Text(most=8192))}, ("url",)), Record({"tempFilePath": Text(), "statusCode": Number(whole=True, least=100, most=599)}, ("tempFilePath", "statusCode")), errors=("E_NETWORK", "E_DOMAIN_NOT_ALLOWED"), local=True),
    "getStorageSync": Method("1.0", "free", 10000, Record({"key": Text(least=1, most=256)}, ("key",)), Json(), local=True),
    "setStorageSync": Method("1.0", "write", 10000, Record({"key": Text(least=1, most=256), "data": Json()}, ("key", "data")), Record(), errors=("E_QUOTA", "E_TOO_LARGE"), local=True),
    "removeStorageSync": Method("1.0", "write", 10000, Record({"key": Text(least=1, most=256)}, ("key",)), Record(), local=True),
    "clearStorageSync": Method("1.0", "write", 10000, Record(), Record(), local=True),
    "getStorageInfoSync": Method("1.0", "free", 10000, Record(), Record({"keys": List(Text(least=1, most=256)), "currentSize": Number(whole=True, least=0, most=9007199254740991), "limitSize": Number(whole=True, least=0, most=9007199254740991)}, ("keys", "currentSize", "limitSize")), local=True),
    "getStorage": Method("1.0", "free", 10000, Record({"key": Text(least=1, most=256)}, ("key",)), Record({"data": Json()}, ("data",)), local=True),
    "setStorage": Method("1.0", "write", 10000, Record({"key": Text(least=1, most=256), "data": Json()}, ("key", "data")), Record(), errors=("E_QUOTA", "E_TOO_LARGE", "E_NETWORK"), local=True),
    "removeStorage": Method("1.0", "write", 10000, Record({"key": Text(least=1, most=256)}, ("key",)), Record(), errors=("E_NETWORK",), local=True),
    "clearStorage": Method("1.0", "write", 10000, Record(), Record(), errors=("E_NETWORK",), local=True),
    "getStorageInfo": Method("1.0", "free", 10000, Record(), Record({"keys": List(Text(least=1, most=256)), "currentSize": Number(whole=True, least=0, most=9007199254740991), "limitSize": Number(whole=True, least=0, most=9007199254740991)}, ("keys", "currentSize", "limitSize")), local=True),
    "storageWrite": Method("1.0", "write", 10000, Record({"put": Map(Json()), "removed": List(Text(least=1, most=256), most=4096), "clear": Flag()}), Record({"revision": Number(whole=True, least=0, most=9007199254740991)}, ("revision",)), errors=("E_QUOTA", "E_NETWORK"), internal=True),
    "navigateTo": Method("1.0", "ui", 10000, Record({"url": Text(most=2048, pattern="^/?(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+(?:/(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+)*(?:\\?[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\#]*)?(?:#[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be a page of the program")}, ("url",)), Record(), errors=("E_QUOTA",)),
    "redirectTo": Method("1.0", "ui", 10000, Record({"url": Text(most=2048, pattern="^/?(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+(?:/(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+)*(?:\\?[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\#]*)?(?:#[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be a page of the program")}, ("url",)), Record()),
    "switchTab": Method("1.0", "ui", 10000, Record({"url": Text(most=2048, pattern="^/?(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+(?:/(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+)*(?:\\?[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\#]*)?(?:#[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be a page of the program")}, ("url",)), Record()),
    "reLaunch": Method("1.0", "ui", 10000, Record({"url": Text(most=2048, pattern="^/?(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+(?:/(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+)*(?:\\?[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\#]*)?(?:#[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be a page of the program")}, ("url",)), Record()),
    "navigateBack": Method("1.0", "ui", 10000, Record({"delta": Number(whole=True, least=1, most=10)}), Record()),
    "openMiniProgram": Method("1.0", "costly", 0, OneOf((Record({"appId": Text(most=128, pattern="^[a-z][a-z0-9-]*(\\.[a-z][a-z0-9-]*)+$"), "path": Text(most=2048, pattern="^/?(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+(?:/(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+)*(?:\\?[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\#]*)?(?:#[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be a page of the program"), "extraData": Map(Json(), most=64)}, ("appId",)), Record({"uri": Text(most=2048, pattern="^[Hh][Tt][Tt][Pp][Ss]://(?:[A-Za-z0-9-]+\\.)*[A-Za-z][A-Za-z0-9-]*(?::[0-9]{1,5})?/miniapp/[a-z][a-z0-9-]*(?:\\.[a-z][a-z0-9-]*)+(?:;version=[A-Za-z0-9._~-]{1,64})?(?:[/?#][^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be the address of a mini-program"), "extraData": Map(Json(), most=64)}, ("uri",)))), Record(), errors=("E_USER_CANCEL", "E_NEEDS_GESTURE", "E_UI_BUSY", "E_POLICY"), gesture=True),
    "navigateBackMiniProgram": Method("1.0", "ui", 10000, Record({"extraData": Map(Json(), most=64)}), Record()),
    "exitMiniProgram": Method("1.0", "ui", 10000, Record(), Record()),
    "openURL": Method("1.0", "costly", 0, Record({"url": Text(most=2048, pattern="^[Hh][Tt][Tt][Pp][Ss]://(?:[A-Za-z0-9-]+\\.)*[A-Za-z][A-Za-z0-9-]*(?::[0-9]{1,5})?(?:[/?#][^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be an https address")}, ("url",)), Record(), errors=("E_USER_CANCEL", "E_NEEDS_GESTURE", "E_UI_BUSY"), gesture=True),
    "pageReady": Method("1.0", "free", 10000, Record({"page": Text(most=2048, pattern="^/?(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+(?:/(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+)*(?:\\?[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\#]*)?(?:#[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be a page of the program")}, ("page",)), Record(), internal=True),
    "pageStack": Method("1.0", "ui", 10000, Record({"stack": List(Text(most=2048, pattern="^/?(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+(?:/(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+)*(?:\\?[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\#]*)?(?:#[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be a page of the program"), least=1, most=10)}, ("stack",)), Record(), internal=True),
    "showToast": Method("1.0", "ui", 10000, Record({"title": Text(least=1, most=200), "icon": Choice(("success", "error", "loading", "none")), "duration": Number(whole=True, least=0, most=60000), "mask": Flag()}, ("title",)), Record()),
    "hideToast": Method("1.0", "ui", 10000, Record(), Record()),
    "showLoading": Method("1.0", "ui", 10000, Record({"title": Text(most=200), "mask": Flag()}, ("title",)), Record()),
    "hideLoading": Method("1.0", "ui", 10000, Record(), Record()),
    "showModal": Method("1.0", "ui", 0, Record({"title": Text(most=200), "content": Text(most=2000), "showCancel": Flag(), "cancelText": Text(least=1, most=20), "confirmText": Text(least=1, most=20), "editable": Flag(), "placeholderText": Text(most=200)}), Record({"confirm": Flag(), "cancel": Flag(), "content": Text(most=10000)}, ("confirm", "cancel")), errors=("E_UI_BUSY",)),
    "showActionSheet": Method("1.0", "ui", 0, Record({"alertText": Text(most=200), "itemList": List(Text(least=1, most=100), least=1, most=10), "itemColor": Text(pattern="^#[0-9a-fA-F]{6}$")}, ("itemList",)), Record({"tapIndex": Number(whole=True, least=0, most=9)}, ("tapIndex",)), errors=("E_USER_CANCEL", "E_UI_BUSY")),
    "setNavigationBarTitle": Method("1.0", "ui", 10000, Record({"title": Text(most=200)}, ("title",)), Record()),
    "setNavigationBarColor": Method("1.0", "ui", 10000, Record({"frontColor": Choice(("#ffffff", "#000000")), "backgroundColor": Text(pattern="^#[0-9a-fA-F]{6}$")}, ("frontColor", "backgroundColor")), Record()),
    "stopPullDownRefresh": Method("1.0", "ui", 10000, Record(), Record()),
    "pageScrollTo": Method("1.0", "free", 10000, Record({"scrollTop": Number(least=0, most=100000), "selector": Text(least=1, most=512), "duration": Number(whole=True, least=0, most=60000)}), Record(), local=True),
    "enableAlertBeforeUnload": Method("1.0", "ui", 10000, Record({"message": Text(least=1, most=200)}, ("message",)), Record()),
    "disableAlertBeforeUnload": Method("1.0", "ui", 10000, Record(), Record()),
    "setTabBarBadge": Method("1.0", "ui", 10000, Record({"index": Number(whole=True, least=0, most=4), "text": Text(most=4)}, ("index", "text")), Record()),
    "uiMainButtonSet": Method("1.0", "ui", 10000, Record({"text": Text(least=1, most=40), "loading": Flag(), "disabled": Flag(), "visible": Flag()}), Record(), internal=True),
    "uiBackButtonSet": Method("1.0", "ui", 10000, Record({"visible": Flag(), "disabled": Flag()}), Record(), internal=True),
    "uiSettingsButtonSet": Method("1.0", "ui", 10000, Record({"visible": Flag(), "disabled": Flag()}), Record(), internal=True),
    "getLocation": Method("1.0", "costly", 0, Record({"type": Choice(("fuzzy", "exact"))}), Record({"latitude": Number(least=-90, most=90), "longitude": Number(least=-180, most=180), "accuracy": Number(least=0, most=100000000), "type": Choice(("fuzzy", "exact")), "at": Number(whole=True, least=0, most=9007199254740991)}, ("latitude", "longitude", "accuracy", "type", "at")), errors=("E_PERMISSION_DENIED", "E_CONSENT_REQUIRED"), permission="city.device.location.fuzzy", permission_when=(("type", "exact", "city.device.location"),)),
    "scanCode": Method("1.0", "costly", 0, Record({"onlyFromCamera": Flag(), "scanType": List(Choice(("qrCode", "barCode", "datamatrix", "pdf417")), least=1, most=4)}), Record({"result": Text(most=8192), "scanType": Text(most=32)}, ("result",)), errors=("E_USER_CANCEL", "E_PERMISSION_DENIED", "E_UI_BUSY"), permission="city.device.camera"),
    "chooseMedia": Method("1.0", "costly", 0, Record({"count": Number(whole=True, least=1, most=9), "mediaType": List(Choice(("image",)), least=1, most=1), "sourceType": List(Choice(("album", "camera")), least=1, most=2)}), Record({"tempFiles": List(Record({"tempFilePath": Text(), "fileType": Choice(("image",)), "size": Number(whole=True, least=0, most=9007199254740991)}, ("tempFilePath", "fileType", "size"))), "type": Choice(("image",))}, ("tempFiles", "type")), errors=("E_USER_CANCEL", "E_PERMISSION_DENIED", "E_UI_BUSY", "E_TOO_LARGE"), permission="city.device.album", local=True),
    "mediaChoose": Method("1.0", "costly", 0, Record({"count": Number(whole=True, least=1, most=9), "source": Choice(("album", "camera"))}, ("count", "source")), Record({"files": List(Record({"file": Text(least=1, most=64, pattern="^[A-Za-z0-9_-]+$"), "type": Text(most=64, pattern="^image/[a-z0-9.+-]+$"), "size": Number(whole=True, least=0, most=9007199254740991)}, ("file", "type", "size")), least=1, most=9)}, ("files",)), errors=("E_USER_CANCEL", "E_PERMISSION_DENIED", "E_UI_BUSY", "E_TOO_LARGE"), permission="city.device.album", permission_when=(("source", "camera", "city.device.camera"),), internal=True),
    "tempFileRead": Method("1.0", "free", 10000, Record({"file": Text(least=1, most=64, pattern="^[A-Za-z0-9_-]+$"), "offset": Number(whole=True, least=0, most=9007199254740991), "length": Number(whole=True, least=1, most=147456)}, ("file", "offset", "length")), Record({"data": Text(most=196608, pattern="^[A-Za-z0-9+/]*={0,2}$")}, ("data",)), internal=True),
    "tempFileWrite": Method("1.0", "free", 10000, Record({"file": Text(least=1, most=64, pattern="^[A-Za-z0-9_-]+$"), "type": Text(most=64, pattern="^image/[a-z0-9.+-]+$"), "data": Text(most=196608, pattern="^[A-Za-z0-9+/]*={0,2}$")}, ("data",)), Record({"file": Text(least=1, most=64, pattern="^[A-Za-z0-9_-]+$"), "size": Number(whole=True, least=0, most=9007199254740991)}, ("file", "size")), errors=("E_QUOTA",), internal=True),
    "previewImage": Method("1.0", "free", 10000, Record({"urls": List(Text(least=1, most=8192), least=1, most=100), "current": Text(least=1, most=8192)}, ("urls",)), Record(), local=True),
    "saveImageToAlbum": Method("1.0", "costly", 0, Record({"filePath": Text(least=1, most=8192)}, ("filePath",)), Record(), errors=("E_USER_CANCEL", "E_PERMISSION_DENIED", "E_NEEDS_GESTURE", "E_UI_BUSY", "E_TOO_LARGE"), permission="city.device.album", gesture=True, local=True),
    "albumSave": Method("1.0", "costly", 0, Record({"file": Text(least=1, most=64, pattern="^[A-Za-z0-9_-]+$")}, ("file",)), Record(), errors=("E_USER_CANCEL", "E_PERMISSION_DENIED", "E_NEEDS_GESTURE", "E_UI_BUSY"), permission="city.device.album", gesture=True, internal=True),
    "setClipboardData": Method("1.0", "costly", 0, Record({"data": Text(most=16384)}, ("data",)), Record(), errors=("E_PERMISSION_DENIED", "E_NEEDS_GESTURE"), permission="city.device.clipboard", gesture=True),
    "getClipboardData": Method("1.0", "costly", 0, Record(), Record({"data": Text(most=16384)}, ("data",)), errors=("E_PERMISSION_DENIED", "E_NEEDS_GESTURE"), permission="city.device.clipboard", gesture=True),
    "vibrateShort": Method("1.0", "ui", 10000, Record({"type": Choice(("light", "medium", "heavy"))}), Record()),
    "makePhoneCall": Method("1.0", "costly", 0, Record({"phoneNumber": Text(pattern="^\\+?[0-9][0-9 -]{1,30}$")}, ("phoneNumber",)), Record(), errors=("E_USER_CANCEL", "E_NEEDS_GESTURE", "E_UI_BUSY"), gesture=True),
    "share": Method("1.0", "costly", 0, Record({"title": Text(least=1, most=200), "text": Text(most=1000), "path": Text(most=2048, pattern="^/?(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+(?:/(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+)*(?:\\?[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\#]*)?(?:#[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be a page of the program")}, ("title",)), Record(), errors=("E_USER_CANCEL", "E_NEEDS_GESTURE", "E_UI_BUSY"), gesture=True),
    "requestPayment": Method("1.0", "costly", 0, Record({"prepayId": Text(least=1, most=128, pattern="^[A-Za-z0-9_-]+$")}, ("prepayId",)), Record({"status": Choice(("submitted", "cancelled", "pending"))}, ("status",)), errors=("E_ORDER_INVALID", "E_PAY_LIMIT", "E_NEEDS_GESTURE", "E_UI_BUSY"), permission="city.pay", gesture=True),
    "requestSubscribeMessage": Method("1.0", "costly", 0, Record({"tmplIds": List(Text(least=1, most=64, pattern="^[a-z0-9_]+$"), least=1, most=5)}, ("tmplIds",)), Map(Choice(("accept", "reject", "ban", "filter"))), errors=("E_NEEDS_GESTURE", "E_UI_BUSY"), permission="city.message.subscribe", gesture=True),
    "getSystemInfoSync": Method("1.0", "free", 10000, Record(), Record({"platform": Text(), "version": Text(), "SDKVersion": Text(), "language": Text(least=2, most=35), "theme": Choice(("light", "dark")), "fontSizeScaleFactor": Number(), "elderMode": Flag(), "pixelRatio": Number(), "screenWidth": Number(least=0, most=100000), "screenHeight": Number(least=0, most=100000), "windowWidth": Number(least=0, most=100000), "windowHeight": Number(least=0, most=100000), "safeArea": Record({"top": Number(least=0, most=100000), "right": Number(least=0, most=100000), "bottom": Number(least=0, most=100000), "left": Number(least=0, most=100000)}, ("top", "right", "bottom", "left"))}, ("platform", "version", "SDKVersion", "language", "theme", "fontSizeScaleFactor", "elderMode", "pixelRatio", "screenWidth", "screenHeight", "windowWidth", "windowHeight", "safeArea")), local=True),
    "getWindowInfo": Method("1.0", "free", 10000, Record(), Record({"pixelRatio": Number(), "screenWidth": Number(least=0, most=100000), "screenHeight": Number(least=0, most=100000), "windowWidth": Number(least=0, most=100000), "windowHeight": Number(least=0, most=100000), "safeArea": Record({"top": Number(least=0, most=100000), "right": Number(least=0, most=100000), "bottom": Number(least=0, most=100000), "left": Number(least=0, most=100000)}, ("top", "right", "bottom", "left"))}, ("pixelRatio", "screenWidth", "screenHeight", "windowWidth", "windowHeight", "safeArea")), local=True),
    "getAppBaseInfo": Method("1.0", "free", 10000, Record(), Record({"version": Text(), "SDKVersion": Text(), "language": Text(least=2, most=35), "theme": Choice(("light", "dark")), "fontSizeScaleFactor": Number(), "elderMode": Flag()}, ("version", "SDKVersion", "language", "theme", "fontSizeScaleFactor", "elderMode")), local=True),
    "getAccountInfoSync": Method("1.0", "free", 10000, Record(), Record({"miniProgram": Record({"appId": Text(most=128, pattern="^[a-z][a-z0-9-]*(\\.[a-z][a-z0-9-]*)+$"), "version": Text(), "envVersion": Choice(("develop", "trial", "release"))}, ("appId", "version", "envVersion"))}, ("miniProgram",)), local=True),
    "getUpdateManager": Method("1.0", "free", 10000, Record(), Record(), local=True),
    "updateApply": Method("1.0", "ui", 10000, Record(), Record(), errors=("E_UNSUPPORTED",), internal=True),
    "logWrite": Method("1.0", "write", 10000, Record({"entries": List(Record({"level": Choice(("info", "warn", "error")), "at": Number(whole=True, least=0, most=9007199254740991), "text": Text(most=4096)}, ("level", "at", "text")), least=1, most=50)}, ("entries",)), Record(), internal=True),
    "reportEvent": Method("1.0", "write", 10000, Record({"eventId": Text(least=1, most=64, pattern="^[A-Za-z0-9_.-]+$"), "data": Map(OneOf((Text(most=256), Number(), Flag())), most=32)}, ("eventId",)), Record()),
}

EVENTS: Final[Mapping[str, Event]] = {
    "appshow": Event("1.0", Record({"page": Text(most=2048, pattern="^/?(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+(?:/(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+)*(?:\\?[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\#]*)?(?:#[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be a page of the program"), "query": Map(Text(most=2048)), "scene": Text(most=64), "referrer": Record({"appId": Text(most=128, pattern="^[a-z][a-z0-9-]*(\\.[a-z][a-z0-9-]*)+$"), "extraData": Map(Json(), most=64)}, ("appId",))}, ("page", "query", "scene"))),
    "apphide": Event("1.0", Record({"reason": Choice(("home", "covered", "program", "closed"))}, ("reason",))),
    "apperror": Event("1.0", Record({"errorDescription": Text(most=1024), "lang": Text(least=2, most=35), "dir": Choice(("ltr", "rtl"))}, ("errorDescription",))),
    "appunload": Event("1.0", Record({"reason": Choice(("closed", "hidden", "pressure", "update", "revoked"))}, ("reason",))),
    "themechange": Event("1.0", Record({"theme": Choice(("light", "dark"))}, ("theme",))),
    "localechange": Event("1.0", Record({"lang": Text(least=2, most=35), "dir": Choice(("ltr", "rtl"))}, ("lang", "dir"))),
    "fontscale": Event("1.0", Record({"fontScale": Number(least=0.5, most=4), "elderMode": Flag()}, ("fontScale", "elderMode"))),
    "networkchange": Event("1.0", Record({"isConnected": Flag(), "networkType": Choice(("wifi", "2g", "3g", "4g", "5g", "unknown", "none"))}, ("isConnected", "networkType"))),
    "memorywarning": Event("1.0", Record({"level": Choice(("low", "critical"))}, ("level",))),
    "capabilitychange": Event("1.0", Record({"capabilities": List(Record({"name": Text(most=128, pattern="^city(\\.[a-z][a-z0-9_:-]*)+$"), "state": Choice(("granted", "prompt", "denied", "unavailable")), "why": Choice((None, "manifest", "review", "consent", "policy", "context", "quota")), "reason": Text(most=512)}, ("name", "state", "why")), least=1, most=128)}, ("capabilities",))),
    "update-ready": Event("1.0", Record({"versionName": Text(most=64), "versionCode": Number(whole=True, least=0, most=9007199254740991)}, ("versionName", "versionCode"))),
    "mainbutton": Event("1.0", Record()),
    "backbutton": Event("1.0", Record()),
    "settingsbutton": Event("1.0", Record()),
    "pulldownrefresh": Event("1.0", Record()),
    "reachbottom": Event("1.0", Record(), local=True),
    "resize": Event("1.0", Record({"windowWidth": Number(least=0, most=100000), "windowHeight": Number(least=0, most=100000), "safeArea": Record({"top": Number(least=0, most=100000), "right": Number(least=0, most=100000), "bottom": Number(least=0, most=100000), "left": Number(least=0, most=100000)}, ("top", "right", "bottom", "left"))}, ("windowWidth", "windowHeight", "safeArea"))),
    "route": Event("1.0", Record({"action": Choice(("navigateTo", "redirectTo", "switchTab", "reLaunch", "navigateBack")), "page": Text(most=2048, pattern="^/?(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+(?:/(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+)*(?:\\?[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\#]*)?(?:#[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be a page of the program"), "query": Map(Text(most=2048)), "stack": List(Text(most=2048, pattern="^/?(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+(?:/(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+)*(?:\\?[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\#]*)?(?:#[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be a page of the program"), least=1, most=10)}, ("action", "page", "query", "stack")), internal=True),
    "storagechange": Event("1.0", Record({"put": Map(Json()), "removed": List(Text(least=1, most=256)), "clear": Flag()}, ("put", "removed", "clear")), internal=True),
}

WIRE: Final[Mapping[str, Shape]] = {
    "hello": Record({"mp": Choice(("hello",)), "protocols": List(Number(whole=True, least=1, most=1000), least=1, most=8), "sdk": Text(most=64)}, ("mp", "protocols", "sdk")),
    "welcome": Record({"mp": Choice(("welcome",)), "protocol": Number(whole=True, least=1, most=1000), "session": Text(least=1, most=64), "launch": Record({"page": Text(most=2048, pattern="^/?(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+(?:/(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+)*(?:\\?[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\#]*)?(?:#[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be a page of the program"), "query": Map(Text(most=2048)), "scene": Text(most=64), "referrer": Record({"appId": Text(most=128, pattern="^[a-z][a-z0-9-]*(\\.[a-z][a-z0-9-]*)+$"), "extraData": Map(Json(), most=64)}, ("appId",))}, ("page", "query", "scene")), "env": Record({"platform": Choice(("web", "ios", "android", "harmony", "devtools")), "hostVersion": Text(most=64), "protocol": Number(whole=True, least=1, most=1000), "appId": Text(most=128, pattern="^[a-z][a-z0-9-]*(\\.[a-z][a-z0-9-]*)+$"), "version": Record({"name": Text(most=64), "code": Number(whole=True, least=0, most=9007199254740991)}, ("name", "code")), "lang": Text(least=2, most=35), "dir": Choice(("ltr", "rtl")), "theme": Choice(("light", "dark")), "safeArea": Record({"top": Number(least=0, most=100000), "right": Number(least=0, most=100000), "bottom": Number(least=0, most=100000), "left": Number(least=0, most=100000)}, ("top", "right", "bottom", "left")), "fontScale": Number(least=0.5, most=4), "elderMode": Flag(), "network": Choice(("wifi", "2g", "3g", "4g", "5g", "unknown", "none")), "style": Choice(("pages", "spa")), "pages": List(Text(most=2048, pattern="^/?(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+(?:/(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+)*(?:\\?[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\#]*)?(?:#[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be a page of the program"), least=1, most=512), "stack": List(Text(most=2048, pattern="^/?(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+(?:/(?!\\.{1,2}(?:[/?#]|$))[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\/?#:%]+)*(?:\\?[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\#]*)?(?:#[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?$", problem="must be a page of the program"), least=1, most=10), "connect": List(Text(most=512, pattern="^(?:(?:[Hh][Tt][Tt][Pp][Ss]://(?:[A-Za-z0-9-]+\\.)*[A-Za-z][A-Za-z0-9-]*(?::[0-9]{1,5})?|http://(?:(?:[A-Za-z0-9-]+\\.)*localhost|127\\.0\\.0\\.1|\\[::1\\])(?::[0-9]{1,5})?)(?:[/?#][^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)?|/(?!/)[^\\0-\\x20\\x7f-\\xa0\\xad\\u061c\\u1680\\u180e\\u2000-\\u206f\\u3000\\ufeff\\\\]*)$", problem="must be an https address or a path"), most=64), "unsupported": List(Text(most=64), most=256)}, ("platform", "hostVersion", "protocol", "appId", "version", "lang", "dir", "theme", "safeArea", "fontScale", "elderMode", "network", "style", "pages", "stack", "connect", "unsupported")), "storage": Map(Json())}, ("mp", "protocol", "launch", "env", "storage")),
    "request": Record({"id": Number(whole=True, least=-9007199254740991, most=9007199254740991), "m": Text(least=1, most=64), "p": Map(Json())}, ("id", "m")),
    "cancel": Record({"cancel": Number(whole=True, least=-9007199254740991, most=9007199254740991)}, ("cancel",)),
    "pong": Record({"pong": Number(whole=True, least=1, most=1000)}, ("pong",)),
    "answer": Record({"id": Number(whole=True, least=-9007199254740991, most=9007199254740991), "ok": Json()}, ("id", "ok")),
    "refusal": Record({"id": Number(whole=True, least=-9007199254740991, most=9007199254740991), "err": Record({"code": Text(most=64, pattern="^E_[A-Z_]+$"), "errno": Number(whole=True, least=1000, most=9999), "message": Text(most=1024), "why": Choice(("manifest", "review", "consent", "policy", "context", "quota")), "retryAfter": Number(whole=True, least=0, most=31536000), "path": Text(most=8192), "data": Map(Json(), most=64), "docs": Text(most=512)}, ("code", "errno", "message", "docs"))}, ("id", "err")),
    "event": Record({"ev": Text(least=1, most=64), "d": Map(Json())}, ("ev", "d")),
    "ping": Record({"ping": Number(whole=True, least=1, most=1000)}, ("ping",)),
}

ERRORS: Final[Mapping[str, Error]] = {
    "E_NO_HOST": Error(1001, False, None, {"en": "This page does not run in the city's app. Check mp.inHost.", "zh-CN": "当前页面未在城市应用中运行。请先检查 mp.inHost。"}, "https://open.city.example/docs/sdk/bridge#E_NO_HOST"),
    "E_TIMEOUT": Error(1002, True, None, {"en": "No answer came in time. Try again, or give a longer timeout.", "zh-CN": "等待超时。请重试，或设置更长的 timeout。"}, "https://open.city.example/docs/sdk/bridge#E_TIMEOUT"),
    "E_DISCONNECTED": Error(1003, True, None, {"en": "The line to the host ended: the page closes or loads anew.", "zh-CN": "与宿主的连接已断开，页面正在关闭或重新加载。"}, "https://open.city.example/docs/sdk/bridge#E_DISCONNECTED"),
    "E_UNSUPPORTED": Error(1004, False, None, {"en": "This host does not offer that. Ask mp.canIUse first.", "zh-CN": "当前宿主不支持该能力。请先用 mp.canIUse 判断。"}, "https://open.city.example/docs/sdk/bridge#E_UNSUPPORTED"),
    "E_INVALID_PARAM": Error(1005, False, None, {"en": "A parameter is not as documented; path says which.", "zh-CN": "参数不符合文档，位置见 path。"}, "https://open.city.example/docs/sdk/bridge#E_INVALID_PARAM"),
    "E_RATE_LIMITED": Error(1006, True, "quota", {"en": "Too many calls. Wait for retryAfter seconds.", "zh-CN": "调用过于频繁。请等待 retryAfter 秒后再试。"}, "https://open.city.example/docs/sdk/bridge#E_RATE_LIMITED"),
    "E_QUOTA": Error(1007, False, "quota", {"en": "A limit is reached. Remove something first.", "zh-CN": "已达到配额上限。请先清理数据。"}, "https://open.city.example/docs/sdk/bridge#E_QUOTA"),
    "E_ABORTED": Error(1008, False, None, {"en": "The program called this off.", "zh-CN": "该调用已被程序自行取消。"}, "https://open.city.example/docs/sdk/bridge#E_ABORTED"),
    "E_INTERNAL": Error(1009, True, None, {"en": "Something failed in the city's app. Try again later.", "zh-CN": "城市应用内部出错。请稍后重试。"}, "https://open.city.example/docs/sdk/bridge#E_INTERNAL"),
    "E_TOO_LARGE": Error(1010, False, None, {"en": "The message is too large. Send less at once.", "zh-CN": "消息过大。请减少单次发送的数据。"}, "https://open.city.example/docs/sdk/bridge#E_TOO_LARGE"),
    "E_USER_CANCEL": Error(1101, False, None, {"en": "The citizen cancelled.", "zh-CN": "用户已取消。"}, "https://open.city.example/docs/sdk/bridge#E_USER_CANCEL"),
    "E_PERMISSION_DENIED": Error(1102, False, "consent", {"en": "The citizen said no. Go on without it, or offer mp.openSetting.", "zh-CN": "用户已拒绝。请在无此权限下继续，或引导用户打开 mp.openSetting。"}, "https://open.city.example/docs/sdk/bridge#E_PERMISSION_DENIED"),
    "E_NOT_DECLARED": Error(1103, False, "manifest", {"en": "The manifest does not declare this permission. Add it to req_permissions with a reason.", "zh-CN": "清单未声明该权限。请在 req_permissions 中添加并说明理由。"}, "https://open.city.example/docs/sdk/bridge#E_NOT_DECLARED"),
    "E_NOT_GRANTED": Error(1104, False, "review", {"en": "The review did not grant this permission to the version. Ask for it with the next submission.", "zh-CN": "审核未授予该版本此权限。请在下次提交时申请。"}, "https://open.city.example/docs/sdk/bridge#E_NOT_GRANTED"),
    "E_CONSENT_REQUIRED": Error(1105, False, "consent", {"en": "The citizen has not been asked yet, or took it back. Call mp.authorize.", "zh-CN": "尚未征得用户同意，或用户已撤回。请调用 mp.authorize。"}, "https://open.city.example/docs/sdk/bridge#E_CONSENT_REQUIRED"),
    "E_NEEDS_GESTURE": Error(1106, False, "context", {"en": "This must follow a tap of the citizen, in a program that is shown.", "zh-CN": "该调用须由用户点击触发，且程序处于前台。"}, "https://open.city.example/docs/sdk/bridge#E_NEEDS_GESTURE"),
    "E_UI_BUSY": Error(1107, True, "context", {"en": "Another sheet of the host is open. Wait until it closes.", "zh-CN": "宿主正在显示其他弹窗。请等其关闭后再试。"}, "https://open.city.example/docs/sdk/bridge#E_UI_BUSY"),
    "E_POLICY": Error(1108, False, "policy", {"en": "The city's rules forbid it here: age, guardian or region.", "zh-CN": "城市规则不允许：年龄、监护或地区限制。"}, "https://open.city.example/docs/sdk/bridge#E_POLICY"),
    "E_NETWORK": Error(1201, True, None, {"en": "The network could not be reached. Try again later.", "zh-CN": "网络不可用。请稍后重试。"}, "https://open.city.example/docs/sdk/bridge#E_NETWORK"),
    "E_DOMAIN_NOT_ALLOWED": Error(1202, False, "manifest", {"en": "That domain is not in the manifest's city_domains.", "zh-CN": "该域名不在清单的 city_domains 中。"}, "https://open.city.example/docs/sdk/bridge#E_DOMAIN_NOT_ALLOWED"),
    "E_HTTP": Error(1203, False, None, {"en": "The server answered with an error; data.status says which.", "zh-CN": "服务器返回错误，状态码见 data.status。"}, "https://open.city.example/docs/sdk/bridge#E_HTTP"),
    "E_DOC_UNKNOWN": Error(1301, False, "review", {"en": "That document is not one of this version's. Run tong typegen and submit again.", "zh-CN": "该文档不属于当前版本。请运行 tong typegen 并重新提交。"}, "https://open.city.example/docs/sdk/bridge#E_DOC_UNKNOWN"),
    "E_DOC_REVOKED": Error(1302, False, "policy", {"en": "The city withdrew that document.", "zh-CN": "该文档已被城市撤销。"}, "https://open.city.example/docs/sdk/bridge#E_DOC_REVOKED"),
    "E_FIELD_WITHHELD": Error(1303, False, "consent", {"en": "The citizen withholds a field without which there is no answer; withheld says which.", "zh-CN": "用户未同意提供必要字段，详见 withheld。"}, "https://open.city.example/docs/sdk/bridge#E_FIELD_WITHHELD"),
    "E_ORDER_INVALID": Error(1401, False, None, {"en": "The order is unknown, paid, closed or expired. Create another on your server.", "zh-CN": "订单不存在、已支付、已关闭或已过期。请在服务端重新下单。"}, "https://open.city.example/docs/sdk/bridge#E_ORDER_INVALID"),
    "E_PAY_LIMIT": Error(1402, False, "policy", {"en": "The payment is above a limit of the citizen or of the program.", "zh-CN": "支付金额超过用户或程序的限额。"}, "https://open.city.example/docs/sdk/bridge#E_PAY_LIMIT"),
    "E_APP_REVOKED": Error(1501, False, "policy", {"en": "The city took this mini-program out of service.", "zh-CN": "该小程序已被城市停止服务。"}, "https://open.city.example/docs/sdk/bridge#E_APP_REVOKED"),
    "E_VERSION_REVOKED": Error(1502, False, "policy", {"en": "This version was revoked. Close and open again.", "zh-CN": "该版本已被撤销。请关闭后重新打开。"}, "https://open.city.example/docs/sdk/bridge#E_VERSION_REVOKED"),
    "E_UPDATE_REQUIRED": Error(1503, False, "policy", {"en": "A newer version is required. Close and open again.", "zh-CN": "需要更新版本。请关闭后重新打开。"}, "https://open.city.example/docs/sdk/bridge#E_UPDATE_REQUIRED"),
}
# fmt: on


def check_params(method: str, params: object) -> Fault | None:
    """What is wrong with the parameters of a call, or None. A method that is not known is a fault, too."""
    return METHODS[method].params.fault(params) if method in METHODS else Fault("", "is unknown")


def check_result(method: str, result: object) -> Fault | None:
    """What is wrong with what a call gives, or None."""
    return METHODS[method].result.fault(result) if method in METHODS else Fault("", "is unknown")


def check_event(name: str, data: object) -> Fault | None:
    """What is wrong with what an event says, or None."""
    return EVENTS[name].data.fault(data) if name in EVENTS else Fault("", "is unknown")


def check_wire(kind: str, message: object) -> Fault | None:
    """What is wrong with a whole message (`hello`, `welcome`, `request`, …), or None."""
    return WIRE[kind].fault(message) if kind in WIRE else Fault("", "is unknown")
