"""The verbs about subscriptions: a developer writes words, an officer takes, refuses or bans them, a citizen says which
messages they want.

Rules
- Each yes is one message. What a citizen wants always done is done without a sheet; a yes is then one at each asking.
- A sheet shows approved words of templates that the running release declares, and nothing else is agreed to.
- What a citizen takes back is gone at once, and the program's backend is told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.clock import to_ms
from core.crypto import digest
from core.errors import BadInput, NotFound
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind
from miniapps.backends.errors import TemplateChanged, TemplateUnknown
from miniapps.backends.model import Kind
from miniapps.backends.shelves import MessageShelf, Subscribed, Template
from miniapps.backends.telling import Telling
from miniapps.backends.templates import NAME, Choice, Words
from miniapps.developers.model import Role
from miniapps.developers.registering import Kin
from miniapps.developers.service import Developers
from miniapps.errors import OwnMatter
from miniapps.limits import ANSWERS
from miniapps.openid.service import Openids
from miniapps.releases.service import Releases, parse_reason
from miniapps.sessions.service import Run, Sessions

PERMISSION: Final = "city.message.subscribe"
REVIEW: Final = "miniapps:review"
# As the bridge's contract has it.
ASKED_MAX: Final = 5
TEMPLATES_MAX: Final = 50
TEXT_LENGTH_MAX: Final = 4_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """One template that a program asks for. words: None where there are none to show."""

    name: str
    choice: Choice
    words: Words | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a citizen asked a program for."""

    standing: Subscribed
    words: Words | None


@dataclass(frozen=True, slots=True)
class Subscribing:
    developers: Developers
    shelf: MessageShelf
    sessions: Sessions
    releases: Releases
    openids: Openids
    telling: Telling
    kin: Kin

    async def open(self) -> None:
        """Make the indexes."""
        await self.shelf.open()

    # --- for those who build

    async def write(self, *, principal: Principal, app_id: str, name: str, title: Any, body: Any) -> Template:
        """The words of a template, from the next version on that is approved.

        Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, BadInput, Unavailable.
        """
        authority = await self.developers.authority(principal=principal, app_id=app_id)
        authority.require(Role.DEVELOPER)
        words, app = Words.parse(title=title, body=body), authority.the_app.app_id
        if not NAME.fullmatch(name):
            raise BadInput(field="name", problem="must be 1 to 64 of a-z, 0-9 and _")

        async def work(session: Session) -> Template:
            known = await self.shelf.templates(app, session=session)
            if name not in known and len(known) >= TEMPLATES_MAX:
                raise BadInput(field="name", problem=f"must be one of {TEMPLATES_MAX} at most")
            await self.shelf.write(app, name, words, session=session)
            return (await self.shelf.templates(app, session=session))[name]

        return await self.developers.transaction(work)

    async def templates(self, *, principal: Principal, app_id: str) -> Sequence[Template]:
        """For those who build it, and for reviewers. Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        if principal.kind is PrincipalKind.STAFF:
            principal.require_scope(REVIEW)
        else:
            await self.developers.membership(principal=principal, app_id=app_id)
        found = await self.shelf.templates(app_id)
        return [found[name] for name in sorted(found)]

    # --- for officers

    async def waiting(self, *, principal: Principal, request: PageRequest) -> Page[Template]:
        """What waits for a decision in all programs, the longest first.

        Raises: SignInRequired, Forbidden, Unavailable.
        """
        principal.require(PrincipalKind.STAFF)
        principal.require_scope(REVIEW)
        return await self.shelf.waiting(request=request)

    async def ban(self, *, principal: Principal, app_id: str, name: str, banned: bool, reason: str) -> Template:
        """No program sends it from now on, or it is sent again; those who build it are told why, and its backend
        that it is so.

        Raises: SignInRequired, Forbidden, OwnMatter, NotFound, BadInput, Unavailable.
        """
        organisation, why = await self._matter(principal, app_id), parse_reason(reason)

        async def work(session: Session) -> Template:
            before = await self._template(app_id, name, session)
            await self.shelf.ban(app_id, name, banned=banned, because=why, session=session)
            if banned is not before.banned:
                kind = Kind.TEMPLATE_BANNED if banned else Kind.TEMPLATE_ALLOWED
                await self.telling.tell(app_id, kind, {"template": name}, session=session)
            about: dict[str, str | int] = {"app_id": app_id, "template": name, "banned": int(banned)}
            await self.developers.audit.append(
                "miniapps.template_banned", actor=principal.actor, subject=organisation, about=about, session=session
            )
            return await self._template(app_id, name, session)

        return await self.developers.transaction(work)

    async def decide(
        self, *, principal: Principal, app_id: str, name: str, revision: str, accepted: bool, reason: str
    ) -> Template:
        """Take words that were handed in, by themselves, or refuse them. revision: of what the officer saw. reason: of
        a refusal; those who build it are told.

        Raises: SignInRequired, Forbidden, OwnMatter, NotFound, TemplateChanged, BadInput, Unavailable.
        """
        organisation, why = await self._matter(principal, app_id), "" if accepted else parse_reason(reason)

        async def work(session: Session) -> Template:
            seen = await self._template(app_id, name, session)
            if seen.handed_in is None or seen.revision != revision:
                raise TemplateChanged()
            if accepted:
                await self.shelf.accept(seen, session=session)
            else:
                await self.shelf.refuse(app_id, name, because=why, session=session)
            about: dict[str, str | int] = {"app_id": app_id, "template": name, "accepted": int(accepted)}
            await self.developers.audit.append(
                "miniapps.template_decided", actor=principal.actor, subject=organisation, about=about, session=session
            )
            return await self._template(app_id, name, session)

        return await self.developers.transaction(work)

    async def _matter(self, principal: Principal, app_id: str) -> str:
        """The organisation whose program it is, which the officer may decide about.

        Raises: SignInRequired, Forbidden, OwnMatter, NotFound, Unavailable.
        """
        principal.require(PrincipalKind.STAFF)
        principal.require_scope(REVIEW)
        app = await self.developers.app(app_id)
        if app is None:
            raise NotFound(thing="template")
        if await self.kin.builds(principal.actor, organisation=app.organisation):
            raise OwnMatter()
        return app.organisation

    async def _template(self, app_id: str, name: str, session: Session) -> Template:
        """Raises: NotFound."""
        found = (await self.shelf.templates(app_id, session=session)).get(name)
        if found is None:
            raise NotFound(thing="template")
        return found

    # --- for citizens

    async def wanted(self, *, principal: Principal, session_id: str, names: Sequence[str]) -> Sequence[Wanted]:
        """What would become of each template that a running program asks for.

        Raises: SignInRequired, Forbidden, SessionOver, NotPermitted, BadInput, Unavailable.
        """
        run = await self._run(principal, session_id, names)
        return list((await self._wanted(run, names)).values())

    async def answer(
        self,
        *,
        principal: Principal,
        session_id: str,
        accepted: Collection[str],
        refused: Collection[str],
        always: bool,
        text: str,
    ) -> Sequence[Wanted]:
        """What the citizen said on one sheet. always: and wants it so from now on. text: the sheet's, word by word.

        Raises: SignInRequired, Forbidden, SessionOver, NotPermitted, TemplateUnknown, BadInput, TooOften, Unavailable.
        """
        names = [*dict.fromkeys([*accepted, *refused])]
        run = await self._run(principal, session_id, names)
        if set(accepted) & set(refused) or len(text) > TEXT_LENGTH_MAX:
            raise BadInput(field="refused", problem="must not name what is accepted, nor the text be too long")
        await self.sessions.paces.charge(ANSWERS, session_id)
        now = await self._wanted(run, names)
        if any(one.choice in (Choice.FILTER, Choice.BAN) for one in now.values()):
            raise TemplateUnknown()
        chosen = {name: name in set(accepted) for name in names}
        await self._enter(run, chosen, always=always, text=text)
        kept = {True: Choice.ACCEPT, False: Choice.REJECT}
        return [Wanted(name, kept[yes], now[name].words) for name, yes in chosen.items()]

    async def _enter(self, run: Run, chosen: Mapping[str, bool], *, always: bool, text: str) -> None:
        citizen, app_id = run.session.citizen, run.session.app_id
        subject = await self.openids.store.subject(citizen, app_id=app_id, organisation=run.session.organisation)
        at, shown = to_ms(self.telling.clock.now()), digest(text).hex()

        async def work(session: Session) -> None:
            for name, yes in chosen.items():
                if yes:
                    await self.shelf.subscribe(
                        citizen, app_id, name, always=True if always else None, shown=shown, at=at, session=session
                    )
                elif always:
                    await self.shelf.settle(citizen, app_id, name, always=False, at=at, session=session)
                if yes or always:
                    await self._tell(app_id, subject.openid, name, yes, session)

        await self.developers.transaction(work)

    async def kept(self, *, principal: Principal, app_id: str) -> Sequence[Kept]:
        """What the citizen asked a program for. Raises: SignInRequired, Forbidden, Unavailable."""
        principal.require_citizen(principal.subject)
        found = await self.shelf.subscribed(principal.subject, app_id=app_id)
        words = await self.shelf.templates(app_id) if found else {}
        return [
            Kept(one, words[name].approved if name in words else None)
            for (_, name), one in sorted(found.items())
            if one.left or one.always is not None
        ]

    async def take_back(self, *, principal: Principal, app_id: str, name: str, ask_again: bool) -> Sequence[Kept]:
        """No message of this template comes any more. ask_again: the program may ask for it again.

        Raises: SignInRequired, Forbidden, NotFound, TooOften, Unavailable.
        """
        principal.require_citizen(principal.subject)
        citizen = principal.subject
        await self.sessions.paces.charge(ANSWERS, citizen)
        if (app_id, name) not in await self.shelf.subscribed(citizen, app_id=app_id):
            raise NotFound(thing="subscription")
        openid = (await self.openids.store.subjects(citizen)).get(app_id)
        at = to_ms(self.telling.clock.now())

        async def work(session: Session) -> None:
            await self.shelf.settle(citizen, app_id, name, always=None if ask_again else False, at=at, session=session)
            if openid is not None:
                await self._tell(app_id, openid, name, False, session)

        await self.developers.transaction(work)
        return await self.kept(principal=principal, app_id=app_id)

    async def _tell(self, app_id: str, openid: str, name: str, accepted: bool, session: Session) -> None:
        data = {"openid": openid, "template": name, "accepted": accepted}
        await self.telling.tell(app_id, Kind.SUBSCRIPTION_CHANGED, data, session=session)

    async def _run(self, principal: Principal, session_id: str, names: Sequence[str]) -> Run:
        if not 1 <= len(names) <= ASKED_MAX:
            raise BadInput(field="templates", problem=f"must be 1 to {ASKED_MAX}")
        run = await self.sessions.running_one(principal=principal, session_id=session_id)
        await self.sessions.permitted(run, PERMISSION)
        return run

    async def _wanted(self, run: Run, names: Sequence[str]) -> Mapping[str, Wanted]:
        release = await self.releases.release(run.session.release)
        declared = release.manifest.subscribe_templates if release else ()
        app_id = run.session.app_id
        known = await self.shelf.templates(app_id)
        standing = await self.shelf.subscribed(run.session.citizen, app_id=app_id)
        return {
            name: _wanted(name, known.get(name) if name in declared else None, standing.get((app_id, name)))
            for name in names
        }


def _wanted(name: str, template: Template | None, standing: Subscribed | None) -> Wanted:
    if template is None or template.approved is None:
        return Wanted(name, Choice.FILTER, None)
    if template.banned:
        return Wanted(name, Choice.BAN, None)
    always = standing.always if standing else None
    choice = Choice.ASK if always is None else Choice.ACCEPT if always else Choice.REJECT
    return Wanted(name, choice, template.approved)
