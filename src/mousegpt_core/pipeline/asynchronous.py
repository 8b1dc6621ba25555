"""Async backends called from plain code: in a thread of its own, as notebooks run a loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

T = TypeVar("T")


def collect(items: AsyncIterator[T]) -> list[T]:
    """All items of an async iterator."""

    async def gather() -> list[T]:
        return [item async for item in items]

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(lambda: asyncio.run(gather())).result()


def run_to_end(main: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine; Ctrl-C cancels it and waits until it has put things away."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(main)

    def run() -> T:
        try:
            return loop.run_until_complete(task)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(run)
        try:
            return future.result()
        except KeyboardInterrupt:
            if not future.done():
                loop.call_soon_threadsafe(task.cancel)
            wait([future])
            raise
