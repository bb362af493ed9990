"""Why a payment is refused. A refusal moves no money and changes nothing."""

from __future__ import annotations

from core.errors import DomainError, Kind


class InsufficientFunds(DomainError):
    code = "PAYMENTS_INSUFFICIENT_FUNDS"
    kind = Kind.CONFLICT
    template = "There is not enough money in the wallet. Top it up and pay again."
    template_zh = "钱包余额不足，请充值后再支付。"


class BillNotPayable(DomainError):
    """status: what the bill is instead of unpaid."""

    code = "PAYMENTS_BILL_NOT_PAYABLE"
    kind = Kind.CONFLICT
    template = "This bill cannot be paid: it is {status}."
    template_zh = "该缴款单当前状态无法缴费，请刷新后查看。"

    status: str


class BillNotCancellable(DomainError):
    """status: what the bill is instead of unpaid."""

    code = "PAYMENTS_BILL_NOT_CANCELLABLE"
    kind = Kind.CONFLICT
    template = "Only an unpaid bill can be cancelled: this one is {status}."
    template_zh = "只有未缴费的缴款单可以撤销。"

    status: str


class NotRefundable(DomainError):
    """The payment has been refunded already; it is refunded in full, and once."""

    code = "PAYMENTS_NOT_REFUNDABLE"
    kind = Kind.CONFLICT
    template = "This payment has already been refunded."
    template_zh = "该笔缴费已经退款。"


class IdempotencyKeyReused(DomainError):
    """One key was used for two different requests: a fault of the caller, which must draw a new key for each."""

    code = "PAYMENTS_IDEMPOTENCY_KEY_REUSED"
    kind = Kind.CONFLICT
    template = "This idempotency key has already been used for another request. Use a new key."
    template_zh = "该请求编号已用于另一笔业务，请重新发起。"


class TopUpClosed(DomainError):
    code = "PAYMENTS_TOP_UP_CLOSED"
    kind = Kind.FORBIDDEN
    template = "Wallets cannot be topped up from the test source here."
    template_zh = "此处不开放测试充值。"


class TopUpLimitReached(DomainError):
    """limit_fen: what may be topped up in one day of the city."""

    code = "PAYMENTS_TOP_UP_LIMIT"
    kind = Kind.CONFLICT
    template = "That is more than may be topped up in one day. Try less, or again tomorrow."
    template_zh = "已超出当日充值限额，请减少金额或明日再试。"

    limit_fen: int
