"""Zones, walls and known lengths as shapes that a person draws, and back; pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mousegpt_core.errors import SettingsError, StageMissingError

if TYPE_CHECKING:
    from mousegpt_core.study import Recording, Study, Zone
    from napari_mousegpt.layers import LayerTuple

#: Colours of zones, walls and lengths; the first of them is that of the walls of `layers`.
WALL, ZONE, LENGTH = "#f2b134", "#7cc0f4", "#d9541e"
#: Corners of the polygon that stands for an ellipse.
_ROUND = 32
_DIGITS = 2
Corners = tuple[tuple[float, float], ...]
#: Fields of `Zone`, each.
Zones = Sequence[dict[str, Any]]


def zones_layer(zones: Sequence[Zone], *, view: str, line: float = 2.0) -> LayerTuple:
    """Zones of a view as a shapes layer that `zones_of` turns back.

    Parameters
    ----------
    zones : sequence of Zone
        Those of one view.
    view : str
        Which.
    line : float
        Width of lines (px).
    """
    options = {
        **drawing_options(f"{view} zones".strip(), ZONE, line=line),
        "shape_type": "polygon",
        "features": pd.DataFrame({"name": [zone.name for zone in zones]}, dtype=object),
        "feature_defaults": {"name": ""},
        "text": {"string": "{name}", "color": ZONE, "size": 11, "anchor": "center"},
        "metadata": {"view": view, "role": "zones"},
    }
    return [np.array(zone.corners)[:, ::-1] for zone in zones], options, "shapes"


def drawing_options(name: str, colour: str, *, line: float = 2.0) -> dict[str, Any]:
    """Options of a shapes layer in a picture, (y, x)."""
    return {
        "name": name,
        "ndim": 2,
        "edge_color": colour,
        "face_color": "#7cc0f422" if colour == ZONE else "transparent",
        "edge_width": line,
        "opacity": 0.9,
        "axis_labels": ("y", "x"),
    }


def line_width(picture: Sequence[int]) -> float:
    """Of lines that are seen when a picture, (frame, height, width, ...), is shown whole (px)."""
    return max(2.0, max(picture[1:3], default=0) / 250)


def zones_of(
    shapes: Sequence[NDArray[Any]], kinds: Sequence[str], names: Sequence[str], *, view: str
) -> list[dict[str, Any]]:
    """Zones that were drawn; those without a name of their own get one.

    Parameters
    ----------
    shapes : sequence of array of shape (corner, 2)
        Data of a shapes layer, (y, x).
    kinds : sequence of str
        Their types; lines are no zones.
    names : sequence of str
        What they are called; ``""`` = nothing yet.
    view : str
        The view in which they were drawn.

    Returns
    -------
    list of dict
        Fields of `Zone`.
    """
    taken: set[str] = set()
    found = []
    for shape, kind, name in zip(shapes, kinds, names, strict=True):
        if kind in ("line", "path"):
            continue
        free = _free(str(name).strip(), taken)
        taken.add(free)
        found.append({"name": free, "view": view, "corners": corners_of(shape, kind)})
    return found


def merged_zones(seen: Zones, saved: Zones, drawn: Zones) -> list[dict[str, Any]]:
    """Zones with what two windows have changed of them.

    Parameters
    ----------
    seen : sequence of dict
        As they were when they were shown here; fields of `Zone`.
    saved : sequence of dict
        As they are on the disk now, perhaps by another window.
    drawn : sequence of dict
        As they are here now.

    Returns
    -------
    list of dict
        Those that were drawn or changed here, and of the others what is on the disk. One that was
        changed in both is as it is here; of two new ones of one name, the other gets a number.
    """
    before, there = ({(one["view"], one["name"]): one for one in zones} for zones in (seen, saved))
    found = []
    for one in drawn:
        key = (one["view"], one["name"])
        if before.get(key) != one:
            found.append(one)
        elif key in there:
            found.append(there[key])
    mine = {(one["view"], one["name"]) for one in found}
    for key, one in there.items():
        if key not in before and one not in found:
            taken = {name for view, name in mine if view == key[0]}
            found.append({**one, "name": _free(key[1], taken)})
            mine.add((key[0], found[-1]["name"]))
    return found


def corners_of(shape: NDArray[Any], kind: str) -> Corners:
    """Corners, (x, y), of a polygon or rectangle, or of one that stands for an ellipse."""
    drawn = np.asarray(shape, dtype=np.float64)[:, -2:]
    if kind == "ellipse":
        # Its data are the corners of the box around it.
        centre = drawn.mean(axis=0)
        u, v = (drawn[1] - drawn[0]) / 2, (drawn[2] - drawn[1]) / 2
        turn = np.linspace(0, 2 * np.pi, _ROUND, endpoint=False)[:, None]
        drawn = centre + np.cos(turn) * u + np.sin(turn) * v
    return tuple((round(float(x), _DIGITS), round(float(y), _DIGITS)) for y, x in drawn)


def known_length(line: NDArray[Any], length_cm: float) -> dict[str, Any]:
    """Fields of `KnownLength` of a line that was drawn.

    Parameters
    ----------
    line : array of shape (point, 2)
        Its ends, (y, x), first and last.
    length_cm : float
        How long it is.

    Raises
    ------
    SettingsError
        If the line, or the length, is none.
    """
    ends = np.asarray(line, dtype=np.float64)[[0, -1], -2:]
    if length_cm <= 0 or np.linalg.norm(ends[1] - ends[0]) < 1:
        raise SettingsError(
            "the length is not known", hint="draw a line along something, and say how long it is"
        )
    (ay, ax), (by, bx) = np.round(ends, _DIGITS).tolist()
    return {"a": (ax, ay), "b": (bx, by), "length_cm": length_cm}


def _free(name: str, taken: set[str]) -> str:
    """A name that no zone has."""
    if name and name not in taken:
        return name
    number = 1
    while (candidate := f"{name or 'zone'} {number}") in taken:
        number += 1
    return candidate


@dataclass(frozen=True)
class Ground:
    """What is known of where an animal moves, in words.

    Attributes
    ----------
    view : str or None
        As `ground_view`.
    scale, arena : str
        As `scale_words`, `arena_words`; of 3D, the scale is that of the poses.
    remarks : tuple of str
        Of zones that are not measured.
    """

    view: str | None
    scale: str
    arena: str
    remarks: tuple[str, ...]


def ground_of(study: Study, recording: Recording) -> Ground:
    """What is known of a recording's ground; results are looked into, which may take a while."""
    from mousegpt_core.pipeline.zones import unmeasured_zones

    view = ground_view(recording)
    scale = "of the poses" if view is None else scale_words(recording)
    remarks = tuple(unmeasured_zones(study, recording))
    return Ground(view, scale, arena_words(recording), remarks)


def ground_view(recording: Recording) -> str | None:
    """The view in whose pictures movement is measured; None in 3D, or where there is none."""
    from mousegpt_core.pipeline.recording_stages import pose_sources, primary_pose, primary_poses

    if not pose_sources(recording):
        return None
    view = primary_pose(recording).view
    try:
        return view if primary_poses(recording).sizes["space"] == 2 else None
    except StageMissingError:  # not read yet; those in 3D belong to no view
        return view or None


def scale_words(recording: Recording) -> str:
    """Which scale a recording has, and where it is from."""
    space = recording.info.space
    if space.cm_per_unit is not None:
        return f"{1 / space.cm_per_unit:.3g} px per cm, as given"
    if space.known_length is not None:
        known = space.known_length
        return f"{1 / known.cm_per_unit:.3g} px per cm, by a length of {known.length_cm:g} cm"
    if recording.store.entry("kinematics") is None:
        return "not known yet"
    scene = json.loads(recording.store.read_dataset("kinematics").attrs["scene"])
    return f"{1 / scene['cm_per_unit']:.3g} px per cm, {scene['scale_source']}"


def arena_words(recording: Recording) -> str:
    """What is known of the walls."""
    arena = recording.info.arena
    if arena.shape == "none":
        return "fitted to where the animal has been"
    sizes = [arena.diameter_cm, arena.width_cm, arena.height_cm]
    told = " x ".join(f"{size:g}" for size in sizes if size)
    return f"{arena.shape}, {told} cm" if told else f"{arena.shape}, as drawn"
