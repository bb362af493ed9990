"""What whoever held a lost account began with it is undone when its owner has it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from identity.consents.erasing import ErasureState
from identity.oidc.authorization import SignedInBrowser
from identity.oidc.demo import CLIENTS
from identity.oidc.grants import Grants, Wish
from identity.oidc.store import ProviderStore
from tests.unit.identity.consents.rights import Rights
from tests.unit.identity.recovery.lost import Lost
from tests.unit.identity.room import ZHANG


async def test_a_grant_that_was_to_outlast_its_session_ends_with_the_recovery(lost: Lost) -> None:
    zhang = await lost.room.citizen(ZHANG)
    room, identity = lost.room, lost.room.identity
    store = ProviderStore(room.mongo)
    grants = Grants(store, identity.outbox, identity.audit, room.ids, room.clock)
    by = SignedInBrowser("ops_1", zhang.actor, zhang.session_id, 1, zhang.methods, room.clock.now())
    wish = Wish(frozenset({"openid", "phone", "offline_access"}), frozenset({"phone_number"}), frozenset())
    async with room.mongo.client.start_session() as session:
        grant = await grants.begin(client=CLIENTS[0], by=by, wish=wish, relation=None, session=session)
    asked = await lost.waiting({"name": "张丽华", "id_number": "110101198503120025"})
    lost.later(timedelta(hours=24))
    assert (await _ended(store, grant.id)) is None
    await lost.finish(asked)
    assert (await _ended(store, grant.id)) == room.clock.now()
    (entry,) = await room.audited("oidc.grant_ended")
    assert (entry["subject"], entry["about"]["because"]) == (zhang.actor, "account_recovered")


async def test_an_erasure_that_was_ordered_meanwhile_is_called_off(lost: Lost) -> None:
    rights = Rights.on(lost.room)
    await rights.open()
    lost.recoveries = replace(lost.recoveries, also=(*lost.recoveries.also, rights.erasures.stay))
    thief = lost.fresh(await lost.room.citizen(ZHANG))
    asked = await lost.waiting({"name": "张丽华", "id_number": "110101198503120025"})
    erasure = await rights.erasures.ask(principal=lost.fresh(thief))
    lost.later(timedelta(hours=24))
    await lost.finish(asked)
    standing = await rights.erasures.erasures.newest(thief.actor)
    assert standing is not None and (standing.id, standing.state) == (erasure.erasure.id, ErasureState.CANCELLED)


async def _ended(store: ProviderStore, grant_id: str) -> object:
    grant = await store.grant(grant_id)
    return grant.ended_at if grant else "gone"
