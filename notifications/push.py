"""Firebase Cloud Messaging (HTTP v1), through Google's own library.

Of that library's sender two things are replaced, in the one object that this carrier makes of it:
- its HTTP client: the library's own refreshes OAuth tokens with blocking requests inside the event loop, and tries 500
  and 503 again for seven seconds without regard to `Retry-After`. Here the token is refreshed in a thread, and the
  dispatcher is the one who tries again;
- its address, when the city is told another than Google's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import firebase_admin  # type: ignore[import-untyped]
from firebase_admin import _http_client, _retry, credentials, exceptions, messaging
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request

from core.clock import Clock
from notifications.channels import Again, Parcel, Refused, Taken
from notifications.model import Priority, TargetKind

_LOG = logging.getLogger(__name__)
# They log addresses of requests, and at their lowest level tokens and messages.
_CHATTY: Final = ("httpx", "httpcore", "firebase_admin", "google", "urllib3")
FCM_URL: Final = "https://fcm.googleapis.com"
# httpx's pool takes quadratic time over what queues for it: twenty at once is what it does best with.
CHUNK: Final = 20
_RETRY_AFTER_S_MAX: Final = 86_400
_CODES: Final = {
    messaging.QuotaExceededError: "QUOTA_EXCEEDED",
    messaging.ThirdPartyAuthError: "THIRD_PARTY_AUTH_ERROR",
}


class CannotPush(Exception):
    """The credentials cannot be used. The message is one sentence that says what to do, and holds no secret."""


class FcmCarrier:
    """project: the Firebase project's id. credentials_file: its service account. timeout_s: for one request.

    Raises: CannotPush.
    """

    def __init__(
        self, *, project: str, credentials_file: Path, clock: Clock, url: str = "", timeout_s: float = 8.0
    ) -> None:
        try:
            certificate = credentials.Certificate(str(credentials_file))
        except (OSError, ValueError) as fault:
            raise CannotPush(
                "The Firebase credentials cannot be read: check that TONG_FCM_CREDENTIALS_FILE names the JSON file of "
                "a service account."
            ) from fault
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
        app = firebase_admin.App(f"citytong-{project}", certificate, {"projectId": project, "httpTimeout": timeout_s})
        self._service: Any = messaging._MessagingService(app)
        self._service._async_client = _http_client.HttpxAsyncClient(
            retry_config=_retry.HttpxRetry(max_retries=0),
            timeout=timeout_s,
        )
        self._service._fcm_url = f"{(url or FCM_URL).rstrip('/')}/v1/projects/{project}/messages:send"
        self._credential: Any = certificate.get_credential()
        self._clock = clock
        self._timeout_s = timeout_s
        self._refreshing = asyncio.Lock()

    async def send(self, parcels: Sequence[Parcel]) -> list[Taken | Again | Refused]:
        outcomes: list[Taken | Again | Refused] = []
        for start in range(0, len(parcels), CHUNK):
            outcomes += await self._send_chunk(parcels[start : start + CHUNK])
        return outcomes

    async def close(self) -> None:
        # firebase_admin.delete_app() runs a loop of its own, which it may not inside one.
        await self._service._async_client.aclose()

    async def _send_chunk(self, chunk: Sequence[Parcel]) -> list[Taken | Again | Refused]:
        try:
            await self._authorise()
        except (GoogleAuthError, TimeoutError):
            _LOG.warning("Google's OAuth server gives no token for pushes")
            return [Again("NO_TOKEN")] * len(chunk)
        messages = [_message(parcel) for parcel in chunk]
        batch = await self._service.send_each_async(messages, dry_run=False)
        return [self._outcome(response.exception) for response in batch.responses]

    async def _authorise(self) -> None:
        """Put a token that is good for a while into every request. Raises: GoogleAuthError, TimeoutError."""
        async with self._refreshing:
            if not self._credential.valid or self._credential.expired:
                async with asyncio.timeout(self._timeout_s):
                    await asyncio.to_thread(self._credential.refresh, Request())
            self._service._fcm_headers["Authorization"] = f"Bearer {self._credential.token}"

    def _outcome(self, fault: exceptions.FirebaseError | None) -> Taken | Again | Refused:
        """Source: firebase.google.com/docs/cloud-messaging/error-codes."""
        match fault:
            case None:
                return Taken()
            case messaging.UnregisteredError():
                return Refused("UNREGISTERED", target_gone=True)
            case messaging.SenderIdMismatchError():
                return Refused("SENDER_ID_MISMATCH", target_gone=True)
            case exceptions.InvalidArgumentError():
                # Of the message, which is our fault, or of the token, which then will never be good.
                return Refused("INVALID_ARGUMENT", target_gone="registration token" in str(fault).lower())
            case exceptions.UnauthenticatedError():
                self._credential.token = None  # whatever its time says: the next chunk asks for another
        return Again(_CODES.get(type(fault), fault.code), after_s=self._told_s(fault))

    def _told_s(self, fault: exceptions.FirebaseError) -> float | None:
        response = fault.http_response
        told = response.headers.get("Retry-After") if response is not None else None
        return retry_after_s(told, now=self._clock.now()) if told else None


def retry_after_s(told: str, *, now: datetime) -> float | None:
    """Seconds of a `Retry-After` (RFC 9110 §10.2.3), at most a day; None for what is neither number nor date."""
    if told.strip().isdecimal():
        return float(min(int(told.strip()[:9]), _RETRY_AFTER_S_MAX))
    try:
        seconds = (parsedate_to_datetime(told) - now).total_seconds()
    except (TypeError, ValueError):
        return None
    return min(max(seconds, 0.0), float(_RETRY_AFTER_S_MAX))


def _message(parcel: Parcel) -> messaging.Message:
    """Nothing personal: what a locked screen shows, and where the app goes on."""
    urgent = parcel.priority is not Priority.ROUTINE
    message = messaging.Message(
        data={"delivery": parcel.id, "link": parcel.link},
        notification=messaging.Notification(title=parcel.title),
        android=messaging.AndroidConfig(priority="high" if urgent else "normal", ttl=parcel.lives_s),
        apns=messaging.APNSConfig(headers={"apns-priority": "10" if urgent else "5"}),
        webpush=messaging.WebpushConfig(
            headers={"TTL": str(parcel.lives_s), "Urgency": "high" if urgent else "normal"}
        ),
        fid=parcel.to if parcel.kind is TargetKind.FID else None,
    )
    if parcel.kind is TargetKind.TOKEN:
        message.token = parcel.to  # as an argument it warns: apps that have no installation ID yet are still served
    return message
