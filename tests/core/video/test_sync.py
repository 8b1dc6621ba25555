"""Several views in step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.errors import DataError
from mousegpt_core.video import NO_FRAME, Clock, frames_at, in_step, read_timestamps

BASE = np.arange(100) / 50


def test_a_clock_is_in_step_with_itself() -> None:
    assert frames_at(BASE, BASE).tolist() == list(range(100))


def test_an_offset_shifts_by_whole_frames() -> None:
    later = Clock(50.0, offset_s=0.1).at(np.arange(100))
    found = frames_at(BASE, later)
    assert found[:5].tolist() == [NO_FRAME] * 5
    assert found[5:].tolist() == list(range(95))


def test_a_camera_of_another_rate() -> None:
    slow = np.arange(20) / 10
    found = frames_at(BASE, slow)
    assert found[:8].tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert (found[:98] >= 0).all()
    # The film is over half a frame after its last.
    assert found[98:].tolist() == [NO_FRAME] * 2
    assert frames_at(slow, BASE).tolist() == list(range(0, 100, 5))


def test_dropped_frames_show_nothing() -> None:
    kept = np.delete(np.arange(100), [10, 11, 40])
    found = frames_at(BASE, BASE[kept])
    assert np.flatnonzero(found == NO_FRAME).tolist() == [10, 11, 40]
    shown = found[found != NO_FRAME]
    assert kept[shown].tolist() == kept.tolist()


def test_jitter_is_no_drop() -> None:
    jitter = np.random.default_rng(0).uniform(-0.2, 0.2, 100) / 50
    assert (frames_at(np.linspace(0.1, 1.9, 1000), BASE + jitter) >= 0).all()


def test_several_views_and_one_frame() -> None:
    found = in_step([0.0, 0.5], {"top": BASE, "side": BASE + 0.3})
    assert found["top"].tolist() == [0, 25]
    assert found["side"].tolist() == [NO_FRAME, 10]
    assert frames_at([0.0, 1.0, 1.3], np.array([1.0]), period=0.5).tolist() == [-1, 0, -1]
    assert frames_at([0.0], np.zeros(0), period=0.5).tolist() == [NO_FRAME]
    with pytest.raises(DataError, match="rate"):
        frames_at([0.0], np.array([1.0]))
    with pytest.raises(DataError, match="rise"):
        frames_at([0.0], np.array([1.0, 0.5]))


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=30),
    st.lists(st.floats(-2, 8), min_size=1, max_size=20),
)
def test_what_is_found_is_nearest_and_near(steps: list[int], moments: list[float]) -> None:
    times = np.cumsum([0, *steps]) / 20
    found = frames_at(moments, times, period=1 / 20)
    away = np.abs(np.asarray(moments)[:, None] - times)
    nearest = away.min(axis=1)
    for place, number in enumerate(found):
        if number == NO_FRAME:
            assert nearest[place] > 0.5 / 20
        else:
            assert away[place, number] == pytest.approx(nearest[place])
            assert nearest[place] <= 0.5 / 20 * 1.003


def test_a_real_rig_of_two_rates(test_data: Callable[[str], Path]) -> None:
    folder = test_data("eks-ibl-paw-2cam") / "ibl-paw"
    left, right = (
        read_timestamps(next(folder.glob(f"*.timestamps.{view}.npy"))) for view in ("left", "right")
    )
    found = frames_at(left, right)
    both = (left >= right[0]) & (left <= right[-1])
    assert (found[both] >= 0).mean() > 0.99
    near = np.abs(right[found[found >= 0]] - left[found >= 0])
    assert near.max() < 0.6 / 150
    # 60 against 150 frames a second.
    assert np.diff(found[found >= 0]).mean() == pytest.approx(2.5, abs=0.05)
