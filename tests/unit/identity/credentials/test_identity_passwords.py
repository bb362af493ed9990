"""Passwords: what may be one, who may change it, what a guesser gets."""

from __future__ import annotations

import asyncio
import unicodedata

import pytest
from argon2 import PasswordHasher

from core.errors import DomainError
from identity.credentials.breaches import BreachList
from identity.credentials.errors import PasswordRefused
from identity.credentials.hashing import OWASP, Hashing
from identity.credentials.model import new_password
from identity.errors import TooManyRequests
from identity.model import Audience
from tests.support.attacks import against
from tests.unit.identity.credentials.holders import HERE, PASSPHRASE, Holders, holders
from tests.unit.identity.room import ALEXANDER, CLERK, LIU, NEWCOMER, ZHANG, Room, outcome


class CountingHashing(Hashing):
    """As ever, and says how many comparisons were made."""

    compared = 0

    async def verify(self, expected: str | None, password: str) -> bool:
        self.compared += 1
        return await super().verify(expected, password)


async def test_a_password_signs_in_however_it_was_typed(people: Holders) -> None:
    principal = await people.zhang()
    await people.with_password(principal, "Café-auf-der-Straße")
    signed_in = await people.by_password(unicodedata.normalize("NFD", "Café-auf-der-Straße"))
    assert signed_in.session.account_id == principal.actor
    assert signed_in.session.methods == {"pwd"}
    assert [entry["actor"] for entry in await people.room.audited("credentials.password_set")] == [principal.actor]
    told = await people.room.events("identity.credentials_changed")
    assert [event.payload for event in told] == [
        {"account_id": principal.actor, "what": "password_set", "citizen": principal.actor}
    ]


async def test_a_hash_is_argon2id_with_owasps_parameters_and_stands_nowhere_in_clear(room: Room) -> None:
    people = await holders(room, staff_must=False, hashing=Hashing())
    principal = await people.zhang()
    await people.with_password(principal)
    held = await people.held(principal)
    assert held.password is not None
    assert held.password.hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    dump = await people.room.dump()
    assert b"argon2" not in dump and PASSPHRASE.encode() not in dump
    assert "argon2" not in repr(held)


@pytest.mark.parametrize(
    ("password", "because"),
    [
        ("nine-char", "length"),
        ("长" * 9, "length"),
        ("x" * 129, "length"),
        ("Password123!", "common"),
        ("P@ssw0rd2024", "common"),
        ("woaini1314520", "common"),
        ("1234567890", "common"),
        ("qwertyuiop", "common"),
        ("abcabcabcabc", "common"),
        ("19850312000", "common"),
        ("my-00000001-phone", "personal"),
        ("我是张丽华没错的呀", "length"),
        ("我就是张丽华没错的呀呀呀", "personal"),
    ],
)
async def test_what_a_guesser_tries_first_is_no_password(people: Holders, password: str, because: str) -> None:
    principal = await people.zhang()
    before = await people.room.dump()
    with pytest.raises(PasswordRefused) as refused:
        await people.with_password(principal, password)
    assert refused.value.because == because
    assert await people.room.dump() == before


@pytest.mark.parametrize(
    "password", ["x7 Kq!vbn#", "十个汉字也是一个密码", "correct horse battery staple", "ünäb9" * 25]
)
def test_what_is_long_enough_and_rare_is_a_password(password: str) -> None:
    assert new_password(password, phone="+8613800000001", name="张丽华") == password
    assert not BreachList.shipped().guesses(password)


def test_the_list_of_common_passwords_holds_what_it_was_made_of_and_nothing_else() -> None:
    made = BreachList.of(["dragonfly", "monkey"])
    assert len(made) == 2
    assert "dragonfly" in made and "dragonfly " not in made
    assert made.guesses("M0nkey2024") and not made.guesses("monkeys eat bananas")
    assert 20_000 < len(BreachList.shipped()) < 25_000


@against("enumeration by message", "password")
@against("enumeration by timing", "password")
async def test_a_wrong_password_no_password_and_nobody_are_one_answer_and_one_work(room: Room) -> None:
    hashing = CountingHashing()
    people = await holders(room, staff_must=False, hashing=hashing)
    await people.with_password(await people.zhang())
    clerk = await room.clerk()
    await people.with_password(clerk)
    await room.mongo.collection("identity_staff").update_one({"_id": clerk.actor}, {"$set": {"suspended": True}})
    before = await room.dump()
    tries = [
        ("a wrong one", ZHANG, Audience.CITIZEN, "wrong-" + PASSPHRASE),
        ("an account without one", LIU, Audience.CITIZEN, PASSPHRASE),
        ("nobody", NEWCOMER, Audience.CITIZEN, PASSPHRASE),
        ("a citizen who is no staff", ZHANG, Audience.STAFF, PASSPHRASE),
        ("suspended staff", CLERK, Audience.STAFF, PASSPHRASE),
        ("too short to be one", ZHANG, Audience.CITIZEN, "x"),
    ]
    for who, phone, audience, password in tries:
        hashing.compared = 0
        with pytest.raises(DomainError) as refused:
            await people.by_password(password, phone=phone, audience=audience)
        assert (refused.value.code, refused.value.public_fields) == ("AUTH_PASSWORD_WRONG", {}), who
        assert hashing.compared == 1, who
    assert await room.dump() == before


@against("a stolen session", "credentials")
async def test_a_stale_session_changes_no_password(people: Holders) -> None:
    principal = await people.zhang()
    await people.with_password(principal)
    people.room.clock.advance(seconds=300)
    before = await people.room.dump()
    assert await outcome(people.with_password(principal, "a quite different one")) == "STEP_UP_REQUIRED"
    assert await outcome(people.credentials.passwords.remove(principal=principal)) == "STEP_UP_REQUIRED"
    assert await people.room.dump() == before


async def test_the_password_that_stands_is_a_fresh_proof_for_another(people: Holders) -> None:
    principal = await people.zhang()
    await people.with_password(principal)
    people.room.clock.advance(seconds=3600)
    passwords = people.credentials.passwords

    async def change(current: str) -> str:
        return await outcome(
            passwords.set(principal=principal, password="a quite different one", current=current, origin=HERE)
        )

    assert await change("not " + PASSPHRASE) == "AUTH_PASSWORD_WRONG"
    assert await change(PASSPHRASE) == "ok"
    assert await outcome(people.by_password()) == "AUTH_PASSWORD_WRONG"
    assert await outcome(people.by_password("a quite different one")) == "ok"


@against("skipping the second factor", "weaker proof")
async def test_for_an_account_with_a_passkey_the_password_is_not_proof_enough(people: Holders) -> None:
    principal = await people.zhang()
    await people.with_password(principal)
    await people.with_passkey(principal)  # this session's tokens still say: by a code
    refused = people.credentials.passwords.set(
        principal=principal, password="a quite different one", current=PASSPHRASE, origin=HERE
    )
    assert await outcome(refused) == "STEP_UP_REQUIRED"


async def test_a_password_that_was_taken_away_signs_nobody_in(people: Holders) -> None:
    principal = await people.zhang()
    await people.with_password(principal)
    await people.credentials.passwords.remove(principal=principal)
    assert await outcome(people.by_password()) == "AUTH_PASSWORD_WRONG"
    assert (await people.held(principal)).password is None


async def test_a_password_is_hashed_again_when_the_parameters_change(room: Room) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)
    before = await holders(room, staff_must=False, hashing=Hashing(parameters=old))
    principal = await before.zhang()
    await before.with_password(principal)
    after = await holders(room, staff_must=False, hashing=Hashing())
    await after.by_password()
    held = await after.held(principal)
    assert held.password is not None and not OWASP.check_needs_rehash(held.password.hash)
    assert await outcome(after.by_password()) == "ok"


@against("guessing", "password")
async def test_guesses_are_counted_by_account_and_a_right_one_forgives_them(people: Holders) -> None:
    await people.with_password(await people.zhang())
    most = people.credentials.desk.limits.per_phone[0].count_max
    for _ in range(most - 1):
        assert await outcome(people.by_password("wrong-" + PASSPHRASE)) == "AUTH_PASSWORD_WRONG"
    assert await outcome(people.by_password()) == "ok"
    for _ in range(most):
        assert await outcome(people.by_password("wrong-" + PASSPHRASE)) == "AUTH_PASSWORD_WRONG"
    assert await outcome(people.by_password()) == "AUTH_TOO_MANY_REQUESTS"
    assert await outcome(people.by_password(phone=ALEXANDER)) == "AUTH_TOO_MANY_REQUESTS"  # the device has done enough


@against("oversized input", "hashing")
async def test_more_than_can_wait_are_told_to_come_again() -> None:
    hashing = Hashing(waiting_max=0)
    results = await asyncio.gather(*(hashing.hash(PASSPHRASE) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, str) for one in results) == 2
    assert sum(isinstance(one, TooManyRequests) for one in results) == 3
    assert (await hashing.hash(PASSPHRASE)).startswith("$argon2id$")  # and then there is room again
