"""Nobody who acts for somebody decides about relations or organisations: each verb, for each kind of delegate."""

from __future__ import annotations

from strawberry.types import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from core.principal import ANONYMOUS, Principal, PrincipalKind
from identity.graph_of_acting import DelegationMutation, DelegationQuery
from identity.organisations.graph import OrganisationsMutation, OrganisationsQuery
from identity.relations import RelationKind
from tests.support.attacks import against
from tests.unit.identity.organisations.relating import Related
from tests.unit.identity.room import ZHANG

_REL, _ORG, _INV = (f"{prefix}_01J9ZZZZZZZZZZZZZZZZZZZZZZ" for prefix in ("rel", "org", "inv"))
_INVITE = (
    'phone: "13800000004", name: "刘秀英", kind: PROXY, matters: ["payments:read"], until: "2026-12-01T00:00:00+08:00"'
)
VERBS = {
    "invitations": "{ invitations { id } }",
    "inviteDelegate": f"mutation {{ inviteDelegate(input: {{{_INVITE}}}) {{ id }} }}",
    "declineInvitation": f'mutation {{ declineInvitation(id: "{_INV}") {{ id }} }}',
    "withdrawInvitation": f'mutation {{ withdrawInvitation(id: "{_INV}") {{ id }} }}',
    "acceptInvitation": f'mutation {{ acceptInvitation(id: "{_INV}") {{ id }} }}',
    "renewRelation": f'mutation {{ renewRelation(id: "{_REL}", until: "2026-12-01T00:00:00+08:00") {{ id }} }}',
    "findChildren": "mutation { findChildren { born } }",
    "openChildAccount": 'mutation { openChildAccount(input: {name: "王小朵", idNumber: "110101202005050043"}) { id } }',
    "organisations": "{ organisations { id } }",
    "organisation": f'{{ organisation(id: "{_ORG}") {{ id }} }}',
    "registerOrganisation": 'mutation { registerOrganisation(uscc: "91110101MA0DEM001X", name: "x") { id } }',
    "inviteMember": f'mutation {{ inviteMember(input: {{organisationId: "{_ORG}", phone: "13800000004", name: "x", '
    "post: {role: VIEWER}}) { id } }",
    "changeMemberRole": f'mutation {{ changeMemberRole(memberId: "{_REL}", post: {{role: VIEWER}}) {{ id }} }}',
    "removeMember": f'mutation {{ removeMember(memberId: "{_REL}") }}',
    "handOver": f'mutation {{ handOver(organisationId: "{_ORG}", memberId: "{_REL}") {{ id }} }}',
    "withdrawHandOver": f'mutation {{ withdrawHandOver(organisationId: "{_ORG}") {{ id }} }}',
    "takeOver": f'mutation {{ takeOver(organisationId: "{_ORG}") {{ id }} }}',
    "suspendOrganisation": f'mutation {{ suspendOrganisation(id: "{_ORG}") {{ id }} }}',
    "resumeOrganisation": f'mutation {{ resumeOrganisation(id: "{_ORG}") {{ id }} }}',
}
PUBLIC = {"delegationRules"}


def test_the_table_has_every_verb() -> None:
    mixins = (DelegationQuery, DelegationMutation, OrganisationsQuery, OrganisationsMutation)
    fields = [one for mixin in mixins for one in get_object_definition(mixin, strict=True).fields]
    assert {to_camel_case(one.python_name) for one in fields} == VERBS.keys() | PUBLIC


@against("another's rights", "acting for somebody", "acting as an organisation")
async def test_every_verb_is_refused_to_whoever_acts_for_another(related: Related) -> None:
    ouyang, organisation = await related.catering()
    (owner,) = await related.organisations.members(principal=ouyang, organisation_id=organisation.id)
    begun = await related.act(ouyang, owner)
    agent = await related.room.identity.authenticate(token=begun.access.text)
    zhang = await related.room.citizen(ZHANG)
    carer = await related.room.acting(RelationKind.CARER, actor=zhang)
    officer = Principal(kind=PrincipalKind.STAFF, actor="stf_x", subject="stf_x", scopes=frozenset({"staff"}))
    before, redis = await related.kept(), await related.room.redis.dbsize()
    for who, refusal in ((agent, "FORBIDDEN"), (carer, "FORBIDDEN"), (officer, "FORBIDDEN")):
        told = {name: (await related.ask(query, principal=who))["codes"] for name, query in VERBS.items()}
        assert told == {name: [refusal] for name in VERBS}
    told = {name: (await related.ask(query, principal=ANONYMOUS))["codes"] for name, query in VERBS.items()}
    assert told == {name: ["UNAUTHENTICATED"] for name in VERBS}
    assert (await related.kept(), await related.room.redis.dbsize()) == (before, redis)


async def test_anybody_reads_the_rules(related: Related) -> None:
    query = (
        "{ delegationRules { matters { code } never { code label } daysMax asActorMax asSubjectMax invitationDays } }"
    )
    rules = (await related.ask(query, principal=ANONYMOUS))["data"]["delegationRules"]
    assert (rules["daysMax"], rules["asActorMax"], rules["asSubjectMax"], rules["invitationDays"]) == (365, 10, 5, 7)
    assert {"code": "civil:marriage", "label": "婚姻登记"} in rules["never"]
