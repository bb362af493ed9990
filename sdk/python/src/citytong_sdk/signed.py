"""What the city signed as claims: checked by its published keys, and by the clock. Source: RFC 7519, RFC 8725."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from .bundles import jws
from .bundles.encoding import json_object
from .bundles.errors import KEY_UNKNOWN, SIGNATURE, BundleError
from .errors import NotBelieved, Reason

_TIME_MAX: Final = 1 << 37
_REASONS: Final = {KEY_UNKNOWN: Reason.KEY_UNKNOWN, SIGNATURE: Reason.SIGNATURE}


def signed_claims(
    token: str, *, keys: jws.Keys, typ: str, refuse: type[NotBelieved], length_max: int
) -> dict[str, object]:
    """What the token says, if one of `keys` signed it. Raises: `refuse`."""
    if len(token) > length_max:
        raise refuse(Reason.MALFORMED)
    try:
        return json_object(jws.verify(token, keys, typ=typ))
    except BundleError as fault:
        raise refuse(_REASONS.get(fault.code, Reason.MALFORMED)) from None
    except ValueError:
        raise refuse(Reason.MALFORMED) from None


def check_times(iat: int, exp: int, *, now: float, max_age: float, skew: float, refuse: type[NotBelieved]) -> None:
    """Raises: `refuse`, with EXPIRED, NOT_YET or CLAIMS. All in seconds, of Unix time the first three."""
    if not 0 <= iat <= exp <= _TIME_MAX:
        raise refuse(Reason.CLAIMS)
    if now >= exp + skew or now > iat + max_age + skew:
        raise refuse(Reason.EXPIRED)
    if now < iat - skew:
        raise refuse(Reason.NOT_YET)


def time_of(seconds: int) -> datetime:
    """seconds: of Unix time, as `check_times` lets them through."""
    return datetime.fromtimestamp(seconds, UTC)
