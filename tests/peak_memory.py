"""Source of `peak()`, the greatest memory so far (MiB) of a program that a test starts (Linux)."""

from __future__ import annotations

from pathlib import Path

import pytest

#: getrusage would begin with the size of the process that started the program.
PEAK = """
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
"""

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read from /proc"
)
