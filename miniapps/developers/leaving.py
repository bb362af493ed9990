"""What becomes of a developer who leaves the city, or makes one account of two.

Rules
- Nobody is kept in the city by what they build. Who wants it to go on makes somebody else an owner first.
- An account in somebody's own name that no owner is left of is frozen: nothing is built for it or submitted any more,
  and what runs goes on until officers take it back. It loses its name, which was a person's.
- An organisation's account stays: others are its members.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from core.events import Outbox
from core.ids import Ids
from core.locale import Locale
from core.mongo import Mongo, Session
from miniapps.developers.blocking import tell_blocked
from miniapps.developers.devices import DeviceStore
from miniapps.developers.invitations import InvitationStore
from miniapps.developers.model import Account, Developer, Role
from miniapps.developers.store import DeveloperStore
from miniapps.releases.store import ReleaseStore

_FORMER: Final = {Locale.ZH_CN: "已注销的开发者 {tail}", Locale.EN: "Former developer {tail}"}


@dataclass(frozen=True, slots=True)
class Leaving:
    """Each verb may be done again: twice is once. Raises: Unavailable."""

    store: DeveloperStore
    devices: DeviceStore
    invitations: InvitationStore
    releases: ReleaseStore
    outbox: Outbox

    @classmethod
    def on(cls, mongo: Mongo, ids: Ids, releases: ReleaseStore, outbox: Outbox) -> Leaving:
        return cls(DeveloperStore(mongo, ids), DeviceStore(mongo), InvitationStore(mongo), releases, outbox)

    async def told(self, citizen: str) -> Mapping[str, Any] | None:
        """What a citizen's copy says of it; None for who builds nothing."""
        developer = await self.store.developer_of(citizen)
        if developer is None:
            return None
        accounts = await self.store.accounts_of(developer.id, ())
        names = await self.releases.organisations([one.organisation for one in accounts])
        return {
            "developer": developer.id,
            "since": developer.since,
            "ownName": [
                {"name": names[one.organisation].names[Locale.ZH_CN], "role": one.members[developer.id].value}
                for one in accounts
            ],
            "invited": [
                {"role": one.role.value, "at": one.at}
                for one in await self.invitations.waiting_for(developer.id, now=developer.since)
            ],
            "devices": [
                {"since": one.since, "usedAt": one.used_at}
                for one in await self.devices.devices_of(developer.id, now=developer.since)
            ],
        }

    async def forget(self, citizen: str) -> None:
        developer = await self.store.developer_of(citizen)
        if developer is None:
            return

        async def work(session: Session) -> None:
            await self.devices.end_all(developer.id, session=session)
            await self.invitations.remove_of(developer=developer.id, session=session)
            for account in await self.store.accounts_of(developer.id, (), session=session):
                await self._leave(account, developer, session)
            await self.store.remove_developer(developer.id, session=session)

        await self.store.mongo.transaction(work)

    async def _leave(self, account: Account, developer: Developer, session: Session) -> None:
        members = {who: role for who, role in account.members.items() if who != developer.id}
        left = replace(account, members=members, frozen=Role.OWNER not in members.values())
        await self.store.put_account(left, session=session, name_key=left.organisation if left.frozen else None)
        await tell_blocked(self.outbox, before=account, after=left, session=session)
        if left.frozen:
            await self.invitations.remove_of(organisation=left.organisation, session=session)
            row = (await self.releases.organisations([left.organisation], session=session))[left.organisation]
            names = {locale: words.format(tail=left.organisation[-8:]) for locale, words in _FORMER.items()}
            await self.releases.put_organisation(replace(row, names=names), session=session)

    async def move(self, source: str, to: str) -> None:
        """What one account built the other goes on with."""
        leaves, stays = await self.store.developer_of(source), await self.store.developer_of(to)
        if leaves is None:
            return

        async def work(session: Session) -> None:
            if stays is None:
                await self.store.move_developer(source, to, session=session)
                return
            await self.devices.end_all(leaves.id, session=session)
            await self.invitations.remove_of(developer=leaves.id, session=session)
            for account in await self.store.accounts_of(leaves.id, (), session=session):
                await self.store.put_account(_handed(account, leaves.id, stays.id), session=session)
            await self.store.remove_developer(leaves.id, session=session)

        await self.store.mongo.transaction(work)


def _handed(account: Account, leaves: str, stays: str) -> Account:
    """The higher of two roles is kept."""
    members = dict(account.members)
    role = members.pop(leaves)
    held = members.get(stays)
    members[stays] = held if held is not None and held.reaches(role) else role
    return replace(account, members=members, of=stays if account.of == leaves else account.of)
