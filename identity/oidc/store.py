"""Clients, grants, refresh tokens and pairwise subjects in MongoDB.

Rules
- A secret is stored as its digest.
- A grant and its refresh tokens leave by themselves, a month after the grant has ended or run out.
- A pairwise subject is random and kept: nobody can compute it, a new master key changes none of them, and it goes when
  its person does.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from core.keys import Algorithm
from core.locale import Text
from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from core.paging import Page, PageRequest
from identity.oidc.model import AuthMethod, CertificateName, Client, ClientState, Grant, GrantType, KeyWrap, Profile

CLIENTS: Final = "identity_oidc_clients"
GRANTS: Final = "identity_oidc_grants"
REFRESH: Final = "identity_oidc_refresh_tokens"
SUBJECTS: Final = "identity_oidc_subjects"
REGISTRATION_TOKENS: Final = "identity_oidc_registration_tokens"
_KEPT: Final = timedelta(days=30)
_LEAVES: Final = IndexModel([("delete_at", ASCENDING)], name="leaves", expireAfterSeconds=0)
_INDEXES: Final = {
    GRANTS: [
        _LEAVES,
        IndexModel([("browser_id", ASCENDING), ("_id", ASCENDING)], name="of_browser"),
        IndexModel([("session_id", ASCENDING), ("_id", ASCENDING)], name="of_session"),
        IndexModel([("relation_id", ASCENDING), ("_id", ASCENDING)], name="of_relation"),
        IndexModel([("citizen", ASCENDING), ("client_id", ASCENDING)], name="of_citizen"),
        IndexModel([("client_id", ASCENDING), ("_id", ASCENDING)], name="of_client"),
    ],
    REFRESH: [_LEAVES],
    SUBJECTS: [IndexModel([("account", ASCENDING), ("sector", ASCENDING)], name="one_per_sector", unique=True)],
    REGISTRATION_TOKENS: [_LEAVES],
}


@dataclass(frozen=True, slots=True)
class RefreshRow:
    """What is remembered of a refresh token: never the token."""

    grant_id: str
    client_id: str
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProviderStore:
    """Everything that the provider must not forget."""

    mongo: Mongo

    async def open(self) -> None:
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    # --- clients

    async def client(self, client_id: str, *, session: Session | None = None) -> Client | None:
        async with answering():
            row = await self.mongo.collection(CLIENTS).find_one({"_id": client_id}, session=session)
        return _client(row) if row else None

    async def put_client(self, client: Client, *, session: Session | None = None) -> None:
        """A new one, or a changed one."""
        row = _client_row(client)
        async with answering():
            await self.mongo.collection(CLIENTS).replace_one({"_id": client.id}, row, upsert=True, session=session)

    async def remove_client(self, client_id: str, *, session: Session) -> None:
        await self.mongo.collection(CLIENTS).delete_one({"_id": client_id}, session=session)

    async def clients(self, *, request: PageRequest) -> Page[Client]:
        """Newest first."""
        query: Document = {"_id": {"$lt": request.after}} if request.after else {}
        async with answering():
            cursor = self.mongo.collection(CLIENTS).find(query).sort("_id", DESCENDING).limit(request.limit)
            rows = [_client(row) for row in await cursor.to_list(None)]
        return Page.of(rows=rows, keys=[row.id for row in rows], request=request)

    async def add_registration_token(self, digest: bytes, *, by: str, until: datetime, session: Session) -> None:
        row = {"_id": digest, "by": by, "until": until, "delete_at": until}
        await self.mongo.collection(REGISTRATION_TOKENS).insert_one(row, session=session)

    async def take_registration_token(self, digest: bytes, *, now: datetime, session: Session) -> str | None:
        """Who gave it out, to the one that uses it; None where there is none that is good."""
        query = {"_id": digest, "until": {"$gt": now}}
        row = await self.mongo.collection(REGISTRATION_TOKENS).find_one_and_delete(query, session=session)
        return str(row["by"]) if row else None

    # --- grants

    async def add_grant(self, grant: Grant, *, session: Session) -> None:
        await self.mongo.collection(GRANTS).insert_one(_grant_row(grant), session=session)

    async def grant(self, grant_id: str, *, session: Session | None = None) -> Grant | None:
        if session is not None:
            row = await self.mongo.collection(GRANTS).find_one({"_id": grant_id}, session=session)
        else:
            async with answering():
                row = await self.mongo.collection(GRANTS).find_one({"_id": grant_id})
        return _grant(row) if row else None

    async def bind_grant(self, grant_id: str, bound: str, *, session: Session) -> None:
        await self.mongo.collection(GRANTS).update_one({"_id": grant_id}, {"$set": {"bound": bound}}, session=session)

    async def end_grant(self, grant_id: str, *, because: str, now: datetime, session: Session) -> Grant | None:
        """End a grant that runs; None when there is none such."""
        row = await self.mongo.collection(GRANTS).find_one_and_update(
            {"_id": grant_id, "ended_at": None},
            {"$set": {"ended_at": now, "ended_because": because, "delete_at": now + _KEPT}},
            return_document=True,
            session=session,
        )
        return _grant(row) if row else None

    async def running_grants(self, *, session: Session, **of: str) -> list[Grant]:
        """Those that were not ended. of: one or two of browser_id, session_id, relation_id, citizen, client_id."""
        rows = await self.mongo.collection(GRANTS).find({**of, "ended_at": None}, session=session).to_list(None)
        return [_grant(row) for row in rows]

    # --- refresh tokens

    async def add_refresh(self, digest: bytes, grant: Grant, *, session: Session) -> None:
        row = {
            "_id": digest,
            "grant_id": grant.id,
            "client_id": grant.client_id,
            "expires_at": grant.expires_at,
            "used_at": None,
            "delete_at": grant.expires_at + _KEPT,
        }
        await self.mongo.collection(REFRESH).insert_one(row, session=session)

    async def refresh(self, digest: bytes, *, session: Session | None = None) -> RefreshRow | None:
        row = await self.mongo.collection(REFRESH).find_one({"_id": digest}, session=session)
        return RefreshRow(row["grant_id"], row["client_id"], row["expires_at"], row["used_at"]) if row else None

    async def use_refresh(self, digest: bytes, *, now: datetime, session: Session) -> None:
        """Mark an unused token used. A transaction that does so at the same time fails and runs again."""
        await self.mongo.collection(REFRESH).update_one(
            {"_id": digest, "used_at": None}, {"$set": {"used_at": now}}, session=session
        )

    # --- subjects

    async def subject(self, account: str, sector: str) -> str:
        """Who `account` is to the clients of `sector`; the first time, somebody new."""
        subjects = self.mongo.collection(SUBJECTS)
        async with answering():
            row = await subjects.find_one({"account": account, "sector": sector})
            if row is None:
                row = {"_id": secrets.token_urlsafe(18), "account": account, "sector": sector}
                try:
                    await subjects.insert_one(row)
                except DuplicateKeyError:
                    row = await subjects.find_one({"account": account, "sector": sector})
        assert row is not None, "subjects are not removed while they are made"
        return str(row["_id"])

    async def known_subject(self, account: str, sector: str) -> str:
        """As `subject`, of somebody whom the sector has met; empty for anybody else."""
        async with answering():
            row = await self.mongo.collection(SUBJECTS).find_one({"account": account, "sector": sector})
        return str(row["_id"]) if row else ""

    async def account_of(self, subject: str, sector: str) -> str | None:
        async with answering():
            row = await self.mongo.collection(SUBJECTS).find_one({"_id": subject, "sector": sector})
        return str(row["account"]) if row else None

    async def forget_subjects(self, account: str, *, session: Session) -> None:
        """Nobody can tell any more whom the sectors mean by their subjects."""
        await self.mongo.collection(SUBJECTS).delete_many({"account": account}, session=session)


# --- rows


def _client_row(client: Client) -> Document:
    return {
        "_id": client.id,
        "name": {"zh": client.name.zh, "en": client.name.en},
        "operator": {"zh": client.operator.zh, "en": client.operator.en},
        "purpose": {"zh": client.purpose.zh, "en": client.purpose.en},
        "profile": client.profile.value,
        "auth_method": client.auth_method.value,
        "sector": client.sector,
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "grant_types": sorted(client.grant_types),
        "scopes": sorted(client.scopes),
        "service_scopes": sorted(client.service_scopes),
        "exchange_to": sorted(client.exchange_to),
        "jwks": [dict(key) for key in client.jwks],
        "id_token_alg": client.id_token_alg.value,
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "default_max_age_s": client.default_max_age_s,
        "dpop_bound": client.dpop_bound,
        "jwks_uri": client.jwks_uri,
        "response_alg": client.response_alg.value,
        "userinfo_alg": client.userinfo_alg.value if client.userinfo_alg else None,
        "userinfo_wrap": client.userinfo_wrap.value if client.userinfo_wrap else None,
        "id_token_wrap": client.id_token_wrap.value if client.id_token_wrap else None,
        "signed_requests": client.signed_requests,
        "certificate": {"subject": client.certificate.subject, "dns": client.certificate.dns},
        "certificate_bound": client.certificate_bound,
        "state": client.state.value,
        "secret_digest": client.secret_digest,
        "registration_digest": client.registration_digest,
        "old_secret_digest": client.old_secret_digest,
        "old_secret_until": client.old_secret_until,
        "created_at": client.created_at,
    }


# What clients have had since they could be registered for it.
_LATER: Final[Mapping[str, Any]] = {
    "jwks_uri": "",
    "response_alg": Algorithm.ES256.value,
    "userinfo_alg": None,
    "userinfo_wrap": None,
    "id_token_wrap": None,
    "signed_requests": False,
    "certificate": {},
    "certificate_bound": False,
    "old_secret_digest": b"",
    "old_secret_until": None,
}


def _client(found: Mapping[str, Any]) -> Client:
    row = {**_LATER, **found}
    return Client(
        id=row["_id"],
        name=Text(**row["name"]),
        operator=Text(**row["operator"]),
        purpose=Text(**row["purpose"]),
        profile=Profile(row["profile"]),
        auth_method=AuthMethod(row["auth_method"]),
        sector=row["sector"],
        redirect_uris=tuple(row["redirect_uris"]),
        post_logout_redirect_uris=tuple(row["post_logout_redirect_uris"]),
        grant_types=frozenset(GrantType(one) for one in row["grant_types"]),
        scopes=frozenset(row["scopes"]),
        service_scopes=frozenset(row["service_scopes"]),
        exchange_to=frozenset(row["exchange_to"]),
        jwks=tuple(row["jwks"]),
        id_token_alg=Algorithm(row["id_token_alg"]),
        backchannel_logout_uri=row["backchannel_logout_uri"],
        default_max_age_s=row["default_max_age_s"],
        dpop_bound=row["dpop_bound"],
        jwks_uri=row["jwks_uri"],
        response_alg=Algorithm(row["response_alg"]),
        userinfo_alg=Algorithm(row["userinfo_alg"]) if row["userinfo_alg"] else None,
        userinfo_wrap=KeyWrap(row["userinfo_wrap"]) if row["userinfo_wrap"] else None,
        id_token_wrap=KeyWrap(row["id_token_wrap"]) if row["id_token_wrap"] else None,
        signed_requests=row["signed_requests"],
        certificate=CertificateName(**row["certificate"]),
        certificate_bound=row["certificate_bound"],
        state=ClientState(row["state"]),
        secret_digest=bytes(row["secret_digest"]),
        registration_digest=bytes(row["registration_digest"]),
        old_secret_digest=bytes(row["old_secret_digest"]),
        old_secret_until=row["old_secret_until"],
        created_at=row["created_at"],
    )


_PLAIN: Final = ("client_id", "citizen", "subject", "session_id", "browser_id", "level", "authenticated_at")
_PLAIN_TOO: Final = ("created_at", "expires_at", "relation_id", "bound", "ended_at")
_SETS: Final = ("scopes", "claims", "id_token_claims", "methods")


def _grant_row(grant: Grant) -> Document:
    return {
        "_id": grant.id,
        **{name: getattr(grant, name) for name in (*_PLAIN, *_PLAIN_TOO)},
        **{name: sorted(getattr(grant, name)) for name in _SETS},
        "delete_at": grant.expires_at + _KEPT,
    }


def _grant(row: Mapping[str, Any]) -> Grant:
    members: dict[str, Any] = {name: row.get(name, "") for name in (*_PLAIN, *_PLAIN_TOO)}
    members |= {name: frozenset(row[name]) for name in _SETS}
    return Grant(id=row["_id"], **members)
