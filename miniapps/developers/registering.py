"""Registering as somebody who builds: the account, its apps; and an officer's word on it.

Rules
- Somebody registers an organisation that the city knows and whose owner or administrator they are, or themself with a
  real name (level 2). The first is called as the register calls it. The second chooses a name that is nobody else's.
- Who registers again is told what is there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from core.audit import About
from core.clock import to_ms
from core.errors import BadInput, Forbidden, NotFound
from core.events import Outbox
from core.locale import Locale
from core.mongo import Session
from core.principal import Principal, PrincipalKind
from miniapps.developers.app_ids import check_new, skeleton
from miniapps.developers.blocking import tell_blocked
from miniapps.developers.errors import AppIdRefused, LimitReached, NameTaken, RealNameNeeded
from miniapps.developers.model import (
    LEVEL_MIN,
    NAME_LENGTH_MAX,
    Account,
    AccountKind,
    App,
    Authority,
    Developer,
    Rated,
    Role,
)
from miniapps.developers.rating import Grade
from miniapps.developers.service import Developers, Post
from miniapps.errors import OwnMatter
from miniapps.releases.errors import ProgramTaken
from miniapps.releases.model import Category, Organisation, folded

RATE: Final = "miniapps:rate"
REASON_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Me:
    """Who asks, and for whom they build."""

    developer: Developer
    organisations: Sequence[Authority]


class Kin(Protocol):
    """Who an officer is besides."""

    async def builds(self, officer: str, *, organisation: str) -> bool:
        """Whether the person of this staff account is a member of the organisation (`mpo_…`). Raises: Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Registering:
    developers: Developers
    kin: Kin
    outbox: Outbox

    # --- oneself

    async def me(self, *, principal: Principal) -> Me | None:
        """None for a citizen who builds nothing. Raises: SignInRequired, Forbidden, Unavailable."""
        here = self.developers
        citizen, only = await here.who(principal)
        posts = {post.organisation: post for post in await here.people.posts(citizen)}
        known = await here.store.developer_of(citizen)
        accounts = await here.store.accounts_of(known.id if known else "", posts)
        if not accounts:
            return None
        developer = known or await here.store.made_developer(citizen, at=to_ms(here.clock.now()))
        rows = await here.releases.organisations([account.organisation for account in accounts])
        mine = [
            Authority(developer.id, rows[one.organisation].signing(here.clock.now()), one, None, role)
            for one in accounts
            if (role := _role(one, developer.id, posts)) is not None and only in ("", one.organisation)
        ]
        return Me(developer, mine)

    async def register(self, *, principal: Principal, of: str | None, name: str | None) -> Authority:
        """Build for an organisation (`org_…`), or, where `of` is None, in one's own name under `name`.

        Raises: SignInRequired, Forbidden (no owner or administrator), NotFound (no organisation of the caller's),
        BadInput, RealNameNeeded, NameTaken, Unavailable.
        """
        principal.require(PrincipalKind.CITIZEN)
        if principal.delegated:
            raise Forbidden()
        citizen, at = principal.actor, to_ms(self.developers.clock.now())
        post = await self._post(citizen, of) if of is not None else None
        if post is None:
            await self._check_level(citizen)
        called = post.name if post else parse_name(name or "")
        developer = await self.developers.store.made_developer(citizen, at=at)

        async def work(session: Session) -> Account:
            await self.developers.store.hold(developer.id, session=session)
            there = await self._there(developer.id, post, session)
            return there or await self._made(developer.id, post, called, session)

        account = await self.developers.transaction(work)
        return await self.developers.membership(principal=principal, organisation=account.organisation)

    async def _post(self, citizen: str, of: str) -> Post:
        for post in await self.developers.people.posts(citizen):
            if post.organisation == of:
                if post.role is not Role.OWNER:
                    raise Forbidden()
                return post
        raise NotFound(thing="organisation")

    async def _check_level(self, citizen: str) -> None:
        level = await self.developers.people.level(citizen)
        if level is None or level < LEVEL_MIN:
            raise RealNameNeeded(level=LEVEL_MIN)

    async def _there(self, developer: str, post: Post | None, session: Session) -> Account | None:
        if post is not None:
            return await self.developers.store.account_of(post.organisation, session=session)
        accounts = await self.developers.store.accounts_of(developer, (), session=session)
        return next((one for one in accounts if one.of == developer), None)

    async def _made(self, developer: str, post: Post | None, called: str, session: Session) -> Account:
        here, at = self.developers, to_ms(self.developers.clock.now())
        if post is not None and await self._taken(called, session):
            # Two organisations of one name are two all the same: the register's code tells them apart.
            called = f"{called} ({post.uscc})"
        if await self._taken(called, session):
            raise NameTaken()
        kind = AccountKind.ORGANISATION if post else AccountKind.PERSON
        account = Account(
            organisation=here.ids.new("mpo"),
            kind=kind,
            of=post.organisation if post else developer,
            members={} if post else {developer: Role.OWNER},
            since=at,
        )
        names = dict.fromkeys(Locale, called)
        made = Organisation(account.organisation, names, verified=post is not None, key_id="", keys=())
        await here.releases.put_organisation(made, session=session)
        await here.store.add_account(account, name_key=name_key(called), session=session)
        await self.audit("registered", developer, account.organisation, {"kind": kind.value}, session)
        return account

    async def _taken(self, called: str, session: Session) -> bool:
        here = self.developers
        return (
            await here.store.account_named(name_key(called), session=session) is not None
            or await here.releases.organisation_named(called, session=session) is not None
        )

    # --- apps

    async def apps(self, organisation: str) -> Sequence[App]:
        """Without their domains. Raises: Unavailable."""
        return await self.developers.store.apps_of(organisation)

    async def register_app(
        self,
        *,
        principal: Principal,
        organisation: str,
        app_id: str,
        category: Category,
        names: Mapping[str, object],
    ) -> App:
        """Have this id from now on; the same again is told what is there. names: by language tag.

        Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, BadInput, AppIdRefused, ProgramTaken,
        LimitReached, Unavailable.
        """
        authority = await self.developers.authority(principal=principal, organisation=organisation)
        authority.require(Role.OWNER)
        check_new(app_id)
        app = App(
            app_id=app_id,
            organisation=organisation,
            names=_parse_names(names),
            category=category,
            domains=frozenset(),
            backend_keys=(),
            created_at=to_ms(self.developers.clock.now()),
        )
        most = (await self.developers.rating(organisation)).allowance.apps_max

        async def work(session: Session) -> App:
            await self.developers.store.hold(organisation, session=session)
            there = await self._free(app, session)
            if there is not None:
                return there
            if len(await self.developers.store.apps_of(organisation, session=session)) >= most:
                raise LimitReached(what="apps", most=most)
            await self.developers.store.add_app(app, session=session)
            await self.audit("app_registered", authority.developer, organisation, {"app": app_id}, session)
            return app

        return await self.developers.transaction(work)

    async def _free(self, app: App, session: Session) -> App | None:
        """The same app, where it was registered before. Raises: ProgramTaken, AppIdRefused."""
        store, app_id = self.developers.store, app.app_id
        there = await store.app(app_id, session=session)
        program = await self.developers.releases.program(app_id, session=session)
        holder = there.organisation if there else program.organisation if program else app.organisation
        if holder != app.organisation:
            raise ProgramTaken(app_id=app_id)
        if await store.take_name(skeleton(app_id), app.organisation, session=session) != app.organisation:
            raise AppIdRefused(app_id=app_id, why="confusable")
        return there

    # --- an officer's word

    async def rate(self, *, principal: Principal, organisation: str, grade: Grade | None, reason: str) -> Account:
        """Set its grade, or, with None, let it be computed again; never of one's own.

        Raises: SignInRequired, Forbidden, OwnMatter, NotFound, BadInput, Unavailable.
        """
        principal.require(PrincipalKind.STAFF)
        principal.require_scope(RATE)
        said = reason.strip()
        if not 0 < len(said) <= REASON_MAX:
            raise BadInput(field="reason", problem=f"must be 1 to {REASON_MAX} characters")
        if await self.kin.builds(principal.actor, organisation=organisation):
            raise OwnMatter()

        async def work(session: Session) -> Account:
            account = await self.developers.store.account(organisation, session=session)
            if account is None:
                raise NotFound(thing="organisation")
            at = to_ms(self.developers.clock.now())
            rated = Rated(grade, said, principal.actor, at) if grade else None
            changed = replace(account, rated=rated)
            await self.developers.store.put_account(changed, session=session)
            await tell_blocked(self.outbox, before=account, after=changed, session=session)
            about = {"grade": grade.value if grade else ""}
            await self.audit("rated", principal.actor, organisation, about, session)
            return changed

        return await self.developers.transaction(work)

    async def audit(self, kind: str, actor: str, organisation: str, about: About, session: Session) -> None:
        await self.developers.audit.append(
            f"developers.{kind}", actor=actor, subject=organisation, about=about, session=session
        )


def _role(account: Account, developer: str, posts: Mapping[str, Post]) -> Role | None:
    if account.kind is AccountKind.PERSON:
        return account.members.get(developer)
    return posts[account.of].role if account.of in posts else None


def parse_name(typed: str, *, field: str = "name") -> str:
    """Of somebody who builds in their own name. Raises: BadInput."""
    name = unicodedata.normalize("NFC", " ".join(typed.split())) if len(typed) <= 2 * NAME_LENGTH_MAX else ""
    if not 2 <= len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        raise BadInput(field=field, problem=f"must have 2 to {NAME_LENGTH_MAX} printable characters")
    return name


def name_key(name: str) -> str:
    """The same for names that look alike: in any case and width, blanks and punctuation aside."""
    return "".join(letter for letter in folded(name) if letter.isalnum()) or folded(name)


def _parse_names(names: Mapping[str, object]) -> Mapping[Locale, str]:
    """In the languages of the city; what is missing in one is said in the other. Raises: BadInput."""
    said: dict[Locale, str] = {}
    for locale in Locale:
        if isinstance(found := names.get(locale.value), str) and found.strip():
            said[locale] = parse_name(found, field=f"names.{locale.value}")
    if not said or not names.keys() <= {locale.value for locale in Locale}:
        raise BadInput(field="names", problem="must have a name by zh-CN, by en, or by both")
    return {locale: said.get(locale) or next(iter(said.values())) for locale in Locale}
