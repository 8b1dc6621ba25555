"""Films of several views in several processes: the same films, told of, stopped, and mended."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

from mousegpt_core.errors import MouseGPTError
from mousegpt_core.geometry import Camera
from mousegpt_core.progress import CancelledError
from mousegpt_core.synthetic import (
    BehaviourScript,
    SimulationSettings,
    preset_camera,
    simulate,
)
from mousegpt_core.synthetic.filming import render_films


@pytest.fixture(scope="module")
def poses() -> xr.Dataset:
    script = BehaviourScript((("walking", 1.0),))
    return simulate(script, SimulationSettings(fps=6.0)).clean


def cameras(folder: Path) -> dict[Path, Camera]:
    folder.mkdir(exist_ok=True)
    return {folder / f"{view}.mp4": preset_camera(view, (80, 60)) for view in ("top", "side")}


def test_two_processes_draw_what_one_draws(tmp_path: Path, poses: xr.Dataset) -> None:
    told: dict[int, list[int]] = {1: [], 2: []}
    made = {
        n: render_films(poses, cameras(tmp_path / f"{n}"), processes=n, on_frame=told[n].append)
        for n in told
    }
    for one, two in zip(made[1], made[2], strict=True):
        assert one.read_bytes() == two.read_bytes()
    assert told[1] == list(range(1, 13))
    assert told[2] == sorted(set(told[2]))
    assert told[2][-1] == 12


def test_what_is_raised_while_filming_ends_it(tmp_path: Path, poses: xr.Dataset) -> None:
    def stop(done: int) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        render_films(poses, cameras(tmp_path), processes=2, on_frame=stop)


def test_an_error_in_another_process_is_told(tmp_path: Path, poses: xr.Dataset) -> None:
    with pytest.raises(MouseGPTError, match="with gaps"):
        render_films(poses * float("nan"), cameras(tmp_path), processes=2)
