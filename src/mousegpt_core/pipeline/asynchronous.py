"""Async backends called from plain code: in a thread of its own, as notebooks run a loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def collect(items: AsyncIterator[T]) -> list[T]:
    """All items of an async iterator."""

    async def gather() -> list[T]:
        return [item async for item in items]

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(lambda: asyncio.run(gather())).result()
