"""The verbs of the room, on real MongoDB and Redis."""

from __future__ import annotations

from api.domains.health.demo import load_demo
from api.domains.health.model import Colour, FactKind
from api.domains.health.service import Health
from core.clock import FixedClock
from core.mongo import Mongo
from tests.unit.health.people import ANNA, BEN, CARER, DOCTOR, citizen, everything, recorded, switched_on


async def test_the_newest_fact_gives_the_colour(health: Health) -> None:
    await switched_on(health)
    assert (await health.status(principal=citizen(), citizen_id=ANNA)).colour is Colour.GREY
    await recorded(health)
    status = await health.status(principal=citizen(), citizen_id=ANNA)
    assert (status.colour, status.reason.en, status.advice.en, status.rules_version) == (
        Colour.GREEN,
        "well",
        "well advice",
        1,
    )
    assert [(b.kind, b.summary.en) for b in status.basis] == [(FactKind.ANTIGEN, "Antigen test: negative")]


async def test_the_demonstration_city_has_its_colours(health: Health, clock: FixedClock, mongo: Mongo) -> None:
    people = {"sun": DOCTOR, "zhang": ANNA, "liu": BEN, "alexander": CARER}
    await load_demo(health=health, clock=clock, people=people)
    before = await everything(mongo)
    await load_demo(health=health, clock=clock, people=people)
    assert await everything(mongo) == before
    found = {
        who: (await health.status(principal=citizen(people[who]), citizen_id=people[who])).colour
        for who in ("zhang", "liu", "alexander")
    }
    assert found == {"zhang": Colour.GREEN, "liu": Colour.GREEN, "alexander": Colour.YELLOW}
