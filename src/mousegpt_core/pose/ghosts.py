"""A background that an animal sat in for long, made good where the animal left.

Where an animal was for most of the samples, their median shows the animal, and every picture
without it there seems to show something: a ghost. The outline of what is really there lies on edges
of the picture; that of a ghost lies on edges of the background (Cucchiara et al., IEEE Trans.
Pattern Anal. Mach. Intell. 25 (2003) 1337, tell ghosts by their motion instead).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

#: Fewest samples that show what an animal covered in the others.
_FEWEST = 3
_ROUNDS = 3
#: Pixels around a ghost that are made good with it.
_AROUND = 3
#: A ghost's outline has so many times the slope in the background as in the picture.
_CLEARLY = 1.2


def without_ghosts(samples: Floats, picture: Floats, threshold: Floats, smallest: float) -> Floats:
    """The background, with what was covered in most samples taken from the others.

    Parameters
    ----------
    samples : array of shape (sample, height, width)
        Of one brightness.
    picture : array of shape (height, width)
        Their median.
    threshold : array of shape (height, width)
        Differences above it are something.
    smallest : float
        Things of less pixels are none.

    Returns
    -------
    array of shape (height, width)
        The background.
    """
    slopes = [_slope(sample) for sample in samples]
    for _ in range(_ROUNDS):
        own = _slope(picture)
        ghosts = np.stack(
            [
                # Lighter and darker things apart: an animal beside its ghost is another thing.
                _ghosts(sample - picture > threshold, slope, own, smallest)
                | _ghosts(picture - sample > threshold, slope, own, smallest)
                for sample, slope in zip(samples, slopes, strict=True)
            ]
        )
        here = ghosts.sum(axis=0) >= _FEWEST
        if not here.any():
            break
        shown = np.where(ghosts[:, here], samples[:, here], np.nan)
        picture = picture.copy()
        picture[here] = np.nanmedian(shown, axis=0)
    return picture


def _slope(picture: Floats) -> Floats:
    return np.asarray(ndimage.gaussian_gradient_magnitude(picture, 1.0), dtype=np.float32)


def _ghosts(differs: Bools, slope: Floats, own: Floats, smallest: float) -> Bools:
    """Parts that differ, but whose outline is in the background only; with what is around them."""
    labels, found = ndimage.label(ndimage.binary_opening(differs))
    if not found:
        return np.zeros(differs.shape, dtype=bool)
    numbers = np.arange(1, found + 1)
    rim = np.where(ndimage.binary_erosion(labels > 0, iterations=2), 0, labels)
    here, there = (np.asarray(ndimage.mean(each, rim, numbers)) for each in (slope, own))
    sizes = np.bincount(labels.ravel(), minlength=found + 1)[1:]
    is_ghost = np.append(False, (there > _CLEARLY * here) & (sizes >= smallest))
    return np.asarray(ndimage.binary_dilation(is_ghost[labels], iterations=_AROUND))
