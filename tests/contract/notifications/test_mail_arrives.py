"""Real mail to a real mail server."""

from __future__ import annotations

from typing import Any

import pytest

from core.clock import FixedClock
from core.locale import Locale
from notifications.channels import Again, Refused, Taken
from notifications.mail import CannotMail, MailServer, SmtpCarrier
from tests.contract.notifications.standing_in import StandIn, parcel


async def test_mail_arrives_with_its_headers_in_utf_8(standing_in: StandIn, smtp: SmtpCarrier) -> None:
    assert await smtp.send([parcel("zh@example.cn")]) == [Taken()]
    [mail] = await standing_in.arrived("zh@example.cn")
    assert mail["headers"] == {
        "From": "城市通 <city@citytong.example>",
        "To": "zh@example.cn",
        "Subject": "您有一份新账单，请查看",
        "Date": "Sun, 22 Nov 2026 04:00:00 +0000",
        "Message-ID": "<dlv_1@citytong.example>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "zh-CN",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": mail["headers"]["Content-Transfer-Encoding"],
        "MIME-Version": "1.0",
    }
    assert mail["text"].replace("\r\n", "\n") == (
        "十一月电费，金额¥86.40。\n\n在城市通中打开：https://city.example/#/bills/bil_1\n\n"
        "—\n本邮件由系统发送，请勿回复。您可以在城市通的“消息设置”中更改接收方式。\n"
    )
    head = mail["raw"].partition("\r\n\r\n")[0]
    assert head.isascii()  # encoded words (RFC 2047): no server on the way needs SMTPUTF8
    assert "=?utf-8?" in head


async def test_what_is_for_the_inbox_only_is_not_in_the_mail(standing_in: StandIn, smtp: SmtpCarrier) -> None:
    assert await smtp.send([parcel("en@example.cn", locale=Locale.EN, title="Your health …", text="")]) == [Taken()]
    [mail] = await standing_in.arrived("en@example.cn")
    assert mail["headers"]["From"] == "CityTong <city@citytong.example>"
    assert mail["text"].splitlines()[:3] == [
        "Your health …",
        "",
        "Read it in CityTong: https://city.example/#/bills/bil_1",
    ]


ANSWERS: list[tuple[str, Again | Refused]] = [
    ("UNREGISTERED", Refused("SMTP_550", target_gone=True)),
    ("SENDER_ID_MISMATCH", Refused("SMTP_550", target_gone=False)),
    ("INVALID_ARGUMENT", Refused("SMTP_553", target_gone=False)),
    ("QUOTA_EXCEEDED", Again("SMTP_452")),
    ("UNAVAILABLE", Again("SMTP_451")),
    ("HANG", Again("TIMEOUT")),
]


@pytest.mark.parametrize(("fault", "outcome"), ANSWERS)
async def test_what_a_server_answers_is_told_apart(
    standing_in: StandIn, smtp: SmtpCarrier, fault: str, outcome: Again | Refused
) -> None:
    faulty = f"{fault.lower()}@example.cn"
    await standing_in.behave({faulty: {"fault": fault, "times": 1}})
    assert await smtp.send([parcel("a@example.cn"), parcel(faulty), parcel("b@example.cn")]) == [
        Taken(),
        outcome,
        Taken(),
    ]
    assert await smtp.send([parcel(faulty)]) == [Taken()]
    assert len(await standing_in.arrived(faulty)) == 1


async def test_a_server_that_is_away_is_a_failed_try(clock: FixedClock, unused_tcp_port: int) -> None:
    away = SmtpCarrier(
        url=f"smtp://127.0.0.1:{unused_tcp_port}", sender="c@d.example", public_url="http://c", clock=clock
    )
    assert await away.send([parcel("a@example.cn")]) == [Again("UNREACHABLE")]


async def test_a_server_of_another_machine_must_offer_tls(standing_in: StandIn, smtp: SmtpCarrier) -> None:
    """The sink offers none: as a server of another machine it would be refused, and the mail kept."""
    here = smtp._server
    smtp._server = Elsewhere(here.host, here.port, here.tls)
    assert await smtp.send([parcel("tls@example.cn")]) == [Again("UNREACHABLE")]
    assert await standing_in.arrived("tls@example.cn") == []


class Elsewhere(MailServer):
    @property
    def start_tls(self) -> bool | None:
        return MailServer("mail.example.cn", 587, tls=False).start_tls


@pytest.mark.parametrize(
    ("url", "server", "start_tls"),
    [
        ("smtps://u:p%40ss@mail.example.cn", MailServer("mail.example.cn", 465, True, "u", "p@ss"), False),
        ("smtp://mail.example.cn", MailServer("mail.example.cn", 587, False), True),
        ("smtp://mail.example.cn:2525", MailServer("mail.example.cn", 2525, False), True),
        ("smtp://localhost:25", MailServer("localhost", 25, False), None),
        ("smtp://[::1]:25", MailServer("::1", 25, False), None),
    ],
)
def test_where_mail_is_handed_over(url: str, server: MailServer, start_tls: bool | None) -> None:
    assert MailServer.of(url) == server
    assert MailServer.of(url).start_tls is start_tls
    assert "p@ss" not in repr(MailServer.of(url))


@pytest.mark.parametrize(
    "changes",
    [{"url": "http://mail"}, {"url": "smtp://"}, {"url": "smtp://x:hunter2@[:1"}, {"url": "smtps://h:99999999"},
     {"sender": "nobody"}, {"sender": "a@b\r\nBcc: c@d"}, {"sender": ""}],
)  # fmt: skip
def test_bad_settings_are_one_sentence_without_secrets(clock: FixedClock, changes: dict[str, Any]) -> None:
    settings = {"url": "smtp://localhost:25", "sender": "c@d.example", "public_url": "http://c", **changes}
    with pytest.raises(CannotMail, match=r"TONG_(SMTP_URL|MAIL_FROM)") as refused:
        SmtpCarrier(clock=clock, **settings)
    assert "hunter2" not in str(refused.value)


async def test_nothing_smuggles_a_header_into_a_mail(standing_in: StandIn, smtp: SmtpCarrier) -> None:
    """Were one to come past the check of addresses, the mail would be refused, not sent."""
    with pytest.raises(ValueError, match="invalid"):
        smtp.letter(parcel("a@example.cn\r\nBcc: b@example.cn"))
    with pytest.raises(ValueError, match="linefeed"):
        smtp.letter(parcel("a@example.cn", title="Hi\r\nBcc: b@example.cn"))
