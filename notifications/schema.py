"""The GraphQL door of notifications: a citizen's inbox and how they want to be reached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Final

import strawberry

from core.graph import Connection, Info, build_schema, connection_of, personal
from core.loading import DataLoader
from core.locale import Locale
from core.paging import PageRequest
from notifications import model
from notifications.model import CATEGORY_LABELS, Category, Channel, Platform, Priority, QuietHours, Target, TargetKind
from notifications.service import Notifications

WORDS: Final = personal("IDENTITY", 3)
CONTACT: Final = personal("CONTACT", 3, mask="EMAIL")
DEVICE: Final = personal("DEVICE", 2)

strawberry.enum(Category, name="MessageCategory", description="What a message is about.")
strawberry.enum(
    Priority,
    name="MessagePriority",
    description="CRITICAL passes quiet hours and preferences; ROUTINE is bounded in number.",
)
strawberry.enum(Platform, name="PushPlatform", description="What an app that takes pushes runs on.")


@strawberry.enum(description="FID: a Firebase installation ID. TOKEN: an FCM registration token, as older apps have.")
class PushTargetKind(Enum):
    FID = "FID"
    TOKEN = "TOKEN"


@strawberry.enum(description="A language that the city writes in.")
class MessageLanguage(Enum):
    ZH_CN = "zh-CN"
    EN = "en"


def _language(wanted: MessageLanguage | None, info: Info) -> Locale:
    return Locale(wanted.value) if wanted else info.context.locale


@strawberry.federation.type(keys=["id"], description="One message in a citizen's inbox.")
class Message:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)
    subject: str = strawberry.federation.field(
        authenticated=True, directives=[WORDS], description="In the reader's language."
    )
    body: str = strawberry.federation.field(
        authenticated=True, directives=[WORDS], description="Plain text, with empty lines between its paragraphs."
    )
    category: Category = strawberry.federation.field(authenticated=True)
    priority: Priority = strawberry.federation.field(authenticated=True)
    at: datetime = strawberry.federation.field(authenticated=True)
    read_at: datetime | None = strawberry.federation.field(authenticated=True, description="None while it is unread.")
    link: str = strawberry.federation.field(authenticated=True, description="Where the shell goes on: `/bills/…`.")

    @strawberry.federation.field(authenticated=True, description="Who writes, in the reader's language.")
    def sender(self, info: Info) -> str:
        return CATEGORY_LABELS[self.category].in_(info.context.locale)

    @classmethod
    def of(cls, info: Info) -> Callable[[model.Notification], Message]:
        """Makes messages in the words of who asks."""
        room, locale = info.context.service(Notifications), info.context.locale

        def make(message: model.Notification) -> Message:
            words = room.read(message, locale=locale)
            return cls(
                id=strawberry.ID(message.id),
                subject=words.subject,
                body=words.body,
                category=message.category,
                priority=message.priority,
                at=message.at,
                read_at=message.read_at,
                link=message.link,
            )

        return make

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Message | None:
        """Nothing for who may not read it."""
        message = await _messages(info).load(id)
        return cls.of(info)(message) if message else None


def _messages(info: Info) -> DataLoader[str, model.Notification | None]:
    """This request's loader: what is asked for in one turn is found with one query."""

    async def load(keys: list[str]) -> list[model.Notification | None]:
        room = info.context.service(Notifications)
        found = await room.messages(principal=info.context.principal, ids=keys)
        return [found.get(key) for key in keys]

    return info.context.once("notifications.messages", lambda: DataLoader(load_fn=load, max_batch_size=100))


@strawberry.federation.type(description="An app that messages are pushed to.")
class PushTarget:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)
    platform: Platform = strawberry.federation.field(authenticated=True, directives=[DEVICE])
    language: MessageLanguage = strawberry.federation.field(authenticated=True)
    registered_at: datetime = strawberry.federation.field(authenticated=True, directives=[DEVICE])

    @classmethod
    def of(cls, target: Target) -> PushTarget:
        assert target.platform is not None
        return cls(
            id=strawberry.ID(target.id),
            platform=target.platform,
            language=MessageLanguage(target.language.value),
            registered_at=target.since,
        )


@strawberry.federation.type(description="An e-mail address of the citizen who asks.")
class NotificationEmail:
    address: str = strawberry.federation.field(authenticated=True, directives=[CONTACT])
    language: MessageLanguage = strawberry.federation.field(authenticated=True)
    confirmed: bool = strawberry.federation.field(
        authenticated=True, description="Nothing but its code is sent to an address that is not."
    )
    code_expires_at: datetime | None = strawberry.federation.field(
        authenticated=True, description="Until when the code that was sent can be entered."
    )

    @classmethod
    def of(cls, target: Target, room: Notifications, *, code_expires_at: datetime | None = None) -> NotificationEmail:
        return cls(
            address=room.address(target),
            language=MessageLanguage(target.language.value),
            confirmed=code_expires_at is None,
            code_expires_at=code_expires_at,
        )


@strawberry.federation.type(description="Whether messages about one thing also come to phone and e-mail address.")
class CategoryPreference:
    category: Category = strawberry.federation.field(authenticated=True)
    push: bool = strawberry.federation.field(authenticated=True)
    email: bool = strawberry.federation.field(authenticated=True)

    @strawberry.federation.field(authenticated=True, description="The category in the reader's language.")
    def label(self, info: Info) -> str:
        return CATEGORY_LABELS[self.category].in_(info.context.locale)

    @classmethod
    def of(cls, category: Category, preferences: model.Preferences) -> CategoryPreference:
        push, email = (preferences.wants(category, channel) for channel in (Channel.PUSH, Channel.EMAIL))
        return cls(category=category, push=push, email=email)


@strawberry.federation.type(description="When nothing but what is critical is sent, in the city's time.")
class QuietHoursType:
    start: str = strawberry.federation.field(authenticated=True, description="HH:MM")
    end: str = strawberry.federation.field(authenticated=True, description="HH:MM, on the next day if it is earlier.")

    @classmethod
    def of(cls, quiet: QuietHours) -> QuietHoursType:
        return cls(start=f"{quiet.start:%H:%M}", end=f"{quiet.end:%H:%M}")


@strawberry.federation.type(description="How a citizen is reached beside their inbox.")
class NotificationPreferences:
    categories: list[CategoryPreference] = strawberry.federation.field(authenticated=True)
    quiet_hours: QuietHoursType | None = strawberry.federation.field(authenticated=True)
    push_targets: list[PushTarget] = strawberry.federation.field(authenticated=True, directives=[DEVICE])
    email: NotificationEmail | None = strawberry.federation.field(
        authenticated=True, directives=[CONTACT], description="The confirmed address."
    )
    unconfirmed_email: NotificationEmail | None = strawberry.federation.field(
        authenticated=True, directives=[CONTACT], description="The address that waits for its code."
    )
    push_available: bool = strawberry.federation.field(authenticated=True, description="Whether this city pushes.")
    email_available: bool = strawberry.federation.field(
        authenticated=True, description="Whether this city sends e-mail."
    )

    @classmethod
    def of(cls, reach: model.Reach, room: Notifications) -> NotificationPreferences:
        waiting = reach.unconfirmed if reach.unconfirmed and reach.unconfirmed.expires_at > room.clock.now() else None
        return cls(
            categories=[CategoryPreference.of(category, reach.preferences) for category in Category],
            quiet_hours=QuietHoursType.of(reach.preferences.quiet) if reach.preferences.quiet else None,
            push_targets=[PushTarget.of(target) for target in reach.targets],
            email=NotificationEmail.of(reach.email, room) if reach.email else None,
            unconfirmed_email=NotificationEmail.of(waiting.target, room, code_expires_at=waiting.expires_at)
            if waiting
            else None,
            push_available=Channel.PUSH in room.channels,
            email_available=Channel.EMAIL in room.channels,
        )


@strawberry.federation.type(keys=["id"])
class Citizen:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Citizen:
        """Does no work: who may see what is decided by the field that is asked for."""
        return cls(id=id)

    @strawberry.federation.field(
        authenticated=True,
        directives=[WORDS],
        description="What the city told the citizen within a year; newest first.",
    )
    async def inbox(
        self, info: Info, first: int = 20, after: str | None = None, unread_only: bool = False
    ) -> Connection[Message] | None:
        page = await info.context.service(Notifications).inbox(
            principal=info.context.principal,
            citizen_id=self.id,
            page=PageRequest.of(first=first, after=after),
            unread_only=unread_only,
        )
        return connection_of(page, Message.of(info))

    @strawberry.federation.field(authenticated=True, description="How many messages are unread, counted up to 1,000.")
    async def unread_count(self, info: Info) -> int | None:
        return await info.context.service(Notifications).unread_count(
            principal=info.context.principal, citizen_id=self.id
        )

    @strawberry.federation.field(authenticated=True, description="How the citizen is reached; for them alone.")
    async def notification_preferences(self, info: Info) -> NotificationPreferences | None:
        room = info.context.service(Notifications)
        reach = await room.reach_of(principal=info.context.principal, citizen_id=self.id)
        return NotificationPreferences.of(reach, room)


@strawberry.type
class Query:
    @strawberry.federation.field(
        authenticated=True, directives=[WORDS], description="One message, for the citizen whom it is for."
    )
    async def message(self, info: Info, id: strawberry.ID) -> Message | None:
        found = await _messages(info).load(id)
        return Message.of(info)(found) if found else None


@strawberry.type(description="What is left unread after messages were marked.")
class MarkedRead:
    unread_count: int = strawberry.federation.field(authenticated=True)


@strawberry.input(description="An app as Firebase knows it.")
class RegisterPushTargetInput:
    kind: PushTargetKind
    value: str = strawberry.field(description="The installation ID or token, 8 to 512 characters.")
    platform: Platform
    language: MessageLanguage | None = strawberry.field(default=None, description="The request's, when not given.")


@strawberry.input
class SetNotificationEmailInput:
    address: str
    language: MessageLanguage | None = strawberry.field(default=None, description="The request's, when not given.")


@strawberry.input(description="One category; what is not given stays as it is.")
class CategoryPreferenceInput:
    category: Category
    push: bool | None = None
    email: bool | None = None

    def wanted(self) -> list[tuple[Category, Channel, bool]]:
        named = ((Channel.PUSH, self.push), (Channel.EMAIL, self.email))
        return [(self.category, channel, on) for channel, on in named if on is not None]


@strawberry.input(description="In the city's time, each as HH:MM; over midnight when the end is earlier.")
class QuietHoursInput:
    start: str
    end: str


@strawberry.input(description="What is not given stays as it is.")
class NotificationPreferencesInput:
    categories: list[CategoryPreferenceInput] = strawberry.field(default_factory=list)
    quiet_hours: QuietHoursInput | None = strawberry.field(
        default=strawberry.UNSET, description="null: no quiet hours."
    )


@strawberry.type
class Mutation:
    @strawberry.federation.field(
        authenticated=True, description="Mark up to 100 messages of one's own as read: all of them, or none."
    )
    async def mark_messages_read(self, info: Info, ids: list[strawberry.ID]) -> MarkedRead:
        left = await info.context.service(Notifications).mark_read(principal=info.context.principal, ids=ids)
        return MarkedRead(unread_count=left)

    @strawberry.federation.field(authenticated=True, description="Mark every message as read, or those up to one.")
    async def mark_all_messages_read(
        self,
        info: Info,
        up_to: strawberry.ID | None = None,
    ) -> MarkedRead:
        left = await info.context.service(Notifications).mark_all_read(principal=info.context.principal, up_to=up_to)
        return MarkedRead(unread_count=left)

    @strawberry.federation.field(
        authenticated=True, description="Push to this app from now on; it leaves whoever had registered it before."
    )
    async def register_push_target(self, info: Info, input: RegisterPushTargetInput) -> PushTarget:
        target = await info.context.service(Notifications).register_push(
            principal=info.context.principal,
            kind=TargetKind(input.kind.value),
            value=input.value,
            platform=input.platform,
            language=_language(input.language, info),
        )
        return PushTarget.of(target)

    @strawberry.federation.field(authenticated=True, description="Push to this app no more.")
    async def remove_push_target(self, info: Info, id: strawberry.ID) -> bool:
        await info.context.service(Notifications).remove_push(principal=info.context.principal, target_id=id)
        return True

    @strawberry.federation.field(
        authenticated=True, description="Send a code to an address; it is used once the code is confirmed."
    )
    async def set_notification_email(self, info: Info, input: SetNotificationEmailInput) -> NotificationEmail:
        room = info.context.service(Notifications)
        waiting = await room.set_email(
            principal=info.context.principal, address=input.address, language=_language(input.language, info)
        )
        return NotificationEmail.of(waiting.target, room, code_expires_at=waiting.expires_at)

    @strawberry.federation.field(authenticated=True, description="Enter the code that came by e-mail.")
    async def confirm_notification_email(self, info: Info, code: str) -> NotificationEmail:
        room = info.context.service(Notifications)
        return NotificationEmail.of(await room.confirm_email(principal=info.context.principal, code=code), room)

    @strawberry.federation.field(authenticated=True, description="Send no more e-mail.")
    async def remove_notification_email(self, info: Info) -> bool:
        await info.context.service(Notifications).remove_email(principal=info.context.principal)
        return True

    @strawberry.federation.field(authenticated=True, description="Change how one is reached.")
    async def set_notification_preferences(
        self, info: Info, input: NotificationPreferencesInput
    ) -> NotificationPreferences:
        room, quiet = info.context.service(Notifications), input.quiet_hours
        reach = await room.prefer(
            principal=info.context.principal,
            wanted=[one for category in input.categories for one in category.wanted()],
            quiet=QuietHours.of(quiet.start, quiet.end) if quiet else None,
            keep_quiet=quiet is strawberry.UNSET,
        )
        return NotificationPreferences.of(reach, room)


schema = build_schema(query=Query, mutation=Mutation, types=[Citizen])
