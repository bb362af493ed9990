"""Credentials as the graph shows them.

What a browser's `navigator.credentials` is given and gives back travels as JSON text: `options` is
`PublicKeyCredential…OptionsJSON` for `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON`, `credential` is
what `toJSON()` makes of the answer.
"""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import orjson
import strawberry

from core.graph import PUBLIC, Info
from identity import model as identity_model
from identity.arrivals import Origin
from identity.credentials import model
from identity.credentials.links import Asking, Link
from identity.credentials.proofs import Proof
from identity.credentials.service import Credentials
from identity.credentials.totp import Enrolment
from identity.graph_of_sessions import DEVICE, SignInResult

CredentialJSON = Annotated[
    str, strawberry.argument(description="The browser's PublicKeyCredential, as `toJSON()` makes it, as text.")
]


# --- what an account holds --------------------------------------------------------------------------------------


@strawberry.federation.type(description="A passkey of one's own.", authenticated=True)
class Passkey:
    id: strawberry.ID
    name: str = strawberry.federation.field(description="As its owner calls it.", directives=[DEVICE])
    created_at: datetime
    last_used_at: datetime | None
    synced: bool = strawberry.federation.field(description="Its maker keeps a copy of it, for its owner's devices.")

    @classmethod
    def of(cls, passkey: model.Passkey) -> Passkey:
        return cls(
            id=strawberry.ID(passkey.id),
            name=passkey.name,
            created_at=passkey.created_at,
            last_used_at=passkey.last_used_at,
            synced=passkey.synced,
        )


@strawberry.federation.type(description="An authenticator app that makes one-time passwords.", authenticated=True)
class Totp:
    confirmed_at: datetime


@strawberry.federation.type(
    description="What one's own account is proven with, besides a code on its phone.", authenticated=True
)
class SignInMethods:
    has_password: bool
    password_changed_at: datetime | None
    passkeys: list[Passkey]
    totp: Totp | None
    recovery_codes_left: int
    second_step_by_passkey: bool = strawberry.federation.field(
        description="A passkey is asked for after a code or a password."
    )

    @classmethod
    def of(cls, held: model.Keychain) -> SignInMethods:
        return cls(
            has_password=held.password is not None,
            password_changed_at=held.password.changed_at if held.password else None,
            passkeys=[Passkey.of(one) for one in held.passkeys],
            totp=Totp(confirmed_at=held.totp.confirmed_at) if held.totp else None,
            recovery_codes_left=len(held.recovery),
            second_step_by_passkey=held.second_by_passkey,
        )


@strawberry.federation.type(description="What a browser is asked to make.", authenticated=True)
class PasskeyRegistration:
    options: str = strawberry.federation.field(description="PublicKeyCredentialCreationOptionsJSON, as text.")


@strawberry.federation.type(description="What a browser is asked to sign.", directives=[PUBLIC])
class PasskeyChallenge:
    id: strawberry.ID = strawberry.federation.field(description="Told with the answer; good once, for five minutes.")
    options: str = strawberry.federation.field(description="PublicKeyCredentialRequestOptionsJSON, as text.")


@strawberry.federation.type(description="A secret for an authenticator app, told this once.", authenticated=True)
class TotpEnrolment:
    secret: str = strawberry.federation.field(description="In base32, for who types it.")
    uri: str = strawberry.federation.field(description="otpauth://totp/…, to be shown as a QR code.")

    @classmethod
    def of(cls, enrolment: Enrolment) -> TotpEnrolment:
        return cls(secret=enrolment.secret, uri=enrolment.uri)


@strawberry.federation.type(
    description="Codes that stand in for a lost authenticator, each good once. Told this once.", authenticated=True
)
class RecoveryCodes:
    recovery_codes: list[str]


# --- another screen ---------------------------------------------------------------------------------------------


@strawberry.federation.type(description="What a screen shows that wants to be signed in.", directives=[PUBLIC])
class ScreenLink:
    id: strawberry.ID
    code: str = strawberry.federation.field(description="For the QR code: the shell's page /link/<code>.")
    secret: str = strawberry.federation.field(description="Kept by the screen, never shown; `finishLink` asks for it.")
    number: int = strawberry.federation.field(description="Shown beside the QR code; the phone's owner chooses it.")
    expires_at: datetime

    @classmethod
    def of(cls, link: Link) -> ScreenLink:
        return cls(
            id=strawberry.ID(link.id),
            code=link.code,
            secret=link.secret,
            number=link.number,
            expires_at=link.expires_at,
        )


@strawberry.federation.type(description="A screen that asks to be signed in.", authenticated=True)
class LinkRequest:
    device_name: str = strawberry.federation.field(description="As the screen calls itself.", directives=[DEVICE])
    requested_at: datetime
    place: str = strawberry.federation.field(description="The network it is in, coarsely.", directives=[DEVICE])
    numbers: list[int] = strawberry.federation.field(description="One of them is on the screen.")

    @classmethod
    def of(cls, asking: Asking, info: Info) -> LinkRequest:
        return cls(
            device_name=asking.device_name,
            requested_at=asking.requested_at,
            place=asking.place.in_(info.context.locale),
            numbers=list(asking.numbers),
        )


# --- inputs -----------------------------------------------------------------------------------------------------


@strawberry.input
class SignInWithPasswordInput:
    phone: str
    password: str
    audience: identity_model.Audience = identity_model.Audience.CITIZEN
    device_id: str | None = None
    device_name: str = strawberry.field(default="设备", description="What the session list calls this device.")


@strawberry.input
class SignInWithPasskeyInput:
    id: strawberry.ID = strawberry.field(description="Of the challenge (`beginPasskeySignIn`).")
    credential: str = strawberry.field(description="The browser's answer as JSON text.")
    device_id: str | None = None
    device_name: str = strawberry.field(default="设备", description="What the session list calls this device.")


@strawberry.input(description="The second step: one of a code of the app, a recovery code, a passkey's answer.")
class CompleteSignInInput:
    pending_id: strawberry.ID = strawberry.field(description="As the refusal AUTH_SECOND_FACTOR_REQUIRED told it.")
    code: str | None = strawberry.field(default=None, description="Of the authenticator app.")
    recovery_code: str | None = None
    passkey_id: strawberry.ID | None = strawberry.field(default=None, description="Of the challenge.")
    credential: str | None = strawberry.field(default=None, description="The browser's answer to it, as JSON text.")
    device_id: str | None = None


@strawberry.input(description="One proof that it is still you, of those that your account has.")
class StepUpInput:
    code: str | None = strawberry.field(default=None, description="As `requestStepUpCode` had it sent.")
    password: str | None = None
    totp: str | None = strawberry.field(default=None, description="Of the authenticator app.")
    recovery_code: str | None = None
    passkey_id: strawberry.ID | None = strawberry.field(default=None, description="Of the challenge.")
    credential: str | None = strawberry.field(default=None, description="The browser's answer to it, as JSON text.")


# --- roots ------------------------------------------------------------------------------------------------------


def _origin(info: Info, device_id: str | None = None) -> Origin:
    client = info.context.client
    return Origin(device_id or client.device_id, client.address, client.jkt)


def _credentials(info: Info) -> Credentials:
    return info.context.service(Credentials)


@strawberry.type
class CredentialsQuery:
    @strawberry.federation.field(authenticated=True, description="What your account is proven with.")
    async def sign_in_methods(self, info: Info) -> SignInMethods:
        return SignInMethods.of(await _credentials(info).held(principal=info.context.principal))


@strawberry.type
class CredentialsMutation:
    # --- passwords

    @strawberry.federation.field(
        authenticated=True,
        description="Give your account a password, or another one. `current` stands in for a fresh sign-in where the "
        "account has neither a passkey nor an authenticator.",
    )
    async def set_password(self, info: Info, password: str, current: str | None = None) -> SignInMethods:
        held = await _credentials(info).passwords.set(
            principal=info.context.principal, password=password, current=current, origin=_origin(info)
        )
        return SignInMethods.of(held)

    @strawberry.federation.field(authenticated=True, description="Have no password.")
    async def remove_password(self, info: Info) -> SignInMethods:
        return SignInMethods.of(await _credentials(info).passwords.remove(principal=info.context.principal))

    @strawberry.federation.field(directives=[PUBLIC], description="Begin a session with a password.")
    async def sign_in_with_password(self, info: Info, input: SignInWithPasswordInput) -> SignInResult:
        signed_in = await _credentials(info).passwords.sign_in(
            phone=input.phone,
            password=input.password,
            audience=input.audience,
            device_name=input.device_name,
            origin=_origin(info, input.device_id),
        )
        return SignInResult.of(signed_in)

    # --- passkeys

    @strawberry.federation.field(authenticated=True, description="Begin to make a passkey on this device.")
    async def begin_passkey_registration(self, info: Info) -> PasskeyRegistration:
        options = await _credentials(info).passkeys.begin_registration(
            principal=info.context.principal, locale=info.context.locale
        )
        return PasskeyRegistration(options=orjson.dumps(options).decode())

    @strawberry.federation.field(
        authenticated=True,
        description="Keep the passkey that was made. The session's next tokens say that you proved yourself with it.",
    )
    async def add_passkey(self, info: Info, name: str, credential: CredentialJSON) -> Passkey:
        passkeys, principal = _credentials(info).passkeys, info.context.principal
        return Passkey.of(await passkeys.add(principal=principal, name=name, credential=credential))

    @strawberry.federation.field(authenticated=True, description="Call a passkey of yours something else.")
    async def rename_passkey(self, info: Info, id: strawberry.ID, name: str) -> Passkey:
        passkeys, principal = _credentials(info).passkeys, info.context.principal
        return Passkey.of(await passkeys.rename(principal=principal, passkey_id=id, name=name))

    @strawberry.federation.field(authenticated=True, description="Take a passkey of yours away.")
    async def remove_passkey(self, info: Info, id: strawberry.ID) -> SignInMethods:
        held = await _credentials(info).passkeys.remove(principal=info.context.principal, passkey_id=id)
        return SignInMethods.of(held)

    @strawberry.federation.field(
        authenticated=True, description="Have a passkey asked for, or not, after a code or a password."
    )
    async def ask_for_passkey(self, info: Info, wanted: bool) -> SignInMethods:
        passkeys, principal = _credentials(info).passkeys, info.context.principal
        return SignInMethods.of(await passkeys.ask_for_second_step(principal=principal, wanted=wanted))

    @strawberry.federation.field(
        directives=[PUBLIC],
        description="A challenge for a passkey: to sign in with, to take a second step, or to step up.",
    )
    async def begin_passkey_sign_in(
        self, info: Info, audience: identity_model.Audience = identity_model.Audience.CITIZEN
    ) -> PasskeyChallenge:
        id, options = await _credentials(info).passkeys.begin_sign_in(audience=audience, origin=_origin(info))
        return PasskeyChallenge(id=strawberry.ID(id), options=orjson.dumps(options).decode())

    @strawberry.federation.field(directives=[PUBLIC], description="Begin a session with a passkey.")
    async def sign_in_with_passkey(self, info: Info, input: SignInWithPasskeyInput) -> SignInResult:
        signed_in = await _credentials(info).passkeys.sign_in(
            id=input.id,
            credential=input.credential,
            device_name=input.device_name,
            origin=_origin(info, input.device_id),
        )
        return SignInResult.of(signed_in)

    # --- one-time passwords

    @strawberry.federation.field(authenticated=True, description="A secret for an authenticator app.")
    async def begin_totp(self, info: Info) -> TotpEnrolment:
        return TotpEnrolment.of(await _credentials(info).totp.begin(principal=info.context.principal))

    @strawberry.federation.field(
        authenticated=True,
        description="Make the secret count, by a code that the app makes of it. The session's next tokens say so.",
    )
    async def confirm_totp(self, info: Info, code: str) -> RecoveryCodes:
        totp, principal = _credentials(info).totp, info.context.principal
        codes = await totp.confirm(principal=principal, code=code, origin=_origin(info))
        return RecoveryCodes(recovery_codes=codes)

    @strawberry.federation.field(authenticated=True, description="Have no authenticator app.")
    async def remove_totp(self, info: Info) -> SignInMethods:
        return SignInMethods.of(await _credentials(info).totp.remove(principal=info.context.principal))

    @strawberry.federation.field(authenticated=True, description="New recovery codes; the old ones are void.")
    async def renew_recovery_codes(self, info: Info) -> RecoveryCodes:
        codes = await _credentials(info).totp.renew_recovery_codes(principal=info.context.principal)
        return RecoveryCodes(recovery_codes=codes)

    # --- the second step, and proving oneself again

    @strawberry.federation.field(directives=[PUBLIC], description="Take the second step of a sign-in.")
    async def complete_sign_in(self, info: Info, input: CompleteSignInInput) -> SignInResult:
        proof = Proof(
            totp=input.code,
            recovery_code=input.recovery_code,
            passkey_id=input.passkey_id,
            credential=input.credential,
        )
        signed_in = await _credentials(info).second.complete(
            pending_id=input.pending_id, proof=proof, origin=_origin(info, input.device_id)
        )
        return SignInResult.of(signed_in)

    @strawberry.federation.field(authenticated=True, description="Have a code for `stepUp` sent to your phone.")
    async def request_step_up_code(self, info: Info) -> bool:
        await _credentials(info).step_up.request_code(
            principal=info.context.principal, locale=info.context.locale, origin=_origin(info)
        )
        return True

    @strawberry.federation.field(
        authenticated=True,
        description="Prove yourself again where STEP_UP_REQUIRED asks for it: new tokens for the session that asks.",
    )
    async def step_up(self, info: Info, input: StepUpInput) -> SignInResult:
        proof = Proof(
            code=input.code,
            password=input.password,
            totp=input.totp,
            recovery_code=input.recovery_code,
            passkey_id=input.passkey_id,
            credential=input.credential,
        )
        step_up, principal = _credentials(info).step_up, info.context.principal
        return SignInResult.of(await step_up.confirm(principal=principal, proof=proof, origin=_origin(info)))

    # --- another screen

    @strawberry.federation.field(directives=[PUBLIC], description="Ask, on a new screen, to be let in by a phone.")
    async def begin_link(
        self,
        info: Info,
        device_name: str,
        audience: identity_model.Audience = identity_model.Audience.CITIZEN,
    ) -> ScreenLink:
        links = _credentials(info).links
        return ScreenLink.of(await links.begin(audience=audience, device_name=device_name, origin=_origin(info)))

    @strawberry.federation.field(
        authenticated=True,
        description="The screen whose QR code you look at, before you let it in. A look is counted.",
    )
    async def look_at_link(self, info: Info, code: str) -> LinkRequest:
        links, principal = _credentials(info).links, info.context.principal
        return LinkRequest.of(await links.asking(principal=principal, code=code, origin=_origin(info)), info)

    @strawberry.federation.field(
        authenticated=True, description="Let a screen in, by the number that it shows. A wrong number is a no."
    )
    async def approve_link(self, info: Info, code: str, number: int) -> bool:
        links, principal = _credentials(info).links, info.context.principal
        await links.approve(principal=principal, code=code, number=number, origin=_origin(info))
        return True

    @strawberry.federation.field(authenticated=True, description="Do not let a screen in.")
    async def deny_link(self, info: Info, code: str) -> bool:
        links, principal = _credentials(info).links, info.context.principal
        await links.deny(principal=principal, code=code, origin=_origin(info))
        return True

    @strawberry.federation.field(
        directives=[PUBLIC], description="On the new screen, every two seconds: null until the phone has answered."
    )
    async def finish_link(self, info: Info, id: strawberry.ID, secret: str) -> SignInResult | None:
        signed_in = await _credentials(info).links.finish(id=id, secret=secret, origin=_origin(info))
        return SignInResult.of(signed_in) if signed_in else None
