"""Questions gathered into batches: none lost, none twice, none waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import pytest

from mousegpt_core.errors import BackendCallError
from mousegpt_core.language.batching import Batcher, Leave, OutOfMemoryError

T = TypeVar("T")


class Doubling:
    """Doubles numbers; keeps the batches."""

    def __init__(self, fits: int = 1_000) -> None:
        self.fits = fits
        self.batches: list[list[int]] = []
        self.at_once = 0
        self.most_at_once = 0

    def __call__(self, numbers: Sequence[int], leave: Leave) -> list[int]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.batches.append(list(numbers))
        self.at_once -= 1
        if len(numbers) > self.fits:
            raise OutOfMemoryError("no room")
        if 99 in numbers:
            raise ValueError("ninety-nine")
        return [2 * number for number in numbers]


def with_batcher(
    work: Callable[[Sequence[int], Leave], list[int]],
    use: Callable[[Batcher[int, int]], Awaitable[T]],
    most: int = 4,
    wait_s: float = 0.0,
) -> T:
    async def run() -> T:
        batcher = Batcher[int, int](work, most=most, wait_s=wait_s)
        try:
            async with asyncio.timeout(60):
                return await use(batcher)
        finally:
            await batcher.close()

    return asyncio.run(run())


def all_of(batcher: Batcher[int, int], count: int) -> Awaitable[list[int]]:
    return asyncio.gather(*(batcher.ask(number) for number in range(count)))


def test_every_question_gets_its_own_answer() -> None:
    work = Doubling()
    assert with_batcher(work, lambda batcher: all_of(batcher, 10)) == list(range(0, 20, 2))
    assert [len(batch) for batch in work.batches] == [4, 4, 2]
    assert work.most_at_once == 1


def test_a_single_question_does_not_wait_for_others() -> None:
    assert with_batcher(Doubling(), lambda batcher: batcher.ask(3), most=100) == 6


def test_what_comes_within_the_wait_goes_together() -> None:
    work = Doubling()

    async def use(batcher: Batcher[int, int]) -> list[int]:
        first = asyncio.create_task(batcher.ask(1))
        await asyncio.sleep(0)
        return [await batcher.ask(2), await first]

    assert with_batcher(work, use, most=2, wait_s=10.0) == [4, 2]
    assert work.batches == [[1, 2]]


def test_a_batch_that_does_not_fit_is_halved_and_so_are_the_next() -> None:
    work = Doubling(fits=3)
    assert with_batcher(work, lambda batcher: all_of(batcher, 16), most=8) == list(range(0, 32, 2))
    sizes = [len(batch) for batch in work.batches]
    assert sizes[:4] == [8, 4, 2, 2]
    assert max(sizes[4:]) <= 4
    assert sizes[-1] == 2


def test_one_that_does_not_fit_by_itself_is_told() -> None:
    with pytest.raises(BackendCallError, match="does not fit into the memory"):
        with_batcher(Doubling(fits=0), lambda batcher: batcher.ask(1))


def test_a_failure_is_told_to_those_of_its_batch_only() -> None:
    async def use(batcher: Batcher[int, int]) -> list[int | BaseException]:
        return await asyncio.gather(
            *(batcher.ask(number) for number in (12, 99, 14, 15)), return_exceptions=True
        )

    *failed, third, fourth = with_batcher(Doubling(), use, most=2)
    assert all(isinstance(one, BackendCallError) and "ninety-nine" in one.message for one in failed)
    assert (third, fourth) == (28, 30)


def test_what_nobody_waits_for_is_not_worked_on() -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[int] = []

    def work(numbers: Sequence[int], leave: Leave) -> list[int]:
        begun.set()
        assert go_on.wait(60)
        done.extend(numbers)
        return list(numbers)

    async def use(batcher: Batcher[int, int]) -> int:
        first = asyncio.create_task(batcher.ask(1))
        await asyncio.to_thread(begun.wait, 20)
        second, third = (asyncio.create_task(batcher.ask(number)) for number in (2, 3))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        go_on.set()
        return await first + await third

    assert with_batcher(work, use) == 4
    assert done == [1, 3]


def test_closing_gives_up_what_is_under_way() -> None:
    begun = threading.Event()
    ends: list[bool] = []

    def work(numbers: Sequence[int], leave: Leave) -> list[int]:
        begun.set()
        while not leave.given_up:
            threading.Event().wait(0.001)
        ends.append(True)
        return list(numbers)

    async def run() -> list[int | BaseException]:
        batcher = Batcher[int, int](work, most=1, wait_s=0.0)
        asked = [asyncio.create_task(batcher.ask(number)) for number in (1, 2)]
        await asyncio.to_thread(begun.wait, 20)
        await batcher.close()
        with pytest.raises(BackendCallError, match="closed"):
            await batcher.ask(3)
        return await asyncio.gather(*asked, return_exceptions=True)

    assert all(isinstance(one, asyncio.CancelledError) for one in asyncio.run(run()))
    assert ends == [True]


def test_a_batch_that_all_have_left_is_given_up() -> None:
    begun, given_up = threading.Event(), threading.Event()

    def work(numbers: Sequence[int], leave: Leave) -> list[int]:
        begun.set()
        while not leave.given_up:
            threading.Event().wait(0.001)
        given_up.set()
        return list(numbers)

    async def use(batcher: Batcher[int, int]) -> bool:
        asked = [asyncio.create_task(batcher.ask(number)) for number in (1, 2)]
        await asyncio.to_thread(begun.wait, 20)
        for one in asked:
            one.cancel()
        return await asyncio.to_thread(given_up.wait, 20)

    assert with_batcher(work, use, most=2)
