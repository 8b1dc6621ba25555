"""What of a recording cannot be read is left out and told, so that the rest of it is shown."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeVar

from mousegpt_core.errors import MouseGPTError

Value = TypeVar("Value")
Other = TypeVar("Other")


class LeftOut:
    """Collects what was left out.

    Attributes
    ----------
    errors : list of MouseGPTError
        Why: file, place, what to do; each once.
    """

    def __init__(self) -> None:
        self.errors: list[MouseGPTError] = []

    def unless(self, read: Callable[[], Value], instead: Other) -> Value | Other:
        """What is read, or something instead where it cannot be."""
        try:
            return read()
        except MouseGPTError as error:
            if all(error.message != one.message for one in self.errors):
                self.errors.append(error)
            return instead


def warn_of(error: MouseGPTError) -> None:
    """Tell a script what was left out."""
    warnings.warn(f"left out: {error}", stacklevel=2)
