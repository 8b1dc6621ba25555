"""A person's acts on the poses of a recording: in memory at once, on the disk right after."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import MouseGPTError
from mousegpt_core.study.pose_edits import DoneEdit, PoseEdit, PoseState, effective

if TYPE_CHECKING:
    import xarray as xr

    from mousegpt_core.study import Recording
    from napari_mousegpt.moving import MovingPoses

#: An act that could not be saved is tried again after so many looks (`Corrections.poll`).
_PATIENCE = 50
#: Longest wait for the disk when a recording is left (s).
_LAST_WAIT_S = 30.0
_Stamp = tuple[int, ...]


@dataclass(frozen=True)
class _Unsaved:
    """What still has to be written: an act, or that one is taken back (its id)."""

    what: DoneEdit | str
    who: str


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
        self._unsaved: deque[_Unsaved] = deque()
        self._pool = ThreadPoolExecutor(1, "corrections")
        self._working: Future[tuple[_Stamp, list[DoneEdit]]] | None = None
        self._writing = False
        self._wait = 0
        #: Own acts of this sitting, and those that were undone, the newest last.
        self._own: list[str] = []
        self._undone: list[DoneEdit] = []
        self.states: dict[str, PoseState] = {}
        self._stamp, self.done = self._look()
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
        self._save(_Unsaved(act.id, who))

    def _add(self, view: str, edit: PoseEdit, who: str) -> None:
        act = DoneEdit(uuid.uuid4().hex, view, edit, who, "")
        self.done.append(act)
        self._own.append(act.id)
        edit.apply(self.states[view])
        self._save(_Unsaved(act, who))

    # -- the disk -----------------------------------------------------------------------------

    @property
    def unsaved(self) -> int:
        """How many acts are not on the disk yet."""
        return len(self._unsaved)

    def poll(self) -> bool:
        """Go on saving, and take up what another window has done.

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
        changed = False
        if self._working is not None and self._working.done():
            changed = self._finish()
        self._wait -= 1
        if self._working is None and self._wait <= 0 and self._has_news():
            self._begin()
        return changed

    def close(self) -> None:
        """Save what is left.

        Raises
        ------
        MouseGPTError
            If it cannot be saved; call it again, nothing is lost until then.
        """
        while self._unsaved or self._working is not None:
            if self._working is None:
                self._begin()
            self._finish()
        self._pool.shutdown(wait=False)

    def _save(self, what: _Unsaved) -> None:
        self._unsaved.append(what)
        if self._working is None and self._wait <= 0:
            self._begin()

    def _has_news(self) -> bool:
        return bool(self._unsaved) or self._stamp != _stamp(self._recording)

    def _begin(self) -> None:
        self._writing = bool(self._unsaved)
        what = self._unsaved[0] if self._writing else None
        self._working = self._pool.submit(self._write_and_look, what)

    def _finish(self) -> bool:
        """Take up what was written and read; whether the poses are others than before."""
        working, self._working = self._working, None
        if working is None:
            return False
        try:
            self._stamp, done = working.result(timeout=_LAST_WAIT_S)
        except MouseGPTError:
            self._wait = _PATIENCE
            raise
        if self._writing:
            self._unsaved.popleft()
        if self._unsaved:
            self._begin()
            return False
        before, self.done = [one.id for one in self.done], done
        if before == [one.id for one in done]:
            return False
        self._build_all()
        return True

    def _write_and_look(self, what: _Unsaved | None) -> tuple[_Stamp, list[DoneEdit]]:
        from mousegpt_core.pipeline.correcting import add_pose_edit

        act = None if what is None else what.what
        if what is not None and isinstance(act, str):
            self._recording.log.take_back(act, who=what.who)
        elif what is not None and isinstance(act, DoneEdit):
            add_pose_edit(self._recording, act.view, act.edit, who=what.who, edit_id=act.id)
        return self._look()

    def _look(self) -> tuple[_Stamp, list[DoneEdit]]:
        from mousegpt_core.pipeline.correcting import pose_edits

        # Before reading, so that what is written meanwhile is read the next time.
        stamp = _stamp(self._recording)
        return stamp, pose_edits(self._recording)

    def _build_all(self) -> None:
        for view in self._read:
            self._build(view)

    def _build(self, view: str) -> None:
        state = PoseState.of(self._read[view])
        for one in effective(self.done, view):
            one.edit.apply(state)
        self.states[view] = state


def keys_of(recording: Recording) -> dict[str, str]:
    """Keys of the poses that the study keeps."""
    from mousegpt_core.pipeline.recording_stages import pose_sources, pose_stage

    stages = (pose_stage(source) for source in pose_sources(recording))
    entries = ((stage, recording.store.entry(stage)) for stage in stages)
    return {stage: entry.key for stage, entry in entries if entry is not None}


def poses_as_read(recording: Recording, views: Sequence[MovingPoses]) -> dict[str, xr.Dataset]:
    """Poses of views as they were read, before anybody's acts."""
    from mousegpt_core.pipeline.recording_stages import pose_sources, pose_stage

    wanted = {view.source for view in views}
    return {
        source.view: recording.store.read_dataset(pose_stage(source)).load()
        for source in pose_sources(recording)
        if source.view in wanted
    }


def _stamp(recording: Recording) -> _Stamp:
    """What tells a log from what it was before; () = there is none."""
    try:
        about = recording.log.path.stat()
    except OSError:
        return ()
    return about.st_mtime_ns, about.st_size
