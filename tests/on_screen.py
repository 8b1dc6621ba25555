"""Tests that open a real napari: slow, and where there is a screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., None])

#: Marks of such tests, for a file or a class of them.
ON_SCREEN = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform == "linux" and "DISPLAY" not in os.environ, reason="no screen: needs xvfb"
    ),
]


def on_screen(test: Test) -> Test:
    """Mark one test so."""
    for mark in ON_SCREEN:
        test = mark(test)
    return test
