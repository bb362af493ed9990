"""Who has a strong method proves themself with it to decide about relations: a code by SMS is not enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import StepUpRequired
from core.principal import Method
from tests.unit.identity.room import ZHANG, Room


async def test_a_strong_method_is_asked_for_where_there_is_one(room: Room) -> None:
    zhang = await room.citizen(ZHANG)
    asked = list[str]()

    async def has_strong(account: str) -> bool:
        asked.append(account)
        return True

    identity = replace(room.identity, second_factor=has_strong)
    for refused in (
        identity.guardianship.find(principal=zhang),
        identity.delegating.accept(principal=zhang, invitation_id="inv_"),
    ):
        with pytest.raises(StepUpRequired) as refusal:
            await refused
        assert refusal.value.strong is True
    assert asked == [zhang.actor] * 2
    proven = replace(zhang, methods=zhang.methods | {Method.MFA.value})
    await identity.acting.require_fresh(proven)
    await room.identity.acting.require_fresh(zhang)
