"""What the provider says of itself (RFC 8414, OpenID Connect Discovery), and where its endpoints are."""

from __future__ import annotations

from typing import Any, Final

from core import jose
from core.keys import Algorithm
from identity.oidc.model import ACR_PREFIX, CLAIMS, SCOPES, AuthMethod, GrantType

DISCOVERY: Final = "/.well-known/openid-configuration"
AUTHORIZATION_SERVER: Final = "/.well-known/oauth-authorization-server"
JWKS: Final = "/oidc/jwks"
PAR: Final = "/oidc/par"
AUTHORIZE: Final = "/oidc/authorize"
TOKEN: Final = "/oidc/token"
USERINFO: Final = "/oidc/userinfo"
INTROSPECT: Final = "/oidc/introspect"
REVOKE: Final = "/oidc/revoke"
END_SESSION: Final = "/oidc/end_session"
DEVICE: Final = "/oidc/device_authorization"
REGISTER: Final = "/oidc/register"


def metadata(issuer: str) -> dict[str, Any]:
    methods, signing = [method.value for method in AuthMethod], [a.value for a in Algorithm]
    confidential = [method for method in methods if method != AuthMethod.NONE]
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZE,
        "token_endpoint": issuer + TOKEN,
        "userinfo_endpoint": issuer + USERINFO,
        "jwks_uri": issuer + JWKS,
        "registration_endpoint": issuer + REGISTER,
        "introspection_endpoint": issuer + INTROSPECT,
        "revocation_endpoint": issuer + REVOKE,
        "end_session_endpoint": issuer + END_SESSION,
        "device_authorization_endpoint": issuer + DEVICE,
        "pushed_authorization_request_endpoint": issuer + PAR,
        "require_pushed_authorization_requests": False,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [grant.value for grant in GrantType],
        "subject_types_supported": ["pairwise"],
        "scopes_supported": sorted(SCOPES),
        "claims_supported": sorted({"sub", "acr", "amr", "auth_time", "act", "sid", *CLAIMS}),
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "authorization_response_iss_parameter_supported": True,
        "acr_values_supported": [f"{ACR_PREFIX}{level}" for level in range(1, 6)],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "display_values_supported": ["page", "popup", "touch"],
        "ui_locales_supported": ["zh-CN", "en"],
        "id_token_signing_alg_values_supported": signing,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": list(jose.ANY_ALGORITHM),
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": list(jose.ANY_ALGORITHM),
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": list(jose.ANY_ALGORITHM),
        "dpop_signing_alg_values_supported": list(jose.STRONG_ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": False,
    }
