"""Calls that fail for a while are made again: later each time, or when the server says."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

from pydantic import Field

from mousegpt_core.errors import BackendCallError
from mousegpt_core.settings import Settings

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")


class Retrying(Settings):
    """How often and when a failed call is made again.

    Attributes
    ----------
    attempts : int
        All of them, the first too.
    first_wait_s : float
        Doubled each time, and shortened by chance so that not all come back at once.
    longest_wait_s : float
        No wait is longer; a server that asks for a longer one has failed.
    """

    attempts: int = Field(default=6, ge=1)
    first_wait_s: float = Field(default=1.0, ge=0)
    longest_wait_s: float = Field(default=120.0, ge=0)


class ServerError(BackendCallError):
    """A call of a server failed.

    Parameters
    ----------
    overloaded : bool
        Whether fewer requests at once may help.
    retry_after_s : float
        How long the server asks to wait, s; 0 = it does not say.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        overloaded: bool = False,
        retry_after_s: float = 0.0,
        status: int | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, retryable=retryable, status=status, hint=hint)
        self.overloaded = overloaded
        self.retry_after_s = retry_after_s


async def with_retries(call: Callable[[], Awaitable[T]], retrying: Retrying) -> tuple[T, int]:
    """Call until it succeeds or there is no use.

    Returns
    -------
    result
        Of the call that succeeded.
    retries : int
        How many times it was made again.

    Raises
    ------
    BackendCallError
        The last failure, with its `retries`.
    """
    from tenacity import (
        AsyncRetrying,
        retry_if_exception,
        stop_after_attempt,
        wait_random_exponential,
    )

    later = wait_random_exponential(multiplier=retrying.first_wait_s, max=retrying.longest_wait_s)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_s if isinstance(error, ServerError) else 0.0
        return max(asked, float(later(state)))

    def useful(error: BaseException) -> bool:
        return (
            isinstance(error, ServerError)
            and error.retryable
            and error.retry_after_s <= retrying.longest_wait_s
        )

    attempts = AsyncRetrying(
        stop=stop_after_attempt(retrying.attempts),
        wait=wait,
        retry=retry_if_exception(useful),
        reraise=True,
    )
    try:
        result: T = await attempts(call)
    except BackendCallError as error:
        error.retries = attempts.statistics["attempt_number"] - 1
        raise
    return result, attempts.statistics["attempt_number"] - 1


def seconds_to_wait(retry_after: str | None, retry_after_ms: str | None = None) -> float:
    """What a server's Retry-After says: seconds or a date (RFC 9110, 10.2.3); 0 = nothing."""
    try:
        if retry_after_ms:
            return max(0.0, float(retry_after_ms) / 1000)
        if retry_after:
            return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(retry_after or "")
    except ValueError:
        return 0.0
    return max(0.0, moment.timestamp() - time.time())
