"""A study in a viewer: what is shown, where one goes, what is said of a moment."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import ref

import numpy as np
import pytest

from core.video.films import number_in
from mousegpt_core.errors import DataError, ReplacedError
from mousegpt_core.io import read_poses, write_poses
from mousegpt_core.pipeline import NewRecording, Work, add_recording, run_study
from mousegpt_core.progress import Cancellation
from mousegpt_core.study import Study
from napari_mousegpt._readers.study import get_reader
from napari_mousegpt.opening import results_shown
from napari_mousegpt.recordings import Replaceable
from napari_mousegpt.words import Sentences

pytest.importorskip("napari")


@pytest.fixture
def viewer() -> Any:
    from napari.components import ViewerModel

    return ViewerModel()


def session_in(viewer: Any, folder: Path) -> Any:
    from napari_mousegpt.session import session_of

    session = session_of(viewer)
    session.open_study(folder)
    return session


def test_a_study_opens_with_its_films_in_step(viewer: Any, study_folder: Path) -> None:
    session = session_in(viewer, study_folder)
    assert session.recording == "flat"
    assert {"top", "side", "keypoints", "skeleton", "top trails"} <= {
        layer.name for layer in viewer.layers
    }
    viewer.dims.set_current_step(0, 40)
    assert session.moment == pytest.approx(40 / 25)
    top, side = viewer.layers["top"], viewer.layers["side"]
    assert number_in(np.asarray(top._slice.image.view)) == 40
    # Its clock is 0.4 s, ten frames, late.
    assert number_in(np.asarray(side._slice.image.view)) == 30
    assert side.translate[-1] > top.data.shape[2]
    viewer.dims.set_current_step(0, 5)
    assert not np.asarray(side._slice.image.view)[..., :3].any()


def test_a_study_that_is_dropped_on_the_window_is_the_docks_study(
    viewer: Any, study_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_mousegpt.session import session_of

    monkeypatch.setattr("napari.current_viewer", lambda: viewer)
    read = get_reader(str(study_folder / "recordings" / "space"))
    assert read is not None
    assert read(str(study_folder / "recordings" / "space")) == [(None,)]
    session = session_of(viewer)
    assert session.study.folder == study_folder
    assert session.recording == "space"
    assert "skeleton" in viewer.layers


def test_what_only_3d_shows_is_gone_to_and_back(
    viewer: Any, own_study: Study, tmp_path: Path
) -> None:
    flat, space = own_study.recording("flat"), own_study.recording("space")
    film = flat.resolve(flat.info.views[0].films[0].path)
    poses = space.resolve(space.info.poses[0].path)
    add_recording(
        own_study,
        NewRecording(id="both", films=[("top", film)], poses=[(None, poses)],
                     fps=space.info.poses[0].fps, unit="cm"),
    )  # fmt: skip
    run_study(Work(own_study, lambda step: None, Cancellation()))
    session = session_in(viewer, own_study.folder)
    session.go_to(1.0, recording="both")
    assert not session.in_space
    session.go_to(8.0, recording="both")
    assert session.in_space
    assert session.moment == pytest.approx(8.0, abs=0.05)
    session.go_to(1.2, recording="both")
    assert not session.in_space
    assert session.moment == pytest.approx(1.2, abs=0.05)
    # Where a person chose 3D, it stays.
    session.open_recording("both", in_space=True)
    session.go_to(1.0, recording="both")
    assert session.in_space


def test_a_drawing_that_is_taken_away_is_not_missed(viewer: Any, study_folder: Path) -> None:
    session = session_in(viewer, study_folder)
    drawing = session.drawing("top", {"name": "length"})
    viewer.layers.remove(drawing)
    assert not session.lacks_layers
    viewer.layers.remove("top")
    assert session.lacks_layers


def test_keypoints_follow_the_slider(viewer: Any, study_folder: Path) -> None:
    session = session_in(viewer, study_folder)
    points = viewer.layers["keypoints"]
    before = points.data.copy()
    session.go_to(2.0)
    moved = points.data - before
    np.testing.assert_allclose(moved[:, 1], 50 * 40 / 89, rtol=1e-3)
    assert len(points.data) == 3
    assert list(points.features["keypoint"]) == ["nose", "neck", "tailbase"]


def test_a_slider_that_is_moved_while_layers_come_stays_there(
    viewer: Any, study_folder: Path
) -> None:
    def move(event: Any) -> None:
        if event.value.name == "side":
            viewer.dims.set_current_step(0, 40)

    viewer.layers.events.inserted.connect(move)
    session = session_in(viewer, study_folder)
    assert session.moment == pytest.approx(40 / 25)
    assert number_in(np.asarray(viewer.layers["side"]._slice.image.view)) == 30
    moved = viewer.layers["keypoints"].data.copy()
    viewer.layers.events.inserted.disconnect(move)
    session.reopen()
    assert session.moment == pytest.approx(40 / 25)
    session.open_recording("space")
    assert session.moment == 0
    session.open_recording("flat")
    assert session.moment == 0
    session.go_to(40 / 25)
    np.testing.assert_array_equal(viewer.layers["keypoints"].data, moved)


def one_line(viewer: Any) -> str:
    """The words under the picture, as before they were broken into lines."""
    return str(viewer.canvas.overlays.text.text.replace("\n", " "))


def test_the_moment_has_its_sentence(viewer: Any, study_folder: Path) -> None:
    session = session_in(viewer, study_folder)
    moments: list[float] = []
    session.moment_changed.connect(moments.append)
    session.go_to(1.0, individual="M1")
    assert moments == [pytest.approx(1.0)]
    assert "mouse" in session.sentence
    assert one_line(viewer) == f"1.00 s   {session.sentence}"
    assert viewer.canvas.overlays.text.visible
    # However narrow the canvas is, all of it is seen.
    viewer.canvas.size = (800, 200)
    lines = viewer.canvas.overlays.text.text.splitlines()
    assert 1 < max(len(line) for line in lines) <= 22
    assert one_line(viewer) == f"1.00 s   {session.sentence}"


@pytest.mark.parametrize("recording", ["flat", "space"])
def test_all_stays_in_sight_until_a_person_looks_closer(
    viewer: Any, study_folder: Path, recording: str
) -> None:
    camera = viewer.scene.camera
    viewer.canvas.size = (800, 800)
    session_in(viewer, study_folder).open_recording(recording)
    whole, angles = camera.zoom, camera.angles
    viewer.canvas.size = (400, 400)
    assert camera.zoom == pytest.approx(whole / 2)
    assert camera.angles == angles
    camera.zoom = 7.0
    viewer.canvas.size = (800, 800)
    assert camera.zoom == 7.0


def test_words_of_the_users_own_are_left_alone(viewer: Any, study_folder: Path) -> None:
    session = session_in(viewer, study_folder)
    session.close_recording()
    viewer.canvas.overlays.text.text = "mine"
    viewer.canvas.overlays.text.visible = True
    viewer.canvas.size = (400, 400)
    assert viewer.canvas.overlays.text.visible
    assert viewer.canvas.overlays.text.text == "mine"


def test_a_sentence_selects_its_frames_and_its_animals_points(
    viewer: Any, study_folder: Path
) -> None:
    session = session_in(viewer, study_folder)
    changes: list[Any] = []
    session.span_changed.connect(lambda: changes.append(session.span))
    session.go_to(1.0, individual="M1", until=1.4)
    points, text = viewer.layers["keypoints"], viewer.canvas.overlays.text
    assert session.span == (1.0, 1.4)
    assert set(points.selected_data) == {0, 1, 2}
    assert "selected: 1.00 to 1.40 s" in text.text
    viewer.dims.set_current_step(0, 34)
    assert set(points.selected_data) == {0, 1, 2}
    viewer.dims.set_current_step(0, 35)
    assert not points.selected_data
    assert "selected:" not in text.text
    points.selected_data = {1}
    viewer.dims.set_current_step(0, 40)
    assert set(points.selected_data) == {1}
    session.go_to(1.0, recording="space")
    assert session.span is None
    assert changes == [(1.0, 1.4), None]


def test_one_goes_to_another_recording_and_leaves_the_users_layers(
    viewer: Any, study_folder: Path
) -> None:
    session = session_in(viewer, study_folder)
    mine = viewer.add_image(np.zeros((4, 4)), name="mine")
    session.go_to(3.0, recording="space")
    assert session.recording == "space"
    assert session.in_space
    assert session.moment == pytest.approx(3.0, abs=0.02)
    assert mine in viewer.layers
    assert "top" not in viewer.layers
    assert {"floor", "skeleton", "keypoints"} <= {layer.name for layer in viewer.layers}
    assert session.individual == session.study.recording("space").info.individuals[0]
    session.close_recording()
    assert list(viewer.layers) == [mine]
    assert not viewer.canvas.overlays.text.visible


def test_a_layer_that_a_person_takes_away_is_not_kept(viewer: Any, study_folder: Path) -> None:
    session = session_in(viewer, study_folder)
    trails = ref(viewer.layers.pop(viewer.layers.index("top trails")))
    gc.collect()
    assert trails() is None
    session.go_to(1.0)
    session.close_recording()
    assert not viewer.layers


def test_a_recording_whose_layers_were_all_taken_away_is_shown_again(
    viewer: Any, study_folder: Path
) -> None:
    session = session_in(viewer, study_folder)
    names = [layer.name for layer in viewer.layers]
    viewer.layers.remove("top trails")
    session.go_to(1.0, recording="flat")
    assert "top trails" not in viewer.layers  # as the person wants it
    viewer.layers.clear()
    session.go_to(2.0, recording="flat")
    assert [layer.name for layer in viewer.layers] == names
    assert session.moment == pytest.approx(2.0)
    viewer.layers.clear()
    session.go_to(1.0)
    assert session.points in viewer.layers
    assert session.moment == pytest.approx(1.0)


def test_a_moment_that_no_film_shows_is_the_nearest(viewer: Any, study_folder: Path) -> None:
    session = session_in(viewer, study_folder)
    session.go_to(60.0)
    assert (session.recording, session.in_space) == ("flat", False)
    assert session.moment == pytest.approx(89 / 25)


def shift_poses(study: Study, by: float) -> None:
    """Other poses in the file, which a run reads."""
    file = study.folder.parent / "top.csv"
    poses = read_poses(file, fps=25)
    file.unlink()
    write_poses(poses.assign(position=poses["position"] + by), file, format="dlc-csv")
    run_study(Work(study, lambda step: None, Cancellation()))


def test_poses_that_a_run_has_read_anew_are_shown(viewer: Any, own_study: Study) -> None:
    from napari_mousegpt.session import session_of

    session = session_of(viewer)
    session.open_study(own_study.folder, recording="flat")
    session.go_to(1.0)
    before = np.array(session.points.data)
    shift_poses(own_study, 5)
    session.refresh()
    assert (session.recording, session.moment) == ("flat", pytest.approx(1.0))
    np.testing.assert_allclose(session.points.data, before + 5, atol=1e-3)
    # What is as it was stays as it is.
    opened = session.opened
    session.refresh()
    assert session.opened is opened


def test_poses_that_change_while_they_are_read_are_shown_at_the_next_look(
    viewer: Any, own_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_mousegpt import opening
    from napari_mousegpt.session import session_of

    def slowly(*given: Any, **options: Any) -> Any:
        monkeypatch.setattr(opening, "open_recording", open_recording)
        opened = open_recording(*given, **options)
        shift_poses(own_study, 5)
        return opened

    open_recording = opening.open_recording
    monkeypatch.setattr(opening, "open_recording", slowly)
    session = session_of(viewer)
    session.open_study(own_study.folder, recording="flat")
    before = np.array(session.points.data)
    session.refresh()
    np.testing.assert_allclose(session.points.data, before + 5, atol=1e-3)


def test_in_space_kinematics_count_for_what_is_shown(study_folder: Path) -> None:
    recording = Study.open(study_folder).recording("space")
    beside, space = (results_shown(recording, in_space=way)["kinematics"] for way in (False, True))
    assert (beside, bool(space)) == ("", True)


def test_masks_that_a_run_replaces_are_black_meanwhile() -> None:
    class Masks:
        shape, dtype = (2, 3, 4), np.dtype(np.uint8)

        def __getitem__(self, frame: int) -> Any:
            if frame:
                raise ReplacedError("made anew")
            return np.ones((3, 4), dtype=np.uint8)

    masks = Replaceable(Masks())
    assert (masks[0].all(), masks[1].any()) == (True, False)


def test_what_cannot_be_shown_is_told(viewer: Any, study_folder: Path, tmp_path: Path) -> None:
    session = session_in(viewer, study_folder)
    with pytest.raises(DataError, match="no 3D"):
        session.open_recording("flat", in_space=True)
    assert session.recording == "flat"
    with pytest.raises(DataError, match="not a study"):
        session.open_study(tmp_path)
    assert session.study.folder == study_folder


def test_a_session_ends_with_its_viewer(study_folder: Path) -> None:
    from weakref import ref

    from napari.components import ViewerModel

    viewer = ViewerModel()
    session = ref(session_in(viewer, study_folder))
    del viewer
    gc.collect()
    assert session() is None


@pytest.mark.parametrize("inside", ["", "study.toml", "recordings/flat"])
def test_the_reader_takes_a_study_and_a_recording(
    viewer: Any, study_folder: Path, inside: str
) -> None:
    from napari.layers import Layer

    read = get_reader(str(study_folder / inside))
    assert read is not None
    layers = read(str(study_folder / inside))
    assert [kind for *_, kind in layers][:2] == ["image", "image"]
    for layer in layers:
        viewer.add_layer(Layer.create(*layer))
    assert viewer.dims.nsteps[0] == 90


def test_other_folders_are_no_study(study_folder: Path, tmp_path: Path) -> None:
    assert get_reader(str(tmp_path)) is None
    assert get_reader(str(study_folder / "recordings")) is None


def test_sentences_are_said_of_an_animal_or_of_all(make_clips: Callable[..., Any]) -> None:
    said = Sentences(
        make_clips([("a", 0.0, 1.0, "one"), ("", 0.0, 2.0, "all"), ("a", 1.0, 2.0, "")])
    )
    assert [said.at(moment, "a") for moment in (0.5, 1.5, 2.5)] == ["one", "all", ""]
    assert said.at(0.5, "b") == "all"


@pytest.fixture
def make_clips() -> Callable[..., Any]:
    import pandas as pd

    return lambda rows: pd.DataFrame(rows, columns=["individual", "start_s", "stop_s", "overall"])
