"""Who may read a field: the rules of `@authenticated` and `@requiresScopes`, as values.

A rule is checked against the principal before planning; what fails is pruned and never reaches a subgraph. The
set of rules that a principal fails is the operation's access signature, and plans are kept by it, not by user.
Several rules on one field must all hold. Seam: `@policy` needs an evaluator and is refused when a supergraph is read.
Source: Apollo Federation specification, `authenticated` v0.1 and `requiresScopes` v0.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from api.gateway.errors import SupergraphInvalid
from core.errors import DomainError, Forbidden, SignInRequired
from core.principal import Principal


@dataclass(frozen=True, slots=True)
class Rule:
    """Signed in, and holding every scope of at least one of `scopes` (OR of ANDs; empty means no scope is asked)."""

    scopes: frozenset[frozenset[str]] = frozenset()

    def allows(self, principal: Principal) -> bool:
        """Whether the principal satisfies this rule."""
        if not self.scopes:
            return principal.authenticated
        return any(wanted <= principal.scopes for wanted in self.scopes)


NOBODY: frozenset[Rule] = frozenset()


def signature(rules: Iterable[Rule], principal: Principal) -> frozenset[Rule]:
    """The rules among `rules` that the principal does not satisfy."""
    return frozenset(rule for rule in rules if not rule.allows(principal))


def refusal(principal_authenticated: bool) -> DomainError:
    """What a pruned field says: sign in, or you may not."""
    return Forbidden() if principal_authenticated else SignInRequired()


def rule_of_scopes(value: object) -> Rule:
    """The rule of one `@requiresScopes(scopes: [[…]])` argument.

    Raises: SupergraphInvalid.
    """
    if not isinstance(value, list) or not all(isinstance(group, list) for group in value):
        raise SupergraphInvalid(reason="@requiresScopes takes a list of lists of scopes.")
    return Rule(scopes=frozenset(frozenset(map(str, group)) for group in value))
