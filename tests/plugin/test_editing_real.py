"""Four films in step: corrected, saved, opened again, and read as SLEAP's files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mousegpt_core.io import read_poses, recognise_format
from mousegpt_core.pipeline import NewRecording, add_recording
from mousegpt_core.pipeline.writing_back import write_back
from mousegpt_core.study import Study

pytest.importorskip("napari")
VIEWS = ("top", "side", "back", "mid")


@pytest.mark.slow
def test_a_recording_of_four_cameras(test_data: Callable[[str], Path], tmp_path: Path) -> None:
    from napari.components import ViewerModel

    from napari_mousegpt.editable import read_editable
    from napari_mousegpt.editing import Editing
    from napari_mousegpt.session import session_of

    there = test_data("sleap-anipose-4view-mouse") / "minimal_session"
    files = {
        view: Path(shutil.copy(there / view / f"minimal_{view}_proofread.slp", tmp_path))
        for view in VIEWS
    }
    study = Study.create(tmp_path / "study")
    add_recording(
        study,
        NewRecording(
            id="SL",
            films=[(view, there / view / f"minimal_{view}.mp4") for view in VIEWS],
            poses=list(files.items()),
            fps=30.0,
        ),
    )
    before = {view: read_poses(file, fps=30.0) for view, file in files.items()}

    def begin() -> Editing:
        session = session_of(viewers[-1])
        session.open_study(study.folder)
        return Editing(session, read_editable(session)(), who="me")

    viewers = [ViewerModel()]
    editing = begin()
    editing.session.go_to(1.0)
    points = editing.session.points
    places = {}
    for view in ("top", "mid"):
        of_view = points.features["view"] == view
        number = int(np.flatnonzero(of_view & points.shown)[0])
        editing.select([number])
        editing.nudge(3.0, -2.0)
        places[view] = (str(points.features["keypoint"][number]), points.data[number].copy())
    editing.close()

    viewers.append(ViewerModel())
    again = begin()
    again.session.go_to(1.0)
    points = again.session.points
    for view, (keypoint, place) in places.items():
        mine = (points.features["view"] == view) & (points.features["keypoint"] == keypoint)
        np.testing.assert_allclose(points.data[np.flatnonzero(mine)[0]], place)
    again.close()

    write_back(Study.open(study.folder), into_files=True)
    for view, file in files.items():
        assert recognise_format(file) == "sleap-slp"
        old, new = before[view], read_poses(file, fps=30.0)
        moved = np.abs(new["position"] - old["position"]).max("space") > 0
        if view not in places:
            assert not moved.any()
            continue
        assert int(moved.sum()) == 1
        shift = (new["position"] - old["position"]).isel(time=30).sel(keypoint=places[view][0])
        np.testing.assert_allclose(shift.squeeze(), [-2, 3], atol=1e-3)
