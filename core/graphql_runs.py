"""graphql-core's executor, which leaves no coroutine behind that nobody will ever await.

Rules
- A resolver is called first and awaited later, so a run that is cancelled (a client hung up, a deadline came) or that
  fails beside it can hold coroutines that have not begun. Python warns of each, since such a call is lost silently.
- A run therefore notes every coroutine that it holds, and looks through them only when it was cut short: what has not
  begun is closed, with what it holds in turn.
- What fails goes on beside the answer in graphql-core's background; what that may still begin is closed after it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from inspect import CORO_CREATED, getcoroutinelocals, getcoroutinestate
from types import CoroutineType
from typing import Any

from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from graphql.pyutils import is_awaitable


class TidyExecutor(ExecutorThrowingOnIncremental):
    """For `graphql.execute(executor_class=…)`. made: the coroutines of this run."""

    made: list[Any]

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.made = []
        # graphql-core sets its own on the instance, where it would hide the method.
        del self.is_awaitable

    def is_awaitable(self, value: Any) -> bool:  # type: ignore[override]
        """What graphql-core asks of every value, which is how a run learns of its coroutines."""
        if type(value) is CoroutineType:
            self.made.append(value)
            return True
        return is_awaitable(value)

    def execute_operation(self, serially: bool | None = None) -> Any:
        result: Any = super().execute_operation(serially)
        if is_awaitable(result):
            return self._to_the_end(result)
        self.tidy()
        return result

    def track_async_work(self, values: Sequence[Any]) -> None:
        """What is settled in the background is in tasks of its own: no coroutine of this run."""
        if awaitables := [value for value in values if is_awaitable(value)]:
            self.settle_in_background(awaitables)

    async def _to_the_end(self, result: Awaitable[Any]) -> Any:
        try:
            return await result
        finally:
            self.tidy()

    def tidy(self) -> None:
        """Close what was never begun, once nothing can begin it any more."""
        under_way = [future for future in self.background_futures if not future.done()]
        for future in under_way:
            future.add_done_callback(lambda _: self.tidy())
        if not under_way:
            close_unbegun(self.made)


def close_unbegun(held: list[Any]) -> None:
    """Close each coroutine among the values that has not begun, and those that it would have awaited."""
    while held:
        value = held.pop()
        if type(value) is CoroutineType and getcoroutinestate(value) == CORO_CREATED:
            inner = getcoroutinelocals(value)
            value.close()
            for found in inner.values():
                held.extend(found.values() if type(found) is dict else found if type(found) is list else (found,))
