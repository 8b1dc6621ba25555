"""Waiting, bounded concurrency, prices and budgets."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mousegpt_core.errors import SettingsError
from mousegpt_core.language.budget import Budget, Limits
from mousegpt_core.language.cost import PriceList, price_of, user_prices
from mousegpt_core.language.limiter import Limiter
from mousegpt_core.language.retrying import Retrying, ServerError, seconds_to_wait, with_retries

pytest.importorskip("platformdirs")
pytest.importorskip("tenacity")


@pytest.mark.parametrize(
    ("said", "ms", "seconds"),
    [
        ("3", None, 3.0),
        ("0.25", None, 0.25),
        ("-1", None, 0.0),
        (None, None, 0.0),
        ("", None, 0.0),
        ("soon", None, 0.0),
        ("5", "1500", 1.5),
    ],
)
def test_retry_after_is_read(said: str | None, ms: str | None, seconds: float) -> None:
    assert seconds_to_wait(said, ms) == seconds


def test_retry_after_may_be_a_date() -> None:
    now = datetime.now(UTC)
    assert 3000 < seconds_to_wait(format_datetime(now + timedelta(hours=1), usegmt=True)) <= 3600
    assert seconds_to_wait(format_datetime(now - timedelta(hours=1), usegmt=True)) == 0


def test_failures_are_tried_as_often_as_is_said() -> None:
    tried = []

    async def fail() -> None:
        tried.append(1)
        raise ServerError("no", retryable=True)

    with pytest.raises(ServerError, match="no"):
        asyncio.run(with_retries(fail, Retrying(attempts=3, first_wait_s=0)))
    assert len(tried) == 3


def test_the_limit_halves_once_a_round_and_grows_again() -> None:
    async def run() -> list[int]:
        limiter = Limiter(16, start=8)
        limits = []

        async def overloaded() -> None:
            async with limiter.slot():
                await asyncio.sleep(0)
                raise ServerError("too much", overloaded=True)

        await asyncio.gather(*(overloaded() for _ in range(8)), return_exceptions=True)
        limits.append(limiter.limit)
        for _ in range(12):
            async with limiter.slot():
                pass
        limits.append(limiter.limit)
        for _ in range(40):
            with pytest.raises(ServerError):
                await overloaded()
        limits.append(limiter.limit)
        return limits

    assert asyncio.run(run()) == [4, 6, 1]


def test_failures_that_are_no_overload_change_nothing() -> None:
    async def run() -> int:
        limiter = Limiter(16, start=8)
        with pytest.raises(ServerError):
            async with limiter.slot():
                raise ServerError("wrong")
        assert limiter.under_way == 0
        return limiter.limit

    assert asyncio.run(run()) == 8


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 40))
def test_never_more_at_once_than_allowed(most: int, tasks: int) -> None:
    async def run() -> int:
        limiter = Limiter(most)
        highest = 0

        async def one() -> None:
            nonlocal highest
            async with limiter.slot():
                highest = max(highest, limiter.under_way)
                await asyncio.sleep(0)

        await asyncio.gather(*(one() for _ in range(tasks)))
        assert limiter.under_way == 0
        return highest

    assert asyncio.run(run()) <= most


def test_who_gives_up_frees_the_way() -> None:
    async def run() -> None:
        limiter = Limiter(1)

        async def hold() -> None:
            async with limiter.slot():
                await asyncio.sleep(60)

        tasks = [asyncio.create_task(hold()) for _ in range(3)]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(30), limiter.slot():
            assert limiter.under_way == 1

    asyncio.run(run())


def test_nothing_is_sent_before_the_server_wants_it() -> None:
    async def run() -> float:
        limiter = Limiter(4)
        loop = asyncio.get_running_loop()
        with pytest.raises(ServerError):
            async with limiter.slot():
                raise ServerError("wait", overloaded=True, retry_after_s=0.05)
        begun = loop.time()
        async with limiter.slot():
            return loop.time() - begun

    assert asyncio.run(run()) > 0.03


def test_a_server_that_wants_too_long_a_wait_holds_nobody_up() -> None:
    async def run() -> int:
        limiter = Limiter(4, longest_wait_s=120.0)
        with pytest.raises(ServerError):
            async with limiter.slot():
                raise ServerError("wait", overloaded=True, retry_after_s=3600.0)
        async with asyncio.timeout(30), limiter.slot():
            return limiter.under_way

    assert asyncio.run(run()) == 1


def test_known_models_have_a_price() -> None:
    price = price_of("gpt-4o-mini-2024-07-18")
    assert price is not None
    assert price.of(1_000_000, 1_000_000) == pytest.approx(0.75)
    assert price.of(1_000_000, 0, cached=1_000_000) == pytest.approx(0.075)
    assert price_of("a-lab's-own-model") is None
    assert price_of("gpt-4o-mini-tuned-elsewhere") is None


def test_a_users_prices_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "prices.toml"
    monkeypatch.setattr("mousegpt_core.language.cost.user_prices", lambda: own)
    own.write_text('[[price]]\nmodels = ["gpt-4o", "lab-*"]\ninput = 1.0\noutput = 2.0\n')
    found = price_of("gpt-4o")
    assert found is not None
    assert found.output == 2.0
    assert price_of("lab-7b") == found
    assert price_of("gpt-4o-mini") is not None
    assert user_prices() != own


def test_the_longest_pattern_holds_and_damage_is_named(tmp_path: Path) -> None:
    prices = PriceList.parse(
        {
            "price": [
                {"models": ["a*"], "input": 1, "output": 1},
                {"models": ["ab*"], "input": 2, "output": 1},
            ]
        }
    )
    found = prices.find("ABC")
    assert found is not None
    assert found.input == 2
    with pytest.raises(SettingsError, match="input"):
        PriceList.parse({"price": [{"models": ["a"], "input": -1, "output": 1}]})


def test_without_limits_anything_goes() -> None:
    budget = Budget(Limits())
    assert all(budget.take() for _ in range(1000))
    budget.settle(math.nan, 10**9)
    assert not budget.spent


@settings(deadline=None)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=60), st.integers(50, 1000))
def test_a_limit_holds_however_many_are_under_way(costs: list[int], limit: int) -> None:
    """It is exceeded by no more than what one question costs more than any before."""
    budget = Budget(Limits(tokens=limit))
    costliest = max(costs)
    for cost in costs:
        taken = 0
        while taken < 4 and budget.take():
            taken += 1
        for _ in range(taken):
            budget.settle(0.0, cost)
        if not taken:
            break
    assert budget.under_way == 0
    assert budget.tokens <= limit + 4 * costliest


def test_a_run_of_equal_questions_stays_within_its_money() -> None:
    budget = Budget(Limits(money=1.0))
    asked = 0
    while not budget.spent:
        taken = 0
        while taken < 8 and budget.take():
            taken += 1
        asked += taken
        for _ in range(taken):
            budget.settle(0.15, 100)
    assert asked == 6
    assert budget.money == pytest.approx(0.9)


def test_money_cannot_be_limited_where_no_price_is_known() -> None:
    budget = Budget(Limits(money=1.0))
    assert budget.take()
    with pytest.raises(SettingsError, match="price"):
        budget.settle(math.nan, 10)


def test_a_failed_question_costs_nothing() -> None:
    budget = Budget(Limits(tokens=100))
    assert budget.take()
    assert not budget.take()  # nothing is known before the first is paid
    budget.settle(0.0, 0)
    assert budget.take()
    assert budget.tokens == 0
