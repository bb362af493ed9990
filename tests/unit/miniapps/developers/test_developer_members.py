"""Who builds with somebody: asked, and a member once they accepted; who decides about whom, and when it is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import pytest

from core.audit import ENTRIES
from core.errors import Forbidden, NotFound
from core.events.deliveries import EVENTS
from core.principal import Principal
from miniapps.developers.errors import AlreadyMember, InvitationDeclined, LastOwner, LimitReached, MembersElsewhere
from miniapps.developers.invitations import LIFE, WAITING_MAX
from miniapps.developers.members import MEMBER_INVITED
from miniapps.developers.model import Role
from miniapps.developers.service import Post
from miniapps.errors import TooOften
from miniapps.limits import Pace, Paces
from tests.unit.miniapps.developers.wing import Wing, citizen


async def _developer(wing: Wing, who: Principal) -> str:
    return (await wing.studio(who, f"Of {who.actor}")).developer


async def test_nobody_is_a_member_before_they_accepted(wing: Wing) -> None:
    zhang, li = citizen("cit_zhang", wing.clock), citizen("cit_li", wing.clock)
    studio, asked = (await wing.studio(zhang)).organisation.id, await _developer(wing, li)
    owner = await wing.members.invite(principal=zhang, organisation=studio, developer=asked, role=Role.DEVELOPER)
    (waits,) = await wing.members.asked(owner)
    assert (waits.developer, waits.role, waits.declined) == (asked, Role.DEVELOPER, False)

    # Neither sees the studio, nor is anybody's colleague: an officer who is asked reviews on.
    assert [one.developer for one in await wing.members.of(owner)] == [owner.developer]
    assert await wing.developers.role_in(owner.account, "cit_li") is None
    with pytest.raises(NotFound):
        await wing.developers.membership(principal=li, organisation=studio)
    # Only who is asked answers, and not with a tool.
    for stranger, refusal in ((zhang, NotFound), (citizen("cit_wang", wing.clock), NotFound)):
        for verb in (wing.members.accept, wing.members.decline):
            with pytest.raises(refusal):
                await verb(principal=stranger, id=waits.id)
    tool = await wing.principal(await wing.signed_in(li, (await wing.studio(li)).organisation.id))
    with pytest.raises(Forbidden):
        await wing.members.accept(principal=tool, id=waits.id)

    ((mine, organisation),) = await wing.members.waiting(principal=li)
    assert (mine, organisation.id) == (waits, studio)
    joined = await wing.members.accept(principal=li, id=waits.id)
    assert (joined.role, joined.organisation.id) == (Role.DEVELOPER, studio)
    assert await wing.members.waiting(principal=li) == [] and await wing.members.asked(owner) == []
    with pytest.raises(NotFound):
        await wing.members.accept(principal=li, id=waits.id)
    with pytest.raises(AlreadyMember):
        await wing.members.invite(principal=zhang, organisation=studio, developer=asked, role=Role.OWNER)
    rows = await wing.mongo.collection(ENTRIES).find({"kind": {"$regex": "member"}}).to_list(None)
    assert {(row["kind"], row["actor"]) for row in rows} == {
        ("developers.member_invited", owner.developer),
        ("developers.member_joined", asked),
    }


async def test_a_no_stands_and_what_nobody_answered_is_over(wing: Wing) -> None:
    zhang, li = citizen("cit_zhang", wing.clock), citizen("cit_li", wing.clock)
    studio, asked = (await wing.studio(zhang)).organisation.id, await _developer(wing, li)

    async def invite(role: Role = Role.READER) -> str:
        owner = await wing.members.invite(principal=zhang, organisation=studio, developer=asked, role=role)
        return (await wing.members.asked(owner))[0].id

    first = await invite()
    # Asked again, it is the same one, with the new role; who is asked is told once.
    assert await invite(Role.DEVELOPER) == first
    ((again, _),) = await wing.members.waiting(principal=li)
    assert again.role is Role.DEVELOPER
    assert await wing.mongo.collection(EVENTS).count_documents({"name": MEMBER_INVITED}) == 1
    with pytest.raises(NotFound):
        await wing.members.withdraw(principal=li, id=first)
    await wing.members.withdraw(principal=zhang, id=first)
    with pytest.raises(NotFound):
        await wing.members.accept(principal=li, id=first)

    second = await invite()
    await wing.members.decline(principal=li, id=second)
    assert await wing.members.waiting(principal=li) == []
    for refused in (invite(), invite(Role.OWNER)):
        with pytest.raises(InvitationDeclined):
            await refused
    for verb in (wing.members.accept, wing.members.decline):
        with pytest.raises(NotFound):
            await verb(principal=li, id=second)
    with pytest.raises(NotFound):  # a no is not taken back by who asked
        await wing.members.withdraw(principal=zhang, id=second)

    wing.clock.advance(seconds=LIFE.total_seconds())
    third = await invite()
    wing.clock.advance(seconds=(LIFE - timedelta(seconds=1)).total_seconds())
    assert len(await wing.members.waiting(principal=li)) == 1
    wing.clock.advance(seconds=1)
    assert await wing.members.waiting(principal=li) == []
    with pytest.raises(NotFound):
        await wing.members.accept(principal=li, id=third)


async def test_few_wait_for_one_developer_and_few_are_asked_in_a_day(wing: Wing) -> None:
    li = citizen("cit_li", wing.clock)
    asked = await _developer(wing, li)
    for number in range(WAITING_MAX + 1):
        owner = citizen(f"cit_{number}", wing.clock)
        studio = (await wing.studio(owner, f"Studio {number}")).organisation.id
        ask = wing.members.invite(principal=owner, organisation=studio, developer=asked, role=Role.READER)
        if number < WAITING_MAX:
            await ask
            continue
        with pytest.raises(LimitReached) as refused:
            await ask
        assert (refused.value.what, refused.value.most) == ("invitations", WAITING_MAX)
    with pytest.raises(TooOften):
        for _ in range(21):
            with pytest.raises(LimitReached):
                await wing.members.invite(principal=owner, organisation=studio, developer=asked, role=Role.READER)


async def test_what_an_owner_asked_ends_with_their_being_one(wing: Wing) -> None:
    """Else who is let go comes in again by whomever they asked before."""
    zhang, li, friend = (citizen(f"cit_{name}", wing.clock) for name in ("zhang", "li", "friend"))
    studio, other = (await wing.studio(zhang)).organisation.id, await _developer(wing, li)
    asked = await _developer(wing, friend)
    await wing.joined(zhang, studio, li, Role.OWNER)
    for let_go in (
        wing.members.change(principal=zhang, organisation=studio, developer=other, role=Role.READER),
        wing.members.remove(principal=zhang, organisation=studio, developer=other),
    ):
        await wing.members.change(principal=zhang, organisation=studio, developer=other, role=Role.OWNER)
        await wing.members.invite(principal=li, organisation=studio, developer=asked, role=Role.OWNER)
        ((waits, _),) = await wing.members.waiting(principal=friend)
        await let_go
        assert await wing.members.waiting(principal=friend) == []
        with pytest.raises(NotFound):
            await wing.members.accept(principal=friend, id=waits.id)
    # Those of an owner who stays wait on.
    await wing.joined(zhang, studio, li, Role.READER)
    await wing.members.invite(principal=zhang, organisation=studio, developer=asked, role=Role.READER)
    await wing.members.remove(principal=zhang, organisation=studio, developer=other)
    assert len(await wing.members.waiting(principal=friend)) == 1


@dataclass(frozen=True)
class _Meanwhile(Paces):
    """Does something at the moment at which an act is counted."""

    act: Callable[[], Awaitable[object]]

    async def charge(self, pace: Pace, subject: str) -> None:
        await self.act()
        await Paces.charge(self, pace, subject)


async def test_who_is_let_go_as_they_ask_lets_nobody_in(wing: Wing) -> None:
    zhang, li, friend = (citizen(f"cit_{name}", wing.clock) for name in ("zhang", "li", "friend"))
    studio, other = (await wing.studio(zhang)).organisation.id, await _developer(wing, li)
    asked = await _developer(wing, friend)
    await wing.joined(zhang, studio, li, Role.OWNER)
    let_go = partial(wing.members.remove, principal=zhang, organisation=studio, developer=other)
    paces = wing.members.paces
    slow = replace(wing.members, paces=_Meanwhile(paces.redis, paces.cipher, paces.clock, paces.namespace, let_go))
    with pytest.raises(Forbidden):
        await slow.invite(principal=li, organisation=studio, developer=asked, role=Role.OWNER)
    assert await wing.members.waiting(principal=friend) == []


async def test_an_owner_decides_and_whoever_is_a_member_may_go(wing: Wing) -> None:
    wing.people.posts_of["cit_wang"] = [Post("org_1", "示范公司", "91110101MA0DEM001X", Role.OWNER)]
    zhang, li, wang = (citizen(f"cit_{name}", wing.clock) for name in ("zhang", "li", "wang"))
    studio, other = (await wing.studio(zhang)).organisation.id, await _developer(wing, li)
    await wing.joined(zhang, studio, li, Role.READER)
    for verb in (wing.members.invite, wing.members.change):
        with pytest.raises(Forbidden):
            await verb(principal=li, organisation=studio, developer=other, role=Role.OWNER)
    me = await wing.developers.membership(principal=zhang, organisation=studio)
    with pytest.raises(Forbidden):
        await wing.members.remove(principal=li, organisation=studio, developer=me.developer)
    with pytest.raises(LastOwner):
        await wing.members.change(principal=zhang, organisation=studio, developer=me.developer, role=Role.READER)
    changed = await wing.members.change(principal=zhang, organisation=studio, developer=other, role=Role.OWNER)
    assert changed.account.members == {me.developer: Role.OWNER, other: Role.OWNER}
    gone = await wing.members.remove(principal=li, organisation=studio, developer=other)
    assert gone.account.members == {me.developer: Role.OWNER}
    with pytest.raises(LastOwner):
        await wing.members.remove(principal=zhang, organisation=studio, developer=me.developer)
    with pytest.raises(NotFound):
        await wing.members.change(principal=zhang, organisation=studio, developer=other, role=Role.READER)
    # An organisation's members are its own.
    firm = (await wing.registering.register(principal=wang, of="org_1", name=None)).organisation.id
    with pytest.raises(MembersElsewhere):
        await wing.members.invite(principal=wang, organisation=firm, developer=other, role=Role.READER)
