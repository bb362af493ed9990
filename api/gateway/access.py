"""Who may read a field: the rules of `@authenticated`, `@requiresScopes` and `@policy`, as values.

A rule is checked against the reader before planning; what fails is pruned and never reaches a subgraph. The set of
rules that a reader fails is part of the operation's access signature, and plans are kept by it, not by user. Several
rules on one field must all hold. A policy is a name; whoever makes the engine says what it means. One that nobody
gave, and one that breaks, does not hold.
Source: Apollo Federation specification, `authenticated` v0.1, `requiresScopes` v0.1, `policy` v0.1.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from api.gateway.errors import SupergraphInvalid
from core.errors import DomainError, Forbidden, SignInRequired
from core.principal import Principal

_LOG = logging.getLogger(__name__)

# Whether a policy holds for who is asking. It must not wait, and depends on nothing else.
Policy: TypeAlias = Callable[[Principal], bool]
Names: TypeAlias = frozenset[frozenset[str]]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, in one request: each policy is asked at most once, and only where a rule comes to it."""

    principal: Principal
    policies: Mapping[str, Policy] = field(default_factory=dict)
    _held: dict[str, bool] = field(default_factory=dict)

    def satisfies(self, policy: str) -> bool:
        found = self._held.get(policy)
        if found is None:
            found = self._held[policy] = self._asked(policy)
        return found

    def _asked(self, policy: str) -> bool:
        evaluate = self.policies.get(policy)
        if evaluate is None:
            return False
        try:
            return evaluate(self.principal) is True
        except Exception as fault:
            # Its words may name a person.
            _LOG.error("a policy broke", extra={"facts": {"policy": policy, "fault": type(fault).__name__}})
            return False


@dataclass(frozen=True, slots=True)
class Rule:
    """Signed in, and holding every scope of at least one of `scopes` (OR of ANDs; empty means no scope is asked)."""

    scopes: Names = frozenset()

    def allows(self, reader: Reader) -> bool:
        """Whether the reader satisfies this rule."""
        if not self.scopes:
            return reader.principal.authenticated
        return any(wanted <= reader.principal.scopes for wanted in self.scopes)


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """Satisfying every policy of at least one of `policies`. Who is not signed in may, too."""

    policies: Names

    def allows(self, reader: Reader) -> bool:
        """Whether the reader satisfies this rule; groups and names are asked in their order as text."""
        groups = sorted(sorted(group) for group in self.policies)
        return any(all(reader.satisfies(name) for name in group) for group in groups)


AccessRule: TypeAlias = Rule | PolicyRule
NOBODY: frozenset[AccessRule] = frozenset()


def failed(rules: Iterable[AccessRule], reader: Reader) -> frozenset[AccessRule]:
    """The rules among `rules` that the reader does not satisfy."""
    return frozenset(rule for rule in rules if not rule.allows(reader))


def refusal(principal_authenticated: bool) -> DomainError:
    """What a pruned field says: sign in, or you may not."""
    return Forbidden() if principal_authenticated else SignInRequired()


def rule_of_scopes(value: object) -> Rule:
    """The rule of one `@requiresScopes(scopes: [[…]])` argument.

    Raises: SupergraphInvalid.
    """
    return Rule(scopes=_names(value, "@requiresScopes takes a list of lists of scopes."))


def rule_of_policies(value: object) -> PolicyRule:
    """The rule of one `@policy(policies: [[…]])` argument.

    Raises: SupergraphInvalid.
    """
    return PolicyRule(policies=_names(value, "@policy takes a list of lists of policies."))


def _names(value: object, problem: str) -> Names:
    if not isinstance(value, list) or not all(isinstance(group, list) for group in value):
        raise SupergraphInvalid(reason=problem)
    return frozenset(frozenset(map(str, group)) for group in value)
