"""The live points as something to work on: what a drag, a click, a key means for the poses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import Signal

from mousegpt_core.errors import DataError
from mousegpt_core.study.pose_edits import (
    Accept,
    DeletePoints,
    DoneEdit,
    HidePoints,
    Interpolate,
    MovePoints,
    PoseEdit,
    ShowPoints,
    SwapIdentities,
    SwapSides,
)
from napari_mousegpt.closer import Closer
from napari_mousegpt.editable import EditablePoses
from napari_mousegpt.moving import MovingPoses, at_step
from napari_mousegpt.picking import Picking
from napari_mousegpt.points import MOVED

if TYPE_CHECKING:
    from napari_mousegpt.session import Session

#: Size of hidden points, and width of the rings of those that a person placed (share of the size).
_SMALL, _RING = 0.5, 0.2


@dataclass(frozen=True)
class Spot:
    """A point of the live layer.

    Attributes
    ----------
    source : str or None
        View of whose poses; None = it was computed from others.
    keypoint, individual : str
        What it is.
    """

    source: str | None
    keypoint: str
    individual: str


class Editing:
    """The keypoints of a session's recording while a person corrects them.

    Parameters
    ----------
    session : Session
        The recording is shown.
    read : EditablePoses
        Its own poses.
    who : str
        Who edits.

    Attributes
    ----------
    range : tuple of int
        First and last step of the slider that swaps and interpolation are for.
    target : str
        Keypoint that a click places; ``""`` = the next that is missing.
    source : str
        The view that acts are for where nothing is selected.
    changed : Signal
        After each act; without arguments.
    told : Signal
        What a person should know of what was tried, in words.
    """

    changed = Signal()
    told = Signal(str)

    def __init__(self, session: Session, read: EditablePoses, *, who: str = "") -> None:
        opened = session.opened
        if opened is None:
            raise RuntimeError("no recording is shown")
        self.session, self.who = session, who
        self._opened = opened
        self._layer = session.points
        self.skeleton, self.corrections = read.skeleton, read.corrections
        self._closer, self._picking = Closer(session.viewer), Picking(session, self._layer)
        self.range: tuple[int, int] | None = None
        self.target = ""
        self.source = self._views[0].source or ""
        self._spots = [spot for view in opened.moving for spot in _spots(view)]
        self._features = self._layer.features.copy()
        self._size = self._usual_size = float(np.max(self._layer.size))
        self._dressed: tuple[bytes, ...] = ()
        self._layer.events.data.connect(self._on_data)
        session.moment_changed.connect(self._dress)
        #: Sources of poses whose trails are those of before.
        self._untraced: set[str | None] = set()
        self._show()
        self._untraced.clear()

    @property
    def _views(self) -> list[MovingPoses]:
        """Those that can be corrected; they change when views are arranged anew."""
        return [view for view in self._opened.moving if view.source is not None]

    @property
    def individuals(self) -> list[str]:
        """Names of all animals."""
        return list(dict.fromkeys(spot.individual for spot in self._spots))

    @property
    def keypoints(self) -> list[str]:
        """Names of all keypoints."""
        return list(dict.fromkeys(spot.keypoint for spot in self._spots))

    @property
    def step(self) -> int:
        """The step of the slider."""
        return self.session.step

    @property
    def individual(self) -> str:
        """The animal that is worked on."""
        return self.session.individual

    # -- acts on what is selected ---------------------------------------------------------------

    def selected(self) -> list[int]:
        """Numbers of the points that are selected and can be corrected."""
        there = {*self._layer.selected_data}
        return [n for n, spot in enumerate(self._spots) if n in there and spot.source is not None]

    def select(self, numbers: Sequence[int]) -> None:
        """Select points."""
        self._layer.selected_data = set(numbers)

    def select_next(self, by: int = 1) -> None:
        """Select the next of the animal's points that are seen; before the first comes the last."""
        mine = [
            number
            for number, spot in enumerate(self._spots)
            if spot.individual == self.individual
            and spot.source is not None
            and self._layer.shown[number]
        ]
        now = [number for number in self.selected() if number in mine]
        # With nothing selected, those of the view at work come first.
        first = [number for number in mine if self._spots[number].source == self.source] or mine
        if now:
            self.select([mine[(mine.index(now[0]) + by) % len(mine)]])
        elif first:
            self.select([first[0 if by > 0 else -1]])
        before = self.source
        if mine:
            self.source = self._spots[self.selected()[0]].source or ""
        if self.source != before:
            self._centre()

    def next_animal(self) -> None:
        """Work on the next animal; nothing is selected."""
        names = self.individuals
        here = names.index(self.individual) if self.individual in names else -1
        self.select([])
        self.session.look_at(names[(here + 1) % len(names)])
        self._centre()

    def nudge(self, dy: float, dx: float) -> None:
        """Move what is selected by some pixels."""
        numbers = self.selected()
        places = np.array(self._layer.data[numbers], dtype=np.float64)
        if numbers:
            places[:, -2:] += (dy, dx)
            self._move(numbers, places)

    def delete(self) -> None:
        """Take what is selected away."""
        self._of_points(self.selected(), DeletePoints)

    def hide(self) -> None:
        """Say that what is selected is not to be seen; if it is hidden, that it is."""
        numbers = self.selected()
        flags = self._flags("hidden")
        hidden = [number for number in numbers if flags[number]]
        self._of_points(hidden or numbers, ShowPoints if hidden else HidePoints)

    def accept(self) -> None:
        """Say that the animal is right at this moment."""
        for view in self._views_at_work():
            frame = view.frame(self.step)
            if frame >= 0:
                self._do(view, Accept(frame=frame, individuals=(self.individual,)))

    # -- acts on a range ------------------------------------------------------------------------

    def swap_sides(self) -> None:
        """Exchange left and right of the animal in the range.

        Raises
        ------
        DataError
            If the skeleton has no sides.
        """
        pairs = [p for p in self.skeleton.pairs if {*p} <= {*self.keypoints}]
        if not pairs:
            raise DataError(
                "the skeleton has no left and right keypoints",
                hint="give keypoints their roles in study.toml [skeletons]",
            )
        for view, first, last in self._ranges():
            edit = SwapSides(
                start=first, stop=last + 1, pairs=tuple(pairs), individuals=(self.individual,)
            )
            self._do(view, edit)

    def swap_identities(self, other: str) -> None:
        """Exchange the animal with another one in the range.

        Raises
        ------
        DataError
            If it is the same.
        """
        if other == self.individual:
            raise DataError("an animal cannot be swapped with itself", hint="choose another one")
        for view, first, last in self._ranges():
            both = (self.individual, other)
            self._do(view, SwapIdentities(start=first, stop=last + 1, individuals=both))

    def interpolate(self) -> None:
        """Draw straight lines between the ends of the range, for what is selected.

        With nothing selected, for all keypoints of the animal; without a range, at this moment,
        between the frames beside it.
        """
        chosen = [self._spots[number] for number in self.selected()]
        for view, first, last in self._ranges():
            start, stop = (first + 1, last) if self._in_range else (first, last + 1)
            spots = chosen or [s for s in _spots(view) if s.individual == self.individual]
            points = tuple((s.keypoint, s.individual) for s in spots if s.source == view.source)
            if points and stop > start:
                self._do(view, Interpolate(start=start, stop=stop, points=points))

    def fill_missing(self) -> None:
        """Put the animal's keypoints that are missing at this moment between their neighbours."""
        for view in self._views_at_work():
            frame, state = view.frame(self.step), self.corrections.states[view.source or ""]
            row = state.row(frame)
            if row is None:
                continue
            missing = tuple(
                (spot.keypoint, spot.individual)
                for spot, at in zip(_spots(view), _points(state.position[row]), strict=True)
                if spot.individual == self.individual and not np.isfinite(at).all()
            )
            if missing:
                self._do(view, Interpolate(start=frame, stop=frame + 1, points=missing))

    def mark_range(self, *, start: bool) -> None:
        """Let the range begin, or end, at this moment."""
        first, last = self.range or (self.step, self.step)
        here = self.step
        self.range = (here, max(here, last)) if start else (min(here, first), here)
        self.changed.emit()

    def clear_range(self) -> None:
        """Let acts be for this moment only."""
        self.range = None
        self.changed.emit()

    def range_words(self) -> str:
        """The range, for people."""
        if self.range is None:
            return "Swaps are for this moment only; [ and ] mark a range."
        first, last = self.range
        times = [self._opened.timeline.moment(step) for step in self.range]
        told = f"Range: frames {first}-{last}, {times[0]:.2f}-{times[1]:.2f} s"
        return told if self._in_range else f"{told}; this moment is outside of it, and by itself"

    @property
    def _in_range(self) -> bool:
        """Whether acts are for the range: only while it is looked at, so that none is forgotten."""
        return self.range is not None and self.range[0] <= self.step <= self.range[1]

    # -- undoing --------------------------------------------------------------------------------

    def undo(self) -> DoneEdit | None:
        """Take back the newest own act of this sitting."""
        return self._shown_after(self.corrections.undo(who=self.who))

    def redo(self) -> DoneEdit | None:
        """Do again what was undone last."""
        return self._shown_after(self.corrections.redo(who=self.who))

    def take_back(self, act: DoneEdit) -> None:
        """Take any act back."""
        self.corrections.take_back(act, who=self.who)
        self._shown_after(act)

    # -- the queue ------------------------------------------------------------------------------

    def doubts(self) -> pd.DataFrame:
        """The doubtful moments of all views, the worst first, with the steps of the slider.

        May take a second; touches neither layers nor acts, so that it can run beside them.
        """
        from mousegpt_core.pipeline.doubting import doubts_of_view
        from mousegpt_core.pose.doubts import COLUMNS

        done, found = list(self.corrections.done), []
        for view in self._views:
            name = view.source or ""
            if view.hidden:
                continue
            queue = doubts_of_view(self.corrections.as_read(name), self.skeleton, done, name)
            queue.insert(0, "view", name)
            for what in ("", "start_", "stop_"):
                queue[f"{what}step"] = [view.step(frame) for frame in queue[f"{what}frame"]]
            found.append(queue)
        if not found:
            return pd.DataFrame(columns=["view", "step", "start_step", "stop_step", *COLUMNS])
        table = pd.concat(found, ignore_index=True)
        return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)

    def go_to(self, doubt: Any) -> None:
        """Show a doubtful moment: its frame, animal, range, and points.

        Parameters
        ----------
        doubt : row of `doubts`
            Where.
        """
        self.session.go_to(
            self._opened.timeline.moment(int(doubt["step"])), individual=str(doubt["individual"])
        )
        first, last = int(doubt["start_step"]), int(doubt["stop_step"]) - 1
        self.range = (first, last) if last > first else None
        self.source = str(doubt["view"])
        names = str(doubt["keypoints"]).split(", ")
        self.select(
            [
                number
                for number, spot in enumerate(self._spots)
                if spot.source == self.source
                and spot.individual == doubt["individual"]
                and spot.keypoint in names
                and self._layer.shown[number]
            ]
        )
        self._centre()
        self.changed.emit()

    def look_closely(self) -> None:
        """Zoom in to what is selected, or the animal; from there, out again."""
        if self._closer.is_near:
            self._closer.end()
            self._resize(1.0)
        else:
            self._closer.begin()
            self._centre()

    def _centre(self) -> None:
        """Bring what is worked on to the middle, while it is looked at closely."""
        chosen = self.selected() or [
            number
            for number, spot in enumerate(self._spots)
            if spot.source == self.source and spot.individual == self.individual
        ]
        chosen = [number for number in chosen if self._layer.shown[number]]
        if self._closer.is_near and chosen:
            self._resize(self._closer.look(self._layer.data[chosen]))

    def _resize(self, share: float) -> None:
        self._size, self._dressed = self._usual_size * share, ()
        self._dress()

    def retrace(self) -> None:
        """Draw the trails of what was corrected since anew; not at each act, as it takes longer."""
        for view in (one for one in self._views if one.source in self._untraced):
            seen = self.corrections.unhidden(view.source or "")
            self.session.retrace(replace(view, position=seen[..., ::-1]))
        self._untraced.clear()

    def close(self) -> None:
        """Save what is left, and let go of the layer.

        Raises
        ------
        MouseGPTError
            If an act cannot be saved.
        """
        self.let_go()
        self.corrections.close()

    def let_go(self, *, shown: bool = True) -> None:
        """Let go of the layer; `corrections` are still to be closed.

        Parameters
        ----------
        shown : bool
            Whether it is to be shown as it was found, which a window that goes cannot.
        """
        self._picking.end()
        self._layer.events.data.disconnect(self._on_data)
        self.session.moment_changed.disconnect(self._dress, missing_ok=True)
        if shown and self.session.points is self._layer:
            self._undress()

    def poll(self) -> None:
        """Go on saving, and show what another window has done; raises as `Corrections.poll`."""
        before = self.corrections.done
        if self.corrections.poll():
            self._show()
        if self.corrections.done is not before:
            self.changed.emit()

    # -- what a person does in the picture --------------------------------------------------------

    def _on_data(self, event: Any) -> None:
        """A drag has ended, points were deleted, or one was added, by napari's own tools."""
        if self.session.placing:
            return
        if self.session.manners.are_late():
            self._restore()
            self.told.emit("the picture of this moment is still being read: try again in a moment")
            return
        action, data = str(event.action), np.asarray(self._layer.data, dtype=np.float64)
        if action.endswith("changed") and len(data) == len(self._spots):
            before = self._places()
            moved = np.flatnonzero(np.abs(data - before).max(axis=1) > MOVED).tolist()
            self._move(moved, data[moved])
        elif action.endswith("removed"):
            self._restore()
            self._of_points(list(event.data_indices), DeletePoints)
        elif action.endswith("added"):
            self._restore()
            self._place(data[-1])

    def _place(self, at: NDArray[np.float64]) -> None:
        """Place the keypoint that is to be placed."""
        view = next((v for v in self._views if not v.hidden and v.holds(at)), None)
        if view is None:
            return
        number = self._next_missing(view)
        if self.target:
            number = self._spots.index(Spot(view.source, self.target, self.individual))
        if number is None:
            self.told.emit(f"{self.individual} has all its keypoints: choose in Place which to put")
        else:
            self._move([number], at[None])

    def _next_missing(self, view: MovingPoses) -> int | None:
        for number, spot in enumerate(self._spots):
            mine = spot.source == view.source and spot.individual == self.individual
            if mine and not self._layer.shown[number]:
                return number
        return None

    def _restore(self) -> None:
        """Give the layer the points that napari's tools took away or added."""
        layer, self.session.placing = self._layer, True
        try:
            layer.selected_data = set()
            layer.data = self._places()
            layer.features = self._features
        finally:
            self.session.placing = False
        self._dressed = ()
        self.session.redraw()

    # -- the layer --------------------------------------------------------------------------------

    def _of_points(self, numbers: Sequence[int], kind: Callable[..., PoseEdit]) -> None:
        """An act on points of this moment: one of each view."""
        for view in self._views:
            spots = [self._spots[n] for n in numbers if self._spots[n].source == view.source]
            if spots:
                points = tuple((spot.keypoint, spot.individual) for spot in spots)
                self._do(view, kind(frame=view.frame(self.step), points=points))

    def _move(self, numbers: Sequence[int], places: NDArray[np.float64]) -> None:
        for view in self._views:
            mine = [(self._spots[n], at) for n, at in zip(numbers, places, strict=True)
                    if self._spots[n].source == view.source]  # fmt: skip
            frame = view.frame(self.step)
            if mine and frame >= 0:
                points = tuple((spot.keypoint, spot.individual) for spot, _ in mine)
                to = tuple(view.place(at) for _, at in mine)
                self._do(view, MovePoints(frame=frame, points=points, to=to))
        if any(self._spots[n].source is None for n in numbers):
            self.session.redraw()  # what is computed goes back to its place

    def _do(self, view: MovingPoses, edit: PoseEdit) -> None:
        self.source = view.source or ""  # the next act is for it, too
        self.corrections.do(self.source, edit, who=self.who)
        self._put(view, edit)
        self.changed.emit()

    def _shown_after(self, act: DoneEdit | None) -> DoneEdit | None:
        for view in self._views:
            if act is not None and view.source == act.view:
                # What came after may rest on it: an interpolation on its ends.
                self._put(view, None)
        if act is not None:
            self.changed.emit()
        return act

    def _put(self, view: MovingPoses, edit: PoseEdit | None) -> None:
        """Show the poses of a view as they are now, in the frames of an act or in all."""
        state = self.corrections.states[view.source or ""]
        rows = slice(None) if edit is None else state.rows(*edit.frames())
        view.put(rows, state.position[rows])
        self._untraced.add(view.source)
        self.session.redraw()

    def _show(self) -> None:
        for view in self._views:
            state = self.corrections.states[view.source or ""]
            view.put(slice(None), state.position)
            self._untraced.add(view.source)
        self.session.redraw()

    def _places(self) -> NDArray[np.float32]:
        return at_step(self._opened.moving, self.step).points

    def _flags(self, name: str) -> NDArray[np.bool_]:
        """Of each point of this moment, whether it is ``edited``, or ``hidden``."""
        parts = []
        for view in self._opened.moving:
            size = view.poses.sizes["keypoint"] * view.poses.sizes["individual"]
            state = None if view.source is None else self.corrections.states[view.source]
            row = None if state is None else state.row(view.frame(self.step))
            none = np.zeros(size, dtype=bool)
            parts.append(none if row is None else getattr(state, name)[row].ravel())
        return np.concatenate(parts)

    def _dress(self, _: float = 0.0) -> None:
        """Hidden points are small, those that a person placed have a ring."""
        edited, hidden = self._flags("edited"), self._flags("hidden")
        dress = (edited.tobytes(), hidden.tobytes())
        if len(self._layer.data) != len(self._spots):
            return
        self._layer.features["edited"] = edited
        if dress == self._dressed:
            return
        self._dressed = dress
        self._layer.size = np.where(hidden, _SMALL * self._size, self._size)
        self._layer.border_width = np.where(edited, _RING, 0.0)

    def _undress(self) -> None:
        """Leave the layer as it was found, with the poses that are now."""
        for view in self._views:
            view.put(slice(None), self.corrections.unhidden(view.source or ""))
        self._layer.size, self._layer.border_width = self._usual_size, 0.0
        self.session.redraw()

    def _views_at_work(self) -> list[MovingPoses]:
        """The views of what is selected, else the one that is worked on."""
        chosen = {self._spots[number].source for number in self.selected()} or {self.source}
        return [view for view in self._views if view.source in chosen]

    def _ranges(self) -> Iterator[tuple[MovingPoses, int, int]]:
        """Views at work, and first and last frame of the range in each."""
        whole = self.range if self._in_range else None
        first, last = whole or (self.step, self.step)
        for view in self._views_at_work():
            frames = np.array([view.frame(step) for step in (first, last)])
            if view.steps is not None:
                frames = view.steps[first : last + 1]
            frames = frames[frames >= 0]
            if len(frames):
                yield view, int(frames.min()), int(frames.max())


def _spots(view: MovingPoses) -> list[Spot]:
    """The points of a view, in the order of `MovingPoses.at`."""
    names = view.features()
    pairs = zip(names["keypoint"], names["individual"], strict=True)
    return [Spot(view.source, keypoint, individual) for keypoint, individual in pairs]


def _points(position: NDArray[np.float32]) -> NDArray[np.float32]:
    """Places of a frame, (keypoint, individual, space), in the order of `_spots`."""
    return position.reshape(-1, position.shape[-1])
