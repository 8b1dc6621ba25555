"""A small study that is made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.video.films import FIXED_B, encode
from mousegpt_core.io import write_poses
from mousegpt_core.pipeline import NewRecording, Work, add_recording, run_study
from mousegpt_core.poses import make_poses
from mousegpt_core.progress import Cancellation
from mousegpt_core.study import Study
from mousegpt_core.synthetic import SimulationSettings, simulate

#: Frames of the film; of the poses there are as many.
FRAMES = 90


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that was run: "flat", filmed in two views and 2D; "space", in 3D without a film."""
    folder = tmp_path_factory.mktemp("plugin")
    study = Study.create(folder / "study", name="Two mice")
    _add_flat(study, folder)
    poses = simulate(settings=SimulationSettings(duration_s=10.0, seed=2)).poses
    file = write_poses(poses, folder / "space.csv", format="wide-csv")
    add_recording(
        study,
        NewRecording(id="space", poses=[(None, file)], fps=float(poses.attrs["fps"]), unit="cm"),
    )
    run_study(Work(study, lambda step: None, Cancellation()))
    return study.folder


def _add_flat(study: Study, folder: Path) -> None:
    top = encode(folder / "top.mp4", FRAMES, b_frames=2, options=FIXED_B, moving=True)
    side = encode(folder / "side.mp4", FRAMES, b_frames=2, options=FIXED_B, moving=True)
    along = np.linspace(20, 60, FRAMES)
    offsets = {"nose": 12, "neck": 6, "tailbase": -8}
    position = np.stack([[along + x, np.full(FRAMES, 30.0)] for x in offsets.values()], axis=-1)
    poses = make_poses(
        position.transpose(1, 0, 2)[..., None], keypoints=list(offsets), individuals=["M1"], fps=25
    )
    file = write_poses(poses, folder / "top.csv", format="dlc-csv")
    add_recording(
        study,
        NewRecording(
            id="flat",
            films=[("top", top), ("side", side)],
            poses=[("top", file)],
            offsets=[("side", 0.4)],
            px_per_cm=3.0,
            animal={"animal": "M1", "treatment": "saline"},
        ),
    )


@pytest.fixture
def own_study(study_folder: Path, tmp_path: Path) -> Study:
    """A copy of that study, to be changed."""
    # As deep in its folder as it was, so that relative paths still hold.
    for file in study_folder.parent.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    return Study.open(shutil.copytree(study_folder, tmp_path / "study"))


@pytest.fixture
def viewer(qtbot: Any) -> Iterator[Any]:
    """A real napari; tests of its model have a lighter one of their own."""
    import napari

    viewer = napari.Viewer(show=False)
    yield viewer
    viewer.close()


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What notifications say, the newest last."""
    from napari.utils.notifications import notification_manager

    said: list[str] = []

    def take(notification: Any) -> None:
        said.append(str(notification.message))

    notification_manager.notification_ready.connect(take)
    yield said
    notification_manager.notification_ready.disconnect(take)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows open recordings at once, as scripts do, but where it is about that: no waiting."""
    if find_spec("napari") is not None:
        from napari_mousegpt.session import session_of

        monkeypatch.setattr("napari_mousegpt.windows.session_in_window", session_of)
