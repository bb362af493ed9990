"""What the city says: every template, in every version that an inbox may still hold.

A changed text is a new version beside the old one; the old one may go a year later (`MESSAGE_KEPT`). English is
written as GOV.UK would, Chinese as a helpful official would.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from core.locale import Text
from notifications.errors import TemplateUnknown
from notifications.model import Category, Channel, Priority
from notifications.templates import Template, Variable, VariableKind

EMAIL_CODE: Final = "notifications.email_code"
# What a mini-program sends to a citizen who asked for it; the roof fills it.
PROGRAM_MESSAGE: Final = "miniapps.program_message"
CODE_LIFETIME: Final = timedelta(minutes=10)

_NAME: Final = Variable(VariableKind.TEXT)
_PURPOSE: Final = Variable(VariableKind.TEXT, length_max=60)
_NOTE: Final = Variable(VariableKind.TEXT, length_max=600)
_OPTIONAL_NOTE: Final = Variable(VariableKind.TEXT, optional=True, length_max=600)
_DATE: Final = Variable(VariableKind.DATE)
_OPTIONAL_DATE: Final = Variable(VariableKind.DATE, optional=True)
_MOMENT: Final = Variable(VariableKind.MOMENT)
_MONEY: Final = Variable(VariableKind.MONEY)
_NUMBER: Final = Variable(VariableKind.NUMBER)

_TEMPLATES: Final = (
    Template(
        code="licences.issued",
        category=Category.LICENCES,
        priority=Priority.IMPORTANT,
        subject=Text(zh="您的电子证照已签发：{type}", en="Your {type} has been issued"),
        notice=Text(zh="您有一份新的电子证照", en="You have a new licence"),
        body=Text(
            zh="您的“{type}”电子证照已签发，与纸质证照具有同等效力。{valid_until?有效期至#。}"
            "\n\n打开城市通即可出示；出示时，由您决定对方能看到哪些内容。",
            en="Your {type} has been issued. It is as valid as the paper one.{valid_until? It is valid until #.}"
            "\n\nOpen CityTong to show it. Each time you do, you choose what the other side can see.",
        ),
        link="/licences/{licence}",
        variables={"type": _NAME, "valid_until": _OPTIONAL_DATE},
    ),
    Template(
        code="licences.renewed",
        category=Category.LICENCES,
        priority=Priority.IMPORTANT,
        subject=Text(zh="您的电子证照已换发：{type}", en="Your {type} has been renewed"),
        notice=Text(zh="您的一份电子证照已换发", en="One of your licences has been renewed"),
        body=Text(
            zh="您的“{type}”电子证照已换发。{valid_until?新的有效期至#。}\n\n您无需办理其他手续，原来的证照已自动更新。",
            en="Your {type} has been renewed.{valid_until? It is now valid until #.}"
            "\n\nYou do not need to do anything: the licence in CityTong is already up to date.",
        ),
        link="/licences/{licence}",
        variables={"type": _NAME, "valid_until": _OPTIONAL_DATE},
    ),
    Template(
        code="licences.revoked",
        category=Category.LICENCES,
        priority=Priority.IMPORTANT,
        # Revoked, rescinded or cancelled: the reason says which, the outcome is the same.
        subject=Text(zh="您的电子证照已失效：{type}", en="Your {type} is no longer valid"),
        notice=Text(zh="您的一份电子证照状态有变化", en="The status of one of your licences has changed"),
        body=Text(
            zh="签发部门已终止您的“{type}”电子证照，即日起不再有效。\n\n原因：{reason}"
            "\n\n如有异议，请联系签发部门；您也可以依法申请行政复议。",
            en="Your {type} is no longer valid: the department that issued it has ended it."
            "\n\nThe reason given: {reason}"
            "\n\nIf you think this is wrong, contact that department. You can also ask for a review.",
        ),
        link="/licences/{licence}",
        variables={"type": _NAME, "reason": _NOTE},
    ),
    Template(
        code="licences.expiring",
        category=Category.LICENCES,
        priority=Priority.IMPORTANT,
        subject=Text(
            zh="您的{type}{days|-:已过期|0:今天到期|1:明天到期|*:还有#天到期}",
            en="Your {type} {days|-:has expired|0:expires today|1:expires tomorrow|*:expires in # days}",
        ),
        notice=Text(
            zh="您的一份电子证照{days|-:已过期|*:即将到期}",
            en="One of your licences {days|-:has expired|*:expires soon}",
        ),
        body=Text(
            zh="您的“{type}”电子证照有效期至{valid_until}{days|-:，现已过期|*:}。"
            "\n\n{days|-:请尽快办理换发，换发后方可继续使用。|*:请在到期前办理换发，以免影响使用。}",
            en="Your {type} {days|-:was|*:is} valid until {valid_until}."
            "\n\n{days|-:Renew it to use it again.|*:Renew it before then so that you can go on using it.}",
        ),
        link="/licences/{licence}",
        variables={"type": _NAME, "valid_until": _DATE, "days": _NUMBER},
    ),
    Template(
        code="licences.shown",
        category=Category.SECURITY,
        priority=Priority.ROUTINE,
        subject=Text(zh="您的证照已被核验：{type}", en="Your {type} was checked"),
        notice=Text(zh="您的一份电子证照刚刚被核验", en="One of your licences was checked"),
        body=Text(
            zh="您的“{type}”于{at}被核验，用途：{purpose}。\n\n如果不是您本人出示的，请在“登录设备”中退出其他设备。",
            en="Your {type} was checked at {at}. Purpose: {purpose}."
            "\n\nIf it was not you who showed it, sign out your other devices in CityTong.",
        ),
        link="/licences/{licence}",
        variables={"type": _NAME, "purpose": _PURPOSE, "at": _MOMENT},
        channels=frozenset({Channel.PUSH}),
    ),
    Template(
        code="payments.bill_issued",
        category=Category.PAYMENTS,
        priority=Priority.ROUTINE,
        subject=Text(zh="您有一份新账单：{title}", en="You have a new bill: {title}"),
        notice=Text(zh="您有一份新账单，请查看", en="You have a new bill to look at"),
        body=Text(
            zh="{biller}向您开具了账单“{title}”，金额{amount_fen}，请在{due_on}前缴纳。",
            en="{biller} has sent you a bill: {title}.\n\nThe amount is {amount_fen}. Pay it by {due_on}.",
        ),
        link="/bills/{bill}",
        variables={"title": _NAME, "amount_fen": _MONEY, "due_on": _DATE, "biller": _NAME},
    ),
    Template(
        code="payments.bill_due",
        category=Category.PAYMENTS,
        priority=Priority.IMPORTANT,
        subject=Text(
            zh="账单{days|-:已逾期|0:今天到期|1:明天到期|*:还有#天到期}：{title}",
            en="Your bill is {days|-:overdue|0:due today|1:due tomorrow|*:due in # days}: {title}",
        ),
        notice=Text(
            zh="您有一份账单{days|-:已逾期|0:今天到期|1:明天到期|*:还有#天到期}",
            en="You have a bill that is {days|-:overdue|0:due today|1:due tomorrow|*:due in # days}",
        ),
        body=Text(
            zh="{biller}的账单“{title}”尚未缴纳，金额{amount_fen}，"
            "{days|-:应于|*:请在}{due_on}前缴纳{days|-:，现已逾期，请尽快缴纳|*:}。\n\n如已缴纳，请忽略本提醒。",
            en="Your bill from {biller} has not been paid yet: {title}."
            "\n\nThe amount is {amount_fen}. {days|-:It was due on|*:Pay it by} {due_on}."
            "{days|-: Pay it as soon as you can.|*:}"
            "\n\nIf you have just paid it, you can ignore this reminder.",
        ),
        link="/bills/{bill}",
        variables={"title": _NAME, "amount_fen": _MONEY, "due_on": _DATE, "biller": _NAME, "days": _NUMBER},
    ),
    Template(
        code="payments.bill_paid",
        category=Category.PAYMENTS,
        priority=Priority.ROUTINE,
        subject=Text(zh="缴费成功：{title}，{amount_fen}", en="You have paid {amount_fen} for {title}"),
        notice=Text(zh="您有一笔缴费已经完成", en="One of your payments has gone through"),
        body=Text(
            zh="您已缴纳“{title}”{amount_fen}。\n\n电子收据编号：{receipt}。收据可在账单中随时查看。",
            en="You have paid {amount_fen} for {title}.\n\nYour receipt number is {receipt}. It stays with the bill.",
        ),
        link="/bills/{bill}",
        variables={"title": _NAME, "amount_fen": _MONEY, "receipt": _NAME},
    ),
    Template(
        code="payments.refunded",
        category=Category.PAYMENTS,
        priority=Priority.IMPORTANT,
        subject=Text(zh="已退款{amount_fen}：{title}", en="You have been refunded {amount_fen} for {title}"),
        notice=Text(zh="您有一笔退款已经到账", en="You have received a refund"),
        body=Text(
            zh="“{title}”已退款{amount_fen}，款项已退回您的城市钱包。\n\n退款原因：{reason}",
            en="You have been refunded {amount_fen} for {title}. The money is in your city wallet."
            "\n\nThe reason given: {reason}",
        ),
        link="/bills/{bill}",
        variables={"title": _NAME, "amount_fen": _MONEY, "reason": _NOTE},
    ),
    Template(
        code="reports.created",
        category=Category.REPORTS,
        priority=Priority.ROUTINE,
        subject=Text(zh="您的诉求已受理，编号{number}", en="We have received your report {number}"),
        notice=Text(zh="您的诉求我们已经收到", en="We have received your report"),
        body=Text(
            zh="感谢您反映“{category}”问题，编号{number}。\n\n我们会尽快派给负责的部门，每一步进展都会告诉您。",
            en="Thank you for reporting a problem with “{category}”. Your report number is {number}."
            "\n\nWe will pass it to the department in charge and tell you about every step.",
        ),
        link="/cases/{case}",
        variables={"number": _NAME, "category": _NAME},
        channels=frozenset({Channel.EMAIL}),
    ),
    Template(
        code="reports.moved",
        category=Category.REPORTS,
        priority=Priority.ROUTINE,
        subject=Text(zh="诉求{number}有新进展：{status}", en="Your report {number} is now: {status}"),
        notice=Text(zh="您的诉求有了新的进展", en="There is news about your report"),
        body=Text(
            zh="您反映的“{category}”（编号{number}）现在的状态是：{status}。{note?\n\n承办部门说明：#}",
            en="Your report about “{category}” ({number}) is now: {status}.{note?\n\nThe department writes: #}",
        ),
        link="/cases/{case}",
        variables={"number": _NAME, "category": _NAME, "status": _NAME, "note": _OPTIONAL_NOTE},
    ),
    Template(
        code="health.fact_recorded",
        category=Category.HEALTH,
        priority=Priority.ROUTINE,
        subject=Text(zh="您的健康记录有更新：{kind}", en="Your health record has a new entry: {kind}"),
        notice=Text(zh="您的健康信息有一项更新", en="Your health information was updated"),
        body=Text(
            zh="您的健康记录中新增了一项：{kind}。\n\n您可以查看当前的健康状态、原因和建议；如有疑问，可向卫生健康部门反映。",
            en="A new entry was added to your health record: {kind}."
            "\n\nYou can see your health status, the reason for it and what to do. If the entry is wrong, tell the "
            "health department.",
        ),
        link="/health",
        variables={"kind": _NAME},
        private=True,
    ),
    Template(
        code="identity.acting_begun",
        category=Category.SECURITY,
        priority=Priority.IMPORTANT,
        subject=Text(zh="有人开始为您代办事项", en="Somebody has started to act for you"),
        notice=Text(zh="有人开始为您代办事项", en="Somebody has started to act for you"),
        body=Text(
            zh="与您建立了亲属关系的人，刚刚开始在城市通为您代办事项。对方做了什么，您都可以查看。"
            "\n\n如果这不是您的意思，请在“我的家人”中解除关系。",
            en="A person you are linked with as family has started to act for you in CityTong."
            " You can see what they do."
            "\n\nIf you did not want this, end the link under “My family”.",
        ),
        link="/me/family",
    ),
    Template(
        code="identity.data_download_ready",
        category=Category.SECURITY,
        priority=Priority.ROUTINE,
        subject=Text(zh="您的个人数据副本已生成", en="The copy of your data is ready"),
        notice=Text(zh="您的个人数据副本已生成", en="The copy of your data is ready"),
        body=Text(
            zh="您申请的个人数据副本已经生成，7天内可以下载。下载前需要验证身份。"
            "\n\n如果不是您本人申请的，请立即在“登录与设备”中退出其他设备。",
            en="The copy of your data that you asked for can be fetched for 7 days. You will be asked to prove that it "
            "is you.\n\nIf you did not ask for it, end the sessions on other devices at once.",
        ),
        link="/me/data",
    ),
    Template(
        code="identity.data_download_failed",
        category=Category.SECURITY,
        priority=Priority.ROUTINE,
        subject=Text(zh="您的个人数据副本未能生成", en="The copy of your data could not be made"),
        notice=Text(zh="您的个人数据副本未能生成", en="The copy of your data could not be made"),
        body=Text(
            zh="很抱歉，您申请的个人数据副本这次没有生成。请稍后重新申请。",
            en="We are sorry: the copy of your data could not be made this time. Please ask for it again later.",
        ),
        link="/me/data",
    ),
    Template(
        code="identity.erasure_asked",
        category=Category.SECURITY,
        priority=Priority.CRITICAL,
        subject=Text(zh="您的账号已提交注销申请", en="Your account is to be erased"),
        notice=Text(zh="您的账号有一项重要变更", en="There is an important change to your account"),
        body=Text(
            zh="您的账号已申请注销。在冷静期内，您可以随时撤销；期满后账号和个人信息将被清除，无法恢复。"
            "\n\n如果不是您本人申请的，请立即撤销，并在“登录与设备”中退出其他设备。",
            en="You asked for your account to be erased. Until the grace period is over you can call it off; then it "
            "and your data are gone for good."
            "\n\nIf you did not ask for this, call it off at once and end the sessions on other devices.",
        ),
        link="/me/data",
    ),
    Template(
        code="identity.erasure_cancelled",
        category=Category.SECURITY,
        priority=Priority.ROUTINE,
        subject=Text(zh="您的账号注销申请已撤销", en="Your account will not be erased"),
        notice=Text(zh="您的账号有一项新的变更", en="There is a change to your account"),
        body=Text(
            zh="您已撤销账号注销申请，账号可以继续使用。",
            en="You called off the erasure of your account. It stays as it is.",
        ),
        link="/me/data",
    ),
    Template(
        code="identity.credentials_changed",
        category=Category.SECURITY,
        priority=Priority.IMPORTANT,
        subject=Text(zh="您的登录方式刚刚有了变化", en="How you sign in has just changed"),
        notice=Text(zh="您的登录方式刚刚有了变化", en="How you sign in has just changed"),
        body=Text(
            zh="您账号的密码、通行密钥、身份验证器或恢复码刚刚被更改或使用。"
            "\n\n如果不是您本人操作，请立即在“登录与设备”中退出其他设备，并更换登录方式。",
            en="A password, passkey, authenticator or recovery code of your account was just changed or used."
            "\n\nIf it was not you, end the sessions on other devices under “Devices” at once, and change how you "
            "sign in.",
        ),
        link="/me/devices",
    ),
    Template(
        code="identity.sign_in_noticed",
        category=Category.SECURITY,
        priority=Priority.IMPORTANT,
        subject=Text(zh="您的账号有一次不寻常的登录", en="An unusual sign-in to your account"),
        notice=Text(zh="您的账号有一次不寻常的登录", en="An unusual sign-in to your account"),
        body=Text(
            zh="有人在新设备或不常用地点登录（或尝试登录）了您的账号，详情见“登录与设备”。"
            "\n\n如果不是您本人操作，请立即移除该设备，并更换登录方式。",
            en="Somebody signed in to your account, or tried to, on a new device or from a new place: see “Devices”."
            "\n\nIf it was not you, remove that device at once and change how you sign in.",
        ),
        link="/me/devices",
    ),
    Template(
        code="identity.invitation_sent",
        category=Category.SECURITY,
        priority=Priority.IMPORTANT,
        subject=Text(zh="您收到一份代办邀请，等待您的答复", en="Somebody asks you about acting for each other"),
        notice=Text(zh="您收到一份代办邀请，请查看", en="An invitation waits for your answer"),
        body=Text(
            zh="有人邀请您建立代办关系，或加入单位办理事项。邀请七天内有效，接受之前不会有任何变化。"
            "\n\n请在“我的家人”中查看是谁、办什么事。如果不认识对方，请不要接受。",
            en="Somebody invites you to act for them, to let them act for you, or to join an organisation."
            " It waits for seven days, and nothing changes before you accept."
            "\n\nSee who it is and what for under “My family”. If you do not know them, do not accept.",
        ),
        link="/me/family",
    ),
    Template(
        code="miniapps.member_invited",
        category=Category.SECURITY,
        priority=Priority.IMPORTANT,
        subject=Text(zh="有开发者邀请您一起开发小程序", en="Somebody asks you to build programs with them"),
        notice=Text(zh="您收到一份邀请，请查看", en="An invitation waits for your answer"),
        body=Text(
            zh="有开发者邀请您成为其小程序的开发成员。邀请十四天内有效，接受之前不会有任何变化。"
            "\n\n请在“我的单位”中查看是谁、担任什么角色。如果不认识对方，请不要接受。",
            en="A developer asks you to become a member of those who build their programs. It waits for fourteen days, "
            "and nothing changes before you accept."
            "\n\nSee who asks, and as what, under “Organisations”. If you do not know them, do not accept.",
        ),
        link="/me/organisations",
    ),
    Template(
        code="identity.relation_begun",
        category=Category.SECURITY,
        priority=Priority.IMPORTANT,
        subject=Text(zh="您的代办邀请已被接受", en="Your invitation was accepted"),
        notice=Text(zh="您的代办邀请已被接受", en="Your invitation was accepted"),
        body=Text(
            zh="对方接受了您的邀请，代办关系已生效。\n\n如果这不是您的意思，请在“我的家人”中立即解除。",
            en="The other person accepted your invitation, and it holds from now on."
            "\n\nIf you did not want this, end it under “My family” at once.",
        ),
        link="/me/family",
    ),
    Template(
        code="identity.relation_ended",
        category=Category.SECURITY,
        priority=Priority.IMPORTANT,
        subject=Text(zh="一项代办关系已经解除", en="A link to act for somebody has ended"),
        notice=Text(zh="一项代办关系已经解除", en="A link to act for somebody has ended"),
        body=Text(
            zh="与您有关的一项代办关系已由对方或单位解除，相关操作已停止。\n\n您可以在“我的家人”中查看。",
            en="The other person, or an organisation, ended a link to act that concerns you. Nothing goes on by it."
            "\n\nSee what is left under “My family”.",
        ),
        link="/me/family",
    ),
    Template(
        code="identity.account_frozen",
        category=Category.SECURITY,
        priority=Priority.CRITICAL,
        subject=Text(zh="您的账号已被工作人员冻结", en="Your account is frozen"),
        notice=Text(zh="您的账号有一项重要变更", en="There is an important change to your account"),
        body=Text(
            zh="工作人员冻结了您的账号。冻结期间无法登录，也无人能为您代办。理由：{reason}"
            "\n\n如有异议，请到政务服务窗口咨询；解冻后可在“访问记录”中查看。",
            en="An officer froze your account. Until it is unfrozen nobody can sign in to it or act for you. "
            "The reason: {reason}"
            "\n\nIf you think this is wrong, come to a service counter. Afterwards you find it in your access log.",
        ),
        link="/me/data/access",
        variables={"reason": _NOTE},
    ),
    Template(
        code="identity.account_unfrozen",
        category=Category.SECURITY,
        priority=Priority.IMPORTANT,
        subject=Text(zh="您的账号已解除冻结，可以登录", en="Your account is no longer frozen"),
        notice=Text(zh="您的账号有一项重要变更", en="There is an important change to your account"),
        body=Text(
            zh="工作人员解除了对您账号的冻结，您可以重新登录。理由：{reason}",
            en="An officer unfroze your account: you can sign in again. The reason: {reason}",
        ),
        link="/me/data/access",
        variables={"reason": _NOTE},
    ),
    Template(
        code="identity.account_ending",
        category=Category.SECURITY,
        priority=Priority.CRITICAL,
        subject=Text(zh="您的账号将由工作人员注销", en="Your account is to be erased"),
        notice=Text(zh="您的账号有一项重要变更", en="There is an important change to your account"),
        body=Text(
            zh="两名工作人员决定注销您的账号，账号现已冻结。理由：{reason}\n\n如有异议，请尽快到政务服务窗口提出。",
            en="Two officers decided to erase your account. It is frozen until then. The reason: {reason}"
            "\n\nIf you think this is wrong, come to a service counter soon.",
        ),
        link="/me/data/access",
        variables={"reason": _NOTE},
    ),
    Template(
        code="identity.account_intervened",
        category=Category.SECURITY,
        priority=Priority.IMPORTANT,
        subject=Text(zh="工作人员对您的账号进行了操作", en="An officer did something to your account"),
        notice=Text(zh="您的账号有一项新的变更", en="There is a change to your account"),
        body=Text(
            zh="工作人员对您的账号进行了操作。理由：{reason}\n\n您可以在“访问记录”中查看。",
            en="An officer did something to your account. The reason: {reason}\n\nSee what it was in your access log.",
        ),
        link="/me/data/access",
        variables={"reason": _NOTE},
    ),
    Template(
        code="identity.phone_change_waiting",
        category=Category.SECURITY,
        priority=Priority.IMPORTANT,
        subject=Text(zh="您的账号申请更换手机号", en="Your account is to get another phone number"),
        notice=Text(zh="您的账号申请更换手机号", en="Your account is to get another phone number"),
        body=Text(
            zh="您的账号申请更换绑定的手机号，等待期满后生效。在此之前，原手机号仍可登录。"
            "\n\n如果不是您本人操作，请立即在“安全 · 手机号”中取消，并更换登录方式。",
            en="Somebody who is signed in asks for another phone number. After a wait it replaces the old one."
            "\n\nIf it was not you, cancel it under “Security” at once, and change how you sign in.",
        ),
        link="/security/phone",
    ),
    Template(
        code="identity.phone_changed",
        category=Category.SECURITY,
        priority=Priority.IMPORTANT,
        subject=Text(zh="您的账号已更换手机号", en="Your account has another phone number now"),
        notice=Text(zh="您的账号已更换手机号", en="Your account has another phone number now"),
        body=Text(
            zh="您的账号已更换绑定的手机号，其他设备均已退出登录。"
            "\n\n如果不是您本人操作，请立即找回账号，或前往政务服务窗口。",
            en="Your account has another phone number, and the sessions on other devices have ended."
            "\n\nIf it was not you, recover your account at once, or come to a service counter.",
        ),
        link="/me/devices",
    ),
    Template(
        code="identity.recovery_waiting",
        category=Category.SECURITY,
        priority=Priority.IMPORTANT,
        subject=Text(zh="有人正在申请找回您的账号", en="Somebody asks to recover your account"),
        notice=Text(zh="有人正在申请找回您的账号", en="Somebody asks to recover your account"),
        body=Text(
            zh="有人通过真人核验，申请在另一部手机上找回您的账号，等待期满后可以完成。"
            "\n\n如果不是您本人操作，请立即在“安全 · 找回申请”中阻止。",
            en="Somebody was seen as you, and asks for your account on another phone. They get it after a wait."
            "\n\nIf it was not you, stop it under “Security” at once.",
        ),
        link="/security/claims",
    ),
    Template(
        code="identity.account_recovered",
        category=Category.SECURITY,
        priority=Priority.IMPORTANT,
        subject=Text(zh="您的账号已在另一部手机上找回", en="Your account was recovered on another phone"),
        notice=Text(zh="您的账号已在另一部手机上找回", en="Your account was recovered on another phone"),
        body=Text(
            zh="您的账号已绑定新的手机号，原有的登录和登录方式均已失效。"
            "\n\n请重新设置密码、通行密钥或身份验证器。如果不是您本人操作，请前往政务服务窗口。",
            en="Your account has a new phone number. Every session and every other way to sign in of before has ended."
            "\n\nSet up your password, passkeys or authenticator anew. If it was not you, come to a service counter.",
        ),
        link="/me/devices",
    ),
    Template(
        code="identity.accounts_merged",
        category=Category.SECURITY,
        priority=Priority.IMPORTANT,
        subject=Text(zh="您的另一个账号已并入本账号", en="Your other account was merged into this one"),
        notice=Text(zh="您的另一个账号已并入本账号", en="Your other account was merged into this one"),
        body=Text(
            zh="另一个账号的上报、消息和待缴账单将在几分钟内转入，该账号的手机号已释放。"
            "\n\n如果不是您本人操作，请立即更换登录方式，并前往政务服务窗口。",
            en="Its reports, messages and open bills come over within minutes. Its phone number is free."
            "\n\nIf it was not you, change how you sign in at once, and come to a service counter.",
        ),
        link="/me/devices",
    ),
    Template(
        code="identity.citizen_registered",
        category=Category.CITY,
        priority=Priority.ROUTINE,
        subject=Text(zh="欢迎使用城市通，办事更方便", en="Welcome to CityTong"),
        notice=Text(zh="欢迎使用城市通，办事更方便", en="Welcome to CityTong"),
        body=Text(
            zh="从今天起，城市码、电子证照、缴费、随手拍都在这里。\n\n消息怎么提醒、什么时候不打扰，都由您在“消息设置”中决定。",
            en="Your city code, licences, bills and reports are all here."
            "\n\nYou decide how we reach you, and when we should not, under “Message settings”.",
        ),
        link="/me/messages",
        channels=frozenset(),
    ),
    Template(
        code=PROGRAM_MESSAGE,
        category=Category.CITY,
        priority=Priority.ROUTINE,
        subject=Text(zh="小程序“{program}”：{title}", en="{program}, a mini-program: {title}"),
        notice=Text(zh="您订阅的小程序有一条消息", en="A mini-program has a message that you asked for"),
        body=Text(
            zh="{text}\n\n这条消息由小程序“{program}”发送，您此前同意接收。如不想再收到，请在该小程序的详情页取消订阅。",
            en="{text}\n\nThe mini-program {program} sent this. You agreed to it before."
            "\n\nIf you do not want more of them, take it back on the page about the program.",
        ),
        link="/mini/{app}{page}",
        variables={
            "program": _NAME,
            "title": Variable(VariableKind.TEXT, length_max=60),
            "text": Variable(VariableKind.TEXT, length_max=1000),
        },
    ),
    Template(
        code=EMAIL_CODE,
        category=Category.SECURITY,
        priority=Priority.CRITICAL,
        subject=Text(zh="请确认您的邮箱地址（城市通）", en="Confirm your e-mail address"),
        notice=Text(zh="请确认您的邮箱地址（城市通）", en="Confirm your e-mail address"),
        body=Text(
            zh="验证码：{code}，{minutes}分钟内有效。\n\n请在城市通中输入，用来确认由这个邮箱接收消息。"
            "\n\n如果不是您本人操作，请忽略本邮件；不要把验证码告诉任何人。",
            en="Your code is {code}. It works for {minutes|1:# minute|*:# minutes}."
            "\n\nEnter it in CityTong to confirm that your messages may be sent to this address."
            "\n\nIf you did not ask for it, ignore this e-mail. Never give the code to anyone.",
        ),
        link="/me/messages",
        variables={"code": Variable(VariableKind.TEXT, length_max=6), "minutes": _NUMBER},
        channels=frozenset({Channel.EMAIL}),
        inbox=False,
        lifetime=CODE_LIFETIME,
    ),
)


class Catalogue:
    """Templates by code and version."""

    def __init__(self, templates: Iterable[Template] = _TEMPLATES) -> None:
        self._all: dict[tuple[str, int], Template] = {}
        self._latest: dict[str, Template] = {}
        for one in templates:
            if (one.code, one.version) in self._all:
                raise ValueError(f"two templates {one.code} of version {one.version}")
            self._all[one.code, one.version] = one
            known = self._latest.get(one.code)
            self._latest[one.code] = one if known is None or known.version < one.version else known

    def latest(self, code: str) -> Template:
        """Raises: TemplateUnknown."""
        if code not in self._latest:
            raise TemplateUnknown(name=code)
        return self._latest[code]

    def of(self, code: str, version: int) -> Template:
        """Raises: TemplateUnknown."""
        if (code, version) not in self._all:
            raise TemplateUnknown(name=code)
        return self._all[code, version]

    def codes(self) -> list[str]:
        return sorted(self._latest)


CATALOGUE: Final = Catalogue()
