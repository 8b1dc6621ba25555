"""Films of several views in several processes: the same films, told of, stopped, and mended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from mousegpt_core.errors import DataError, VideoError
from mousegpt_core.progress import CancelledError
from mousegpt_core.synthetic import BehaviourScript, SimulationSettings, preset_camera, simulate
from mousegpt_core.synthetic.filming import Take, expose, film_takes, find_points
from mousegpt_core.video import Film


@pytest.fixture(scope="module")
def poses() -> xr.Dataset:
    script = BehaviourScript((("walking", 1.0),))
    return simulate(script, SimulationSettings(fps=6.0)).clean


def takes(folder: Path, poses: xr.Dataset) -> list[Take]:
    times = poses["time"].values
    points, moves = expose(times, find_points(poses), times, 0.01)
    return [
        Take(folder / f"{view}.mp4", preset_camera(view, (80, 60)), points, moves, 6.0, ("black",))
        for view in ("top", "side", "ring1")
    ]


def test_two_processes_draw_what_one_draws(tmp_path: Path, poses: xr.Dataset) -> None:
    told: dict[int, list[int]] = {1: [], 2: []}
    seen = {
        n: film_takes(takes(tmp_path / f"{n}", poses), processes=n, on_frame=told[n].append)
        for n in told
    }
    for one, two in zip(seen[1], seen[2], strict=True):
        assert one.shape == (6, 1, 24)
        np.testing.assert_array_equal(one, two)
    for view in ("top", "side", "ring1"):
        assert (tmp_path / "1" / f"{view}.mp4").read_bytes() == (
            tmp_path / "2" / f"{view}.mp4"
        ).read_bytes()
    assert told[1] == list(range(1, 19))
    assert told[2] == sorted(set(told[2]))
    assert told[2][-1] == 18
    with Film(tmp_path / "2" / "top.mp4") as film:
        assert len(film) == 6


def test_what_is_raised_while_filming_ends_it(tmp_path: Path, poses: xr.Dataset) -> None:
    def stop(done: int) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        film_takes(takes(tmp_path, poses), processes=2, on_frame=stop)
    with pytest.raises(CancelledError):
        film_takes(takes(tmp_path, poses)[:1], on_frame=stop)
    assert not list(tmp_path.glob(".*"))


def test_an_error_in_another_process_is_told(tmp_path: Path, poses: xr.Dataset) -> None:
    wrong = [replace(take, path=take.path.with_suffix(".none")) for take in takes(tmp_path, poses)]
    with pytest.raises(VideoError, match=r"\.none"):
        film_takes(wrong[:2], processes=2)


def test_poses_with_gaps_or_other_keypoints_are_refused(poses: xr.Dataset) -> None:
    with pytest.raises(DataError, match="24 keypoints"):
        find_points(poses.isel(keypoint=slice(0, 20)))
    with pytest.raises(DataError, match="gaps"):
        find_points(poses * float("nan"))


def test_between_its_samples_a_point_moves_straight() -> None:
    times = np.array([0.0, 1.0, 3.0])
    points = np.array([[0.0, 0], [10, 4], [10, 0]])
    found, moves = expose(times, points, np.array([0.5, 1.0, 2.0, 3.0]), 0.2)
    np.testing.assert_allclose(found, [[5, 2], [10, 4], [10, 2], [10, 0]])
    # The exposure at 1 s sees half of each way; after the end nothing moves.
    np.testing.assert_allclose(moves, [[2, 0.8], [1, 0.2], [0, -0.4], [0, -0.2]])
    still, none = expose(times[:1], points[:1], np.array([7.0]), 0.2)
    np.testing.assert_allclose([still[0], none[0]], [[0, 0], [0, 0]])
