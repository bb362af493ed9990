"""Webhooks' addresses and retries, and the words of messages, as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import BadInput
from miniapps.backends.errors import WebhookRefused
from miniapps.backends.model import (
    DISABLED_AFTER,
    RETRIES,
    Delivery,
    DeliveryState,
    Kind,
    Webhook,
    WebhookState,
    webhook_url,
)
from miniapps.backends.templates import Words

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
PROVED = frozenset({"api.library.example"})


@pytest.mark.parametrize(
    "url",
    ["https://api.library.example/hook", "https://api.library.example:8443/", "https://API.library.example/h?a=1"],
)
def test_an_address_of_a_proved_domain_is_called(url: str) -> None:
    assert webhook_url(url, proved=PROVED, demo=False).startswith("https://api.library.example")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook",
        "http://api.library.example/",
        "https://library.example/",
        "https://x.api.library.example/",
        "https://api.library.example.evil.example/",
        "https://me:secret@api.library.example/",
        "https://api.library.example@evil.example/",
        "https://api.library.example\\@evil.example/",
        "https://api.library.example/#part",
        "https://api.library.example:25/",
        "https://api.library.example:0/",
        "https://api.library.example:99999/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "ftp://api.library.example/",
        "https://api.library.example/\n",
        "https://api.library.example/" + "x" * 512,
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(WebhookRefused):
        webhook_url(url, proved=PROVED, demo=False)


def test_this_machine_is_called_in_a_demonstration_alone_and_by_its_address() -> None:
    assert webhook_url("http://127.0.0.1:8001/hook", proved=(), demo=True) == "http://127.0.0.1:8001/hook"
    for url in ("http://127.0.0.1.evil.example/", "http://10.0.0.1/", "http://169.254.169.254/latest", "http://[::]/"):
        with pytest.raises(WebhookRefused):
            webhook_url(url, proved=(), demo=True)


def test_what_nobody_answers_is_told_again_at_the_times_of_the_documentation() -> None:
    one, now, pauses = Delivery.new(id="whd_1", app_id="a", kind=Kind.PING, now=NOW), NOW, []
    while one.next_at is not None:
        now = one.next_at
        one = one.after(500, now=now)
        pauses.append(one.next_at - now if one.next_at else None)
    assert pauses == [*RETRIES, None]
    assert (one.state, one.attempts, one.last_status) == (DeliveryState.DEAD, 8, 500)
    again = one.again(now).after(204, now=now)
    assert (again.state, again.attempts, again.next_at) == (DeliveryState.DELIVERED, 1, None)
    assert one.again(now).after(302, now=now).state is DeliveryState.PENDING


def test_a_week_of_failures_ends_calling_and_one_answer_begins_it_anew() -> None:
    hook = Webhook("a", "https://x", NOW).after(answered=False, now=NOW)
    assert hook.state is WebhookState.FAILING
    nearly = hook.after(answered=False, now=NOW + DISABLED_AFTER - timedelta(seconds=1))
    assert nearly.state is WebhookState.FAILING
    assert nearly.after(answered=False, now=NOW + DISABLED_AFTER).state is WebhookState.DISABLED
    assert nearly.after(answered=True, now=NOW).after(answered=False, now=NOW + DISABLED_AFTER).disabled_at is None


def _both(text: str) -> dict[str, str]:
    return {"zh-CN": text, "en": text}


@pytest.mark.parametrize(
    ("title", "body"),
    [
        (None, _both("x")),
        ("x", _both("x")),
        (_both(""), _both("x")),
        (_both(" "), _both("x")),
        (_both("x" * 41), _both("x")),
        (_both("x"), _both("x" * 301)),
        (_both("x"), {"zh-CN": "x"}),
        (_both("x"), {**_both("x"), "fr": "x"}),
        (_both("x"), {"zh-CN": "{a}", "en": "{b}"}),
        (_both("x"), _both("{a")),
        (_both("x"), _both("{A}")),
        (_both("x"), _both("{a.__class__}")),
        (_both("x"), _both("line\nline")),
        (_both("x"), _both("see HTTPS://evil.example")),
        (_both("x"), _both("www.evil.example")),
        (_both("x"), _both("".join(f"{{a{n}}}" for n in range(21)))),
    ],
)
def test_words_that_are_refused(title: Any, body: Any) -> None:
    with pytest.raises(BadInput):
        Words.parse(title=title, body=body)


@pytest.mark.parametrize("wrong", ["", "see HTTPS://evil.example"])
def test_words_that_are_refused_are_named_with_their_language(wrong: str) -> None:
    with pytest.raises(BadInput) as refused:
        Words.parse(title=_both("x"), body={"zh-CN": "x", "en": wrong})
    assert refused.value.field == "body.en"


def test_data_fill_the_places_and_nothing_of_theirs_is_a_place() -> None:
    words = Words.parse(title=_both("{book}"), body={"zh-CN": "{day}前还{book}", "en": "{book} by {day}"})
    assert words.places == {"book", "day"}
    data = {"book": "{day}", "day": "Monday"}
    assert words.filled(words.check(data)).body.en == "{day} by Monday"
    for wrong in (None, {}, {"book": "x"}, {**data, "more": "x"}, {**data, "day": ""}, {**data, "day": 7}):
        with pytest.raises(BadInput):
            words.check(wrong)
    for text in ("x" * 201, "a\nb", "http://evil.example", "\u202eevil"):
        with pytest.raises(BadInput):
            words.check({**data, "day": text})
