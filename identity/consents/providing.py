"""The ledger as the OpenID provider writes it: what a citizen agreed to on the provider's page.

The page is made of the same words as the receipt: the client's name and purpose, and the fields by name, in both
languages of the city.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.locale import Locale, Text
from core.mongo import Session
from identity.consents.catalogue import FIELDS, field_words
from identity.consents.model import Asked, Shown
from identity.consents.service import Consents


@dataclass(frozen=True, slots=True)
class ProviderConsents:
    """What `identity.oidc` asks of the ledger (its protocol `Consents`)."""

    consents: Consents

    async def given(self, *, citizen: str, client: str, purpose: Text) -> frozenset[str]:
        """The fields (scopes and claims) that the client may have for this purpose without asking again.

        Raises: Unavailable.
        """
        consents = self.consents
        standing = await consents.store.standing(citizen=citizen, client=client, purpose=purpose.zh)
        return standing.fields(consents.clock.now()) if standing else frozenset()

    async def give(
        self, *, citizen: str, client: str, fields: frozenset[str], purpose: Text, at: datetime, session: Session
    ) -> None:
        """The citizen themself has agreed on the page, at `at`, in the provider's transaction.

        Raises: BadInput, ConsentFieldUnknown, ConsentNotSeparate (the page has no separate yes for sensitive fields).
        """
        asked = Asked(client=client, fields=fields, purpose=purpose.zh)
        name = await self.consents.clients.name(client)
        shown = Shown(receipt_text(name, fields, purpose), Locale.ZH_CN)
        await self.consents.enter(citizen=citizen, by=citizen, asked=asked, shown=shown, session=session)


def receipt_text(client: str, fields: frozenset[str], purpose: Text) -> str:
    """What the citizen read, as lines: who asks for which fields, why, in both languages."""
    known = sorted(fields & FIELDS.keys())
    zh = "、".join(field_words(name, Locale.ZH_CN) for name in known)
    en = ", ".join(field_words(name, Locale.EN) for name in known)
    return f"{client} 申请获取：{zh}。用途：{purpose.zh}\n{client} asks for: {en}. Purpose: {purpose.en}"
