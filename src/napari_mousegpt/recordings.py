"""A recording of a study as layers: its films in step, keypoints, skeleton, trails, arena."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import DataError, MouseGPTError, ReplacedError
from napari_mousegpt.arranging import ShownView, side_by_side
from napari_mousegpt.boxes import outline_boxes
from napari_mousegpt.grounds import line_width, zones_layer
from napari_mousegpt.late_pictures import LatePictures
from napari_mousegpt.layers import (
    LayerTuple,
    at_steps,
    beside,
    film_layer,
    ground,
    masks_layer,
    outline_layer,
    picture_layer,
    tracks_layer,
)
from napari_mousegpt.leaving_out import LeftOut, Value
from napari_mousegpt.moving import MovingPoses
from napari_mousegpt.timeline import InStep, Timeline

if TYPE_CHECKING:
    import xarray as xr

    from mousegpt_core.kinematics.arena import Arena
    from mousegpt_core.pipeline.filmed import FilmedView
    from mousegpt_core.study import PoseFile, Recording, Study, View

#: In larger pictures than this, points are drawn larger.
_USUAL_PX = 640
#: How long the poses of a recording are waited for that somebody else is reading (s).
_PATIENCE_S = 10.0
#: Kinds of layers from the bottom up.
_HEIGHT = ("image", "labels", "shapes", "tracks", "vectors", "points")


@dataclass(frozen=True)
class OpenedRecording:
    """A recording that is shown.

    Attributes
    ----------
    still : list of layer tuples
        Films, outlines, trails: layers that know all their frames.
    moving : list of MovingPoses
        Keypoints with their skeletons.
    timeline : Timeline
        The moments of the slider's steps.
    in_space : bool
        Whether it is shown in 3D.
    stack : ExitStack
        Closes the films.
    views : list of ShownView
        Those that are filmed, the main one first where it can be read.
    left_out : LeftOut
        What could not be read.
    as_read : dict of str to Dataset
        Poses of the views (``""`` = the only one) that have a file of their own, before anybody
        corrected them.
    """

    still: list[LayerTuple]
    moving: list[MovingPoses]
    timeline: Timeline
    in_space: bool
    stack: ExitStack
    views: list[ShownView] = field(default_factory=list)
    left_out: LeftOut = field(default_factory=LeftOut)
    as_read: dict[str, xr.Dataset] = field(default_factory=dict)

    def whole(self) -> list[LayerTuple]:
        """All as layers that need nobody to move them on; pictures below, points on top."""
        layers = [*self.still, *(layer for poses in self.moving for layer in poses.whole())]
        return sorted(layers, key=lambda layer: _HEIGHT.index(layer[2]))


def open_recording(
    study: Study, recording: Recording, *, in_space: bool = False
) -> OpenedRecording:
    """What there is to see of a recording; what cannot be read is left out.

    Parameters
    ----------
    study, recording : Study, Recording
        Which.
    in_space : bool
        The animals in 3D rather than the films, where there are both.

    Raises
    ------
    DataError
        If there is neither a film nor poses.
    MouseGPTError
        If none of them can be read.
    """
    part = _Readable(study, recording)
    opened = None if in_space else _open_films(part)
    if opened is not None:
        return opened
    if recording.store.entry("kinematics") is not None and part.read(lambda: _is_3d(recording)):
        return _open_space(part)
    if in_space:
        raise DataError(
            f"recording {recording.id} has no 3D to show yet",
            file=recording.folder,
            hint="3D needs poses with x, y and z that have been analysed: Go on, in Home",
        )
    return _open_poses(part)


# -- films ------------------------------------------------------------------------------------


def _open_films(part: _Readable) -> OpenedRecording | None:
    """The films with what is drawn over them; None where none can be shown."""
    stack = ExitStack()
    try:
        opened = _films(part, stack)
        if not opened:
            stack.close()
            return None
        return _beside_each_other(part, opened, stack)
    except BaseException:
        stack.close()
        raise


def _films(part: _Readable, stack: ExitStack) -> list[FilmedView]:
    from mousegpt_core.pipeline.filmed import open_view, views_with_films

    recording = part.recording
    views = views_with_films(recording.info)
    opened = [part.read(partial(open_view, recording, view, stack)) for view in views]
    return [view for view in opened if view is not None]


def _beside_each_other(
    part: _Readable, opened: list[FilmedView], stack: ExitStack
) -> OpenedRecording:
    from mousegpt_core.pipeline.filmed import views_with_films
    from mousegpt_core.video import frames_at

    recording = part.recording
    main = views_with_films(recording.info)[0]
    timeline = _timeline(part, main, opened[0])
    still: list[LayerTuple] = []
    moving: list[MovingPoses] = []
    shown: list[ShownView] = []
    places = side_by_side([(view.film.shape[1], view.film.shape[2]) for view in opened])
    for view, place in zip(opened, places, strict=True):
        is_main = view.view == main
        steps = None if is_main else frames_at(timeline.times, view.times, period=view.period)
        poses = part.read(partial(_poses_of_view, part, view, timeline, steps))
        layers = _pictures(part, view, steps)
        if poses is not None:
            layers += _trails(poses, steps, name=f"{view.view.name} trails")
            form = _format(recording, view.view.name)
            size = max(1.0, max(opened[0].film.shape[1:3]) / _USUAL_PX)
            own = _has_poses(recording, view.view.name)
            height, width = view.film.shape[1:3]
            moving.append(
                MovingPoses(
                    f"{view.view.name} ", poses, steps, _edges(part.sights), place, form, size,
                    source=view.view.name if own else None, picture=(height, width),
                    boxes=part.read(partial(_boxes, recording, view)),
                )
            )  # fmt: skip
        still += beside(_of_view(layers, view.view.name), place)
        shown.append(replace(_shown_view(recording, view, place), is_main=is_main))
    for pictures, _, _ in still:
        if isinstance(pictures, LatePictures):
            stack.callback(pictures.stop)
    still.sort(key=lambda layer: _HEIGHT.index(layer[2]))
    return OpenedRecording(
        still, moving, timeline, False, stack, shown, part.left_out, part.as_read
    )


def _timeline(part: _Readable, main: View, first: FilmedView) -> Timeline:
    """The main view's times; without its film by its poses, else, which is told, the first's."""
    from mousegpt_core.pipeline.recording_stages import pose_sources

    if first.view == main:
        return Timeline(first.times)
    for source in pose_sources(part.recording):
        if part.recording.info.clock_view(source.view) == main:
            poses = part.read(partial(_read_poses, part, source))
            if poses is not None:
                return Timeline.of_poses(poses)
    part.left_out.errors.append(
        DataError(
            f"the times of {main.name}, the main view, are not known without its film",
            hint=f"until its film can be read, the slider has the frames of {first.view.name}",
        )
    )
    return Timeline(first.times)


def _shown_view(recording: Recording, view: FilmedView, place: tuple[float, float]) -> ShownView:
    from mousegpt_core.pipeline.recording_stages import pose_sources

    name = view.view.name
    own = any(source.view == name for source in pose_sources(recording))
    return ShownView(
        name, view.film, view.times, view.period, view.view.offset_s, place, own_poses=own
    )


def _of_view(layers: list[LayerTuple], view: str) -> list[LayerTuple]:
    """Layers that say which view they are of."""
    roles = {"image": "film", "tracks": "trails"}
    for _, options, kind in layers:
        about = {"view": view, "role": roles.get(kind, "")}
        options["metadata"] = {**about, **options.get("metadata", {})}
    return layers


def _trails(poses: xr.Dataset, steps: NDArray[np.intp] | None, *, name: str) -> list[LayerTuple]:
    trails = tracks_layer(poses if steps is None else at_steps(poses, steps), name=name)
    return [] if trails is None else [trails]


def _pictures(
    part: _Readable, view: FilmedView, steps: NDArray[np.intp] | None
) -> list[LayerTuple]:
    """Film, masks and wall of one view; steps None = it is the one that the slider counts."""
    recording, name = part.recording, view.view.name
    if steps is None:
        film = film_layer(view.film, name=name)
    else:
        about = {"fps": view.film.fps, "remarks": view.film.remarks}
        pictures = LatePictures(InStep(view.film, steps))
        film = picture_layer(pictures, name=name, metadata=about)
    zones = [zone for zone in recording.info.zones if zone.view == name]
    drawn = [zones_layer(zones, view=name, line=line_width(view.film.shape))] if zones else []
    masks = part.read(lambda: _masks(recording, view, steps)) or []
    return [film, *masks, *part.outline(name), *drawn]


def _poses_of_view(
    part: _Readable, view: FilmedView, timeline: Timeline, steps: NDArray[np.intp] | None
) -> xr.Dataset | None:
    """Keypoints in the pictures of a view: its own, or those in space as its camera sees them."""
    from mousegpt_core.pipeline.recording_stages import pose_sources
    from mousegpt_core.poses import make_poses

    name, sights = view.view.name, part.sights
    for source in pose_sources(part.recording):
        if source.view == name:
            return _read_poses(part, source)
    primary = sights.primary
    if primary is None or sights.poses("") is None:
        return None
    numbers = np.arange(len(timeline)) if steps is None else steps
    shown = np.flatnonzero(numbers >= 0)
    moments = timeline.times[shown].tolist()
    points = sights.keypoints(name, "", moments, numbers[shown].tolist())
    if points is None:
        return None
    animals = [str(each) for each in primary["individual"].values]
    names = [str(each) for each in primary["keypoint"].values]
    by_animal = points.reshape(len(shown), len(animals), len(names), 2).transpose(0, 3, 2, 1)
    return make_poses(
        by_animal, keypoints=names, individuals=animals, fps=view.film.fps,
        times=timeline.times[shown], frames=numbers[shown],
    )  # fmt: skip


def _boxes(recording: Recording, view: FilmedView) -> NDArray[np.float32] | None:
    """Those of the animals' outlines, where they were found by them."""
    stage = f"silhouettes/{view.view.name}"
    if recording.store.entry(stage) is None:
        return None
    return outline_boxes(recording.store.read_dataset(stage), len(view.times))


def _masks(
    recording: Recording, view: FilmedView, steps: NDArray[np.intp] | None
) -> list[LayerTuple]:
    """The animals' outlines that were found in the film."""
    stage = f"silhouettes/{view.view.name}"
    if recording.store.entry(stage) is None:
        return []
    found = recording.store.read_dataset(stage)
    # Between the frames that were looked at, the last one's outline stays.
    numbers = np.arange(len(view.times))
    rows = np.searchsorted(found["frame"].values, numbers, side="right") - 1
    data = InStep(Replaceable(found["mask"].data), rows)
    data = data if steps is None else InStep(data, steps)
    name = f"{view.view.name} animals"
    return [masks_layer(data, found["y"].values, found["x"].values, name=name)]


class Replaceable:
    """Masks on the disk: black once a run has made them anew, at whose end they are shown."""

    def __init__(self, masks: Any) -> None:
        self._masks = masks
        self.shape, self.dtype = masks.shape, masks.dtype

    def __getitem__(self, frame: int) -> NDArray[Any]:
        try:
            return np.asarray(self._masks[frame])
        except ReplacedError:
            return np.zeros(self.shape[1:], dtype=self.dtype)


def _outline(sights: Any, view: str) -> list[LayerTuple]:
    """The arena's wall in the pictures of the view that it was measured in."""
    arena = _arena(sights)
    if arena is None or sights.primary is None or sights.primary.sizes["space"] != 2:
        return []
    from mousegpt_core.pipeline.recording_stages import primary_pose

    if primary_pose(sights.recording).view != view:
        return []
    scale = json.loads(sights.kinematics.attrs["scene"])["cm_per_unit"]
    name = f"{view} arena, guessed" if arena.fitted else f"{view} arena"
    return [outline_layer(_wall(arena) / scale, name=name, faint=arena.fitted)]


# -- without films ----------------------------------------------------------------------------


def _open_space(part: _Readable) -> OpenedRecording:
    """The animals in 3D: z up, on their floor, in centimetres."""
    sights = part.sights
    kinematics = sights.kinematics
    if kinematics is None:
        id = part.recording.id
        raise DataError(f"recording {id} has not been analysed", hint="Go on, in Home")
    rows = np.arange(kinematics.sizes["time"])
    seen = kinematics[["position"]].assign_coords(frame=("time", rows))
    seen = seen.assign(confidence=kinematics["measured"].astype(np.float32))
    seen.attrs = {"fps": json.loads(kinematics.attrs["scene"])["fps"]}
    arena = _arena(sights)
    wall = _wall(arena) if arena is not None else ground(seen)[:, :2]
    floor = np.column_stack([wall, np.zeros(len(wall))])
    trails = tracks_layer(seen)
    still = [outline_layer(floor, name="floor", fill=True)]
    still += [trails] if trails is not None else []
    moving = [MovingPoses("", seen, edges=_edges(sights))]
    timeline = Timeline(kinematics["time"].values)
    return OpenedRecording(still, moving, timeline, True, ExitStack(), left_out=part.left_out)


def _open_poses(part: _Readable) -> OpenedRecording:
    """Poses without a picture."""
    from mousegpt_core.pipeline.recording_stages import primary_pose

    recording, left_out = part.recording, part.left_out
    primary = part.read(lambda: primary_pose(recording))
    poses = None if primary is None else part.read(lambda: _read_poses(part, primary))
    if primary is None or poses is None:
        # Without anything to show, what was left out is what is wrong.
        raise next(
            iter(left_out.errors),
            DataError(f"recording {recording.id} has nothing to show", file=recording.toml_path),
        )
    trails = tracks_layer(poses)
    source = primary.view
    zones = [zone for zone in recording.info.zones if zone.view in ("", source)]
    drawn = [zones_layer(zones, view=source)] if zones and poses.sizes["space"] == 2 else []
    still = [*part.outline(source), *drawn, *([trails] if trails is not None else [])]
    form = _format(recording, source)
    moving = [MovingPoses("", poses, edges=_edges(part.sights), format=form, source=source)]
    in_space, timeline = poses.sizes["space"] == 3, Timeline.of_poses(poses)
    return OpenedRecording(
        still, moving, timeline, in_space, ExitStack(), left_out=left_out, as_read=part.as_read
    )


# -- what all share ---------------------------------------------------------------------------


class _Readable:
    """A recording of which parts may be damaged."""

    def __init__(self, study: Study, recording: Recording) -> None:
        from mousegpt_core.pipeline.correcting import pose_edits
        from mousegpt_core.pipeline.sights import Sights

        self.study, self.recording = study, recording
        self.left_out = LeftOut()
        self.as_read: dict[str, xr.Dataset] = {}
        self._waits_until = time.monotonic() + _PATIENCE_S
        # Poses are shown as they were read where the log cannot be.
        self.edits = self.read(lambda: pose_edits(recording)) is not None
        self.sights = Sights(study, recording, edits=self.edits)

    @property
    def patience_s(self) -> float:
        """How long to wait yet for what somebody else makes, all of it together (s)."""
        return max(0.0, self._waits_until - time.monotonic())

    def read(self, part: Callable[[], Value]) -> Value | None:
        """A part; None, which will be told, where it cannot be read."""
        return self.left_out.unless(part, None)

    def outline(self, view: str) -> list[LayerTuple]:
        """The arena's wall."""
        return self.read(lambda: _outline(self.sights, view)) or []


def _read_poses(part: _Readable, source: PoseFile) -> xr.Dataset | None:
    """Poses as a person corrected them; read into the study where that has not been done.

    None of a film alone that has not been looked at: its animals are found when the study is run.
    """
    from mousegpt_core.pipeline import Work
    from mousegpt_core.pipeline.correcting import corrected
    from mousegpt_core.pipeline.recording_stages import import_poses, pose_stage
    from mousegpt_core.pipeline.tracking import FROM_FILM

    recording = part.recording
    if recording.store.entry(pose_stage(source)) is None:
        if source.format == FROM_FILM:
            return None
        # Who opened it before, or a job, may still be reading them.
        work = Work(part.study, patience_s=part.patience_s)
        import_poses(work, recording, source)
    read = recording.store.read_dataset(pose_stage(source)).load()
    part.as_read[source.view] = read
    return corrected(recording, source.view, read, marked=True) if part.edits else read


def _has_poses(recording: Recording, view: str) -> bool:
    """Whether a view has poses of its own, rather than those in space as its camera sees them."""
    from mousegpt_core.pipeline.recording_stages import pose_sources

    return any(source.view == view for source in pose_sources(recording))


def _format(recording: Recording, view: str) -> str:
    """The format of the file that the poses of a view came from."""
    from mousegpt_core.io import recognise_format
    from mousegpt_core.study import resolve_path

    for source in recording.info.poses:
        if source.view == view:
            file = resolve_path(source.path, recording.study_folder)
            if source.format or not file.exists():
                return source.format
            with suppress(MouseGPTError):  # its poses were read before it was damaged
                return recognise_format(file)
    return ""


def _edges(sights: Any) -> list[tuple[str, str]]:
    try:
        if sights.primary is None:
            return []
        names = [str(each) for each in sights.primary["keypoint"].values]
        return [(names[a], names[b]) for a, b in sights.edges]
    except MouseGPTError:  # a skeleton that does not fit is told where it is used for more
        return []


def _arena(sights: Any) -> Arena | None:
    """What is known, or was guessed, of the arena."""
    from mousegpt_core.kinematics.scene import Scene

    if sights.kinematics is None:
        return None
    return Scene.from_dict(json.loads(sights.kinematics.attrs["scene"])).arena


def _wall(arena: Arena) -> NDArray[np.float64]:
    """The wall as a closed line in cm, (corner, 2)."""
    if arena.shape == "polygon":
        return np.asarray(arena.corners, dtype=np.float64)
    turn = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    return np.asarray(np.asarray(arena.centre) + arena.radius * circle)


def _is_3d(recording: Recording) -> bool:
    kinematics = recording.store.read_dataset("kinematics")
    return bool(json.loads(kinematics.attrs["scene"])["space_dims"] == 3)
