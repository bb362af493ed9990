"""What the tests of evidence say often."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp

from core.principal import Principal
from identity.evidence.service import Evidences
from tests.unit.identity.room import Room

CITY = "https://city.test"
SEED = bytes(range(32))
DOCUMENT = """mutation($input: ConfirmDocumentInput!) {
  confirmDocument(input: $input) { name realNameLevel realNameEvidence { kind source document } } }"""
BEGIN = "mutation { beginFaceCheck { id url expiresAt } }"
FINISH = "mutation($id: ID!, $result: String!) { finishFaceCheck(id: $id, result: $result) { realNameLevel } }"
NET_ID = """mutation($credential: String!, $child: ID) {
  confirmNetId(credential: $credential, childId: $child) { name realNameLevel } }"""
TICKET = "mutation { issueCounterTicket { code expiresAt } }"
COUNTER = """mutation($input: ConfirmAtCounterInput!) {
  confirmAtCounter(input: $input) { maskedName level validUntil } }"""
STANDING = "{ realName { level validUntil evidence { kind source at expiresAt } ways { kind level available } } }"


@dataclass
class World:
    room: Room
    http: aiohttp.ClientSession
    base: str
    evidences: Evidences = field(init=False)
    strong: set[str] = field(default_factory=set)

    async def has_strong(self, account: str) -> bool:
        return account in self.strong

    async def ask(self, query: str, principal: Principal, **variables: Any) -> dict[str, Any]:
        return await self.room.ask(
            query, principal=principal, variables=variables, services={Evidences: self.evidences}
        )

    def fresh(self, principal: Principal) -> Principal:
        return dataclasses.replace(principal, authenticated_at=self.room.clock.now())

    async def known(self, phone: str, name: str, id_number: str) -> Principal:
        """Somebody at level 3, freshly signed in."""
        principal = await self.room.citizen(phone)
        await self.room.identity.real_names.confirm(principal=principal, name=name, id_number=id_number)
        return self.fresh(await self.room.citizen(phone))

    async def look(self, url: str, *, seen: str = "yes") -> str:
        """The signed result, as the person's browser is sent on with it."""
        async with self.http.get(url) as page:
            assert page.status == 200 and 'name="seen"' in await page.text()
        async with self.http.post(url, data={"seen": seen}, allow_redirects=False) as answer:
            assert answer.status == 303
            address = urlsplit(answer.headers["Location"])
        assert f"{address.scheme}://{address.netloc}{address.path}" == f"{CITY}/real-name/face"
        return parse_qs(address.fragment)["result"][0]

    async def credential(self, who: int, *, audience: str = CITY) -> str:
        """Of the demonstration's person of this place in the list."""
        async with self.http.post(f"{self.base}/net-id", data={"who": str(who), "audience": audience}) as answer:
            return (await answer.text()).partition("<textarea readonly rows=8>")[2].partition("</textarea>")[0]

    async def citizens(self) -> list[dict[str, Any]]:
        """Every row, for "nothing has changed"."""
        return await self.room.mongo.collection("identity_citizens").find({}).sort("_id").to_list(None)

    async def level(self, principal: Principal) -> int:
        return (await self.room.identity.me(principal=principal)).real_name_level
