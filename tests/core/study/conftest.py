"""Fixtures of the study's tests."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from mousegpt_core.study import Study

SRC = Path(__file__).resolve().parents[3] / "src"


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.create(tmp_path / "my study ü")


@pytest.fixture
def dataset() -> Callable[..., xr.Dataset]:
    """Known numbers: value = time index, from `start`."""

    def make(length: int, start: int = 0, value: float | None = None) -> xr.Dataset:
        index = np.arange(start, start + length)
        column = index if value is None else np.full(length, value)
        return xr.Dataset(
            {
                "speed": (("time", "individual"), column[:, None].astype("f4"), {"units": "cm/s"}),
                "seen": (("time", "keypoint"), np.stack([index % 2 == 0, index % 3 == 0], 1)),
                "gap": (("time",), np.full(length, np.nan, dtype="f4")),
                "edges": (("keypoint",), np.array([1, 2], dtype="i2")),
            },
            coords={
                "time": ("time", index / 60.0, {"units": "s"}),
                "frame": ("time", index),
                "keypoint": ["nose", "tail base"],
            },
            attrs={"fps": np.float64(60.0), "scene": {"floor": [0.0, 1.0]}},
        )

    return make


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python code in a process of its own; whatever still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def run(code: str, *arguments: object) -> subprocess.Popen[str]:
        lines = ["import sys", f"sys.path.insert(0, {str(SRC)!r})", code]
        process = subprocess.Popen(
            [sys.executable, "-c", "\n".join(lines), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        if process.poll() is None:
            process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        process.communicate()
