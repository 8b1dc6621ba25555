"""Texts and pictures that are nearly the same, found by short hashes of what is in them. Pure."""

from __future__ import annotations

import hashlib
import io
import re
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.fft import dctn

TEXT_BITS, TEXT_DISTANCE = 64, 5
#: Waves along each side that a picture is known by, and the side to which it is made smaller.
_WAVES, _SIDE = 16, 64
PICTURE_BITS, PICTURE_DISTANCE = _WAVES * _WAVES, 16
#: Of waves: less is an error of rounding.
_DIGITS = 6
_WORD = re.compile(r"\w+")


class NearIndex:
    """Hashes that can be asked for one that differs in a few bits.

    Two hashes that differ in at most `distance` bits are equal in one of ``distance + 1`` bands.

    Parameters
    ----------
    bits : int
        Length of a hash.
    distance : int
        Most bits in which two may differ and still be near.
    """

    def __init__(self, bits: int, distance: int) -> None:
        edges = np.linspace(0, bits, distance + 2).astype(int).tolist()
        self._bands = list(pairwise(edges))
        self._distance = distance
        self._known: set[int] = set()
        self._by_band: dict[tuple[int, int], list[int]] = {}

    def add(self, value: int) -> None:
        """Keep a hash."""
        if value not in self._known:
            self._known.add(value)
            for key in self._keys(value):
                self._by_band.setdefault(key, []).append(value)

    def has_near(self, value: int) -> bool:
        """Whether one that is near was kept."""
        return value in self._known or any(
            (value ^ other).bit_count() <= self._distance
            for key in self._keys(value)
            for other in self._by_band.get(key, ())
        )

    def _keys(self, value: int) -> list[tuple[int, int]]:
        return [(low, value >> low & (1 << high - low) - 1) for low, high in self._bands]


@lru_cache(maxsize=4096)
def text_hash(text: str) -> int:
    """64 bits of which the more are alike, the more words and pairs of words two texts share.

    SimHash: Charikar, Similarity estimation techniques from rounding algorithms, STOC 2002.
    Letters' case, stops and commas do not count.
    """
    words = _WORD.findall(text.casefold())
    features = sorted({*words, *map(" ".join, pairwise(words))}) or [""]
    digests = b"".join(hashlib.blake2b(each.encode(), digest_size=8).digest() for each in features)
    bits = np.unpackbits(np.frombuffer(digests, dtype=np.uint8)).reshape(-1, TEXT_BITS)
    return _packed(2 * bits.sum(axis=0, dtype=np.int64) > len(features))


def picture_hash(encoded: bytes) -> int:
    """256 bits: whether each of the slowest waves of a picture is stronger than the middle one.

    "Perceptual hash" of the discrete cosine transform: Zauner, Implementation and benchmarking of
    perceptual image hash functions (2010), section 3.2.1, with 16 x 16 waves in place of 8 x 8.
    Brightness, size, noise and how strongly a picture is compressed hardly change it.

    Parameters
    ----------
    encoded : bytes
        JPEG or PNG.
    """
    from PIL import Image as Pillow

    with Pillow.open(io.BytesIO(encoded)) as picture:
        picture.draft("L", (2 * _SIDE, 2 * _SIDE))
        small = picture.convert("L").resize((_SIDE, _SIDE), Pillow.Resampling.BOX)
    waves = dctn(np.asarray(small, dtype=np.float64), norm="ortho")[:_WAVES, :_WAVES].ravel()
    waves[0] = 0.0  # the mean brightness
    waves = np.round(waves, _DIGITS)
    return _packed(waves > np.median(waves))


def _packed(bits: np.ndarray) -> int:
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
