"""Moments at which the whole picture changes: a camera that is pushed, a lamp that is switched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

#: Samples before and after a moment whose medians are compared.
_SIDE = 5
#: The picture is looked at in so many tiles along each side, and every second pixel of it.
_TILES, _EVERY = 8, 2
#: Differences of more than so many times the noise, and of so much at least (grey), are changes;
#: steeper slopes (grey/px) are something in the picture; of a tile, this share must be one.
_CLEAR, _LEAST, _SLOPE, _SHARE = 5.0, 8.0, 4.0, 0.03
#: An animal that moves from here to there changes less than this share of the tiles with something
#: in them, of which there are at least so many; and less than this share of the picture.
_MANY, _FEWEST_TILES, _MOST = 0.6, 6, 0.4
#: In less than this (s) no background is learnt.
_SHORTEST_S = 4.0
#: More moments than this are a film without a background.
_MOST_MOMENTS = 5
#: A shift explains a change if it leaves less than this share of it.
_EXPLAINED = 0.7


@dataclass(frozen=True)
class Moment:
    """A moment at which the picture changed as a whole.

    Attributes
    ----------
    frame : int
        The first frame of the new picture.
    shift : (float, float)
        How far the camera's picture moved, x and y, in pixels of the samples; (0, 0) = it did not.
    """

    frame: int
    shift: tuple[float, float]


def find_changes(
    samples: Floats, numbers: NDArray[np.intp], look: Callable[[int], Floats], fps: float
) -> list[Moment]:
    """Moments at which the picture changed as a whole, and stayed so.

    Parameters
    ----------
    samples : array of shape (sample, height, width)
        Pictures spread over a film.
    numbers : array of shape (sample,)
        Their frames.
    look : callable
        Gives any other frame's picture.
    fps : float
        Frames a second.

    Returns
    -------
    list of Moment
        In their order; none where there are so many that nothing stays.
    """
    if len(samples) < 2 * _SIDE:
        return []
    level = np.stack([_level(sample) for sample in samples])
    usual = np.stack(
        [np.median(level[i : i + _SIDE], axis=0) for i in range(len(level) - _SIDE + 1)]
    )
    noise = 1.4826 * np.median(np.abs(np.diff(level, axis=0)), axis=0) / np.sqrt(2)
    noise = np.maximum(noise, np.median(noise))
    shares = [_changed(a, b, noise) for a, b in zip(usual[:-_SIDE], usual[_SIDE:], strict=True)]
    found = _that_stay([_SIDE + i for i in _peaks(shares)], level, noise)
    lasting = np.diff(numbers[[0, *found, -1]]) > _SHORTEST_S * fps
    found = [i for i, both in zip(found, lasting[1:] & lasting[:-1], strict=True) if both]
    if len(found) > _MOST_MOMENTS:
        return []
    moments = []
    for i in found:
        # The medians turn over where most of their samples do.
        low, high = max(i - _SIDE // 2 - 1, 0), min(i + _SIDE // 2, len(samples) - 1)
        sides = usual[i - _SIDE], usual[i]
        frame = _first(int(numbers[low]), int(numbers[high]), *sides, look)
        before = np.median(samples[i - _SIDE : i], axis=0)
        after = np.median(samples[i : i + _SIDE], axis=0)
        moments.append(Moment(frame, _shift(before, after)))
    return moments


def _that_stay(found: list[int], level: Floats, noise: Floats) -> list[int]:
    """Those between stretches that differ in the long run, too."""
    edges = [0, *found, len(level)]
    usual = [np.median(level[start:stop], axis=0) for start, stop in pairwise(edges)]
    return [i for i, pair in zip(found, pairwise(usual), strict=True) if _changed(*pair, noise) > 0]


def _level(picture: Floats) -> Floats:
    """Every second pixel of a picture, smoothed, without its brightness as a whole."""
    smooth = ndimage.uniform_filter(picture, _EVERY)[::_EVERY, ::_EVERY]
    return np.asarray(smooth - np.median(smooth), dtype=np.float32)


def _changed(before: Floats, after: Floats, noise: Floats) -> float:
    """Share of the picture that changed; 0 if it did not as a whole."""
    differs = np.abs(after - before) > np.maximum(_CLEAR * noise, _LEAST)
    slope = ndimage.gaussian_gradient_magnitude((before + after) / 2, 1.0)
    holds = _tiles(slope > _SLOPE) > _SHARE
    changed = _tiles(differs) > _SHARE
    share = float(differs.mean())
    many = holds.sum() >= _FEWEST_TILES and (changed & holds).sum() > _MANY * holds.sum()
    return share if many or share > _MOST else 0.0


def _tiles(mask: Bools) -> NDArray[np.floating]:
    """Share of each tile that is set."""
    rows = np.array_split(np.arange(mask.shape[0]), _TILES)
    columns = np.array_split(np.arange(mask.shape[1]), _TILES)
    return np.array([[mask[np.ix_(r, c)].mean() for c in columns] for r in rows])


def _peaks(shares: list[float]) -> list[int]:
    """The largest of each run that is not 0."""
    runs, count = ndimage.label(np.asarray(shares) > 0)
    return [int(np.argmax(np.where(runs == i, shares, -1.0))) for i in range(1, count + 1)]


def _first(
    low: int, high: int, before: Floats, after: Floats, look: Callable[[int], Floats]
) -> int:
    """The first frame that is more like the picture after, between one of before and one of it."""
    differs = np.abs(after - before) > _LEAST
    tiles = _tiles(differs)
    while high - low > 1:
        middle = (low + high) // 2
        here = _level(look(middle))
        nearer = _tiles(differs & (np.abs(here - after) < np.abs(here - before)))
        # An animal that comes or goes fills few tiles.
        is_after = np.median((nearer / np.maximum(tiles, 1e-9))[tiles > 0]) > 0.5
        low, high = (low, middle) if is_after else (middle, high)
    return high


def _shift(before: Floats, after: Floats) -> tuple[float, float]:
    """Shift (x, y) that makes one picture of the other, by phase correlation; 0 if none does.

    Kuglin and Hines, Proc. IEEE Int. Conf. Cybernetics and Society (1975) 163.
    """
    window = np.outer(np.hanning(before.shape[0]), np.hanning(before.shape[1]))
    cross = np.conj(np.fft.rfft2(before * window)) * np.fft.rfft2(after * window)
    likeness = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-9), before.shape)
    peak = np.unravel_index(int(np.argmax(likeness)), likeness.shape)
    down, right = (
        int(at) - size * (int(at) > size // 2) for at, size in zip(peak, before.shape, strict=True)
    )
    moved = ndimage.shift(before, (down, right), order=0, mode="nearest")
    if np.abs(after - moved).mean() > _EXPLAINED * np.abs(after - before).mean():
        return 0.0, 0.0
    return float(right), float(down)
