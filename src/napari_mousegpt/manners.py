"""What a session does otherwise in a window than in a script."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from mousegpt_core.errors import MouseGPTError
from napari_mousegpt.leaving_out import warn_of
from napari_mousegpt.pace import at_once


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Manners:
    """By default those of a script.

    Attributes
    ----------
    afterwards : callable
        Does what may follow a step; in a window a little later, so that its picture comes first.
    tell_left_out : callable
        Tells what of a recording could not be read; in a window as a notification.
    may_follow : callable
        Gives a context: pictures of a step that is gone to within may come later.
    are_late : callable
        Whether pictures of another step are shown.
    """

    afterwards: Callable[[Callable[[], None]], None] = at_once
    tell_left_out: Callable[[MouseGPTError], None] = warn_of
    may_follow: Callable[[], AbstractContextManager[None]] = nullcontext
    are_late: Callable[[], bool] = _never
