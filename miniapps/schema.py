"""The GraphQL door of mini-programs: the wings' parts, joined."""

from __future__ import annotations

import strawberry

from core.graph import build_schema
from miniapps.openid.graph import OpenidMutation
from miniapps.releases.graph import ReleasesQuery
from miniapps.sessions.graph import Citizen, SessionsMutation, SessionsQuery


@strawberry.type
class Query(ReleasesQuery, SessionsQuery):
    """All that is asked."""


@strawberry.type
class Mutation(SessionsMutation, OpenidMutation):
    """All that is done."""


schema = build_schema(query=Query, mutation=Mutation, types=[Citizen])
