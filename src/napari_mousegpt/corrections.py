"""A person's acts on the poses of a recording: in memory at once, on the disk right after."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.study.pose_edits import DoneEdit, PoseEdit, PoseState, effective
from napari_mousegpt.saving import Saving

if TYPE_CHECKING:
    import xarray as xr

    from mousegpt_core.study import Recording

_Stamp = tuple[int, ...]


class Corrections:
    """The acts on a recording's poses, and the poses after them.

    Parameters
    ----------
    recording : Recording
        Where acts are kept.
    poses : dict of str to Dataset
        Poses of each view as they were read.

    Raises
    ------
    DataError
        If an act that is there cannot be understood.
    """

    def __init__(self, recording: Recording, poses: Mapping[str, xr.Dataset]) -> None:
        self._recording = recording
        self._read = dict(poses)
        self._saving = Saving()
        self._reader = ThreadPoolExecutor(1, "corrections")
        #: What is read anew, and how many acts there were as that began.
        self._reading: tuple[Future[list[DoneEdit]], int] | None = None
        self._acts = 0
        #: Own acts of this sitting, and those that were undone, the newest last.
        self._own: list[str] = []
        self._undone: list[DoneEdit] = []
        self.states: dict[str, PoseState] = {}
        self._stamp = _stamp(recording)
        self.done = self._look()
        self._build_all()

    @property
    def path(self) -> Path:
        """The file that acts are kept in."""
        return self._recording.log.path

    def as_read(self, view: str) -> xr.Dataset:
        """Poses of a view as they were read."""
        return self._read[view]

    def unhidden(self, view: str) -> NDArray[np.float32]:
        """Positions by now, ``(time, keypoint, individual, space)``; NaN where a person hid one."""
        state = self.states[view]
        return np.where(state.hidden[..., None], np.float32(np.nan), state.position)

    # -- acts ---------------------------------------------------------------------------------

    def do(self, view: str, edit: PoseEdit, *, who: str = "") -> None:
        """Do an act; it is shown at once and kept right after."""
        self._undone.clear()
        self._add(view, edit, who)

    def undo(self, *, who: str = "") -> DoneEdit | None:
        """Take back the newest own act of this sitting; None where there is none."""
        there = {one.id: one for one in self.done}
        while self._own:
            newest = there.get(self._own.pop())
            if newest is not None:
                self.take_back(newest, who=who)
                self._undone.append(newest)
                return newest
        return None

    def redo(self, *, who: str = "") -> DoneEdit | None:
        """Do again what was undone last; None where nothing was."""
        if not self._undone:
            return None
        last = self._undone.pop()
        self._add(last.view, last.edit, who)
        return last

    def take_back(self, act: DoneEdit, *, who: str = "") -> None:
        """Take any act back; those after it stay."""
        self.done = [one for one in self.done if one.id != act.id]
        self._build(act.view)
        self._save(partial(self._recording.log.take_back, act.id, who=who))

    def _add(self, view: str, edit: PoseEdit, who: str) -> None:
        act = DoneEdit(uuid.uuid4().hex, view, edit, who, "")
        self.done.append(act)
        self._own.append(act.id)
        edit.apply(self.states[view])
        self._save(partial(self._write, act))

    # -- the disk -----------------------------------------------------------------------------

    @property
    def unsaved(self) -> int:
        """How many acts are not on the disk yet."""
        return self._saving.unsaved

    def poll(self) -> bool:
        """Take up what another window has done, and tell what could not be saved.

        Returns
        -------
        bool
            Whether the poses are others than before.

        Raises
        ------
        MouseGPTError
            If an act could not be saved (it is kept, and tried again), or one of another window
            cannot be understood.
        """
        self._saving.poll()
        changed = self._take_up()
        stamp = _stamp(self._recording)
        if self._reading is None and not self.unsaved and stamp != self._stamp:
            # Before reading, so that what is written meanwhile is read the next time.
            self._stamp = stamp
            self._reading = self._reader.submit(self._look), self._acts
        return changed

    def flush(self) -> None:
        """Wait until all is on the disk.

        Raises
        ------
        MouseGPTError
            If an act could not be saved; it is kept, and tried again.
        """
        self._saving.flush()

    def close(self) -> None:
        """Save what is left; raises as `flush`."""
        self._reader.shutdown(wait=False)
        self.flush()

    def _save(self, write: Callable[[], object]) -> None:
        self._acts += 1
        self._saving.add(write)

    def _write(self, act: DoneEdit) -> None:
        from mousegpt_core.pipeline.correcting import add_pose_edit

        add_pose_edit(self._recording, act.view, act.edit, who=act.who, edit_id=act.id)

    def _look(self) -> list[DoneEdit]:
        from mousegpt_core.pipeline.correcting import pose_edits

        return pose_edits(self._recording)

    def _take_up(self) -> bool:
        """Take up what was read; whether the poses are others than before."""
        if self._reading is None or not self._reading[0].done():
            return False
        (reading, acts), self._reading = self._reading, None
        done = reading.result()
        if acts != self._acts:  # it does not know all of ours; what they change is read again
            return False
        before, self.done = self.done, done
        if [one.id for one in before] == [one.id for one in done]:
            return False
        self._build_all()
        return True

    def _build_all(self) -> None:
        for view in self._read:
            self._build(view)

    def _build(self, view: str) -> None:
        state = PoseState.of(self._read[view])
        for one in effective(self.done, view):
            one.edit.apply(state)
        self.states[view] = state


def _stamp(recording: Recording) -> _Stamp:
    """What tells a log from what it was before; () = there is none."""
    try:
        about = recording.log.path.stat()
    except OSError:
        return ()
    return about.st_mtime_ns, about.st_size
