"""Phones that change, accounts that are lost or merged, as the graph shows them."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import strawberry

from core.graph import PUBLIC, Info, personal
from identity.arrivals import Origin
from identity.graph_of_sessions import SignInResult
from identity.recovery import merges, model, phones, recoveries, waking

CONTACT_MASKED: Final = personal("CONTACT", 1)

strawberry.enum(
    model.ChangeState,
    name="PhoneChangeState",
    description="CODE_SENT: show the new phone's code. WAITING: out the cool-off. REFUSED: the number got an account.",
)
strawberry.enum(
    model.RecoveryState,
    description="CODE_SENT: show the phone's code. PHONE_PROVEN: be seen. WAITING: until `dueAt`. DONE, STOPPED.",
)

Secret = Annotated[strawberry.ID, strawberry.argument(description="That `beginRecovery` told. It is a secret.")]
PendingId = Annotated[strawberry.ID, strawberry.argument(description="As AUTH_ACCOUNT_SLEEPS told it.")]


@strawberry.federation.type(description="A change of your account's phone number.", authenticated=True)
class PhoneChange:
    id: strawberry.ID
    masked_phone: str = strawberry.federation.field(description="The new one.", directives=[CONTACT_MASKED])
    state: model.ChangeState
    effective_at: datetime | None = strawberry.federation.field(
        description="Since when, or from when on, the new number counts; null until its code was shown."
    )

    @classmethod
    def of(cls, change: model.PhoneChange) -> PhoneChange:
        return cls(
            id=strawberry.ID(change.id),
            masked_phone=change.masked_phone,
            state=change.state,
            effective_at=change.effective_at,
        )


@strawberry.federation.type(description="A recovery that you asked for, on a new phone.", directives=[PUBLIC])
class Recovery:
    id: strawberry.ID = strawberry.federation.field(description="A secret: who has it carries the recovery on.")
    state: model.RecoveryState
    expires_at: datetime = strawberry.federation.field(description="Until when the next step is taken.")
    due_at: datetime | None = strawberry.federation.field(description="From when on it can be finished.")
    check_url: str | None = strawberry.federation.field(description="Where you are to be seen; told with your code.")

    @classmethod
    def of(cls, asked: recoveries.Asked) -> Recovery:
        return cls(
            id=strawberry.ID(asked.secret),
            state=asked.recovery.state,
            expires_at=asked.recovery.expires_at,
            due_at=asked.recovery.due_at,
            check_url=asked.check.url if asked.check else None,
        )


@strawberry.federation.type(description="That somebody was proven to own your account, elsewhere.", authenticated=True)
class AccountRecovery:
    id: strawberry.ID
    state: model.RecoveryState
    asked_at: datetime
    due_at: datetime | None = strawberry.federation.field(description="Until then it can be stopped.")
    masked_phone: str = strawberry.federation.field(description="That gets the account.", directives=[CONTACT_MASKED])

    @classmethod
    def of(cls, recovery: model.Recovery) -> AccountRecovery:
        return cls(
            id=strawberry.ID(recovery.id),
            state=recovery.state,
            asked_at=recovery.asked_at,
            due_at=recovery.due_at,
            masked_phone=recovery.masked_phone,
        )


@strawberry.federation.type(description="A merge of another account of yours into this one.", authenticated=True)
class Merge:
    id: strawberry.ID
    expires_at: datetime = strawberry.federation.field(description="Until when the other phone's code is good.")


@strawberry.input(description="Who you are, and where you are reached now.")
class BeginRecoveryInput:
    new_phone: str
    name: str = strawberry.field(description="As on your id card.")
    id_number: str


@strawberry.input(description="What shows that an account that slept is yours.")
class WakeAccountInput:
    pending_id: strawberry.ID = strawberry.field(description="As AUTH_ACCOUNT_SLEEPS told it.")
    name: str | None = strawberry.field(default=None, description="Of an account whose name is proven.")
    id_number: str | None = strawberry.field(default=None, description="Of an account whose name is proven.")
    device_name: str


def _origin(info: Info) -> Origin:
    client = info.context.client
    return Origin(client.device_id, client.address, client.jkt)


@strawberry.type
class RecoveryQuery:
    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="The newest change of your phone number, also one that has ended; null where there is none.",
    )
    async def phone_change(self, info: Info) -> PhoneChange | None:
        newest = await info.context.service(phones.PhoneChanges).newest(principal=info.context.principal)
        return PhoneChange.of(newest) if newest else None

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Recoveries of your account that somebody was proven for, newest first. Stop what is not yours.",
    )
    async def recoveries(self, info: Info) -> list[AccountRecovery]:
        found = await info.context.service(recoveries.Recoveries).standing(principal=info.context.principal)
        return [AccountRecovery.of(one) for one in found]


@strawberry.type
class RecoveryMutation:
    # --- another phone

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Have a code sent to another phone of yours. Needs a fresh proof, a strong one where you have it.",
    )
    async def begin_phone_change(self, info: Info, new_phone: str) -> PhoneChange:
        service, context = info.context.service(phones.PhoneChanges), info.context
        begun = await service.begin(
            principal=context.principal, new_phone=new_phone, locale=context.locale, origin=_origin(info)
        )
        return PhoneChange.of(begun)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Show the new phone's code. The number counts at once, or after a cool-off: see `effectiveAt`.",
    )
    async def confirm_phone_change(self, info: Info, code: str) -> PhoneChange:
        service, principal = info.context.service(phones.PhoneChanges), info.context.principal
        return PhoneChange.of(await service.confirm(principal=principal, code=code, origin=_origin(info)))

    @strawberry.federation.field(requires_scopes=[["citizen"]], description="Call off a change that is not done yet.")
    async def cancel_phone_change(self, info: Info) -> bool:
        await info.context.service(phones.PhoneChanges).cancel(principal=info.context.principal)
        return True

    # --- a lost phone

    @strawberry.federation.field(
        directives=[PUBLIC],
        description="Ask for your account when your phone is lost. The answer is the same whoever you are.",
    )
    async def begin_recovery(self, info: Info, input: BeginRecoveryInput) -> Recovery:
        service = info.context.service(recoveries.Recoveries)
        begun = await service.begin(
            new_phone=input.new_phone,
            name=input.name,
            id_number=input.id_number,
            locale=info.context.locale,
            origin=_origin(info),
        )
        return Recovery.of(begun)

    @strawberry.federation.field(
        directives=[PUBLIC], description="Show the new phone's code, and be told where you are to be seen."
    )
    async def confirm_recovery(self, info: Info, id: Secret, code: str) -> Recovery:
        service = info.context.service(recoveries.Recoveries)
        return Recovery.of(await service.confirm(secret=id, code=code, origin=_origin(info)))

    @strawberry.federation.field(
        directives=[PUBLIC],
        description="Show what the provider signed. Then it waits, and the account's owner is told.",
    )
    async def prove_recovery(self, info: Info, id: Secret, result: str) -> Recovery:
        return Recovery.of(await info.context.service(recoveries.Recoveries).prove(secret=id, result=result))

    @strawberry.federation.field(
        directives=[PUBLIC],
        description="After the wait: your account has the new phone, this session, and no other way to sign in.",
    )
    async def finish_recovery(self, info: Info, id: Secret, device_name: str) -> SignInResult:
        service = info.context.service(recoveries.Recoveries)
        return SignInResult.of(await service.finish(secret=id, device_name=device_name, origin=_origin(info)))

    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="Stop a recovery of your account, by its id in `recoveries`."
    )
    async def stop_recovery(self, info: Info, id: strawberry.ID) -> AccountRecovery:
        service, principal = info.context.service(recoveries.Recoveries), info.context.principal
        return AccountRecovery.of(await service.stop(principal=principal, recovery_id=id))

    # --- two accounts

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Have a code sent to the phone of another account of yours. If there is none, so it is answered.",
    )
    async def begin_merge(self, info: Info, phone: str) -> Merge:
        service, context = info.context.service(merges.Merges), info.context
        begun = await service.begin(
            principal=context.principal, phone=phone, locale=context.locale, origin=_origin(info)
        )
        return Merge(id=strawberry.ID(begun.id), expires_at=begun.code_until)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Show the other phone's code: that account ends for good, and what it holds comes here.",
    )
    async def confirm_merge(self, info: Info, id: strawberry.ID, code: str) -> bool:
        service, principal = info.context.service(merges.Merges), info.context.principal
        await service.confirm(principal=principal, merge_id=id, code=code, origin=_origin(info))
        return True

    # --- a number that had another holder

    @strawberry.federation.field(
        directives=[PUBLIC], description="After AUTH_ACCOUNT_SLEEPS: the account is mine, and I go on."
    )
    async def wake_account(self, info: Info, input: WakeAccountInput) -> SignInResult:
        signed_in = await info.context.service(waking.Waking).wake(
            pending_id=input.pending_id,
            name=input.name,
            id_number=input.id_number,
            device_name=input.device_name,
            origin=_origin(info),
        )
        return SignInResult.of(signed_in)

    @strawberry.federation.field(
        directives=[PUBLIC], description="After AUTH_ACCOUNT_SLEEPS: the account is not mine, and I begin one."
    )
    async def begin_anew(self, info: Info, pending_id: PendingId, device_name: str) -> SignInResult:
        service = info.context.service(waking.Waking)
        return SignInResult.of(await service.anew(pending_id=pending_id, device_name=device_name, origin=_origin(info)))
