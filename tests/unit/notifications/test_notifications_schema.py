"""The room's door: its subgraph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphql import ExecutionResult

from core.crypto import FieldCipher
from core.graph import Context, sdl
from core.locale import Locale
from core.principal import ANONYMOUS, Principal
from notifications import schema as door
from notifications.service import Notifications
from tests.unit.notifications.told import ANNA, BEN, acting, citizen, event, tell

INBOX = """
query ($ids: [_Any!]!, $unread: Boolean! = false) {
  _entities(representations: $ids) { ... on Citizen { id unreadCount inbox(unreadOnly: $unread) {
    nodes { id subject body category priority at readAt link sender } pageInfo { hasNextPage } } } }
}
"""
PREFERENCES = """{
  categories { category label push email } quietHours { start end }
  pushTargets { id platform language registeredAt } email { address confirmed language codeExpiresAt }
  unconfirmedEmail { address confirmed codeExpiresAt } pushAvailable emailAvailable
}"""
REACH = f"""query ($ids: [_Any!]!) {{
  _entities(representations: $ids) {{ ... on Citizen {{ notificationPreferences {PREFERENCES} }} }} }}"""
PREFER = f"""mutation ($input: NotificationPreferencesInput!) {{
  setNotificationPreferences(input: $input) {PREFERENCES} }}"""


async def ask(
    query: str,
    variables: dict[str, Any] | None = None,
    *,
    principal: Principal | None = None,
    room: Notifications | None = None,
    locale: Locale = Locale.EN,
) -> ExecutionResult:
    services: dict[type, object] = {} if room is None else {Notifications: room}
    context = Context(request_id="r", principal=principal or citizen(), locale=locale, services=services)
    result = await door.schema.execute(query, variable_values=variables or {}, context_value=context)
    return ExecutionResult(result.data, result.errors)


async def data_of(result: ExecutionResult) -> dict[str, Any]:
    assert result.errors is None
    assert result.data is not None
    return result.data


def codes_of(result: ExecutionResult) -> list[str]:
    return [(error.extensions or {})["code"] for error in result.errors or []]


def references(*accounts: str) -> dict[str, Any]:
    return {"ids": [{"__typename": "Citizen", "id": account} for account in accounts]}


async def test_the_walk_of_a_message(room: Notifications, cipher: FieldCipher) -> None:
    await tell(room, event("payments.bill_issued", cipher=cipher))
    [seen] = (await data_of(await ask(INBOX, references(ANNA), room=room)))["_entities"]
    [message] = seen["inbox"]["nodes"]
    assert (seen["unreadCount"], message) == (
        1,
        {
            "id": message["id"],
            "subject": "You have a new bill: Electricity, November",
            "body": "Beijing Commission of City Management has sent you a bill: Electricity, November."
            "\n\nThe amount is ¥86.40. Pay it by 5 December 2026.",
            "category": "PAYMENTS",
            "priority": "ROUTINE",
            "at": "2026-11-22T04:00:00+00:00",
            "readAt": None,
            "link": "/bills/bil_1",
            "sender": "Bills and payments",
        },
    )
    chinese = await ask(INBOX, references(ANNA), room=room, locale=Locale.ZH_CN)
    assert (await data_of(chinese))["_entities"][0]["inbox"]["nodes"][0]["subject"] == "您有一份新账单：十一月电费"

    mark = "mutation ($ids: [ID!]!) { markMessagesRead(ids: $ids) { unreadCount } }"
    marked = await data_of(await ask(mark, {"ids": [message["id"]]}, room=room))
    assert marked == {"markMessagesRead": {"unreadCount": 0}}
    unread = await data_of(await ask(INBOX, {**references(ANNA), "unread": True}, room=room))
    assert unread["_entities"][0]["inbox"]["nodes"] == []
    one = "query ($id: ID!) { message(id: $id) { id readAt } }"
    found = {"message": {"id": message["id"], "readAt": "2026-11-22T04:00:00+00:00"}}
    assert await data_of(await ask(one, {"id": message["id"]}, room=room)) == found
    assert await data_of(await ask(one, {"id": message["id"]}, room=room, principal=citizen(BEN))) == {"message": None}
    all_ = await data_of(await ask("mutation { markAllMessagesRead { unreadCount } }", room=room))
    assert all_ == {"markAllMessagesRead": {"unreadCount": 0}}


async def test_messages_by_their_key_are_their_readers_own(room: Notifications, cipher: FieldCipher) -> None:
    await tell(room, event("licences.issued", cipher=cipher), event("licences.issued", cipher=cipher, citizen=BEN))
    ids_ = []
    for who in (ANNA, BEN):
        [seen] = (await data_of(await ask(INBOX, references(who), principal=citizen(who), room=room)))["_entities"]
        ids_.append(seen["inbox"]["nodes"][0]["id"])
    query = "query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Message { id subject } } }"
    keys = {"ids": [{"__typename": "Message", "id": id_} for id_ in ids_]}
    found = (await data_of(await ask(query, keys, room=room)))["_entities"]
    assert found == [{"id": ids_[0], "subject": "Your Resident identity card has been issued"}, None]


async def test_of_two_citizens_only_oneself_is_answered(room: Notifications) -> None:
    result = await ask(INBOX, references(ANNA, BEN), room=room)
    assert result.data is not None
    assert result.data["_entities"][1] == {"id": BEN, "unreadCount": None, "inbox": None}
    assert codes_of(result) == ["NOT_FOUND", "NOT_FOUND"]
    assert codes_of(await ask(INBOX, references(ANNA), room=room, principal=ANONYMOUS)) == ["UNAUTHENTICATED"] * 2
    assert codes_of(await ask(INBOX, references(ANNA), room=room, principal=acting("notifications:read"))) == []


async def test_the_walk_of_being_reached(room: Notifications) -> None:
    register = """mutation ($input: RegisterPushTargetInput!) {
      registerPushTarget(input: $input) { id platform language registeredAt } }"""
    input_ = {"kind": "FID", "value": "installation-a", "platform": "ANDROID"}
    target = (await data_of(await ask(register, {"input": input_}, room=room)))["registerPushTarget"]
    assert target == {
        "id": target["id"],
        "platform": "ANDROID",
        "language": "EN",
        "registeredAt": "2026-11-22T04:00:00+00:00",
    }
    set_email = """mutation ($input: SetNotificationEmailInput!) {
      setNotificationEmail(input: $input) { address confirmed language codeExpiresAt } }"""
    address = {"address": "anna@example.cn", "language": "ZH_CN"}
    waiting = (await data_of(await ask(set_email, {"input": address}, room=room)))["setNotificationEmail"]
    assert waiting == {
        "address": "anna@example.cn",
        "confirmed": False,
        "language": "ZH_CN",
        "codeExpiresAt": "2026-11-22T04:10:00+00:00",
    }
    [seen] = (await data_of(await ask(REACH, references(ANNA), room=room)))["_entities"]
    reach = seen["notificationPreferences"]
    assert (reach["email"], reach["unconfirmedEmail"]["confirmed"]) == (None, False)
    assert (reach["pushTargets"], reach["quietHours"]) == ([target], {"start": "22:00", "end": "07:00"})
    assert reach["categories"][1] == {
        "category": "PAYMENTS",
        "label": "Bills and payments",
        "push": True,
        "email": True,
    }
    confirm = "mutation ($code: String!) { confirmNotificationEmail(code: $code) { address confirmed } }"
    assert codes_of(await ask(confirm, {"code": "000000"}, room=room)) == ["NOTIFICATIONS_EMAIL_CODE_WRONG"]
    confirmed = await data_of(await ask(confirm, {"code": "135790"}, room=room))
    assert confirmed == {"confirmNotificationEmail": {"address": "anna@example.cn", "confirmed": True}}

    one = {"categories": [{"category": "PAYMENTS", "email": False}]}
    reach = (await data_of(await ask(PREFER, {"input": one}, room=room)))["setNotificationPreferences"]
    assert reach["categories"][1] | {"label": ""} == {"category": "PAYMENTS", "label": "", "push": True, "email": False}
    assert reach["quietHours"] == {"start": "22:00", "end": "07:00"}
    quiet = {"quietHours": {"start": "23:00", "end": "05:30"}}
    reach = (await data_of(await ask(PREFER, {"input": quiet}, room=room)))["setNotificationPreferences"]
    assert (reach["quietHours"], reach["categories"][1]["email"]) == ({"start": "23:00", "end": "05:30"}, False)
    reach = (await data_of(await ask(PREFER, {"input": {"quietHours": None}}, room=room)))["setNotificationPreferences"]
    assert reach["quietHours"] is None
    bad = {"quietHours": {"start": "9", "end": "noon"}}
    assert codes_of(await ask(PREFER, {"input": bad}, room=room)) == ["NOTIFICATIONS_QUIET_HOURS_INVALID"]

    remove = "mutation ($id: ID!) { removePushTarget(id: $id) removeNotificationEmail }"
    removed = await data_of(await ask(remove, {"id": target["id"]}, room=room))
    assert removed == {"removePushTarget": True, "removeNotificationEmail": True}
    [seen] = (await data_of(await ask(REACH, references(ANNA), room=room)))["_entities"]
    reach = seen["notificationPreferences"]
    assert (reach["pushTargets"], reach["email"], reach["unconfirmedEmail"]) == ([], None, None)
    assert codes_of(await ask(remove, {"id": target["id"]}, room=room)) == ["NOT_FOUND"]


async def test_a_stub_of_a_citizen_costs_nothing() -> None:
    """No service stands behind this request: whatever reached for one would fail."""
    query = "query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Citizen { id } } }"
    assert await data_of(await ask(query, references(ANNA, BEN))) == {"_entities": [{"id": ANNA}, {"id": BEN}]}


def test_the_committed_sdl_is_current() -> None:
    committed = Path(door.__file__).with_name("schema.graphql").read_text(encoding="utf-8")
    assert sdl(door.schema) == committed
