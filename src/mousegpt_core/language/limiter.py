"""As many requests at once as the server bears, found out while asking."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mousegpt_core.language.retrying import ServerError


class Limiter:
    """Bounded concurrency that adapts.

    The limit doubles in each round of successes until the server is first overloaded, grows by
    one a round from then on, and halves at each overload, once for all requests that were under
    way together (additive increase, multiplicative decrease: Chiu & Jain 1989; slow start:
    Jacobson 1988). Where the server says how long to wait, nothing is sent before.

    Parameters
    ----------
    most : int
        Never more at once.
    start : int
        At once in the beginning.
    longest_wait_s : float
        A server that asks for a longer wait has failed, and is not waited for.
    """

    def __init__(self, most: int, start: int = 4, *, longest_wait_s: float = math.inf) -> None:
        self.most, self.longest_wait_s = most, longest_wait_s
        self._limit = float(min(start, most))
        self._starting = True
        self._under_way = 0
        self._round = 0
        self._sent_after = 0.0
        self._changed = asyncio.Condition()

    @property
    def limit(self) -> int:
        """How many may be under way now."""
        return int(self._limit)

    @property
    def under_way(self) -> int:
        """How many are."""
        return self._under_way

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a turn; learn from how the request within ends."""
        await self._enter()
        begun = self._round
        try:
            yield
        except ServerError as error:
            if error.overloaded:
                self._fewer(begun, error.retry_after_s)
            raise
        else:
            self._more()
        finally:
            self._under_way -= 1
            async with self._changed:
                self._changed.notify_all()

    async def _enter(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._changed:
            while True:
                await self._changed.wait_for(lambda: self._under_way < self.limit)
                pause = self._sent_after - loop.time()
                if pause <= 0:
                    break
                try:
                    async with asyncio.timeout(pause):
                        await self._changed.wait()
                except TimeoutError:
                    continue
            self._under_way += 1

    def _more(self) -> None:
        step = 1.0 if self._starting else 1.0 / self._limit
        self._limit = min(float(self.most), self._limit + step)

    def _fewer(self, begun: int, retry_after_s: float) -> None:
        if retry_after_s <= self.longest_wait_s:
            now = asyncio.get_running_loop().time()
            self._sent_after = max(self._sent_after, now + retry_after_s)
        if begun < self._round:
            return  # sent before the limit was last halved
        self._round += 1
        self._starting = False
        self._limit = max(1.0, self._limit / 2)
