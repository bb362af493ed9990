"""What those who build a program settle for its backend."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import strawberry
from strawberry.scalars import JSON

from core.graph import Connection, Info, connection_of
from core.locale import Locale
from core.paging import PageRequest
from miniapps.backends import model, shelves
from miniapps.backends.subscribing import Kept, Subscribing, Wanted
from miniapps.backends.templates import Choice, TemplateState, Words
from miniapps.backends.webhooks import Webhooks

BUILDERS: Final = [["citizen"], ["developer"]]
CITIZEN: Final = [["citizen"]]
REVIEWERS: Final = [["miniapps:review"]]

First = Annotated[int, strawberry.argument(description="How many rows, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the row before the page.")]
BothLanguages = Annotated[JSON, strawberry.argument(description='`{"zh-CN", "en"}`; `{name}` stands for data.')]

strawberry.enum(
    Choice,
    name="MiniSubscriptionChoice",
    description="ASK: the citizen says. ACCEPT, REJECT: they said so for always. BAN: the city forbids it. FILTER: the "
    "program has no such words.",
)

strawberry.enum(
    model.WebhookState,
    name="AppWebhookState",
    description="FAILING: the last call failed. DISABLED: calls failed for a week on end, and no more are made.",
)


strawberry.enum(
    model.DeliveryState,
    name="AppWebhookDeliveryState",
    description="PENDING: it is told, or told again, at `nextAt`. DEAD: nobody heard it, and it is told no more.",
)

strawberry.enum(
    TemplateState,
    name="MiniTemplateState",
    description="WRITTEN: it goes in with the next version. WAITING: reviewers decide. BANNED: nothing of it is sent.",
)


@strawberry.federation.type(description="Where the city tells a program's backend what happened.", authenticated=True)
class AppWebhook:
    url: str
    state: model.WebhookState
    set_at: datetime
    failing_since: datetime | None = strawberry.federation.field(description="Null where the last call was answered.")
    disabled_at: datetime | None = strawberry.federation.field(
        description="Since when it is called no more; set an address again to go on."
    )

    @classmethod
    def of(cls, one: model.Webhook) -> AppWebhook:
        return cls(
            url=one.url,
            state=one.state,
            set_at=one.set_at,
            failing_since=one.failing_since,
            disabled_at=one.disabled_at,
        )


@strawberry.federation.type(
    description="One thing that the city tells a program's backend, or told it in the last 30 days.", authenticated=True
)
class AppWebhookDelivery:
    id: strawberry.ID
    type: str = strawberry.federation.field(description="What happened, as the body says it: `consent.revoked`, …")
    state: model.DeliveryState
    attempts: int = strawberry.federation.field(description="Since it was made, or told again by hand.")
    last_status: int | None = strawberry.federation.field(
        description="Of HTTP; null where nobody has answered, or was asked."
    )
    created_at: datetime
    next_at: datetime | None = strawberry.federation.field(description="Null unless it is pending.")

    @classmethod
    def of(cls, one: model.Delivery) -> AppWebhookDelivery:
        return cls(
            id=strawberry.ID(one.id),
            type=one.kind.value,
            state=one.state,
            attempts=one.attempts,
            last_status=one.last_status,
            created_at=one.created_at,
            next_at=one.next_at,
        )


@strawberry.federation.type(description="A text in the languages of the city.", authenticated=True)
class MiniWords:
    title: str = strawberry.federation.field(description="In the request's language; `{name}` stands for data.")
    body: str
    titles: JSON = strawberry.federation.field(description='As it was written: `{"zh-CN", "en"}`.')
    bodies: JSON = strawberry.federation.field(description='As it was written: `{"zh-CN", "en"}`.')

    @classmethod
    def of(cls, words: Words, locale: Locale) -> MiniWords:
        titles, bodies = ({one.value: text.in_(one) for one in Locale} for text in (words.title, words.body))
        return cls(title=titles[locale.value], body=bodies[locale.value], titles=JSON(titles), bodies=JSON(bodies))


@strawberry.federation.type(description="A kind of message that a program may send.", authenticated=True)
class MiniTemplate:
    name: str
    written: MiniWords | None = strawberry.federation.field(description="As they were written last.")
    handed_in: MiniWords | None = strawberry.federation.field(description="With the last version; reviewers decide it.")
    approved: MiniWords | None = strawberry.federation.field(description="What citizens are shown.")
    banned: bool = strawberry.federation.field(description="By the city: nothing of it is sent.")
    state: TemplateState = strawberry.federation.field(description="Of what was handed in last.")
    revision: str = strawberry.federation.field(description="Names what was handed in; empty where nothing was.")
    handed_in_at: datetime | None = strawberry.federation.field(description="Since when reviewers have these words.")
    refused_because: str | None = strawberry.federation.field(description="A reviewer's reason not to take it.")
    banned_because: str | None = strawberry.federation.field(description="A reviewer's reason, of the last change.")

    @classmethod
    def of(cls, one: shelves.Template, locale: Locale) -> MiniTemplate:
        columns = [MiniWords.of(words, locale) if words else None for words in (one.draft, one.handed_in, one.approved)]
        written, handed_in, approved = columns
        return cls(
            name=one.name,
            written=written,
            handed_in=handed_in,
            approved=approved,
            banned=one.banned,
            state=one.state,
            revision=one.revision,
            handed_in_at=one.handed_in_at,
            refused_because=one.refused_because or None,
            banned_because=one.banned_because or None,
        )


@strawberry.federation.type(description="What becomes of a message that a program asks to send.", authenticated=True)
class MiniSubscriptionWanted:
    name: str
    choice: Choice
    words: MiniWords | None = strawberry.federation.field(description="Null for what is not asked.")

    @classmethod
    def of(cls, one: Wanted, locale: Locale) -> MiniSubscriptionWanted:
        return cls(name=one.name, choice=one.choice, words=MiniWords.of(one.words, locale) if one.words else None)


@strawberry.federation.type(description="Messages that you asked a program for.", authenticated=True)
class MiniSubscription:
    template: str
    words: MiniWords | None
    left: int = strawberry.federation.field(description="How many it may still send.")
    always: bool | None = strawberry.federation.field(
        description="True: yes without being asked. False: no without being asked. Null: you are asked."
    )

    @classmethod
    def of(cls, one: Kept, locale: Locale) -> MiniSubscription:
        words, stands = one.words, one.standing
        shown = MiniWords.of(words, locale) if words else None
        return cls(template=stands.template, words=shown, left=stands.left, always=stands.always)


@strawberry.type
class BackendsQuery:
    @strawberry.federation.field(
        requires_scopes=CITIZEN, description="What becomes of the messages that a running program asks for."
    )
    async def mini_subscriptions_wanted(
        self, info: Info, session: strawberry.ID, templates: list[str]
    ) -> list[MiniSubscriptionWanted]:
        service = info.context.service(Subscribing)
        found = await service.wanted(principal=info.context.principal, session_id=session, names=templates)
        return [MiniSubscriptionWanted.of(one, info.context.locale) for one in found]

    @strawberry.federation.field(requires_scopes=CITIZEN, description="Messages that you asked this program for.")
    async def mini_subscriptions(self, info: Info, app_id: str) -> list[MiniSubscription]:
        found = await info.context.service(Subscribing).kept(principal=info.context.principal, app_id=app_id)
        return [MiniSubscription.of(one, info.context.locale) for one in found]

    @strawberry.federation.field(requires_scopes=REVIEWERS, description="What a program's messages say, for reviewers.")
    async def mini_templates(self, info: Info, app_id: str) -> list[MiniTemplate]:
        found = await info.context.service(Subscribing).templates(principal=info.context.principal, app_id=app_id)
        return [MiniTemplate.of(one, info.context.locale) for one in found]


@strawberry.type
class AppOfBackends:
    """Fields of `DeveloperApp`."""

    app_id: strawberry.Private[str]

    @strawberry.federation.field(authenticated=True, description="Null where the city tells its backend nothing.")
    async def webhook(self, info: Info) -> AppWebhook | None:
        service = info.context.service(Webhooks)
        found = await service.of(principal=info.context.principal, app_id=self.app_id)
        return AppWebhook.of(found) if found else None

    @strawberry.federation.field(
        authenticated=True, description="What its backend was told in 30 days, and what waits; the newest first."
    )
    async def webhook_deliveries(
        self, info: Info, first: First = 20, after: After = None
    ) -> Connection[AppWebhookDelivery]:
        found = await info.context.service(Webhooks).told(
            principal=info.context.principal,
            app_id=self.app_id,
            request=PageRequest.of(first=first, after=after),
        )
        return connection_of(found, AppWebhookDelivery.of)

    @strawberry.federation.field(authenticated=True, description="The kinds of messages that it may send.")
    async def templates(self, info: Info) -> list[MiniTemplate]:
        service = info.context.service(Subscribing)
        found = await service.templates(principal=info.context.principal, app_id=self.app_id)
        return [MiniTemplate.of(one, info.context.locale) for one in found]


@strawberry.type
class BackendsMutation:
    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="The words of a kind of message, from the next approved version on."
    )
    async def set_mini_template(
        self,
        info: Info,
        app_id: str,
        name: Annotated[str, strawberry.argument(description="As the manifest has it.")],
        title: BothLanguages,
        body: BothLanguages,
    ) -> MiniTemplate:
        told = await info.context.service(Subscribing).write(
            principal=info.context.principal, app_id=app_id, name=name, title=title, body=body
        )
        return MiniTemplate.of(told, info.context.locale)

    @strawberry.federation.field(
        requires_scopes=REVIEWERS,
        description="No message of this kind is sent any more; never one of your own organisation.",
    )
    async def ban_mini_template(
        self,
        info: Info,
        app_id: str,
        name: str,
        reason: Annotated[str, strawberry.argument(description="1 to 500 characters; those who build it are told.")],
        banned: bool = True,
    ) -> MiniTemplate:
        told = await info.context.service(Subscribing).ban(
            principal=info.context.principal, app_id=app_id, name=name, banned=banned, reason=reason
        )
        return MiniTemplate.of(told, info.context.locale)

    @strawberry.federation.field(
        requires_scopes=REVIEWERS,
        description="Take the words of a message by themselves, or refuse them; never of your own organisation.",
    )
    async def decide_mini_template(
        self,
        info: Info,
        app_id: str,
        name: str,
        revision: Annotated[str, strawberry.argument(description="Of the words that you saw.")],
        accepted: bool,
        reason: Annotated[
            str, strawberry.argument(description="Of a refusal, 1 to 500 characters; those who build it are told.")
        ] = "",
    ) -> MiniTemplate:
        told = await info.context.service(Subscribing).decide(
            principal=info.context.principal,
            app_id=app_id,
            name=name,
            revision=revision,
            accepted=accepted,
            reason=reason,
        )
        return MiniTemplate.of(told, info.context.locale)

    @strawberry.federation.field(
        requires_scopes=CITIZEN, description="What you answered a program that asks to send you messages."
    )
    async def answer_mini_subscriptions(
        self,
        info: Info,
        session: strawberry.ID,
        accepted: Annotated[list[str], strawberry.argument(description="Each yes is one message.")],
        refused: list[str],
        text: Annotated[str, strawberry.argument(description="What the sheet said, word by word.")],
        always: Annotated[bool, strawberry.argument(description="Do so from now on without asking.")] = False,
    ) -> list[MiniSubscriptionWanted]:
        told = await info.context.service(Subscribing).answer(
            principal=info.context.principal,
            session_id=session,
            accepted=accepted,
            refused=refused,
            always=always,
            text=text,
        )
        return [MiniSubscriptionWanted.of(one, info.context.locale) for one in told]

    @strawberry.federation.field(requires_scopes=CITIZEN, description="No message of this kind comes any more.")
    async def take_back_mini_subscription(
        self,
        info: Info,
        app_id: str,
        template: str,
        ask_again: Annotated[bool, strawberry.argument(description="The program may ask for it again.")] = True,
    ) -> list[MiniSubscription]:
        left = await info.context.service(Subscribing).take_back(
            principal=info.context.principal, app_id=app_id, name=template, ask_again=ask_again
        )
        return [MiniSubscription.of(one, info.context.locale) for one in left]

    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="Tell the program's backend what happens, at this address alone."
    )
    async def set_webhook(
        self,
        info: Info,
        app_id: str,
        url: Annotated[
            str | None,
            strawberry.argument(description="https, of a domain that the program proved; null to be told nothing."),
        ],
    ) -> AppWebhook | None:
        service = info.context.service(Webhooks)
        told = await service.set(principal=info.context.principal, app_id=app_id, url=url)
        return AppWebhook.of(told) if told else None

    @strawberry.federation.field(
        requires_scopes=BUILDERS,
        description="Tell the program's backend once more what it was told, from the first try on.",
    )
    async def replay_webhook_delivery(self, info: Info, app_id: str, id: strawberry.ID) -> AppWebhookDelivery:
        told = await info.context.service(Webhooks).tell_again(principal=info.context.principal, app_id=app_id, id=id)
        return AppWebhookDelivery.of(told)

    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="Tell the program's backend a `ping`, to see whether it answers."
    )
    async def test_webhook(self, info: Info, app_id: str) -> AppWebhookDelivery:
        told = await info.context.service(Webhooks).try_now(principal=info.context.principal, app_id=app_id)
        return AppWebhookDelivery.of(told)
