"""Bouts that a person draws: what a change of them is, and how it is undone."""

from __future__ import annotations

import math
import uuid
from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mousegpt_core.analysis.bouts import TICK
from mousegpt_core.errors import DataError

#: What a person writes where nothing was scored.
NOT_SCORED_LABEL = "na"
#: Of times in s, as they are written: microseconds.
_DIGITS = 6


@dataclass(frozen=True)
class HumanBout:
    """A stretch that a person has labelled.

    Attributes
    ----------
    id : str
        Its own, also when it is moved or called something else.
    start_s, stop_s : float
        Seconds on the recording's clock, half-open.
    label : str
        The behaviour; `NOT_SCORED_LABEL` = nothing was scored here.
    who, when : str
        Who drew or changed it last, and when (ISO 8601 in UTC).
    """

    id: str
    start_s: float
    stop_s: float
    label: str
    who: str = ""
    when: str = ""


@dataclass(frozen=True)
class Change:
    """A change of one animal's bouts.

    It names the bouts that it is about by their ids and leaves all others alone, so that changes
    made in two places at once go together; of the same bout the later one counts.

    Attributes
    ----------
    before, after : tuple of HumanBout
        What goes, what comes in its place.
    """

    before: tuple[HumanBout, ...] = ()
    after: tuple[HumanBout, ...] = ()

    @property
    def undone(self) -> Change:
        """The change back."""
        return Change(self.after, self.before)

    def applied(self, bouts: Iterable[HumanBout]) -> tuple[HumanBout, ...]:
        """The bouts, which are in the order of their starts, after it, in that order, too."""
        gone = {bout.id for bout in (*self.before, *self.after)}
        found = [bout for bout in bouts if bout.id not in gone]
        for bout in self.after:
            insort(found, bout, key=_place)
        return tuple(found)


def new_bout(start_s: float, stop_s: float, label: str, *, who: str = "") -> HumanBout:
    """A bout drawn now, from whichever end.

    Raises
    ------
    DataError
        If it has no length or no label, or a time is no number.
    """
    return _checked(HumanBout(uuid.uuid4().hex[:12], start_s, stop_s, label, who, _now()))


def put(
    bouts: Iterable[HumanBout], new: HumanBout, *, old: HumanBout | None = None, who: str = ""
) -> Change:
    """Draw a bout, or put it in the place of an old one; what it comes to lie on is cut.

    Parameters
    ----------
    bouts : iterable of HumanBout
        All of the animal.
    new : HumanBout
        The bout as it shall be.
    old : HumanBout, optional
        The bout as it was, where it is moved or renamed.
    who : str
        Who changes it, where there is an old one.

    Raises
    ------
    DataError
        As `new_bout`.
    """
    new = _checked(new)
    if old is not None:
        new = replace(new, id=old.id, who=who, when=_now())
    under = [bout for bout in bouts if bout.id != new.id and _overlap(bout, new)]
    pieces = [piece for bout in under for piece in _outside(bout, new)]
    before = (*((old,) if old is not None else ()), *under)
    return Change(before, (new, *pieces))


def in_order(bouts: Iterable[HumanBout]) -> tuple[HumanBout, ...]:
    """Bouts by their starts."""
    return tuple(sorted(bouts, key=_place))


def _place(bout: HumanBout) -> tuple[float, float, str]:
    return bout.start_s, bout.stop_s, bout.id


def _overlap(a: HumanBout, b: HumanBout) -> bool:
    return a.start_s < b.stop_s - TICK and b.start_s < a.stop_s - TICK


def _outside(bout: HumanBout, cover: HumanBout) -> list[HumanBout]:
    """What is left of a bout where another lies on it: the first part keeps its id."""
    pieces = []
    if bout.start_s < cover.start_s - TICK:
        pieces.append(replace(bout, stop_s=cover.start_s))
    if bout.stop_s > cover.stop_s + TICK:
        id = uuid.uuid4().hex[:12] if pieces else bout.id
        pieces.append(replace(bout, id=id, start_s=cover.stop_s))
    return pieces


def _checked(bout: HumanBout) -> HumanBout:
    start, stop = sorted((bout.start_s, bout.stop_s))
    if not (math.isfinite(start) and math.isfinite(stop) and stop - start > TICK):
        raise DataError(
            "a bout needs a start and a stop", found=f"{start:g} to {stop:g} s",
            hint="drag from where it starts to where it stops",
        )  # fmt: skip
    label = bout.label.strip()
    if not label:
        raise DataError("a bout needs a behaviour", hint="choose or type one first")
    return replace(bout, start_s=round(start, _DIGITS), stop_s=round(stop, _DIGITS), label=label)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
