"""A person's bouts while they are drawn: in memory at once, on the disk right after, undoable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

from mousegpt_core.analysis.human_bouts import Change, HumanBout, new_bout, put
from napari_mousegpt.saving import Saving

if TYPE_CHECKING:
    from mousegpt_core.study import Study
    from napari_mousegpt.session import Session

#: Recording and animal.
Owner = tuple[str, str]
Part = Literal["start", "stop", "whole"]


@dataclass(frozen=True)
class Grip:
    """What of a bout is held by the mouse.

    Attributes
    ----------
    bout : HumanBout
        As it was when it was taken hold of.
    part : {"start", "stop", "whole"}
        An end, or all of it.
    at : float
        Where it was taken hold of (s).
    """

    bout: HumanBout
    part: Part
    at: float

    def dragged(self, moment: float) -> tuple[float, float]:
        """Start and stop when the mouse is at a moment; a bout never begins before 0."""
        if self.part == "start":
            return max(moment, 0.0), self.bout.stop_s
        if self.part == "stop":
            return self.bout.start_s, max(moment, 0.0)
        shift = max(moment - self.at, -self.bout.start_s)
        return self.bout.start_s + shift, self.bout.stop_s + shift


def grip(bouts: tuple[HumanBout, ...], moment: float, reach: float) -> Grip | None:
    """What of some bouts lies under the mouse.

    Parameters
    ----------
    bouts : tuple of HumanBout
        Of one animal.
    moment : float
        Where the mouse is (s).
    reach : float
        An end is taken hold of from so far (s), but at most from a quarter of its bout.
    """
    inside = [bout for bout in bouts if bout.start_s <= moment < bout.stop_s]
    ends: list[tuple[float, Part, HumanBout]] = []
    for bout in inside or bouts:
        near = min(reach, (bout.stop_s - bout.start_s) / 4) if inside else reach
        ends.append((abs(moment - bout.start_s) - near, "start", bout))
        ends.append((abs(moment - bout.stop_s) - near, "stop", bout))
    close = min(ends, key=lambda end: end[0], default=None)
    if close is not None and close[0] <= 0:
        return Grip(close[2], close[1], moment)
    return Grip(inside[0], "whole", moment) if inside else None


class HandLabels:
    """A person's bouts of a study.

    Parameters
    ----------
    study : Study
        Where they are kept.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self._bouts: dict[Owner, tuple[HumanBout, ...]] = {}
        self._done: list[tuple[Owner, Change]] = []
        self._undone: list[tuple[Owner, Change]] = []
        self._saving = Saving()
        #: Whether what changes on the disk is what a person asked for here: it can be undone.
        self.importing = False
        self._files: dict[Owner, tuple[Path, int]] = {}

    # -- what there is ------------------------------------------------------------------------

    def bouts(self, owner: Owner) -> tuple[HumanBout, ...]:
        """Bouts of an animal, in the order of their starts.

        Raises
        ------
        DataError, FormatError
            If its file cannot be read.
        """
        if owner not in self._bouts:
            from mousegpt_core.pipeline.human_labels import human_file, read_human

            recording = self.study.recording(owner[0])
            file = human_file(self.study, recording, owner[1])
            self._files[owner] = (file, _stamp(file))
            self._bouts[owner] = read_human(self.study, recording, owner[1])
        return self._bouts[owner]

    def end(self, owner: Owner) -> float:
        """End of a recording (s), which may go on after its film; 0 where it is not known."""
        from mousegpt_core.pipeline.human_labels import end_of

        end = end_of(self.study.recording(owner[0]))
        return end if end == end else 0.0

    @property
    def names(self) -> list[str]:
        """Behaviours that occur, sorted."""
        return sorted({bout.label for bouts in self._bouts.values() for bout in bouts})

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether something was undone."""
        return bool(self._undone)

    @property
    def saved(self) -> bool:
        """Whether all is on the disk."""
        return not self._saving.unsaved

    # -- what one can do ----------------------------------------------------------------------

    def draw(self, owner: Owner, start_s: float, stop_s: float, label: str, who: str) -> HumanBout:
        """Draw a bout; what it lies on is cut.

        Raises
        ------
        DataError
            If it has no length or no behaviour.
        """
        bout = new_bout(start_s, stop_s, label, who=who)
        self._do(owner, put(self.bouts(owner), bout))
        return bout

    def set_ends(
        self, owner: Owner, bout: HumanBout, start_s: float, stop_s: float, who: str
    ) -> None:
        """Move a bout, or an end of it."""
        new = replace(bout, start_s=start_s, stop_s=stop_s)
        self._do(owner, put(self.bouts(owner), new, old=bout, who=who))

    def rename(self, owner: Owner, bout: HumanBout, label: str, who: str) -> None:
        """Give a bout another behaviour."""
        new = replace(bout, label=label)
        self._do(owner, put(self.bouts(owner), new, old=bout, who=who))

    def delete(self, owner: Owner, bout: HumanBout) -> None:
        """Take a bout away."""
        self._do(owner, Change((bout,)))

    def withdraw(self, owner: Owner, bout: HumanBout) -> None:
        """Take a bout back that was drawn last, as if it had never been; else delete it."""
        if self._done and bout in self._done[-1][1].after:
            self.undo()
            self._undone.pop()
        elif bout in self.bouts(owner):
            self.delete(owner, bout)

    def undo(self) -> Owner | None:
        """Take the last change back; whose it was."""
        return self._again(self._done, self._undone)

    def redo(self) -> Owner | None:
        """Make the change again that was taken back last."""
        return self._again(self._undone, self._done)

    # -- the disk -----------------------------------------------------------------------------

    def poll(self) -> set[Owner]:
        """Take up what another window has changed, and tell what could not be saved.

        Returns
        -------
        set of Owner
            Whose bouts are others than before.

        Raises
        ------
        MouseGPTError
            If a change could not be saved; it is kept, and tried again.
        """
        self._saving.poll()
        owners = set()
        for owner, old in self._taken_up():
            owners.add(owner)
            if self.importing:
                self._done.append((owner, Change(old, self.bouts(owner))))
                self._undone.clear()
        return owners

    def flush(self) -> None:
        """Wait until all is on the disk.

        Raises
        ------
        MouseGPTError
            If a change could not be saved; it is kept, and tried again.
        """
        self._saving.flush()

    def _do(self, owner: Owner, change: Change) -> None:
        self._apply(owner, change)
        self._done.append((owner, change))
        self._undone.clear()

    def _again(
        self, source: list[tuple[Owner, Change]], other: list[tuple[Owner, Change]]
    ) -> Owner | None:
        if not source:
            return None
        owner, change = source.pop()
        self._apply(owner, change.undone)
        other.append((owner, change.undone))
        return owner

    def _apply(self, owner: Owner, change: Change) -> None:
        self._bouts[owner] = change.applied(self.bouts(owner))
        self._saving.add(partial(self._write, owner, change))

    def _write(self, owner: Owner, change: Change) -> None:
        from mousegpt_core.pipeline.human_labels import change_human

        change_human(self.study, self.study.recording(owner[0]), owner[1], change)

    def _taken_up(self) -> Iterator[tuple[Owner, tuple[HumanBout, ...]]]:
        """Read again what has changed on the disk, by us or others, once all of ours is there.

        Yields
        ------
        Owner, tuple of HumanBout
            Whose bouts are others, and what they were.
        """
        if not self.saved:
            return
        for owner, (file, stamp) in list(self._files.items()):
            if _stamp(file) != stamp:
                old = self._bouts.pop(owner, ())
                if self.bouts(owner) != old:
                    yield owner, old


def _stamp(file: Path) -> int:
    """Changes whenever a file is replaced."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


_OPENED: WeakKeyDictionary[Any, HandLabels] = WeakKeyDictionary()


def hand_labels_of(session: Session) -> HandLabels | None:
    """The bouts of a session's study; the same for all who ask, so that undo outlives a dock."""
    labels = _OPENED.get(session)
    if session.study is None or (labels is not None and labels.study is session.study):
        return labels
    # What is not saved yet of those before goes on by itself.
    _OPENED[session] = HandLabels(session.study)
    return _OPENED[session]
