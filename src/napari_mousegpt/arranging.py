"""Which views of a recording are shown, where they lie, and how one is moved in time; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.late_pictures import LatePictures
from napari_mousegpt.layers import at_steps, tracks_layer
from napari_mousegpt.moving import MovingPoses
from napari_mousegpt.timeline import InStep

#: Layouts and what they are called.
LAYOUTS = {"grid": "Beside each other", "stacked": "Over each other", "one": "One view"}
#: What tells keypoints apart by colour, and what it is called.
COLOURS_BY = {
    "": "Keypoints; of several animals, animals",
    "keypoint": "Keypoints",
    "individual": "Animals",
}
#: Room between views that lie beside each other, as a share of the first one's width.
_GAP = 0.03
#: What the axis of time is called by frames, and by seconds; parts of a second.
FRAME, TIME, _PARTS = "frame", "time", 1 << 30
#: Blending of films that cover what is below; films are dark below this mean (of 255).
_OPAQUE, _DARK = "translucent", 96
Place = tuple[float, float]


@dataclass(frozen=True)
class ShownView:
    """A view whose film is open.

    Attributes
    ----------
    name : str
        Its name.
    film : FilmLike
        Its film.
    times : array of shape (frame,)
        When its frames were taken, s on the recording's clock.
    period : float
        Seconds from frame to frame.
    offset_s : float
        What of the times is the view's offset.
    place : (float, float)
        Where its corner is, (y, x).
    own_poses : bool
        Whether its keypoints are of its own frames rather than those in space as it sees them.
    is_main : bool
        Whether its frames are the steps of the slider.
    """

    name: str
    film: Any
    times: NDArray[np.float64]
    period: float
    offset_s: float = 0.0
    place: Place = (0.0, 0.0)
    own_poses: bool = False
    is_main: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Height and width (px)."""
        return int(self.film.shape[1]), int(self.film.shape[2])


@dataclass(frozen=True)
class Arrangement:
    """What a person wants to see.

    Attributes
    ----------
    layout : str
        A key of `LAYOUTS`.
    hidden : frozenset of str
        Views that are not shown beside or over others.
    front : str
        The view that is shown alone; ``""`` = the main one.
    boxes : bool
        Whether each animal has a box around it.
    colour : str
        A key of `COLOURS_BY`.
    seconds : bool
        Whether layers lie in time by seconds rather than by frames.
    """

    layout: str = "grid"
    hidden: frozenset[str] = frozenset()
    front: str = ""
    boxes: bool = False
    colour: str = ""
    seconds: bool = False

    def shown(self, views: Sequence[str]) -> list[str]:
        """Which of these views are shown; the first one where all would be hidden."""
        if self.layout == "one":
            return [self.front] if self.front in views else list(views[:1])
        return [view for view in views if view not in self.hidden] or list(views[:1])

    def places(self, sizes: Mapping[str, tuple[int, int]]) -> dict[str, Place]:
        """Where the corners of the shown views lie, (y, x).

        Parameters
        ----------
        sizes : mapping of str to (height, width)
            Of all views, the main one first (px).
        """
        shown = self.shown(list(sizes))
        if self.layout == "stacked":
            return dict.fromkeys(shown, (0.0, 0.0))
        return dict(zip(shown, side_by_side([sizes[view] for view in shown]), strict=True))


def side_by_side(sizes: Sequence[tuple[int, int]]) -> list[Place]:
    """Where the upper left corner of each picture is, (y, x), in rows as square as can be."""
    columns = int(np.ceil(np.sqrt(len(sizes))))
    high, wide = (max(each) for each in zip(*sizes, strict=True))
    gap = _GAP * sizes[0][1]
    return [
        ((place // columns) * (high + gap), (place % columns) * (wide + gap))
        for place in range(len(sizes))
    ]


def arrange(
    layers: Iterable[Any],
    moving: list[MovingPoses],
    views: list[ShownView],
    wanted: Arrangement,
    *,
    step: int = 0,
) -> None:
    """Bring layers and keypoints of views to where they are wanted.

    Parameters
    ----------
    layers : iterable of Layer
        Those with ``metadata["view"]`` are moved, shown and hidden.
    moving, views : list
        Changed in place: their places.
    wanted : Arrangement
        What is wanted.
    step : int
        Of the slider; its picture tells how films that lie over each other are seen best.
    """
    places = wanted.places({view.name: view.size for view in views})
    before = {view.name: view.place for view in views}
    mine = [layer for layer in layers if layer.metadata.get("view") in before]
    for layer in mine:
        view = layer.metadata["view"]
        _show(layer, view in places)
        if view in places:
            _move(layer, before[view], places[view])
    _blend(mine, list(places) if wanted.layout == "stacked" else [], step)
    for number, poses in enumerate(moving):
        if poses.view in before:
            place = places.get(poses.view, before[poses.view])
            moving[number] = replace(poses, offset=place, hidden=poses.view not in places)
    for number, each in enumerate(views):
        views[number] = replace(each, place=places.get(each.name, each.place))


def place_in_time(layers: Iterable[Any], period: float | None) -> None:
    """Let layers lie in time by seconds, or by frames.

    Parameters
    ----------
    layers : iterable of Layer
        Those whose first axis is time are changed.
    period : float or None
        Seconds from one step of the slider to the next; None = by frames.
    """
    # In so many parts of a second, steps are whole multiples also as computers count.
    step = 1.0 if period is None else round(period * _PARTS) / _PARTS
    label, unit = (FRAME, "pixel") if period is None else (TIME, "second")
    for layer in layers:
        if layer.axis_labels[0] in (FRAME, TIME) and layer.scale[0] != step:
            layer.scale = (step, *layer.scale[1:])
            layer.units = (unit, *layer.units[1:])
            layer.axis_labels = (label, *layer.axis_labels[1:])


def shift(
    layers: Sequence[Any],
    moving: list[MovingPoses],
    view: ShownView,
    offset_s: float,
    timeline: NDArray[np.float64],
) -> ShownView:
    """Show a view as it is with another offset.

    Parameters
    ----------
    layers, moving : sequence of Layer, list of MovingPoses
        Of the recording; `moving` is changed in place.
    view : ShownView
        Which; not the main one, whose clock is the recording's.
    offset_s : float
        Seconds added to its clock.
    timeline : array of shape (step,)
        Seconds at each step of the slider.

    Returns
    -------
    ShownView
        The view on its new clock.
    """
    from mousegpt_core.video import frames_at

    times = view.times + (offset_s - view.offset_s)
    steps = frames_at(timeline, times, period=view.period)
    for layer in layers:
        data = layer.data
        if layer.metadata.get("view") == view.name and isinstance(data, InStep):
            layer.data = data.ordered(steps)
        elif layer.metadata.get("view") == view.name and isinstance(data, LatePictures):
            data.pictures = data.pictures.ordered(steps)
            layer.data = data
    for number, poses in enumerate(moving):
        if poses.view == view.name and view.own_poses:
            moving[number] = replace(poses, steps=steps)
            retrace(layers, moving[number])
    return replace(view, times=times, offset_s=offset_s)


def colour_points(points: Any, colour: str) -> None:
    """Colour the points of the moment by a feature; ``""`` = as the recording has it."""
    usual = points.metadata["colour"]
    wanted = colour or usual
    if wanted != points.metadata.get("coloured", usual):
        points.face_color = wanted
        points.metadata["coloured"] = wanted


def look_from_above(camera: Any) -> None:
    """See a recording in 3D from above the floor's rim, z up; axes are z, y, x."""
    camera.orientation = ("away", "down", "right")
    camera.set_view_direction(view_direction=(-0.5, 0.87, 0.0), up_direction=(1, 0, 0))


def offset_words(offset_s: float, period: float) -> str:
    """``"+0.400 s (12 frames)"``."""
    frames = round(offset_s / period)
    noun = "frame" if abs(frames) == 1 else "frames"
    about = "" if abs(frames * period - offset_s) < period * 0.05 else "about "
    return f"{offset_s:+.3f} s ({about}{frames:+d} {noun})" if offset_s else "no offset"


def retrace(layers: Sequence[Any], poses: MovingPoses) -> None:
    """Draw the trails of a view anew, after its poses or its times have changed."""
    shown = poses.corrected()
    trails = tracks_layer(shown if poses.steps is None else at_steps(shown, poses.steps))
    for layer in layers:
        mine = layer.metadata.get("view") == poses.view
        if trails is not None and mine and layer.metadata.get("role") == "trails":
            # A colour by features that new data do not have yet would be complained of.
            layer.color_by = "track_id"
            layer.data, layer.features = trails[0], trails[1]["features"]
            layer.color_by = trails[1]["color_by"]


def _show(layer: Any, shown: bool) -> None:
    """Hide a layer with its view, and show again what was shown before."""
    was_hidden = layer.metadata.pop("hidden", None)
    if not shown:
        layer.metadata["hidden"] = layer.visible if was_hidden is None else was_hidden
        layer.visible = False
    elif was_hidden is not None:
        layer.visible = was_hidden


def _move(layer: Any, old: Place, new: Place) -> None:
    if old != new:
        translate = np.array(layer.translate)
        translate[-2:] += np.subtract(new, old)
        layer.translate = translate


def _blend(layers: Sequence[Any], over: Sequence[str], step: int) -> None:
    """Films that lie over each other all keep their contrast; else each is opaque.

    Of dark films the light is added, of bright ones what is dark is kept: an average would show
    none of them well.
    """
    films = {each.metadata["view"]: each for each in layers if each.metadata.get("role") == "film"}
    below = films.get(over[0]) if over else None
    added = below is not None and _is_dark(below.data[step])
    for view, layer in films.items():
        together = "additive" if added else "minimum"
        layer.blending = together if view in over[1:] else _OPAQUE
        # Of several that are added, the sum has about the strength of one.
        layer.opacity = len(over) ** -0.5 if added and view in over else 1.0


def _is_dark(picture: Any) -> bool:
    return bool(np.asarray(picture)[::8, ::8].mean() < _DARK)
