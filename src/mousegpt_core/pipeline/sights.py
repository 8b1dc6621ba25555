"""Where the animals of a recording are in each view: keypoints in pixels, cameras, scale."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.geometry import CameraRig, read_calibration
from mousegpt_core.pipeline.correcting import corrected
from mousegpt_core.pipeline.recording_stages import (
    pose_sources,
    pose_stage,
    primary_pose,
    recording_skeleton,
)
from mousegpt_core.study import Recording, Study

Floats = NDArray[np.float64]

#: Cameras that look down steeper than this (degrees), or are called so, are no side views.
_STEEP = 60.0
_OVERHEAD_NAMES = ("top", "overhead", "above", "ceiling", "bottom", "below", "under")


@dataclass
class Sights:
    """Poses of a recording as its views show them; all that is not there is None.

    Attributes
    ----------
    study : Study
        The study.
    recording : Recording
        The recording.
    edits : bool
        Whether poses are as a person corrected them, rather than as they were read.
    """

    study: Study
    recording: Recording
    edits: bool = True
    _poses: dict[str, xr.Dataset | None] = field(default_factory=dict)

    @cached_property
    def primary(self) -> xr.Dataset | None:
        """The poses that kinematics are made of."""
        if not pose_sources(self.recording):
            return None
        return self.poses(primary_pose(self.recording).view)

    @cached_property
    def kinematics(self) -> xr.Dataset | None:
        """Kinematics, where they have been computed."""
        store = self.recording.store
        return None if store.entry("kinematics") is None else store.read_dataset("kinematics")

    @cached_property
    def rig(self) -> CameraRig | None:
        """The calibrated cameras."""
        files = {view.calibration for view in self.recording.info.views if view.calibration}
        return read_calibration(self.recording.resolve(min(files))) if files else None

    @cached_property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Lines of the skeleton, by the places of keypoints."""
        if self.primary is None:
            return ()
        names = [str(each) for each in self.primary["keypoint"].values]
        joined = recording_skeleton(self.study, self.recording).edges
        return tuple((names.index(a), names.index(b)) for a, b in joined if {a, b} <= set(names))

    def poses(self, view: str) -> xr.Dataset | None:
        """Poses of a view; of ``""`` those in 3D."""
        if view not in self._poses:
            self._poses[view] = None
            for source in pose_sources(self.recording):
                stage = pose_stage(source)
                if source.view == view and self.recording.store.entry(stage) is not None:
                    read = self.recording.store.read_dataset(stage)
                    self._poses[view] = (
                        corrected(self.recording, view, read) if self.edits else read
                    )
        return self._poses[view]

    def keypoints(
        self, view: str, individual: str, moments: Sequence[float], numbers: Sequence[int]
    ) -> Floats | None:
        """Keypoints in the pictures of a view.

        Parameters
        ----------
        view : str
            The view.
        individual : str
            The animal; ``""`` = all, one after the other.
        moments : sequence of float
            Seconds on the recording's clock.
        numbers : sequence of int
            Frames of the view at these moments.

        Returns
        -------
        array of shape (moment, keypoint, 2) or None
            Pixels; NaN = not seen or not believed.
        """
        own = self.poses(view)
        if own is not None:
            rows = _exact(own["frame"].values, numbers)
            return self._believed(own, rows, individual, moments)
        space = self.poses("")
        if space is None or space.sizes["space"] != 3 or self.rig is None:
            return None
        if view not in self.rig.names:
            return None
        points = self._believed(space, _nearest(space["time"].values, moments), individual, moments)
        camera = self.rig[view]
        seen = np.asarray(camera.sees(points))[..., None]
        return np.where(seen, camera.project(points), np.nan)

    def path(self, view: str, individual: str, moment: float, number: int, seconds: float) -> Any:
        """The animal's middle in a view over the seconds before a moment, (n, 2), or None."""
        main = self.primary
        if main is None:
            return None
        times = main["time"].values
        chosen = times[(times > moment - seconds) & (times <= moment + 1e-6)]
        chosen = chosen[:: max(1, len(chosen) // 30)]
        own = self.poses(view)
        fps = float((main if own is None else own).attrs["fps"])
        numbers = [number - round((moment - each) * fps) for each in chosen]
        points = self.keypoints(view, individual, [*chosen, moment], [*numbers, number])
        return None if points is None else _middle(points)

    def place(self, individual: str, moments: Sequence[float]) -> Floats | None:
        """The animal's middle in space (3,), in the units of the cameras."""
        space = self.poses("")
        if space is None or space.sizes["space"] != 3:
            return None
        rows = _nearest(space["time"].values, moments)
        points = self._believed(space, rows, individual, moments).reshape(-1, 3)
        return _middle(points[None])[0] if np.isfinite(points).any() else None

    def px_per_cm(self, view: str, place: Floats | None) -> float:
        """Pixels in a centimetre at a place; nan = not known."""
        if self.kinematics is None or not pose_sources(self.recording):
            return float("nan")
        scene = json.loads(self.kinematics.attrs["scene"])
        if scene["scale_source"] == "assumed":
            return float("nan")
        if primary_pose(self.recording).view == view and scene["space_dims"] == 2:
            return 1.0 / float(scene["cm_per_unit"])
        if self.rig is None or view not in self.rig.names or place is None:
            return float("nan")
        camera = self.rig[view]
        depth = float(camera.depth(place))
        return float(camera.matrix[0, 0]) / depth / float(scene["cm_per_unit"])

    def is_overhead(self, view: str, place: Floats | None) -> bool:
        """Whether a camera looks down on the animal (or up), by its name or its place."""
        if any(word in view.casefold() for word in _OVERHEAD_NAMES):
            return True
        if self.rig is None or view not in self.rig.names or self.kinematics is None:
            return False
        scene = json.loads(self.kinematics.attrs["scene"])
        if scene["space_dims"] != 3 or place is None:
            return False
        up = np.asarray(scene["rotation"], dtype=np.float64).reshape(3, 3)[2]
        sight = self.rig[view].centre - place
        rise = abs(float(sight @ up)) / max(float(np.linalg.norm(sight)), 1e-9)
        return bool(rise > np.sin(np.radians(_STEEP)))

    def best_pair(
        self, views: Sequence[str], place: Floats | None, hidden: Iterable[str]
    ) -> tuple[str, str] | None:
        """The two calibrated views whose lines of sight are nearest to perpendicular.

        Parameters
        ----------
        views : sequence of str
            To choose from.
        place : array of shape (3,) or None
            Where they look at; by default where their axes come nearest to each other.
        hidden : iterable of str
            Views that do not show the whole animal: taken only where there is no other pair.
        """
        if self.rig is None:
            return None
        known = [view for view in views if view in self.rig.names]
        if len(known) < 2:
            return None
        cameras = {view: self.rig[view] for view in known}
        centre = place if place is not None else _meeting_point(list(cameras.values()))
        sights = {view: camera.centre - centre for view, camera in cameras.items()}
        bad = set(hidden)

        def rank(pair: tuple[str, str]) -> tuple[int, float]:
            a, b = (sights[view] for view in pair)
            size = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
            return len(bad & set(pair)), round(abs(float(a @ b)) / max(size, 1e-9), 2)

        return min(combinations(known, 2), key=rank)

    def _believed(
        self, poses: xr.Dataset, rows: NDArray[np.intp], individual: str, moments: Sequence[float]
    ) -> Floats:
        """Positions (moment, keypoint, space) of rows; NaN where the row is -1."""
        position = poses["position"].isel(time=np.maximum(rows, 0))
        measured = self._measured(poses, moments)
        parts = []
        for name in [individual] if individual else [str(n) for n in poses["individual"].values]:
            points = position.sel(individual=name).transpose("time", "keypoint", "space").values
            points = np.where((rows >= 0)[:, None, None], points, np.nan).astype(np.float64)
            if measured is not None:
                trusted = measured.sel(individual=name).transpose("time", "keypoint").values
                points = np.where(trusted[..., None], points, np.nan)
            parts.append(points)
        return np.concatenate(parts, axis=1)

    def _measured(self, poses: xr.Dataset, moments: Sequence[float]) -> xr.DataArray | None:
        """Which keypoints of the primary poses kinematics believed."""
        if poses is not self.primary or self.kinematics is None:
            return None
        rows = np.maximum(_nearest(self.kinematics["time"].values, moments), 0)
        found = self.kinematics["measured"].isel(time=rows)
        return found.reindex(keypoint=poses["keypoint"].values, fill_value=False)


def _exact(frames: NDArray[Any], numbers: Sequence[int]) -> NDArray[np.intp]:
    """Rows of frames by their numbers; -1 = not there."""
    rows = np.searchsorted(frames, numbers).clip(0, len(frames) - 1)
    return np.where(frames[rows] == np.asarray(numbers), rows, -1)


def _nearest(times: Floats, moments: Sequence[float]) -> NDArray[np.intp]:
    """Rows nearest to moments; -1 where that is more than one and a half frames away."""
    wanted = np.asarray(moments, dtype=np.float64)
    after = np.searchsorted(times, wanted).clip(0, len(times) - 1)
    before = (after - 1).clip(0)
    rows = np.where(wanted - times[before] <= times[after] - wanted, before, after)
    period = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    return np.where(np.abs(times[rows] - wanted) <= 1.5 * period, rows, -1)


def _middle(points: Floats) -> Floats:
    """Mean of the keypoints that are seen, (n, space); NaN where none is."""
    seen = np.asarray(np.isfinite(points).all(axis=-1))
    count = seen.sum(axis=1)
    total = np.where(seen[..., None], points, 0.0).sum(axis=1)
    return np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], np.nan)


def _meeting_point(cameras: Sequence[Any]) -> Floats:
    """The point nearest to all optical axes (least squares)."""
    total, right = np.zeros((3, 3)), np.zeros(3)
    for camera in cameras:
        across = np.eye(3) - np.outer(camera.rotation[2], camera.rotation[2])
        total += across
        right += across @ camera.centre
    return np.asarray(np.linalg.lstsq(total, right, rcond=None)[0])
