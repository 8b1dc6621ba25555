"""Which part of the foreground is which animal, frame after frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mousegpt_core.pose.background import Background

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Labels = NDArray[np.uint8]

#: Pieces of less than this share of an animal are noise; of less than the second are parts of it.
_SPECK, _PIECE = 0.03, 0.35
#: Pieces so near to each other (half widths) belong together.
_NEAR = 1.0
#: A blob of more than this many animals' area may be two of them.
_MERGED = 1.5
#: Seconds for which an animal that is lost is looked for near its last place.
_FORGET_S = 2.0
_ROUNDS = 8


class Tracker:
    """Follows a known number of animals; frames are given in their order.

    Parameters
    ----------
    background : Background
        Tells animal from floor.
    count : int
        Number of animals.
    fps : float
        Frames per second of the frames that are given.
    """

    def __init__(self, background: Background, count: int, fps: float) -> None:
        self._background = background
        self._places: Floats = np.full((count, 2), np.nan)
        self._lost: NDArray[np.intp] = np.zeros(count, dtype=np.intp)
        self._forget = max(1, round(_FORGET_S * fps))
        self._reach = 4.0 * np.sqrt(background.area)

    def use(self, background: Background) -> None:
        """What tells animal from floor from the next frame on."""
        self._background = background

    def label(self, grey: NDArray[np.float32]) -> tuple[Labels, Bools]:
        """Find the animals in the next frame.

        Parameters
        ----------
        grey : array of shape (height, width)
            From `background.shrunk`.

        Returns
        -------
        labels : array of shape (height, width)
            0 = none, 1 = the first animal, ...
        merged : array of shape (animal,)
            Whether its outline was parted from another's by a guess.
        """
        count = len(self._places)
        parts = self._parts(self._background.foreground(grey))
        owner = self._assign(parts)
        labels = np.zeros(grey.shape, dtype=np.uint8)
        merged = np.zeros(count, dtype=bool)
        for animal in range(count):
            if owner[animal] >= 0:
                labels[parts[owner[animal]]] = animal + 1
        if count > 1:
            merged = self._part_merged(parts, owner, labels)
        self._remember(labels)
        return labels, merged

    def _parts(self, foreground: Bools) -> list[Bools]:
        """Things of about an animal's size, with their holes filled and pieces joined."""
        area, radius = self._background.area, self._background.radius
        labels, found = ndimage.label(foreground)
        sizes = np.bincount(labels.ravel(), minlength=found + 1)
        kept = sizes >= max(_SPECK * area, 4)
        kept[0] = False
        groups = np.zeros(labels.shape, dtype=np.int32)
        window = ndimage.find_objects(kept[labels].astype(np.uint8))
        if not window:
            return []
        mask = ndimage.binary_fill_holes(kept[labels[window[0]]])
        around = ndimage.distance_transform_edt(~mask) <= _NEAR * radius / 2
        joined, found = ndimage.label(around)
        groups[window[0]] = np.where(mask, joined, 0)
        sizes = np.bincount(groups.ravel(), minlength=found + 1)
        return [groups == i for i in range(1, found + 1) if sizes[i] >= _PIECE * area]

    def _assign(self, parts: list[Bools]) -> NDArray[np.intp]:
        """The part of each animal, -1 for none: those nearest to where they were, of their size."""
        from scipy.optimize import linear_sum_assignment

        owner = np.full(len(self._places), -1, dtype=np.intp)
        if not parts:
            return owner
        centres = np.asarray([ndimage.center_of_mass(part)[::-1] for part in parts])
        sizes = np.asarray([part.sum() for part in parts])
        odd = np.abs(np.log(sizes / self._background.area))
        away = np.linalg.norm(self._places[:, None] - centres[None], axis=2) / self._reach
        fresh = np.isnan(away) | (self._lost > self._forget)[:, None]
        cost = np.where(fresh, 0.5, np.minimum(away, 4.0)) + 0.5 * odd[None]
        animals, chosen = linear_sum_assignment(cost)
        owner[animals] = chosen
        return owner

    def _part_merged(self, parts: list[Bools], owner: NDArray[np.intp], labels: Labels) -> Bools:
        """Share a blob that is too large among the animals that were last seen in or near it."""
        merged = np.zeros(len(owner), dtype=bool)
        for i, part in enumerate(parts):
            if part.sum() < _MERGED * self._background.area:
                continue
            room = round(float(part.sum()) / self._background.area)
            near = ndimage.distance_transform_edt(~part)
            inside = [a for a in range(len(owner)) if owner[a] == i]
            absent = [
                a for a in range(len(owner)) if owner[a] < 0 and np.isfinite(self._places[a, 0])
            ]
            absent.sort(key=lambda a: _at(near, self._places[a]))
            absent = [a for a in absent if _at(near, self._places[a]) < self._reach / 2]
            members = (inside + absent)[: max(room, 2)]
            if len(members) < 2:
                continue
            _share(part, self._places, members, labels)
            merged[members] = True
        return merged

    def _remember(self, labels: Labels) -> None:
        for animal in range(len(self._places)):
            mask = labels == animal + 1
            if mask.any():
                self._places[animal] = ndimage.center_of_mass(mask)[::-1]
                self._lost[animal] = 0
            else:
                self._lost[animal] += 1


def _at(values: NDArray[np.floating], place: Floats) -> float:
    """The value at a place (x, y), kept within the picture."""
    x, y = (
        int(np.clip(round(v), 0, size - 1))
        for v, size in zip(place, values.shape[::-1], strict=True)
    )
    return float(values[y, x])


def _share(part: Bools, places: Floats, members: list[int], labels: Labels) -> None:
    """Part a blob by k-means that starts from where its animals were; written into `labels`."""
    pixels = np.argwhere(part)[:, ::-1].astype(np.float64)
    seeds = places[members].copy()
    middle = pixels.mean(axis=0)
    seeds[np.isnan(seeds[:, 0])] = middle
    nearest = np.zeros(len(pixels), dtype=np.intp)
    for _ in range(_ROUNDS):
        nearest = np.linalg.norm(pixels[:, None] - seeds[None], axis=2).argmin(axis=1)
        for i in range(len(members)):
            if (nearest == i).any():
                seeds[i] = pixels[nearest == i].mean(axis=0)
    columns, rows = pixels.astype(np.intp).T
    labels[rows, columns] = np.asarray(members, dtype=np.uint8)[nearest] + 1
