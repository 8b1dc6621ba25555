"""The picture without the animal, and what tells an animal from it.

The background is the median of each pixel over frames spread over the film; where an animal sat for
long, over those in which it was elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mousegpt_core.errors import DataError
from mousegpt_core.pose.changes import Moment, find_changes
from mousegpt_core.pose.ghosts import without_ghosts
from mousegpt_core.pose.settings import SilhouetteSettings
from mousegpt_core.video import FilmLike

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

#: How animals differ from what is behind them, by name.
POLARITIES = {"dark": -1, "both": 0, "light": 1}
#: Fewest frames that show what moves.
_FEWEST_FRAMES = 10
#: Grey levels between the brightest and darkest of the background below which there is no picture.
_LEAST_RANGE = 6.0
#: Least noise of a pixel: grey levels are whole numbers.
_LEAST_NOISE = 0.7
#: Differences above so many times the noise are no noise.
_CLEAR = 5.0
_LEAST_CONTRAST = 4.0
#: Share of the usual contrast that is animal beside clearer parts of it, and their least share.
_FAINT = 0.25
_CLEAR_SHARE = 0.2
#: Share of the picture that differs from the background when the camera or the light changes.
_MOST_CHANGED = 0.35
#: Share of the picture that an animal covers at least and at most.
_SMALLEST, _LARGEST = 2e-4, 0.3
#: Share of the samples in which something must be seen to move.
_LEAST_SEEN = 0.1
#: Where something is in more than this share of the samples, noise is that of the others; elsewhere
#: it is rarely more than so many times its median.
_OFTEN, _USUAL = 0.1, 3.0
#: Share of what differs the other way from which on both ways are animal.
_BOTH_WAYS = 0.12
#: Nearer than so many half widths to what is as dark as the animal, nothing is taken for shadow;
#: nor is what is thinner.
_RIM, _THIN = 0.5, 0.45
#: Share of the animal's usual area that must be that dark, and share of its outline that may
#: usually be shadow: else fur and shadow cannot be told apart.
_LEAST_DARK, _MOST_SHADOW = 0.25, 0.1
#: The animal is darker than this share of a shadow on the same floor.
_BLACK = 0.5
_HINT = "make poses with a pose estimator, and give them with --poses FILE"


@dataclass(frozen=True, eq=False)
class Piece:
    """The background from a frame on.

    Attributes
    ----------
    start : int
        The first frame.
    picture, noise : arrays of shape (height, width)
        As in `Background`.
    said : str
        What changed here, for a reader; "" at the film's beginning.
    """

    start: int
    picture: Floats
    noise: Floats
    said: str


@dataclass(frozen=True, eq=False)
class Background:
    """The picture without the animal, and what is animal.

    Attributes
    ----------
    picture : array of shape (height, width)
        Grey levels of the shrunk picture.
    noise : array of shape (height, width)
        Standard deviation of each pixel where nothing moves.
    sign : int
        +1 = the animal is lighter than what is behind it, -1 = darker, 0 = now this, now that, or
        one is lighter and another darker.
    threshold : float
        Difference from the background that is animal (grey levels).
    contrast : float
        Usual difference of the animal from the background.
    shrink : int
        Pixels of the film in one of this picture, along each side.
    area : float
        Usual area of one animal (shrunk px^2).
    radius : float
        Half the width of its body (shrunk px).
    others : float
        How many more things of the animal's size are seen at once than there should be animals.
    shade : float, optional
        Brightness, as share of the background's, above which a large part of a dark animal's
        outline is its shadow on a wall; None = it has none, or it cannot be told from fur.
    pieces : tuple of Piece
        Where the camera was pushed or a lamp switched: the backgrounds in their order; else none.
    """

    picture: Floats
    noise: Floats
    sign: int
    threshold: float
    contrast: float
    shrink: int
    area: float
    radius: float
    others: float
    shade: float | None = None
    pieces: tuple[Piece, ...] = ()

    def at(self, frame: int) -> Background:
        """The background as it is in a frame; itself where it never changes."""
        here = [piece for piece in self.pieces if piece.start <= frame]
        return replace(self, picture=here[-1].picture, noise=here[-1].noise) if here else self

    def difference(self, grey: Floats) -> Floats:
        """By how much each pixel looks like animal; a light that changes as a whole is allowed for.

        Parameters
        ----------
        grey : array of shape (height, width)
            From `shrunk`.
        """
        change = grey - self.picture
        return _signed(change - np.median(change[::4, ::4]), self.sign)

    def foreground(self, grey: Floats) -> Bools:
        """Pixels that are animal, or something else that moves.

        Those that differ clearly, and those beside them that differ a little (Canny's hysteresis).
        """
        difference = self.difference(grey)
        faint = max(min(_FAINT * self.contrast, self.threshold), _LEAST_CONTRAST)
        labels, found = ndimage.label(
            difference > np.maximum(np.float32(faint), _CLEAR * self.noise)
        )
        if not found:
            return np.zeros(grey.shape, dtype=bool)
        clear = difference > np.maximum(np.float32(self.threshold), _CLEAR * self.noise)
        share = np.bincount(labels[clear], minlength=found + 1) / np.bincount(
            labels.ravel(), minlength=found + 1
        )
        share[0] = 0.0
        mask = np.asarray((share >= _CLEAR_SHARE)[labels])
        return mask if self.shade is None else self._without_shadow(mask, difference)

    def _without_shadow(self, mask: Bools, difference: Floats) -> Bools:
        """Take away large parts of a dark animal's outline that are not as dark as it is."""
        found = ndimage.find_objects(mask.astype(np.uint8))
        if self.shade is None or not found:
            return mask
        cut = mask[found[0]]
        dark = cut & ((self.picture - difference)[found[0]] < self.shade * self.picture[found[0]])
        things, _ = ndimage.label(cut)
        is_animal = np.bincount(things[dark], minlength=things.max() + 1) > _LEAST_DARK * self.area
        away = ndimage.distance_transform_edt(~dark) > _RIM * self.radius
        far, count = ndimage.label(cut & away & is_animal[things])
        if not count:
            return mask
        depth = ndimage.maximum(ndimage.distance_transform_edt(far), far, np.arange(count + 1))
        is_shadow = np.asarray(depth) > _THIN * self.radius
        is_shadow[0] = False
        mask[found[0]] &= ~is_shadow[far]
        return mask


def shrunk(frame: NDArray[np.uint8], shrink: int) -> Floats:
    """A frame in grey, each `shrink` x `shrink` pixels averaged to one.

    Parameters
    ----------
    frame : array of shape (height, width, 3) or (height, width)
        uint8.
    shrink : int
        1 = as it is.
    """
    from PIL import Image

    grey = Image.fromarray(np.asarray(frame)).convert("L")
    return np.asarray(grey.reduce(shrink) if shrink > 1 else grey, dtype=np.float32)


def learn_background(
    film: FilmLike, count: int = 1, settings: SilhouetteSettings | None = None
) -> Background:
    """Learn the picture without the animals, and how the animals differ from it.

    Parameters
    ----------
    film : FilmLike
        From a camera that stands still.
    count : int
        Number of animals.
    settings : SilhouetteSettings, optional
        What is not to be found out.

    Raises
    ------
    DataError
        If the film is too short, shows nothing, everything in it moves, or nothing does.
    VideoError
        If it cannot be decoded.
    """
    settings = settings or SilhouetteSettings()
    if len(film) < _FEWEST_FRAMES:
        raise DataError(
            "the film is too short to tell the animal from its background",
            file=film.path,
            expected=f"at least {_FEWEST_FRAMES} frames",
            found=str(len(film)),
            hint=_HINT,
        )
    shrink = max(1, -(-max(film.shape[1:3]) // settings.longest_side))
    spread = np.linspace(0, len(film) - 1, min(settings.background_frames, len(film)))
    numbers = spread.round().astype(np.intp)
    samples = _sampled(film, numbers, shrink)
    moments = find_changes(samples, numbers, lambda number: shrunk(film[number], shrink), film.fps)
    edges = [0, *(moment.frame for moment in moments), len(film)]
    longest = int(np.argmax(np.diff(edges)))
    learnt = []
    for i, (start, stop) in enumerate(pairwise(edges)):
        if moments:
            count_here = min(stop - start, max(_FEWEST_FRAMES, len(numbers) // len(moments)))
            spread = np.linspace(start, stop - 1, count_here)
            samples = _sampled(film, spread.round().astype(np.intp), shrink)
        picture, noise = _uncovered(samples, *_usual(samples, film))
        learnt.append(
            Piece(start, picture, noise, _said(film, moments[i - 1], shrink) if i else "")
        )
        if i == longest:
            found = _told_apart(film, samples, picture, noise, shrink, count, settings)
    return replace(found, pieces=tuple(learnt)) if moments else found


def _sampled(film: FilmLike, numbers: NDArray[np.intp], shrink: int) -> Floats:
    return np.stack([shrunk(image, shrink) for _, image in film.frames(numbers.tolist())])


def _said(film: FilmLike, moment: Moment, shrink: int) -> str:
    """What happened at a moment, and what it means."""
    when = f"{film.path.name}: at {float(film.times[moment.frame]):.1f} s"
    pixels = float(np.hypot(*moment.shift)) * shrink
    if pixels:
        return (
            f"{when} the camera moved by about {pixels:.0f} px: what is behind the animals was "
            "learnt anew from there; places before and after do not fit together"
        )
    return (
        f"{when} the light, or something large in the picture, changed: what is behind the animals "
        "was learnt anew from there"
    )


def _told_apart(
    film: FilmLike,
    samples: Floats,
    picture: Floats,
    noise: Floats,
    shrink: int,
    count: int,
    settings: SilhouetteSettings,
) -> Background:
    """How animals differ from a background."""
    known = POLARITIES.get(settings.polarity)
    sign = _polarity(samples, picture, noise, count) if known is None else known
    return _calibrated(film, samples, picture, noise, sign, shrink, count, settings)


def _usual(samples: Floats, film: FilmLike) -> tuple[Floats, Floats]:
    """Median and noise of each pixel; the samples are brought to one brightness, in place."""
    picture = np.median(samples, axis=0)
    low, high = np.quantile(samples, [0.005, 0.995])
    if high - low < _LEAST_RANGE:
        raise DataError(
            "the film shows nothing: all its pixels are alike",
            file=film.path,
            found=f"grey levels {low:.0f} to {high:.0f}",
            hint="check that the film plays, and that it was exposed",
        )
    samples -= np.median(samples - picture, axis=(1, 2), keepdims=True)
    picture = np.median(samples, axis=0)
    noise = 1.4826 * np.median(np.abs(samples - picture), axis=0)
    noise = ndimage.median_filter(noise, 5)
    noise = np.maximum(noise, max(_LEAST_NOISE, float(np.median(noise))))
    changed = np.abs(samples - picture) > np.maximum(_CLEAR * noise, _LEAST_CONTRAST)
    if np.median(changed.mean(axis=(1, 2))) > _MOST_CHANGED or np.median(noise) > 20:
        raise DataError(
            "most of the picture changes: the camera moves, or the light does",
            file=film.path,
            hint="a film alone is enough only where the camera stands still; else " + _HINT,
        )
    return picture.astype(np.float32), noise.astype(np.float32)


def _uncovered(samples: Floats, picture: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Background and noise where an animal sat for long, or came and went."""
    usual = np.minimum(noise, _USUAL * np.median(noise))
    clear = np.maximum(_CLEAR * usual, _LEAST_CONTRAST).astype(np.float32)
    picture = without_ghosts(samples, picture, clear, _SMALLEST * picture.size)
    away = np.abs(samples - picture)
    things = np.stack([ndimage.binary_opening(each > clear, iterations=2) for each in away])
    often = things.mean(axis=0) > _OFTEN
    alone = np.where(things[:, often], np.nan, away[:, often])
    shown = np.isfinite(alone).any(axis=0)
    noise, found = noise.copy(), usual[often]
    found[shown] = np.maximum(1.4826 * np.nanmedian(alone[:, shown], axis=0), np.median(noise))
    noise[often] = found
    return picture, noise


def _blobs(difference: Floats, noise: Floats, count: int) -> list[Bools]:
    """The largest things that differ, one list a sample, at most `count` of them."""
    mask = difference > np.maximum(_CLEAR * noise, _LEAST_CONTRAST)
    mask = ndimage.binary_opening(mask)
    labels, found = ndimage.label(mask)
    sizes = np.bincount(labels.ravel(), minlength=found + 1)[1:]
    order = np.argsort(sizes)[::-1][:count] + 1
    return [labels == i for i in order if sizes[i - 1] >= _SMALLEST * mask.size]


def _polarity(samples: Floats, picture: Floats, noise: Floats, count: int) -> int:
    """Whether animals are lighter (+1) or darker (-1) than what is behind them, or both (0).

    What covers more of the floor over the film is the animal, not a reflection that stays.
    """
    covered = {}
    for sign in (-1, 1):
        union = np.zeros(picture.shape, dtype=np.float32)
        for sample in samples:
            difference = _signed(sample - picture, sign)
            for blob in _blobs(difference, noise, count):
                np.maximum(union, np.where(blob, difference, 0), out=union)
        covered[sign] = float(union.sum())
    if min(covered.values()) > _BOTH_WAYS * max(covered.values()):
        return 0
    return max(covered, key=lambda sign: covered[sign])


def _signed(change: Floats, sign: int) -> Floats:
    """By how much each pixel differs in the way that animals do."""
    return np.asarray(sign * change if sign else np.abs(change), dtype=np.float32)


def _calibrated(
    film: FilmLike,
    samples: Floats,
    picture: Floats,
    noise: Floats,
    sign: int,
    shrink: int,
    count: int,
    settings: SilhouetteSettings,
) -> Background:
    """Threshold and usual size of the animal."""
    differences = _signed(samples - picture, sign)
    found = [_blobs(each, noise, count) for each in differences]
    if sum(map(bool, found)) < _LEAST_SEEN * len(samples):
        raise DataError(
            "no animal is found: nothing of its size moves",
            file=film.path,
            hint="the animal must leave its place in the film, and differ from the floor; else "
            + _HINT,
        )
    values = np.concatenate(
        [
            d[ndimage.binary_dilation(b, iterations=6)]
            for d, f in zip(differences, found, strict=True)
            for b in f
        ]
    )
    inside = np.concatenate([d[b] for d, f in zip(differences, found, strict=True) for b in f])
    contrast = float(np.median(inside))
    threshold = settings.threshold or max(
        min(otsu(values), 0.5 * contrast), float(_CLEAR * np.median(noise)), _LEAST_CONTRAST
    )
    draft = Background(picture, noise, sign, threshold, contrast, shrink, 1.0, 1.0, 0.0)
    areas, radii, numbers = [], [], []
    for sample in samples:
        sizes = _sizes(draft.foreground(sample))
        areas += [area for area, _ in sizes[:count]]
        radii += [radius for _, radius in sizes[:count]]
        numbers.append([area for area, _ in sizes])
    area = float(np.median(areas)) if areas else 0.0
    if not _SMALLEST <= area / picture.size <= _LARGEST:
        raise DataError(
            "what moves in the film is no animal by its size",
            file=film.path,
            expected=f"{_SMALLEST:.2%} to {_LARGEST:.0%} of the picture",
            found=f"{area / picture.size:.2%}",
            hint=_HINT,
        )
    seen = float(np.median([sum(a > 0.4 * area for a in each) for each in numbers]))
    radius = max(float(np.median(radii)), 1.0)
    others = max(seen - count, 0.0)
    calibrated = replace(draft, area=area, radius=radius, others=others)
    return _shaded(calibrated, samples) if sign < 0 else calibrated


def _shaded(background: Background, samples: Floats) -> Background:
    """The same with its `shade`, if shadows are told from fur by it."""
    masks = [background.foreground(sample) for sample in samples]
    relative = np.concatenate(
        [
            1 - background.difference(sample)[mask] / np.maximum(background.picture[mask], 1.0)
            for sample, mask in zip(samples, masks, strict=True)
        ]
    )
    shade = otsu(relative)
    dark = relative < shade
    if relative[dark].mean() > _BLACK * relative[~dark].mean():
        return background
    shaded = replace(background, shade=shade)
    left = [
        shaded.foreground(sample).sum() / mask.sum()
        for sample, mask in zip(samples, masks, strict=True)
        if mask.any()
    ]
    return shaded if 1 - np.median(left) < _MOST_SHADOW else background


def _sizes(mask: Bools) -> list[tuple[float, float]]:
    """Area and half width of each thing, the largest first."""
    labels, found = ndimage.label(ndimage.binary_fill_holes(ndimage.binary_opening(mask)))
    if not found:
        return []
    areas = np.bincount(labels.ravel())[1:]
    depth = ndimage.distance_transform_edt(labels)
    radii = ndimage.maximum(depth, labels, np.arange(1, found + 1))
    rows = [(float(a), float(r)) for a, r in zip(areas, radii, strict=True)]
    return sorted((row for row in rows if row[0] >= _SMALLEST * mask.size), reverse=True)


def otsu(values: NDArray[np.floating]) -> float:
    """The threshold that parts values into the two most distinct groups.

    Otsu, IEEE Trans. Syst. Man Cybern. 9 (1979) 62: the variance between the groups is largest.
    """
    counts, edges = np.histogram(values, bins=256)
    middles = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    total = np.cumsum(counts * middles)
    with np.errstate(invalid="ignore", divide="ignore"):
        between = below * above * np.square(total / below - (total[-1] - total) / above)
    return float(edges[1:][np.nanargmax(np.where((below > 0) & (above > 0), between, np.nan))])
