"""A city as a developer's tool speaks to it: the device flow, packages, and the graph with the developer's token.

Sources: RFC 8628 (device flow), RFC 8693 (exchange), RFC 6749 §5.2 and §6 (refusals, refresh), RFC 9700 §4.14
(rotation).
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from citytong_sdk.bundles.errors import BundleError

from . import credentials, graph
from .credentials import Tokens
from .desk import Desk
from .errors import Exit, TongError, of_package
from .web import EVENTS, Answer, Web, as_json

CLIENT: Final = "tong"
DEVICE: Final = "/open/device"
TOKEN: Final = "/open/token"
PACKAGES: Final = "/open/packages"
SANDBOX: Final = "/open/sandbox/graphql"
GRAPH: Final = "/graphql"
_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_EXCHANGE_GRANT: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN: Final = "urn:ietf:params:oauth:token-type:id_token"
_SLOWER_S: Final = 5
_POLLS_MAX: Final = 1_000
# What a developer can do about a kind of refusal, as a status.
_EXITS: Final[Mapping[str, Exit]] = {
    "UNAUTHENTICATED": Exit.AUTH,
    "FORBIDDEN": Exit.AUTH,
    "LIMITED": Exit.NETWORK,
    "UNAVAILABLE": Exit.NETWORK,
    "INTERNAL": Exit.NETWORK,
}
_STATUS_EXITS: Final[Mapping[int, Exit]] = {401: Exit.AUTH, 403: Exit.AUTH}
_ADVICE: Final[Mapping[str, str]] = {
    "MINIAPPS_PERSON_NEEDED": "tong login, and once more.",
    "MINIAPPS_NOT_THE_DEVELOPERS": "Tell the city the key that signed it: tong keys register.",
    "MINIAPPS_NO_SANDBOX": "Say which sandbox city by --city, or start one: make run in the city's repository.",
    "UNAUTHENTICATED": "Sign in: tong login",
    "FORBIDDEN": "Ask the owner of your organisation, or look at its rating in the console.",
    "NOT_FOUND": "Is it registered, in the Developer console under Organisation, keys and members, by the organisation "
    "that you are signed in for?",
    "LIMITED": "Try again later.",
    "UNAVAILABLE": "Try again later.",
}
_PERSON_NEEDED: Final = "MINIAPPS_PERSON_NEEDED"
_PACKAGE_INVALID: Final = "MINIAPPS_PACKAGE_INVALID"
# What there is not, as the city's NOT_FOUND names it.
_PROGRAM: Final = frozenset({"program", "mini-program"})


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a developer opens on another screen to let this one in. interval, expires_in: seconds."""

    device_code: str = field(repr=False)
    user_code: str
    address: str
    interval: int
    expires_in: int


@dataclass(frozen=True, slots=True)
class City:
    """One city, and who asks it from this desk. run: the token of a CI system's run, in place of who is signed in."""

    web: Web
    desk: Desk = field(repr=False)
    run: str = field(default="", repr=False)

    def invite(self) -> Invitation:
        """Begin to sign in. Raises: TongError."""
        answer = self.web.ask("POST", DEVICE, data={"client_id": CLIENT})
        told = self._oauth(answer, DEVICE)
        with as_json(self.web.base + DEVICE):
            return Invitation(
                device_code=told["device_code"],
                user_code=told["user_code"],
                address=told.get("verification_uri_complete") or told["verification_uri"],
                interval=int(told.get("interval", _SLOWER_S)),
                expires_in=int(told["expires_in"]),
            )

    def wait_for(self, invitation: Invitation) -> Tokens:
        """The tokens, once somebody let this screen in. Raises: TongError: refused, or nobody in time."""
        asked = {"grant_type": _DEVICE_GRANT, "device_code": invitation.device_code, "client_id": CLIENT}
        interval, until = invitation.interval, self.desk.now() + invitation.expires_in
        for _ in range(_POLLS_MAX):
            self.desk.sleep(interval)
            answer = self.web.ask("POST", TOKEN, data=asked)
            refusal = self._refusal(answer)
            if refusal == "slow_down":
                interval += _SLOWER_S
            elif refusal != "authorization_pending":
                return self._tokens(answer)
            if self.desk.now() > until:
                break
        raise TongError(
            "TONG_LOGIN_EXPIRED", "Nobody let this screen in in time.", advice="tong login again.", exit=Exit.AUTH
        )

    def sign_in(self) -> None:
        """Let in by a person, on another screen; the tokens are kept. Raises: TongError."""
        invitation = self.invite()
        self.desk.tell(f"Open {invitation.address}\nand let in the screen that shows {invitation.user_code}")
        self.desk.note(f"Waiting for up to {invitation.expires_in // 60} minutes …")
        credentials.keep(self.desk, self.web.base, self.wait_for(invitation))

    def graphql(self, text: str, variables: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The data of one document; where the city asks for the person, and one sits here, they sign in anew.

        Raises: TongError, with the city's own code where it refuses.
        """
        try:
            return self._asked(text, variables)
        except TongError as fault:
            if fault.code != _PERSON_NEEDED or not self.desk.attended:
                raise
        self.desk.tell("The city asks for you in person: this lasts longer than a sign-in.")
        self.sign_in()
        return self._asked(text, variables)

    def _asked(self, text: str, variables: Mapping[str, Any] | None) -> Mapping[str, Any]:
        asked = dict(variables or {})
        answer = self._with_token("POST", GRAPH, json={"query": text, "variables": asked})
        with as_json(self.web.base + GRAPH):
            told = json.loads(answer.body)
            if faults := told.get("errors"):
                raise self._refused(faults[0], answer, app_id=str(asked.get("app", "")))
            found: Mapping[str, Any] = told["data"]
            return found

    def told(self, text: str, variables: Mapping[str, Any]) -> Generator[Mapping[str, Any] | None, None, None]:
        """The data of each event of a subscription, after None when it has begun; until the city, or the line, ends it.

        Raises: NoStream where the city does not stream, or not to this token; TongError.
        """
        token = self.run or credentials.fresh(self.desk, self.web.base, self.renew)
        headers = {"Authorization": f"Bearer {token}", "Accept": f"{EVENTS}, application/graphql-response+json"}
        begun = False
        for name, data in self.web.events(GRAPH, headers=headers, json={"query": text, "variables": dict(variables)}):
            if not begun:
                begun = True
                yield None
            if name == "next":
                with as_json(self.web.base + GRAPH):
                    found = json.loads(data).get("data")
                if found is None:
                    return  # why, says the graph to who asks it
                yield found

    def upload(self, package: bytes) -> str:
        """Hand a signed package over; how a version names it. Raises: TongError."""
        kind = {"Content-Type": "application/octet-stream"}
        answer = self._with_token("PUT", PACKAGES, content=package, headers=kind)
        with as_json(self.web.base + PACKAGES):
            told = json.loads(answer.body)
            if answer.status >= 400:
                raise self._refused({**told["error"], "extensions": told["error"]}, answer)
            return str(told["upload"])

    def ask_for(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a sandbox city answers to a document for a test citizen: data, errors, withheld. Raises: TongError."""
        answer = self._with_token("POST", SANDBOX, json=dict(asked))
        with as_json(self.web.base + SANDBOX):
            told: Mapping[str, Any] = json.loads(answer.body)
            if answer.status >= 400:
                fault = {**told["error"], "extensions": told["error"]}
                raise self._refused(fault, answer, app_id=str(asked.get("appId", "")))
            return told

    def who(self) -> Mapping[str, Any]:
        """The developer, and their organisations."""
        return self.graphql(graph.WHO)["developer"] or {"id": "", "organisations": []}

    def exchange(self, asked: Mapping[str, str]) -> City:
        """The same city, asked by a run whose ID token is the `subject_token`. Raises: TongError. Source: RFC 8693."""
        form = {"grant_type": _EXCHANGE_GRANT, "subject_token_type": _ID_TOKEN, "client_id": CLIENT, **asked}
        told = self._oauth(self.web.ask("POST", TOKEN, data=form), TOKEN)
        with as_json(self.web.base + TOKEN):
            return replace(self, run=str(told["access_token"]))

    def renew(self, refresh: str) -> Tokens:
        """The successors of a refresh token, which is spent by this. Raises: TongError."""
        asked = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": CLIENT}
        return self._tokens(self.web.ask("POST", TOKEN, data=asked))

    def _with_token(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **request: Any
    ) -> Answer:
        """Asks with the kept token; once more with a fresh one, when the city does not take it."""
        if self.run:
            told = {"Authorization": f"Bearer {self.run}", **(headers or {})}
            return self.web.ask(method, path, headers=told, **request)
        token = credentials.fresh(self.desk, self.web.base, self.renew)
        for last in (False, True):
            told = {"Authorization": f"Bearer {token}", **(headers or {})}
            answer = self.web.ask(method, path, headers=told, **request)
            if last or not _unauthenticated(answer):
                return answer
            token = credentials.fresh(self.desk, self.web.base, self.renew, refused=token)
        raise AssertionError("the second answer was returned")

    def _tokens(self, answer: Answer) -> Tokens:
        told = self._oauth(answer, TOKEN)
        with as_json(self.web.base + TOKEN):
            return Tokens(told["access_token"], told["refresh_token"], int(self.desk.now()) + int(told["expires_in"]))

    def _oauth(self, answer: Answer, path: str) -> Mapping[str, Any]:
        """Raises: TongError for a refusal, whose code is the specification's."""
        with as_json(self.web.base + path):
            told: Mapping[str, Any] = json.loads(answer.body)
            if answer.status < 400:
                return told
            refusal = str(told["error"])
        busy = answer.status >= 500 or answer.status == 429 or refusal in _BUSY
        raise TongError(
            f"TONG_OAUTH_{refusal.upper()}",
            _SAID.get(refusal, "The city did not let you in."),
            where=self.web.base + path,
            why=str(told.get("error_description", "")),
            advice="Try again later." if busy else f"Sign in: tong login --city {self.web.base}",
            exit=Exit.NETWORK if busy else Exit.AUTH,
        )

    def _refusal(self, answer: Answer) -> str:
        with as_json(self.web.base + TOKEN):
            return str(json.loads(answer.body).get("error", "")) if answer.status >= 400 else ""

    def _refused(self, fault: Mapping[str, Any], answer: Answer, *, app_id: str = "") -> TongError:
        """What the city says no to, with its own code. app_id: of the program that it was asked about, if any."""
        about: Mapping[str, Any] = fault.get("extensions", {})
        code, kind = str(about.get("code", "TONG_CITY_ANSWER")), str(about.get("kind", ""))
        if code == _PACKAGE_INVALID and (rule := about.get("rule")):
            return of_package(BundleError(str(rule), str(about.get("path", "")), str(fault.get("message", ""))))
        if app_id and about.get("thing") in _PROGRAM:
            return TongError(
                code,
                f"The organisation that you are signed in for has no program {app_id} here.",
                where=self.web.base,
                advice=f"Register {app_id} in the Developer console, under Organisation, keys and members; or sign in "
                "for the organisation that it is of: tong login.",
            )
        exit = _EXITS.get(kind) or _STATUS_EXITS.get(answer.status, Exit.USAGE)
        return TongError(
            code,
            str(fault.get("message", "The city refused.")),
            where=self.web.base,
            advice=_ADVICE.get(code, _ADVICE.get(kind, "")),
            exit=Exit.NETWORK if answer.status >= 500 else exit,
        )


_BUSY: Final = frozenset({"server_error", "slow_down", "temporarily_unavailable"})
_SAID: Final[Mapping[str, str]] = {
    "access_denied": "Whoever was asked did not let this screen in.",
    "expired_token": "Nobody let this screen in in time.",
    "invalid_grant": "You were signed out: the city does not know this sign-in any more.",
    "invalid_request": "The city does not take it.",
    "invalid_target": "The city lets no such run hand in this program.",
    "slow_down": "The city is asked too often.",
}


def _unauthenticated(answer: Answer) -> bool:
    return answer.status == 401 or b'"UNAUTHENTICATED"' in answer.body
