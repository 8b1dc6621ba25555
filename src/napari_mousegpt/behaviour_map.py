"""The map of the clips: what is drawn, what is picked, and where the slider is on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

    from mousegpt_core.study import Study

Array = npt.NDArray[Any]
ColourBy = Literal["behaviour", "treatment", "animal"]

#: Of clips that have no behaviour, treatment or name.
NOTHING, _GREY = "none", "#8c8c8c"
#: Opacity (of 255) of what is not chosen, where something is.
_FAINT = 60
#: Pixels of a dot: seen however far out, no more than asked for however near.
SMALLEST, LARGEST = 2, 15
_DOT = 0.9
#: Pixels by which it is told what lies within a line.
_FINE = 1024


@dataclass(frozen=True)
class Group:
    """Clips of one colour.

    Attributes
    ----------
    id, name, colour : str
        Behaviour, treatment or animal; for people; ``"#rrggbb"``.
    clips : int
        How many.
    share : float
        Of all on the map, 0-1.
    """

    id: str
    name: str
    colour: str
    clips: int
    share: float


@dataclass(frozen=True)
class Colouring:
    """Which clip is in which group.

    Attributes
    ----------
    groups : tuple of Group
        The largest first.
    codes : array of shape (clips,), int
        Place of each clip's group.
    """

    groups: tuple[Group, ...]
    codes: Array


@dataclass(frozen=True)
class ClipMap:
    """The clips of a study on their map.

    Attributes
    ----------
    clips : DataFrame
        clip_id, x, y, recording, individual, start_s, stop_s, overall; ordered by recording,
        individual and start.
    colouring : Colouring
        As asked for.
    behaviours : Colouring
        By behaviour, whatever was asked for.
    """

    clips: pd.DataFrame
    colouring: Colouring
    behaviours: Colouring

    @cached_property
    def places(self) -> Array:
        """Shape (clips, 2)."""
        return self.clips[["x", "y"]].to_numpy(dtype=np.float64)

    @cached_property
    def tree(self) -> cKDTree:
        """Finds the clip nearest to a place."""
        from scipy.spatial import cKDTree

        # Balanced ones are made in six times the time, and answer no sooner.
        return cKDTree(self.places, compact_nodes=False, balanced_tree=False)

    def nearest(self, x: float, y: float, reach: float, shown: Array | None = None) -> int | None:
        """Row of the clip nearest to a place, of those that are shown; None where none is near."""
        count = min(8, len(self.clips))
        distance, rows = self.tree.query((x, y), k=count, distance_upper_bound=reach)
        for far, row in zip(np.atleast_1d(distance), np.atleast_1d(rows), strict=True):
            if np.isfinite(far) and (shown is None or shown[row]):
                return int(row)
        return None

    def inside(self, outline: Sequence[tuple[float, float]]) -> Array:
        """Rows of the clips within a closed line."""
        from PIL import Image, ImageDraw

        corners = np.asarray(outline, dtype=np.float64).reshape(-1, 2)
        if len(corners) < 3:
            return np.zeros(0, dtype=np.intp)
        low, size = corners.min(axis=0), np.maximum(np.ptp(corners, axis=0), 1e-9)
        # Drawn finely and looked up: a line has hundreds of corners, a map 200,000 clips.
        drawing = Image.new("1", (_FINE, _FINE))
        line = [tuple(corner) for corner in (corners - low) / size * (_FINE - 1)]
        ImageDraw.Draw(drawing).polygon(line, fill=1)
        pixel = np.rint((self.places - low) / size * (_FINE - 1))
        near = np.flatnonzero(((pixel >= 0) & (pixel < _FINE)).all(axis=1))
        column, row = pixel[near].astype(np.intp).T
        inside: Array = near[np.asarray(drawing)[row, column]]
        return inside

    def at(self, recording: str, individual: str, moment: float) -> int | None:
        """Row of the clip of an animal at a moment."""
        for owner in (individual, ""):
            rows = self._rows.get((recording, owner))
            if rows is None:
                continue
            start = self._starts[rows]
            first = int(rows.start)
            row = first + int(np.searchsorted(start, moment + 1e-6, side="right")) - 1
            if row >= first and moment < self._stops[row] + 1e-6:
                return row
        return None

    @cached_property
    def _starts(self) -> Array:
        return self.clips["start_s"].to_numpy(dtype=np.float64)

    @cached_property
    def _stops(self) -> Array:
        return self.clips["stop_s"].to_numpy(dtype=np.float64)

    @cached_property
    def _rows(self) -> dict[tuple[str, str], slice]:
        owners = self.clips.groupby(["recording", "individual"], sort=False).indices
        return {
            (str(key[0]), str(key[1])): slice(int(rows[0]), int(rows[-1]) + 1)
            for key, rows in owners.items()
            if isinstance(key, tuple)
        }


def map_of(study: Study, scheme: str, colour_by: ColourBy = "behaviour") -> ClipMap:
    """The map of a study.

    Parameters
    ----------
    study : Study
        With a map.
    scheme : str
        Whose behaviours: one of `ethograms.schemes_of`.
    colour_by : {"behaviour", "treatment", "animal"}
        What the colours mean.

    Raises
    ------
    StageMissingError
        If there is no map, or no such labels.
    """
    from mousegpt_core.pipeline.mapping import mapped_clips

    clips = mapped_clips(study).sort_values(
        ["recording", "individual", "start_s"], ignore_index=True
    )
    behaviours = _by_behaviour(study, scheme, clips)
    if colour_by == "behaviour":
        return ClipMap(clips, behaviours, behaviours)
    animal = clips["individual"].where(clips["individual"] != "", clips["recording"])
    if colour_by == "animal":
        return ClipMap(clips, _by_animal(animal), behaviours)
    return ClipMap(clips, _by_treatment(study, clips, animal), behaviours)


def _by_behaviour(study: Study, scheme: str, clips: pd.DataFrame) -> Colouring:
    from mousegpt_core.plots.style import behaviour_colours, readable_name
    from napari_mousegpt.ethograms import names_of

    ids = clips["clip_id"].map(_labels(study, scheme, clips)).fillna("").astype(str)
    known = names_of(study, scheme)
    names = {each: known.get(each) or readable_name(each) for each in ids.unique() if each}
    return _coloured(ids, names, behaviour_colours(names))


def _labels(study: Study, scheme: str, clips: pd.DataFrame) -> pd.Series:
    """Behaviour of each clip id."""
    from mousegpt_core.clips import ACTIVITIES, PROFILE
    from mousegpt_core.pipeline.behaviours import profiled
    from mousegpt_core.pipeline.evaluation import labelled_recordings

    if scheme == ACTIVITIES:
        return clips.set_index("clip_id")["label"]
    if scheme == PROFILE:
        return profiled(study).labels.set_index("clip_id")["behaviour_id"]
    stage = f"labels/{scheme}"
    tables = [one.store.read_table(stage) for one in labelled_recordings(study, scheme)]
    return pd.concat(tables).set_index("clip_id")["behaviour_id"]


def _by_animal(animal: pd.Series) -> Colouring:
    from mousegpt_core.plots.style import behaviour_colours

    names = {each: each for each in animal.unique()}
    return _coloured(animal, names, behaviour_colours(names))


def _by_treatment(study: Study, clips: pd.DataFrame, animal: pd.Series) -> Colouring:
    """By the treatment of the session, or of the animal."""
    from mousegpt_core.plots.style import group_colours

    of_animal = study.animals.set_index("animal")["treatment"].astype(str)
    of_session = {id: one.info.treatment for id, one in study.recordings.items()}
    session = clips["recording"].map(of_session).fillna("")
    group = session.where(session != "", animal.map(of_animal.to_dict()).fillna(""))
    names = {each: each for each in group.unique() if each}
    return _coloured(group, names, group_colours(names))


def _coloured(ids: pd.Series, names: dict[str, str], colours: dict[str, str]) -> Colouring:
    counts = ids.value_counts()
    order = sorted(counts.index, key=lambda each: (each == "", -counts[each], each))
    groups = tuple(
        Group(
            each,
            names.get(each, NOTHING),
            colours.get(each, _GREY),
            int(counts[each]),
            float(counts[each] / len(ids)),
        )
        for each in order
    )
    place = {each: number for number, each in enumerate(order)}
    return Colouring(groups, ids.map(place).to_numpy(dtype=np.intp))


def dot_pixels(pixels_a_unit: float) -> int:
    """How wide a dot is drawn; neighbouring clips are about one unit apart."""
    return int(np.clip(round(_DOT * pixels_a_unit), SMALLEST, LARGEST))


def draw_dots(
    places: Array,
    colours: Array,
    view: tuple[float, float, float, float],
    size: tuple[int, int],
    dot: int,
) -> Array:
    """A picture of dots, in a time that is linear in the dots that are seen.

    Parameters
    ----------
    places : array of shape (n, 2)
        Those that come later are drawn over those before.
    colours : array of shape (n, 4), uint8
        RGBA of each.
    view : (left, bottom, right, top)
        What part of the map is seen.
    size : (width, height)
        Pixels.
    dot : int
        Pixels that a dot is wide.

    Returns
    -------
    array of shape (height, width, 4), uint8
        Row 0 is the bottom; transparent where nothing is.
    """
    width, height = size
    left, bottom, right, top = view
    wide, high = width + 2 * dot, height + 2 * dot  # with a margin for dots that are cut
    column = np.floor((places[:, 0] - left) * (width / (right - left))).astype(np.int32) + dot
    row = np.floor((places[:, 1] - bottom) * (height / (top - bottom))).astype(np.int32) + dot
    reach = dot // 2
    least, most = reach, dot - reach
    seen = (column >= least) & (column <= wide - most) & (row >= least) & (row <= high - most)
    ink = np.ascontiguousarray(colours[seen]).view(np.uint32).ravel()
    place = row[seen] * wide + column[seen]
    flat = np.zeros(high * wide, dtype=np.uint32)
    if len(place) > flat.size // 8:  # fewer pixels than dots: those are spread
        flat[place] = ink
        place = np.flatnonzero(flat)
        ink = flat[place]
    for offset in _disc(dot, wide):
        flat[place + offset] = ink
    picture = flat.view(np.uint8).reshape(high, wide, 4)
    return picture[dot : dot + height, dot : dot + width]


def _disc(dot: int, wide: int) -> list[int]:
    """Steps from the middle of a dot to its pixels, in a picture that is so wide."""
    steps = range(-(dot // 2), dot - dot // 2)
    middle = (dot - 1) / 2 - dot // 2
    return [
        y * wide + x
        for y in steps
        for x in steps
        if dot < 3 or (x - middle) ** 2 + (y - middle) ** 2 <= (dot / 2) ** 2
    ]


def dot_colours(
    colouring: Colouring, hidden: set[str], chosen: Array | None
) -> tuple[Array, Array]:
    """Colour of each clip, and whether it is shown.

    Parameters
    ----------
    colouring : Colouring
        The groups.
    hidden : set of str
        Ids of groups that are not shown.
    chosen : array of shape (clips,), bool, or None
        Those that stand out.

    Returns
    -------
    rgba : array of shape (clips, 4), uint8
    shown : array of shape (clips,), bool
    """
    rgb = [tuple(bytes.fromhex(group.colour[1:])) for group in colouring.groups]
    palette = np.array([(*each, 255) for each in rgb], dtype=np.uint8).reshape(-1, 4)
    rgba = palette[colouring.codes]
    if chosen is not None and chosen.any():
        rgba[~chosen, 3] = _FAINT
    visible = np.array([group.id not in hidden for group in colouring.groups], dtype=bool)
    return rgba, visible[colouring.codes]
