"""What can go wrong when an account changes hands' phone. None says whether a number or a person has an account, unless
to somebody who has just proven that it is theirs.
"""

from __future__ import annotations

from datetime import datetime

from core.errors import DomainError, Kind


class PhoneUnchanged(DomainError):
    code = "IDENTITY_PHONE_UNCHANGED"
    kind = Kind.INVALID
    template = "Your account has this phone number already."
    template_zh = "该号码已是您当前绑定的手机号。"


class KeepsTestPhone(DomainError):
    """A test citizen of a sandbox city stays nobody: no real phone, and no real account, becomes theirs."""

    code = "IDENTITY_TEST_CITIZEN"
    kind = Kind.FORBIDDEN
    template = "A test citizen keeps their phone number, and is not merged with another account."
    template_zh = "测试市民不能更换手机号，也不能与其他账号合并。"


class PhoneHasAccount(DomainError):
    """Told to somebody who has shown the code that was sent to this number: an account is never taken with it."""

    code = "IDENTITY_PHONE_HAS_ACCOUNT"
    kind = Kind.CONFLICT
    template = (
        "This number belongs to another account. If that is yours too, merge the two; otherwise use another number."
    )
    template_zh = "该号码已绑定其他账号。如该账号也属于您，请先合并账号；否则请更换号码。"


class PhoneChangeWaits(DomainError):
    code = "IDENTITY_PHONE_CHANGE_WAITS"
    kind = Kind.CONFLICT
    template = "A change of your phone number waits until {effective_at}. Cancel it to ask for another one."
    template_zh = "您已有一项更换手机号的申请，将于 {effective_at} 生效。如需更换为其他号码，请先取消。"

    effective_at: datetime


class PhoneChangeNotOpen(DomainError):
    code = "IDENTITY_PHONE_CHANGE_NOT_OPEN"
    kind = Kind.CONFLICT
    template = "There is no change of your phone number to cancel."
    template_zh = "没有可取消的手机号更换申请。"


class RecoveryUnderWay(DomainError):
    """Somebody proved to be the account's owner and asks for it on another phone."""

    code = "IDENTITY_RECOVERY_UNDER_WAY"
    kind = Kind.CONFLICT
    template = "Somebody asks to recover your account. If it is not you, stop that first."
    template_zh = "有人正在申请找回您的账号。如非本人操作，请先阻止该申请。"


class RecoveryExpired(DomainError):
    """There is no such recovery, or it is too late for this step of it."""

    code = "IDENTITY_RECOVERY_EXPIRED"
    kind = Kind.INVALID
    template = "This recovery has ended. Begin again."
    template_zh = "本次找回已失效，请重新开始。"


class RealPersonNotProven(DomainError):
    """The provider does not say, in a result that it signed for this recovery, that this person was there."""

    code = "IDENTITY_REAL_PERSON_NOT_PROVEN"
    kind = Kind.INVALID
    template = "The real-person check did not confirm you. Try again, or come to a service counter."
    template_zh = "真人核验未通过，请重试或前往政务服务窗口办理。"


class RecoveryNotHere(DomainError):
    """Told to a proven person: no account of theirs can be recovered online. One answer for each reason."""

    code = "IDENTITY_RECOVERY_NOT_HERE"
    kind = Kind.CONFLICT
    template = "Your account cannot be recovered online. Come to a service counter with your id document."
    template_zh = "您的账号无法在线找回，请携带身份证件前往政务服务窗口办理。"


class RecoveryDisputed(DomainError):
    """Two phones are shown for one person, so neither gets the account here."""

    code = "IDENTITY_RECOVERY_DISPUTED"
    kind = Kind.CONFLICT
    template = "This account is asked for on two phones, so both were stopped. Come to a service counter."
    template_zh = "该账号同时被两个手机号申请找回，均已终止，请携带身份证件前往政务服务窗口办理。"


class RecoveryWaits(DomainError):
    code = "IDENTITY_RECOVERY_WAITS"
    kind = Kind.CONFLICT
    template = "Your account can be recovered from {due_at} on, unless somebody who is signed in to it stops that."
    template_zh = "您可于 {due_at} 后完成找回；在此之前，账号的已登录设备可以阻止。"

    due_at: datetime


class RecoveryNotOpen(DomainError):
    code = "IDENTITY_RECOVERY_NOT_OPEN"
    kind = Kind.CONFLICT
    template = "This recovery has ended already."
    template_zh = "该找回申请已结束。"


class NothingToMerge(DomainError):
    """Told to somebody who has shown the code that was sent to this number."""

    code = "IDENTITY_NOTHING_TO_MERGE"
    kind = Kind.CONFLICT
    template = "This number has no other account. You can change your phone to it."
    template_zh = "该号码没有其他账号，您可以直接更换为该手机号。"


class MergeRefused(DomainError):
    """because: REAL_NAME, SECOND_FACTOR, ASLEEP, LEAVING, RELATIONS, FROZEN, or what it holds (LICENCES, …)."""

    code = "IDENTITY_MERGE_REFUSED"
    kind = Kind.CONFLICT
    template = "The other account cannot be merged into yours: {because}."
    template_zh = "该账号无法并入您的账号：{because}。"

    because: str


class AccountSleeps(DomainError):
    """Told to somebody who has shown the code that was sent to this number: nobody has signed in for so long that the
    carrier may have given the number to somebody else. `wakeAccount` goes on, or `beginAnew`.

    proven: the account has a proven name, which must be said.
    """

    code = "AUTH_ACCOUNT_SLEEPS"
    kind = Kind.FORBIDDEN
    template = "The account of this number was not used for long. Is it yours?"
    template_zh = "该号码对应的账号长期未使用，请确认是否为您本人的账号。"

    pending_id: str
    proven: bool
    expires_at: datetime


class NotYourAccount(DomainError):
    """What was said is not of the account that sleeps. It does not say which part."""

    code = "AUTH_NOT_YOUR_ACCOUNT"
    kind = Kind.INVALID
    template = "This is not the name and id number of the account. If it is not yours, begin a new one."
    template_zh = "姓名或身份证号码与账号不符。如非您的账号，请注册新账号。"


class WakingExpired(DomainError):
    code = "AUTH_WAKING_EXPIRED"
    kind = Kind.INVALID
    template = "This took too long. Sign in again."
    template_zh = "操作已超时，请重新登录。"
