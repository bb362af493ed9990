"""Who an officer is as a citizen, and whether they hold their office still."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from api.open_platform import OfficersOfCity
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.locale import Text
from core.mongo import Mongo, Session
from core.personal import PersonalCipher
from core.principal import Jurisdiction
from identity.model import Citizen, Staff
from identity.store import IdentityStore

PHONE: Final = "+8613900000001"


async def test_who_leaves_reviews_nothing_and_stays_on_record(
    mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    store = IdentityStore(mongo=mongo, cipher=cipher, personal=PersonalCipher(mongo, cipher.master_key), clock=clock)
    await store.open()
    officer = Staff(
        "stf_1",
        PHONE,
        "王勇",
        "DC-0312",
        Text("政务服务局", "Services"),
        ("program_reviewer",),
        Jurisdiction("110000"),
        clock.now(),
    )
    left = replace(officer, id="stf_2", phone="+8613900000002", badge="DC-0313", suspended=True)
    other = replace(officer, id="stf_3", phone="+8613900000003", badge="DC-0314", roles=("inspector",))
    for one in (officer, left, other):
        await store.add_staff(one)

    async def add(session: Session) -> None:
        await store.add_citizen(Citizen(id="cit_1", phone=left.phone, created_at=clock.now()), session=session)

    await store.transaction(add)
    officers = OfficersOfCity(store)
    assert [await officers.in_office(id) for id in ("stf_1", "stf_2", "stf_3", "stf_4")] == [True, False, False, False]
    # What was theirs to decide about stays their own matter.
    assert await officers.citizen_of("stf_2") == "cit_1"
