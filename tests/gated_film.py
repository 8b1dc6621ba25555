"""A film whose pictures can be held back, to see what goes on meanwhile."""

from __future__ import annotations

import time
from threading import Event
from typing import Any

import numpy as np

from mousegpt_core.errors import VideoError

#: Long enough for any of these, also where a computer is stopped for others half of the time.
LONG_MS = 60_000


class Gated:
    """Pictures that are their step's number; those of steps that are held back are waited for."""

    def __init__(self, count: int = 10) -> None:
        self.shape, self.dtype = (count, 4, 6, 3), np.dtype(np.uint8)
        self.gates: dict[int, Event] = {}
        self.broken: set[int] = set()
        self.asked: list[int] = []
        self.read: list[int] = []
        self.closed = 0

    def hold(self, *steps: int) -> None:
        for step in steps:
            self.gates[step] = Event()

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            steps = range(*key.indices(self.shape[0]))
            return np.array([self[step] for step in steps]).reshape(-1, *self.shape[1:])
        step, rest = (key[0], key[1:]) if isinstance(key, tuple) else (key, ())
        if isinstance(step, slice):
            return self[step][(slice(None), *rest)]
        step %= self.shape[0]
        self.asked.append(step)
        if step in self.gates:
            assert self.gates[step].wait(LONG_MS / 1000)
        if step in self.broken:
            raise VideoError(f"picture {step} is damaged", hint="copy it again")
        self.read.append(step)
        return np.full(self.shape[1:], step, dtype=np.uint8)[rest]

    def close(self) -> None:
        self.closed += 1

    def wait_for(self, step: int) -> None:
        """Wait until a picture is being read."""
        end = time.monotonic() + LONG_MS / 1000
        while step not in self.asked:
            assert time.monotonic() < end
            time.sleep(0.001)
