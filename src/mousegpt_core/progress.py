"""Progress of long work and the wish to stop it; the words that all interfaces share."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Progress:
    """One step of long work.

    Attributes
    ----------
    stage : str
        Name of the stage, e.g. ``"kinematics"``.
    recording : str
        Id of the recording, or ``""`` for work on the whole study.
    done, total : int
        Units finished and units in all (frames, clips, ...).
    message : str
        A remark for the user: ``"up to date"``, a warning, a path.
    finished : bool
        Whether the stage is complete for this recording.
    counts : mapping of str to float
        Further numbers by their names, in the order in which they are shown.
    """

    stage: str
    recording: str = ""
    done: int = 0
    total: int = 0
    message: str = ""
    finished: bool = False
    counts: Mapping[str, float] = field(default_factory=dict)


def duration(seconds: float) -> str:
    """A length of time for people: ``"40 s"``, ``"12 min"``, ``"2.5 h"``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


#: How counts are written that are no plain numbers, and what they are called.
_COUNTS = {"clips_per_s": "{:.1f}".format, "cost": "${:.2f}".format, "seconds_left": duration}
_TITLES = {"clips_per_s": "clips/s", "seconds_left": "left"}


def count_title(name: str) -> str:
    """What one of `Progress.counts` is called, for people."""
    return _TITLES.get(name, name.replace("_", " "))


def count_words(name: str, value: float) -> str:
    """One of `Progress.counts`, for people."""
    return _COUNTS.get(name, "{:,.0f}".format)(value)


class CancelledError(Exception):
    """Raised inside long work after `Cancellation.cancel`; nothing valid is lost."""


class Cancellation:
    """A wish to stop, given from any thread and checked between units of work."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop."""
        self._event.set()

    @property
    def requested(self) -> bool:
        """Whether the work was asked to stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `CancelledError` if the work was asked to stop."""
        if self.requested:
            raise CancelledError
