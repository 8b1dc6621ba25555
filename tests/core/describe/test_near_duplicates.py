"""What is nearly the same is found, and what is not is not."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mousegpt_core.describe.near_duplicates import (
    PICTURE_BITS,
    PICTURE_DISTANCE,
    TEXT_DISTANCE,
    NearIndex,
    picture_hash,
    text_hash,
)
from mousegpt_core.video import encode_jpeg

LONG = (
    "The mouse walks slowly forward along the wall. The head is level and points ahead, the nose "
    "is low. All four paws step in turn and the tail is held straight behind. The torso is long "
    "and the belly does not touch the floor. Keywords are walking, slow, straight."
)


@given(st.lists(st.integers(0, 2**64 - 1), max_size=30), st.data(), st.integers(1, 12))
def test_finds_exactly_those_within_the_distance(
    kept: list[int], data: st.DataObject, distance: int
) -> None:
    index = NearIndex(64, distance)
    for value in kept:
        index.add(value)
    base = data.draw(st.sampled_from(kept)) if kept else 0
    flips = data.draw(st.sets(st.integers(0, 63), max_size=distance + 4))
    asked = base
    for bit in flips:
        asked ^= 1 << bit
    near = any((asked ^ value).bit_count() <= distance for value in kept)
    assert index.has_near(asked) == near


def test_words_alike() -> None:
    known = text_hash(LONG)
    assert text_hash(LONG.upper().replace(".", " ,")) == known
    other = "The mouse sits in the corner and licks its left hindpaw with bent neck and round back."
    assert (text_hash(other) ^ known).bit_count() > TEXT_DISTANCE
    assert (text_hash(LONG + " Also calm.") ^ known).bit_count() < 12


def test_pictures_alike() -> None:
    chance = np.random.default_rng(0)
    coarse = chance.integers(0, 255, (12, 12, 3), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(coarse).resize((448, 448)))
    brighter = np.clip(picture.astype(float) * 0.8 + 30, 0, 255).astype(np.uint8)
    smaller = np.asarray(Image.fromarray(picture).resize((224, 224)))
    other = np.asarray(Image.fromarray(coarse[::-1, ::-1]).resize((448, 448)))
    index = NearIndex(PICTURE_BITS, PICTURE_DISTANCE)
    index.add(picture_hash(encode_jpeg(picture)))
    assert index.has_near(picture_hash(encode_jpeg(picture, 60)))
    assert index.has_near(picture_hash(encode_jpeg(brighter)))
    assert index.has_near(picture_hash(encode_jpeg(smaller)))
    assert not index.has_near(picture_hash(encode_jpeg(other)))


def test_empty_pictures_are_alike() -> None:
    grey, white = (np.full((300, 400, 3), level, np.uint8) for level in (90, 255))
    assert picture_hash(encode_jpeg(grey)) == picture_hash(encode_jpeg(white))


def test_a_picture_in_png_is_read_too() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)).save(buffer, "PNG")
    assert 0 <= picture_hash(buffer.getvalue()) < 2**PICTURE_BITS
