"""A person's corrections of poses: a list of acts that lies over the poses of a view.

An act is one row of a recording's log (`Log.add_edit`): ``target_kind`` ``"poses"``, ``target_id``
the view (``""`` = 3D, or the only view), ``field`` the kind of act, ``new`` its JSON. Acts are done
one after the other in the order in which they came, but for those that were taken back
(`Log.take_back`); to do one again is a new act. Frames are told by their number, keypoints and
individuals by name, so that acts outlive a new import; what is not there any more is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mousegpt_core.errors import DataError
from mousegpt_core.poses import with_values

#: ``target_kind`` of these edits.
POSES = "poses"
#: Confidence of a point that a person placed, and of one that a person says is not seen.
CERTAIN, HIDDEN = 1.0, 0.0
_DIMS = ("time", "keypoint", "individual")

Frame = Annotated[int, Field(ge=0)]
#: Keypoint and individual.
Point = tuple[str, str]
Place = Annotated[
    tuple[Annotated[float, Field(allow_inf_nan=False)], ...], Field(min_length=2, max_length=3)
]


@dataclass
class PoseState:
    """Poses as arrays that acts change in place.

    Attributes
    ----------
    position : array of shape (time, keypoint, individual, space)
        NaN where not seen.
    of_points : dict of str to array of shape (time, keypoint, individual)
        What else is known of each point: ``confidence``, maybe ``reprojection_error``.
    edited, hidden : array of shape (time, keypoint, individual)
        Which points a person has changed; which of these are not to be seen in the picture.
    frames : array of shape (time,)
        Numbers of the frames, rising.
    keypoints, individuals : dict of str to int
        Places of names.
    """

    position: NDArray[np.float32]
    of_points: dict[str, NDArray[Any]]
    edited: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    frames: NDArray[np.int64]
    keypoints: dict[str, int]
    individuals: dict[str, int]
    _all: list[NDArray[Any]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._all = [self.position, *self.of_points.values(), self.edited, self.hidden]

    @classmethod
    def of(cls, poses: xr.Dataset) -> Self:
        """A copy of what poses hold."""
        position = poses["position"].transpose(*_DIMS, "space").values.astype(np.float32)
        of_points = {
            str(name): array.transpose(*_DIMS).values.copy()
            for name, array in poses.data_vars.items()
            if set(array.dims) == set(_DIMS) and name not in ("edited", "hidden")
        }
        none = np.zeros(position.shape[:3], dtype=bool)
        return cls(
            position.copy(),
            of_points,
            none,
            none.copy(),
            np.asarray(poses["frame"].values, dtype=np.int64),
            {str(name): place for place, name in enumerate(poses["keypoint"].values)},
            {str(name): place for place, name in enumerate(poses["individual"].values)},
        )

    def row(self, frame: int) -> int | None:
        """The row of a frame, if it is there."""
        row = int(np.searchsorted(self.frames, frame))
        return row if row < len(self.frames) and self.frames[row] == frame else None

    def rows(self, start: int, stop: int) -> slice:
        """The rows of frames from `start` to before `stop`."""
        return slice(*(int(row) for row in np.searchsorted(self.frames, [start, stop])))

    def place(self, point: Point) -> tuple[int, int] | None:
        """The places of a keypoint and its individual, if both are there."""
        keypoint, individual = self.keypoints.get(point[0]), self.individuals.get(point[1])
        return None if keypoint is None or individual is None else (keypoint, individual)

    def put(self, at: tuple[Any, ...], position: Any) -> None:
        """Place points as a person does: sure, and seen."""
        self.position[at] = position
        for name, values in self.of_points.items():
            values[at] = CERTAIN if name == "confidence" else np.nan
        self.edited[at], self.hidden[at] = True, False

    def exchange(self, one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
        """Exchange all that is known of two sets of points."""
        for values in self._all:
            values[one], values[other] = values[other].copy(), values[one].copy()
        self.edited[one] = self.edited[other] = True


class PoseEdit(BaseModel):
    """An act of a person; see the kinds in `EDIT_KINDS`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: ClassVar[str]

    def apply(self, state: PoseState) -> None:
        """Change the poses; what is not there is passed over."""
        raise NotImplementedError

    def frames(self) -> tuple[int, int]:
        """From which frame to before which it changes something."""
        raise NotImplementedError

    def describe(self) -> str:
        """The act in words."""
        raise NotImplementedError

    def to_json(self) -> str:
        """As the log keeps it."""
        return self.model_dump_json(exclude_defaults=True)


class _OfFrame(PoseEdit):
    frame: Frame

    def frames(self) -> tuple[int, int]:
        return self.frame, self.frame + 1


class _OfPoints(_OfFrame):
    points: tuple[Point, ...]

    def _there(self, state: PoseState) -> list[tuple[int, tuple[int, int, int]]]:
        """Number and place of the points that are there."""
        row = state.row(self.frame)
        if row is None:
            return []
        found = ((number, state.place(point)) for number, point in enumerate(self.points))
        return [(number, (row, *place)) for number, place in found if place is not None]


class _OfRange(PoseEdit):
    start: Frame
    stop: Frame

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.stop <= self.start:
            raise ValueError("stop must be after start")
        return self

    def frames(self) -> tuple[int, int]:
        return self.start, self.stop

    def _span(self) -> str:
        last = self.stop - 1
        return f"frame {last}" if last == self.start else f"frames {self.start}-{last}"


class MovePoints(_OfPoints):
    """Place points of a frame: they are moved, or added where they were not seen.

    Attributes
    ----------
    frame : int
        Number of the frame.
    points : tuple of (str, str)
        Keypoints and their individuals.
    to : tuple of tuple of float
        Where each of them is, x, y[, z], in the unit of the poses.
    """

    kind: ClassVar[str] = "move"
    to: tuple[Place, ...]

    @model_validator(mode="after")
    def _check_places(self) -> Self:
        if len(self.to) != len(self.points):
            raise ValueError("as many places as points are needed")
        return self

    def apply(self, state: PoseState) -> None:
        """Place the points."""
        for number, at in self._there(state):
            if len(self.to[number]) == state.position.shape[-1]:
                state.put(at, self.to[number])

    def describe(self) -> str:
        """What was placed."""
        return f"{_named(self.points)} placed"


class HidePoints(_OfPoints):
    """Say that points of a frame are not to be seen in the picture; they keep their places."""

    kind: ClassVar[str] = "hide"

    def apply(self, state: PoseState) -> None:
        """Doubt the points."""
        for _, at in self._there(state):
            state.of_points["confidence"][at] = HIDDEN
            state.edited[at] = state.hidden[at] = True

    def describe(self) -> str:
        """What was hidden."""
        return f"{_named(self.points)} hidden"


class ShowPoints(_OfPoints):
    """Say that points of a frame are where they are, also those that were hidden."""

    kind: ClassVar[str] = "show"

    def apply(self, state: PoseState) -> None:
        """Believe the points."""
        for _, at in self._there(state):
            if np.isfinite(state.position[at]).all():
                state.put(at, state.position[at])

    def describe(self) -> str:
        """What is believed."""
        return f"{_named(self.points)} confirmed"


class DeletePoints(_OfPoints):
    """Take points of a frame away."""

    kind: ClassVar[str] = "delete"

    def apply(self, state: PoseState) -> None:
        """Take the points away."""
        for _, at in self._there(state):
            state.put(at, np.nan)
            state.of_points["confidence"][at] = np.nan

    def describe(self) -> str:
        """What was deleted."""
        return f"{_named(self.points)} deleted"


class SwapSides(_OfRange):
    """Exchange left and right in a range of frames.

    Attributes
    ----------
    start, stop : int
        From which frame to before which.
    pairs : tuple of (str, str)
        Left and right keypoints.
    individuals : tuple of str
        Of which animals.
    """

    kind: ClassVar[str] = "swap_sides"
    pairs: tuple[tuple[str, str], ...]
    individuals: tuple[str, ...]

    def apply(self, state: PoseState) -> None:
        """Exchange the sides."""
        rows = state.rows(self.start, self.stop)
        for individual in self.individuals:
            for pair in self.pairs:
                left, right = (state.place((name, individual)) for name in pair)
                if left is not None and right is not None:
                    state.exchange((rows, *left), (rows, *right))

    def describe(self) -> str:
        """Whose sides were exchanged."""
        return f"left and right of {', '.join(self.individuals)} swapped, {self._span()}"


class SwapIdentities(_OfRange):
    """Exchange two individuals in a range of frames.

    Attributes
    ----------
    start, stop : int
        From which frame to before which.
    individuals : (str, str)
        Which two.
    """

    kind: ClassVar[str] = "swap_identities"
    individuals: tuple[str, str]

    def apply(self, state: PoseState) -> None:
        """Exchange the two."""
        one, other = (state.individuals.get(name) for name in self.individuals)
        if one is not None and other is not None and one != other:
            rows = state.rows(self.start, self.stop)
            state.exchange((rows, slice(None), one), (rows, slice(None), other))

    def describe(self) -> str:
        """Who was exchanged."""
        return f"{' and '.join(self.individuals)} swapped, {self._span()}"


class Interpolate(_OfRange):
    """Put points on straight lines between the frames before and after a range.

    The ends are the nearest frames outside of the range in which a point is seen; one that is not
    seen on both sides stays as it is.

    Attributes
    ----------
    start, stop : int
        From which frame to before which the points are put in place.
    points : tuple of (str, str)
        Keypoints and their individuals.
    """

    kind: ClassVar[str] = "interpolate"
    points: tuple[Point, ...]

    def apply(self, state: PoseState) -> None:
        """Draw the lines."""
        rows = state.rows(self.start, self.stop)
        for point in self.points:
            place = state.place(point)
            if place is not None and rows.stop > rows.start:
                self._draw(state, rows, place)

    def _draw(self, state: PoseState, rows: slice, place: tuple[int, int]) -> None:
        known = np.isfinite(state.position[:, *place]).all(axis=-1) & ~state.hidden[:, *place]
        before, after = np.flatnonzero(known[: rows.start]), np.flatnonzero(known[rows.stop :])
        if not len(before) or not len(after):
            return
        ends = np.array([before[-1], rows.stop + after[0]])
        first, last = state.position[ends, *place]
        count = np.diff(state.frames[ends])
        share = (state.frames[rows] - state.frames[ends[0]]) / count
        state.put((rows, *place), first + share[:, None] * (last - first))

    def describe(self) -> str:
        """What was interpolated."""
        return f"{_named(self.points)} interpolated, {self._span()}"


class Accept(_OfFrame):
    """Say that a frame is right as it is; it is not doubted any more.

    Attributes
    ----------
    frame : int
        Number of the frame.
    individuals : tuple of str
        Whose poses were looked at.
    """

    kind: ClassVar[str] = "accept"
    individuals: tuple[str, ...]

    def apply(self, state: PoseState) -> None:
        """Change nothing."""

    def describe(self) -> str:
        """Whose poses are right."""
        return f"{', '.join(self.individuals)} accepted"


class Written(PoseEdit):
    """The acts up to one are in a file of poses: they are not done again on what is read from it.

    Attributes
    ----------
    file : str
        `files.fingerprint` of that file.
    last : str
        Id of the last act that is in it.
    """

    kind: ClassVar[str] = "written"
    file: str
    last: str

    def apply(self, state: PoseState) -> None:
        """Change nothing."""

    def frames(self) -> tuple[int, int]:
        """None."""
        return 0, 0

    def describe(self) -> str:
        """What was written."""
        return "written into the file"


#: Kinds of acts, by the field of their rows.
EDIT_KINDS: dict[str, type[PoseEdit]] = {
    each.kind: each
    for each in (
        MovePoints, HidePoints, ShowPoints, DeletePoints, SwapSides, SwapIdentities, Interpolate,
        Accept, Written,
    )
}  # fmt: skip


@dataclass(frozen=True)
class DoneEdit:
    """An act in the log.

    Attributes
    ----------
    id : str
        Its ``edit_id``.
    view : str
        The view whose poses it changes.
    edit : PoseEdit
        What was done.
    who, when : str
        By whom, and when (UTC).
    """

    id: str
    view: str
    edit: PoseEdit
    who: str
    when: str


def read_pose_edits(edits: pd.DataFrame) -> list[DoneEdit]:
    """The acts of a log in the order in which they came.

    Parameters
    ----------
    edits : DataFrame
        Table `clips.EDITS`, oldest first, without those that were taken back (as `Log.edits` gives
        it of one kind); of other kinds none counts.

    Raises
    ------
    DataError
        If one cannot be understood.
    """
    return [
        DoneEdit(
            str(row["edit_id"]), str(row["target_id"]), _parse(row), str(row["who"]),
            str(row["when"]),
        )
        for row in edits[edits["target_kind"] == POSES].to_dict("records")
    ]  # fmt: skip


def not_in_files(done: Sequence[DoneEdit], read_from: Mapping[str, str]) -> list[DoneEdit]:
    """Acts but for those that the files of poses hold already.

    Parameters
    ----------
    done : sequence of DoneEdit
        All acts on a recording's poses.
    read_from : dict of str to str
        Fingerprint of the file that the poses of each view were read from.
    """
    inside: set[str] = set()
    for place, mark in enumerate(done):
        if isinstance(mark.edit, Written) and read_from.get(mark.view) == mark.edit.file:
            ids = [one.id for one in done[:place] if one.view == mark.view]
            # One that was taken back since is not among them: then all before the file count.
            last = ids.index(mark.edit.last) + 1 if mark.edit.last in ids else len(ids)
            inside.update(ids[:last])
    return [
        one
        for one in done
        if one.edit.kind != Written.kind and (one.id not in inside or one.edit.kind == Accept.kind)
    ]


def effective(done: Sequence[DoneEdit], view: str) -> list[DoneEdit]:
    """The acts that change the poses of a view."""
    return [one for one in done if one.view == view and one.edit.kind != Accept.kind]


def accepted_frames(done: Sequence[DoneEdit], view: str) -> dict[str, set[int]]:
    """Frames of a view that were accepted, by individual."""
    found: dict[str, set[int]] = {}
    for one in done:
        if isinstance(one.edit, Accept) and one.view == view:
            for individual in one.edit.individuals:
                found.setdefault(individual, set()).add(one.edit.frame)
    return found


def edited_poses(poses: xr.Dataset, edits: Sequence[PoseEdit]) -> xr.Dataset:
    """Poses as they are after a person's acts.

    Parameters
    ----------
    poses : Dataset
        As `mousegpt_core.poses` defines it; left as it is.
    edits : sequence of PoseEdit
        In the order in which they are done.

    Returns
    -------
    Dataset
        With ``edited`` and ``hidden`` (time, keypoint, individual), bool. Points that a person
        placed have confidence 1, hidden ones 0.
    """
    state = PoseState.of(poses)
    for edit in edits:
        edit.apply(state)
    return poses_of_state(state, poses)


def poses_of_state(state: PoseState, poses: xr.Dataset) -> xr.Dataset:
    """A state as a Dataset; `poses` are those that it was made of."""
    changed = poses.copy()
    changed["position"] = with_values(poses["position"], (*_DIMS, "space"), state.position)
    for name, values in state.of_points.items():
        changed[name] = with_values(poses[name], _DIMS, values)
    changed["edited"] = (_DIMS, state.edited)
    changed["hidden"] = (_DIMS, state.hidden)
    return changed


def without_hidden(poses: xr.Dataset) -> xr.Dataset:
    """Edited poses as all that is computed sees them: what is hidden is not there."""
    seen = poses["position"].where(~poses["hidden"]).transpose(*poses["position"].dims)
    return poses.assign(position=seen.assign_attrs(poses["position"].attrs)).drop_vars(
        ["edited", "hidden"]
    )


def _parse(row: dict[Any, Any]) -> PoseEdit:
    kind = EDIT_KINDS.get(str(row["field"]))
    place = f"edit {row['edit_id']}"
    if kind is None:
        raise DataError(
            f"an edit of poses of an unknown kind {row['field']!r}",
            place=place,
            expected=", ".join(EDIT_KINDS),
            hint="update mousegpt: it was made by a newer version",
        )
    try:
        return kind.model_validate_json(str(row["new"]))
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(
            f"an edit of poses that cannot be understood: {first['msg']}",
            place=f"{place}, {'.'.join(map(str, first['loc']))}",
            hint="take it back: `mousegpt` cannot use it, and has not changed it",
        ) from error


def _named(points: Sequence[Point]) -> str:
    """One to three points by name, more by their number, and whose they are."""
    names = list(dict.fromkeys(keypoint for keypoint, _ in points))
    told = ", ".join(names) if len(names) <= 3 else f"{len(points)} points"
    return f"{told} of {', '.join(dict.fromkeys(individual for _, individual in points))}"
