"""The GraphQL door of mini-programs: the wings' parts, joined."""

from __future__ import annotations

import strawberry

from core.graph import build_schema
from miniapps.backends.graph import BackendsMutation, BackendsQuery
from miniapps.developers.graph import PublishingMutation
from miniapps.graph_of_building import BuildingMutation, BuildingQuery
from miniapps.graph_of_desk import DeskQuery
from miniapps.openid.graph import OpenidMutation
from miniapps.releases.graph import ReleasesQuery
from miniapps.sandbox.graph import SandboxMutation, SandboxQuery
from miniapps.sessions.graph import Citizen, SessionsMutation, SessionsQuery
from miniapps.versions.graph import VersionsMutation, VersionsQuery
from miniapps.versions.graph_of_moves import MovesSubscription
from miniapps.versions.graph_of_officers import OfficersMutation, OfficersQuery


@strawberry.type
class Query(
    ReleasesQuery,
    SessionsQuery,
    VersionsQuery,
    OfficersQuery,
    BackendsQuery,
    BuildingQuery,
    DeskQuery,
    SandboxQuery,
):
    """All that is asked."""


@strawberry.type
class Mutation(
    SessionsMutation,
    OpenidMutation,
    VersionsMutation,
    OfficersMutation,
    BackendsMutation,
    BuildingMutation,
    PublishingMutation,
    SandboxMutation,
):
    """All that is done."""


@strawberry.type
class Subscription(MovesSubscription):
    """All that is told as it happens."""


schema = build_schema(query=Query, mutation=Mutation, subscription=Subscription, types=[Citizen])
