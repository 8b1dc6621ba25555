"""The first profile."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mousegpt_core.analysis.profile import Profile, ProfileSettings, make_profile
from mousegpt_core.clips import LABELS, validate_table
from mousegpt_core.errors import DataError

ACTIVITIES = ("walking", "rearing", "grooming", "freezing", "turning")


def _planted(
    sizes: tuple[int, ...] = (120, 80, 60, 40, 20), *, noise: float = 0.1, seed: int = 0
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Clips of some activities with vectors around one centre each; and the true activity."""
    generator = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    vectors = np.eye(32)[truth] + noise * generator.normal(size=(len(truth), 32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = [ACTIVITIES[number] for number in truth]
    described = pd.DataFrame(
        {
            "clip_id": [f"M{i % 3}@{i:08d}" for i in range(len(truth))],
            "recording": [f"M{i % 3}" for i in range(len(truth))],
            "overall": [f"The mouse is {name}, way {i % 9}." for i, name in enumerate(names)],
            "keywords": [f"{name}, mouse" for name in names],
            "label": names,
        }
    )
    return described, vectors.astype(np.float32), truth


def _agree(profile: Profile, truth: np.ndarray) -> float:
    from sklearn.metrics import adjusted_rand_score

    return adjusted_rand_score(truth, profile.labels["behaviour_id"])


@pytest.mark.parametrize("exact_up_to", [4000, 50])
def test_planted_clusters_are_found(exact_up_to: int) -> None:
    described, vectors, truth = _planted()
    settings = ProfileSettings(clusters=5, exact_up_to=exact_up_to, groups=50)
    profile = make_profile(described, vectors, settings, source="kinematic")
    assert profile.reached
    assert _agree(profile, truth) == 1.0
    assert profile.behaviours["name"].tolist() == list(ACTIVITIES)
    assert profile.behaviours["size"].tolist() == [120, 80, 60, 40, 20]
    assert profile.behaviours["share"].sum() == pytest.approx(1.0)
    assert profile.behaviours["keywords"][0] == "walking"
    validate_table(LABELS, profile.labels)
    assert profile.labels["clip_id"].tolist() == described["clip_id"].tolist()
    assert profile.labels["score"].between(0.5, 1).all()
    assert set(profile.labels["source"]) == {"kinematic"}
    assert profile.tree.shape == (4, 4)


def test_ids_are_stable() -> None:
    described, vectors, _ = _planted()
    once = make_profile(described, vectors)
    again = make_profile(described, vectors)
    pd.testing.assert_frame_equal(once.labels, again.labels)
    mixed = np.random.default_rng(1).permutation(len(described))
    shuffled = make_profile(described.iloc[mixed].reset_index(drop=True), vectors[mixed])
    pd.testing.assert_frame_equal(once.behaviours, shuffled.behaviours)
    pd.testing.assert_frame_equal(once.examples, shuffled.examples)
    unmixed = shuffled.labels.set_index("clip_id").loc[described["clip_id"]].reset_index()
    assert unmixed["behaviour_id"].tolist() == once.labels["behaviour_id"].tolist()
    # More of the same keeps them.
    more = make_profile(*_planted((150, 80, 70, 40, 20), seed=3)[:2])
    assert set(more.behaviours["behaviour_id"]) == set(once.behaviours["behaviour_id"])


def test_small_clusters_go_to_the_nearest() -> None:
    described, vectors, _ = _planted((60, 60, 3), noise=0.02)
    # The three are nearer to the second group.
    vectors[-3:] = 0.6 * np.eye(32, dtype=np.float32)[2] + 0.8 * np.eye(32, dtype=np.float32)[1]
    profile = make_profile(described, vectors, ProfileSettings(clusters=2))
    assert profile.behaviours["size"].tolist() == [63, 60]
    ids = profile.labels["behaviour_id"]
    assert ids.iloc[-1] == ids.iloc[70]


def test_failure_is_reported_and_the_best_is_taken() -> None:
    described, vectors, truth = _planted()
    settings = ProfileSettings(clusters=20, least_clips=15, merge=False)
    profile = make_profile(described, vectors, settings)
    assert not profile.reached
    assert any("20 were wanted" in note for note in profile.notes)
    assert len(profile.behaviours) >= 5
    assert profile.behaviours["size"].min() >= 15
    assert _agree(make_profile(described, vectors, ProfileSettings(clusters=20)), truth) > 0.5


def test_clusters_of_one_meaning_are_merged() -> None:
    described, vectors, _ = _planted((60, 60), noise=0.02)
    near = vectors.copy()
    near[60:] = 0.9 * vectors[:60] + 0.43 * vectors[60:]
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    described["label"] = "walking"
    apart = make_profile(described, near, ProfileSettings(clusters=2, merge=False))
    assert apart.behaviours["name"].tolist() != ["walking"]
    assert len(apart.behaviours) == 2
    merged = make_profile(described, near, ProfileSettings(clusters=2))
    assert merged.behaviours["name"].tolist() == ["walking"]
    assert merged.tree.shape == (0, 4)
    described["label"] = ["walking"] * 60 + ["rearing"] * 60
    assert len(make_profile(described, near, ProfileSettings(clusters=2)).behaviours) == 2


def test_clips_without_words_belong_nowhere() -> None:
    described, vectors, _ = _planted((30, 30))
    vectors[::10] = 0
    profile = make_profile(described, vectors, ProfileSettings(clusters=2))
    assert (profile.labels["behaviour_id"] == "").sum() == 6
    assert profile.labels["score"].isna().sum() == 6
    assert profile.behaviours["size"].sum() == 54
    assert any("6 clips" in note for note in profile.notes)


def test_examples_are_near_and_differ() -> None:
    described, vectors, _ = _planted()
    profile = make_profile(described, vectors, ProfileSettings(clusters=5, examples=3))
    for _, part in profile.examples.groupby("behaviour_id"):
        assert part["rank"].tolist() == [1, 2, 3]
        assert part["sentence"].is_unique
        assert len({clip.split("@")[0] for clip in part["clip_id"]}) == 3
    first = profile.examples.iloc[0]
    assert first["behaviour_id"] == profile.behaviours["behaviour_id"][0]


@pytest.mark.parametrize("count", [1, 2, 7])
def test_few_clips(count: int) -> None:
    described, vectors, _ = _planted((count,))
    profile = make_profile(described, vectors)
    assert profile.behaviours["name"].tolist() == ["walking"]
    assert not profile.reached


def test_identical_clips() -> None:
    described, vectors, _ = _planted((50,), noise=0.0)
    assert make_profile(described, vectors).behaviours["size"].tolist() == [50]


def test_wrong_input() -> None:
    described, vectors, _ = _planted((5,))
    with pytest.raises(DataError, match="do not fit"):
        make_profile(described, vectors[:3])
    with pytest.raises(DataError, match="no clip has a description"):
        make_profile(described, np.zeros_like(vectors))
    with pytest.raises(DataError, match="described twice"):
        make_profile(pd.concat([described] * 2), np.concatenate([vectors] * 2))
