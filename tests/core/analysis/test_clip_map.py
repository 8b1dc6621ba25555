"""The map of the clips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mousegpt_core.analysis.clip_map import MapSettings, map_clips
from mousegpt_core.errors import DataError


def _grouped(groups: int = 4, each: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around some centres, and whose they are."""
    generator = np.random.default_rng(seed)
    truth = np.repeat(np.arange(groups), each)
    vectors = np.eye(16)[truth] + 0.1 * generator.normal(size=(len(truth), 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), truth


def _neighbours_alike(places: np.ndarray, truth: np.ndarray) -> float:
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    return float((truth[distance.argmin(axis=1)] == truth).mean())


@pytest.mark.parametrize(
    "settings",
    [MapSettings(), MapSettings(method="pca"), MapSettings(sample=60)],
    ids=["tsne", "pca", "sample"],
)
def test_what_is_alike_lies_together(settings: MapSettings) -> None:
    vectors, truth = _grouped()
    assert _neighbours_alike(map_clips(vectors, settings), truth) > 0.85


def test_umap_gives_the_same_twice() -> None:
    pytest.importorskip("umap", reason="run by `nox -s peers`")
    vectors, truth = _grouped()
    settings = MapSettings(method="umap", neighbours=10)
    places = map_clips(vectors, settings)
    assert _neighbours_alike(places, truth) > 0.95
    np.testing.assert_array_equal(places, map_clips(vectors, settings))


def test_the_order_of_the_clips_does_not_matter() -> None:
    vectors, _ = _grouped()
    mixed = np.random.default_rng(1).permutation(len(vectors))
    np.testing.assert_array_equal(map_clips(vectors)[mixed], map_clips(vectors[mixed]))


def test_clips_of_one_description_fill_a_disc_of_even_density() -> None:
    vectors, _ = _grouped(each=10)
    copied = np.repeat(vectors, [200] + [1] * 39, axis=0)
    places = map_clips(copied)
    disc = places[:200]
    reach = np.linalg.norm(disc - disc.mean(axis=0), axis=1).max()
    assert reach == pytest.approx(np.sqrt(200 / np.pi), rel=0.05)
    distance = np.linalg.norm(disc[:, None] - disc[None], axis=2) + 9 * np.eye(200)
    assert 0.5 < distance.min(axis=1).min() <= distance.min(axis=1).max() < 1.5
    # Nothing else lies in it.
    others = np.linalg.norm(places[200:] - disc.mean(axis=0), axis=1)
    assert others.min() > 0.9 * reach


def test_clips_of_which_nothing_was_said_have_no_place() -> None:
    vectors, _ = _grouped()
    vectors[3] = 0
    places = map_clips(vectors)
    assert np.isnan(places[3]).all()
    assert np.isfinite(np.delete(places, 3, axis=0)).all()


@pytest.mark.parametrize("vectors", [np.zeros((4, 3)), np.zeros((0, 3))])
def test_nothing_said_at_all(vectors: np.ndarray) -> None:
    with pytest.raises(DataError, match="no clip"):
        map_clips(vectors)


@settings(deadline=None)  # the first imports what the others have
@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(1, 5))
def test_few_descriptions_get_places_of_their_own(which: list[int], dimensions: int) -> None:
    generator = np.random.default_rng(0)
    texts = generator.normal(size=(5, dimensions))
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    places = map_clips(texts[which])
    assert np.isfinite(places).all()
    assert len(np.unique(places.round(6), axis=0)) == len(which)
    if len(which) > 1:
        distance = np.linalg.norm(places[:, None] - places[None], axis=2) + 9 * np.eye(len(which))
        assert distance.min() > 0.1
