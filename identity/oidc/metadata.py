"""What the provider says of itself (RFC 8414, OpenID Connect Discovery), and where its endpoints are."""

from __future__ import annotations

from typing import Any, Final

from core import jose
from core.keys import Algorithm
from identity.oidc.assurance import CHECK_METHOD, EVIDENCE_TYPE, PROVEN, RECORD_TYPES, TRUST_FRAMEWORK
from identity.oidc.authorization import RESPONSE_MODES
from identity.oidc.certificates import Certificates
from identity.oidc.encrypting import CONTENT
from identity.oidc.model import (
    ACR_PREFIX,
    CLAIMS,
    SCOPES,
    TLS_METHODS,
    VERIFIED,
    AuthMethod,
    GrantType,
    KeyWrap,
    claims_of,
)

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


def metadata(issuer: str, *, certificates: Certificates) -> dict[str, Any]:
    """certificates: of clients, as far as they are known here."""
    served = certificates.methods
    methods = [method.value for method in AuthMethod if method not in TLS_METHODS or method in served]
    signing = [algorithm.value for algorithm in Algorithm]
    wraps = [wrap.value for wrap in KeyWrap]
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
        "response_modes_supported": list(RESPONSE_MODES),
        "authorization_signing_alg_values_supported": signing,
        "grant_types_supported": [grant.value for grant in GrantType],
        "subject_types_supported": ["pairwise"],
        "scopes_supported": sorted(SCOPES),
        "claims_supported": sorted({"sub", "acr", "amr", "auth_time", "act", "sid", *CLAIMS} - claims_of({VERIFIED})),
        "verified_claims_supported": True,
        "trust_frameworks_supported": [TRUST_FRAMEWORK],
        "claims_in_verified_claims_supported": sorted(PROVEN),
        "evidence_supported": [EVIDENCE_TYPE],
        "electronic_records_supported": sorted(RECORD_TYPES),
        "documents_check_methods_supported": [CHECK_METHOD],
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(jose.ANY_ALGORITHM),
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "authorization_response_iss_parameter_supported": True,
        "acr_values_supported": [f"{ACR_PREFIX}{level}" for level in range(1, 6)],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "display_values_supported": ["page", "popup", "touch"],
        "ui_locales_supported": ["zh-CN", "en"],
        "id_token_signing_alg_values_supported": signing,
        "id_token_encryption_alg_values_supported": wraps,
        "id_token_encryption_enc_values_supported": [CONTENT],
        "userinfo_signing_alg_values_supported": signing,
        "userinfo_encryption_alg_values_supported": wraps,
        "userinfo_encryption_enc_values_supported": [CONTENT],
        "introspection_signing_alg_values_supported": [Algorithm.ES256.value],
        "tls_client_certificate_bound_access_tokens": bool(served),
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
