"""The OpenID Foundation's conformance modules, by plan, and the marks that say which test stands for which of them.

`docs/conformance.md` is written from it: `python -m tests.support.conformance > docs/conformance.md`. The suite itself
(Java and MongoDB, with a browser) is not run here; a mark says that a test asks what the module asks.
Source of the names: openid-certification/conformance-suite, the plans' classes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

import pytest

from tests.support.marks import tests_by

_FAPI2: Final = "fapi2-security-profile-final-"
_TESTS: Final = "tests/unit/identity/oidc"

PLANS: Final[Mapping[str, tuple[str, ...]]] = {
    "oidcc-basic-certification-test-plan": (
        "oidcc-server",
        "oidcc-response-type-missing",
        "oidcc-idtoken-signature",
        "oidcc-idtoken-unsigned",
        "oidcc-userinfo-get",
        "oidcc-userinfo-post-header",
        "oidcc-userinfo-post-body",
        "oidcc-ensure-request-without-nonce-succeeds-for-code-flow",
        "oidcc-scope-profile",
        "oidcc-scope-email",
        "oidcc-scope-address",
        "oidcc-scope-phone",
        "oidcc-scope-all",
        "oidcc-alternate-happy-flow",
        "oidcc-display-page",
        "oidcc-display-popup",
        "oidcc-prompt-login",
        "oidcc-prompt-none-not-logged-in",
        "oidcc-prompt-none-logged-in",
        "oidcc-max-age-1",
        "oidcc-max-age-10000",
        "oidcc-ensure-request-with-unknown-parameter-succeeds",
        "oidcc-id-token-hint",
        "oidcc-login-hint",
        "oidcc-ui-locales",
        "oidcc-claims-locales",
        "oidcc-ensure-request-with-acr-values-succeeds",
        "oidcc-codereuse",
        "oidcc-codereuse-30seconds",
        "oidcc-ensure-registered-redirect-uri",
        "oidcc-ensure-post-request-succeeds",
        "oidcc-server-client-secret-post",
        "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
        "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
        "oidcc-ensure-request-object-with-redirect-uri",
        "oidcc-claims-essential",
        "oidcc-refresh-token",
        "oidcc-ensure-request-with-valid-pkce-succeeds",
    ),
    "oidcc-rp-initiated-logout-certification-test-plan": (
        "oidcc-rp-initiated-logout-discovery-endpoint-verification",
        "oidcc-rp-initiated-logout",
        "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
        "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
        "oidcc-rp-initiated-logout-bad-id-token-hint",
        "oidcc-rp-initiated-logout-modified-id-token-hint",
        "oidcc-rp-initiated-logout-no-id-token-hint",
        "oidcc-rp-initiated-logout-no-params",
        "oidcc-rp-initiated-logout-no-post-logout-redirect-uri",
        "oidcc-rp-initiated-logout-no-state",
        "oidcc-rp-initiated-logout-only-state",
    ),
    "oidcc-backchannel-rp-initiated-logout-certification-test-plan": (
        "oidcc-backchannel-logout-discovery-endpoint-verification",
        "oidcc-backchannel-rp-initiated-logout",
    ),
    "fapi2-security-profile-final-test-plan, fapi2-message-signing-final-test-plan": tuple(
        _FAPI2 + name
        for name in (
            "discovery-end-point-verification",
            "happy-flow",
            "user-rejects-authentication",
            "ensure-request-object-with-multiple-aud-succeeds",
            "ensure-authorization-request-without-state-success",
            "ensure-authorization-request-without-nonce-success",
            "ensure-authorization-request-with-64-char-nonce-success",
            "ensure-other-scope-order-succeeds",
            "test-claims-parameter-identity-claims",
            "access-token-type-header-case-sensitivity",
            "ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted",
            "check-dpop-proof-nbf-exp",
            "ensure-dpopproof-with-iat-10seconds-before-succeeds",
            "ensure-dpopproof-with-iat-10seconds-after-succeeds",
            "ensure-mismatched-dpop-jkt-fails",
            "ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt",
            "ensure-token-endpoint-fails-with-mismatched-dpop-jkt",
            "ensure-dpopproof-at-par-endpoint-binding-success",
            "ensure-dpop-auth-code-binding-success",
            "ensure-different-nonce-inside-and-outside-request-object",
            "ensure-different-state-inside-and-outside-request-object",
            "ensure-authorization-request-with-long-nonce",
            "ensure-authorization-request-with-long-state",
            "ensure-request-object-without-exp-fails",
            "ensure-request-object-without-nbf-fails",
            "state-only-outside-request-object-not-used",
            "ensure-request-object-without-redirect-uri-fails",
            "ensure-expired-request-object-fails",
            "ensure-request-object-with-bad-aud-fails",
            "ensure-request-object-with-exp-over-60-fails",
            "ensure-request-object-with-nbf-over-60-fails",
            "ensure-signed-request-object-with-RS256-fails",
            "ensure-request-object-signature-algorithm-is-not-none",
            "ensure-request-object-with-invalid-signature-fails",
            "ensure-matching-key-in-authorization-request",
            "ensure-unsigned-request-at-par-endpoint-fails",
            "ensure-registered-redirect-uri",
            "ensure-unsigned-authorization-request-without-using-par-fails",
            "ensure-redirect-uri-in-authorization-request",
            "ensure-response-type-code-idtoken-fails",
            "ensure-response-type-token-fails",
            "ensure-client-id-in-token-endpoint",
            "ensure-holder-of-key-required",
            "ensure-authorization-code-is-bound-to-client",
            "attempt-reuse-authorization-code-after-one-second",
            "ensure-token-endpoint-fails-with-expired-auth-code",
            "ensure-signed-client-assertion-with-RS256-fails",
            "ensure-client-assertion-in-token-endpoint",
            "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails",
            "ensure-client-assertion-with-wrong-aud-fails",
            "ensure-client-assertion-with-no-sub-fails",
            "ensure-invalid-client-assertions-fail",
            "dpop-negative-tests",
            "refresh-token",
            "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds",
            "par-attempt-reuse-request_uri",
            "par-attempt-to-use-expired-request_uri",
            "par-attempt-to-use-request_uri-for-different-client",
            "par-authorization-request-containing-request_uri-form-param",
            "par-authorization-request-containing-request_uri",
            "par-attempt-invalid-http-method",
            "par-ensure-pkce-required",
            "ensure-pkce-code-verifier-required",
            "incorrect-pkce-code-verifier-rejected",
            "par-plain-pkce-rejected",
            "par-without-duplicate-parameters",
        )
    ),
}
_INTRODUCTION: Final = """# OpenID conformance

Which test asks what each module of the OpenID Foundation's conformance suite asks. Generated by
`python -m tests.support.conformance` from the marks at the tests, and checked against them. The suite itself is not run
here. Left out are the modules of single countries and of grant management, which the provider does not have, and
`plain-fapi-tolerate-unregistered-redirect-uri`, which lets a server do either: ours refuses.
"""


def oidcc(*modules: str) -> pytest.MarkDecorator:
    """The mark of a test that asks what these modules ask."""
    return pytest.mark.conformance(*modules)


def fapi2(*modules: str) -> pytest.MarkDecorator:
    """As `oidcc`, of FAPI 2.0, whose modules share a long beginning."""
    return pytest.mark.conformance(*(_FAPI2 + module for module in modules))


def by_module() -> dict[str, list[str]]:
    """By module: its tests."""
    return tests_by("conformance", _TESTS)


def as_markdown() -> str:
    """`docs/conformance.md`."""
    tests, lines = by_module(), [_INTRODUCTION]
    for plan, modules in PLANS.items():
        lines += [f"## {plan}", "", "| module | test |", "|---|---|"]
        lines += [f"| `{one}` | {', '.join(f'`{test}`' for test in tests.get(one, ()))} |" for one in modules]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
