"""Adding a recording: what is guessed is shown, what does not fit is refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mousegpt_core.errors import DataError, FormatError, MouseGPTError, SettingsError, VideoError
from mousegpt_core.io import read_poses
from mousegpt_core.pipeline import NewRecording, Work, add_recording
from mousegpt_core.pipeline.recording_stages import import_poses, primary_pose, run_descriptions
from mousegpt_core.progress import Progress
from mousegpt_core.study import Study
from mousegpt_core.video import write_film


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.create(tmp_path / "study")


def write_poses(path: Path, frames: int = 60, size: float = 200.0) -> Path:
    """A mouse that walks to the right over a picture of `size` pixels."""
    x = np.linspace(0.2, 0.6, frames) * size
    rows = ["nose_x,nose_y,tailbase_x,tailbase_y"]
    rows += [f"{a + 40:.2f},{size / 2},{a:.2f},{size / 2}" for a in x]
    path.write_text("\n".join(rows) + "\n")
    return path


def write_blank_film(path: Path, frames: int = 60, size: int = 200) -> Path:
    write_film(path, (np.full((size, size, 3), 90, np.uint8) for _ in range(frames)), 30.0)
    return path


def test_the_frame_rate_comes_from_the_film(study: Study, tmp_path: Path) -> None:
    poses, film = write_poses(tmp_path / "m.csv"), write_blank_film(tmp_path / "m.mp4")
    added = add_recording(study, NewRecording("m", films=[(None, film)], poses=[(None, poses)]))
    assert added.recording.info.poses[0].fps == pytest.approx(30)
    assert added.recording.info.poses[0].view == "m"


def test_roles_are_guessed_and_shown(study: Study, tmp_path: Path) -> None:
    poses = write_poses(tmp_path / "m.csv")
    added = add_recording(study, NewRecording("m", poses=[(None, poses)], fps=30))
    assert [(name, role) for name, role, _ in added.roles] == [
        ("nose", "nose"),
        ("tailbase", "tail_base"),
    ]
    assert "nose = " in study.toml_path.read_text()
    assert any("scale" in remark for remark in added.remarks)


def test_roles_that_a_person_corrected_hold_for_the_next_recording(
    study: Study, tmp_path: Path
) -> None:
    poses = write_poses(tmp_path / "m.csv")
    add_recording(study, NewRecording("m1", poses=[(None, poses)], fps=30))
    text = study.toml_path.read_text()
    study.toml_path.write_text(text.replace('tail_base = "tailbase"', 'hip = "tailbase"'))
    added = add_recording(study, NewRecording("m2", poses=[(None, poses)], fps=30))
    assert {name: role for name, role, _ in added.roles}["tailbase"] == "hip"
    assert len(study.skeletons) == 1


def test_animals_get_their_columns(study: Study, tmp_path: Path) -> None:
    poses = write_poses(tmp_path / "m.csv")
    columns = {"animal": "A7", "treatment": "saline", "cage": "3"}
    add_recording(study, NewRecording("m", poses=[(None, poses)], fps=30, animal=columns))
    row = study.animals.set_index("animal").loc["A7"]
    assert row["treatment"] == "saline"
    assert row["cage"] == 3


def write_two_animals(path: Path) -> Path:
    rows = [(frame, who, frame + 10 * n, 5.0, frame + 10 * n + 3, 9.0)
            for frame in range(40) for n, who in enumerate(("a", "b"))]  # fmt: skip
    columns = ["frame", "individual", "nose_x", "nose_y", "tailbase_x", "tailbase_y"]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path


def test_each_of_several_animals_gets_its_own_columns(study: Study, tmp_path: Path) -> None:
    poses = [(None, write_two_animals(tmp_path / "two.csv"))]
    single = {"a": {"treatment": "drug", "animal": "A1"}, "b": {"treatment": "saline"}}
    new = NewRecording("m", poses=poses, fps=30, animal={"sex": "f"}, animal_of=single)
    assert add_recording(study, new).recording.info.individuals == ("A1", "m-b")
    table = study.animals.set_index("animal")
    assert dict(table["treatment"]) == {"A1": "drug", "m-b": "saline"}
    assert set(table["sex"]) == {"f"}


@pytest.mark.parametrize(
    ("single", "says"),
    [({"c": {"sex": "f"}}, "individuals: a, b"), ({key: {"animal": "X"} for key in "ab"}, "'X'")],
)
def test_animals_that_cannot_be_told_apart_are_refused(
    study: Study, tmp_path: Path, single: dict[str, dict[str, str]], says: str
) -> None:
    poses = [(None, write_two_animals(tmp_path / "two.csv"))]
    with pytest.raises(SettingsError, match=says):
        add_recording(study, NewRecording("m", poses=poses, fps=30, animal_of=single))
    assert not study.recordings


def test_lengths_are_not_pixels(study: Study, tmp_path: Path) -> None:
    poses = [(None, write_poses(tmp_path / "m.csv"))]
    with pytest.raises(SettingsError, match="contradict"):
        add_recording(study, NewRecording("m", poses=poses, fps=30, unit="mm", px_per_cm=20))


@pytest.mark.parametrize("px_per_cm", [1e9, 1e-9, 1e4, 1e-3])
def test_a_scale_that_no_animal_can_have_is_refused(
    study: Study, tmp_path: Path, px_per_cm: float
) -> None:
    poses = [(None, write_poses(tmp_path / "m.csv", frames=60))]
    film = [(None, write_blank_film(tmp_path / "m.mp4", frames=60))]
    with pytest.raises(SettingsError, match=r"by --px-per-cm .* which cannot be") as refused:
        add_recording(study, NewRecording("m", poses=poses, fps=30, px_per_cm=px_per_cm))
    assert "divide them by its centimetres" in refused.value.hint
    with pytest.raises(SettingsError, match="the picture is"):
        add_recording(study, NewRecording("m", films=film, px_per_cm=px_per_cm))
    assert study.recordings == {}
    assert study.animals.empty
    assert study.skeletons == ()


def test_a_scale_that_is_unusual_is_remarked_on(study: Study, tmp_path: Path) -> None:
    poses = [(None, write_poses(tmp_path / "m.csv", frames=60))]
    for id, px_per_cm, words in (("usual", 1.0, []), ("far", 0.05, ["check the scale"])):
        new = NewRecording(id, poses=poses, fps=30, px_per_cm=px_per_cm)
        told = [line for line in add_recording(study, new).remarks if "--px-per-cm" in line]
        assert len(told) == len(words)
        assert all(word in line for word, line in zip(words, told, strict=True))


def test_an_animal_that_is_never_seen_has_no_length(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    rows = "".join(f"{frame},,,,\n" for frame in range(30)) + "30,1,1,,\n"
    path.write_text("frame,nose_x,nose_y,tailbase_x,tailbase_y\n" + rows)
    new = NewRecording("m", poses=[(None, path)], fps=30, px_per_cm=20)
    assert add_recording(study, new).recording.info.space.cm_per_unit == 1 / 20


def test_a_number_of_animals_that_poses_contradict_is_said(study: Study, tmp_path: Path) -> None:
    poses = [(None, write_two_animals(tmp_path / "two.csv"))]
    for count, told in ((None, False), (2, False), (3, True)):
        new = NewRecording(f"m{count}", poses=poses, fps=30, count=count)
        said = "--individuals 3 is not used: the poses are of 2 animals"
        assert (said in add_recording(study, new).remarks) == told
    with pytest.raises(SettingsError, match="must be 1 or more"):
        add_recording(study, NewRecording("m", poses=poses, fps=30, count=0))


def test_lengths_that_differ_a_little_are_remarked_on(study: Study, tmp_path: Path) -> None:
    poses = write_poses(tmp_path / "m.csv", frames=61)
    film = write_blank_film(tmp_path / "m.mp4", frames=60)
    added = add_recording(study, NewRecording("m", films=[(None, film)], poses=[(None, poses)]))
    assert any("61 frames" in remark and "60" in remark for remark in added.remarks)


@pytest.mark.parametrize(
    ("frames", "size", "says"), [(300, 200, "more poses"), (60, 4000, "outside of the picture")]
)
def test_the_wrong_film_is_refused(
    study: Study, tmp_path: Path, frames: int, size: float, says: str
) -> None:
    poses = write_poses(tmp_path / "m.csv", frames=frames, size=size)
    film = write_blank_film(tmp_path / "m.mp4")
    with pytest.raises(DataError, match=says) as caught:
        add_recording(study, NewRecording("m", films=[(None, film)], poses=[(None, poses)]))
    assert "m.csv" in str(caught.value)
    assert caught.value.hint
    assert not study.recordings


def test_a_missing_frame_rate_names_the_option(study: Study, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--fps"):
        add_recording(study, NewRecording("m", poses=[(None, write_poses(tmp_path / "m.csv"))]))


def test_two_films_need_to_be_told_apart(study: Study, tmp_path: Path) -> None:
    films = [(None, write_blank_film(tmp_path / f"{name}.mp4")) for name in "ab"]
    poses = write_poses(tmp_path / "m.csv")
    with pytest.raises(DataError, match="VIEW="):
        add_recording(study, NewRecording("m", films=films, poses=[(None, poses)]))
    added = add_recording(study, NewRecording("m", films=films, poses=[("b", poses)]))
    assert added.recording.info.poses[0].view == "b"


def test_keypoints_without_names_are_called_as_those_of_the_other_poses(
    study: Study, tmp_path: Path
) -> None:
    named, unnamed = write_poses(tmp_path / "a.csv"), tmp_path / "b.csv"
    unnamed.write_text("".join(named.read_text().splitlines(keepends=True)[1:]))
    new = NewRecording("m", poses=[("b", unnamed), ("a", named)], fps=30)
    added = add_recording(study, new)
    told = [(file.view, file.keypoints) for file in added.recording.info.poses]
    assert told == [("b", ("nose", "tailbase")), ("a", ())]
    assert any("b.csv does not name its keypoints" in remark for remark in added.remarks)
    named.write_text("nose_x,nose_y\n" + "1,2\n" * 60)
    with pytest.raises(FormatError, match=r"b\.csv"):
        add_recording(study, replace(new, id="n"))


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("empty.csv", "", FormatError),
        ("words.csv", "the,quick\nbrown,fox\n", FormatError),
        ("nan.csv", "nose_x,nose_y\n" + ",\n" * 20, DataError),
        ("cut.csv", "nose_x,nose_y\n1,2\n3", FormatError),
    ],
)
def test_bad_poses_are_refused_by_name(
    study: Study, tmp_path: Path, name: str, content: str, error: type[MouseGPTError]
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(error, match=name) as caught:
        add_recording(study, NewRecording("m", poses=[(None, path)], fps=30))
    assert caught.value.hint
    assert not study.recordings


def test_what_is_no_film_is_refused_by_name(study: Study, tmp_path: Path) -> None:
    film = tmp_path / "no.mp4"
    film.write_bytes(b"this is not a film" * 100)
    poses = write_poses(tmp_path / "m.csv")
    with pytest.raises(VideoError, match=r"no\.mp4"):
        add_recording(study, NewRecording("m", films=[(None, film)], poses=[(None, poses)]))


def test_a_taken_id_is_refused(study: Study, tmp_path: Path) -> None:
    poses = write_poses(tmp_path / "m.csv")
    add_recording(study, NewRecording("m", poses=[(None, poses)], fps=30))
    with pytest.raises(DataError, match="m"):
        add_recording(study, NewRecording("m", poses=[(None, poses)], fps=30))


def test_what_was_read_is_not_read_again(study: Study, tmp_path: Path) -> None:
    file = write_poses(tmp_path / "m.csv")
    added = add_recording(study, NewRecording("m", poses=[(None, file)], fps=30))
    told: list[Progress] = []
    source = primary_pose(added.recording)
    key = import_poses(Work(study, told.append), added.recording, source)
    assert [(step.stage, step.message) for step in told] == [("poses2d/camera", "up to date")]
    kept = added.recording.store.read_dataset("poses2d/camera").load()
    read = read_poses(file, fps=30)
    xr.testing.assert_identical(kept, read.assign_coords(individual=["m"]))
    assert added.recording.store.entry("poses2d/camera").key == key


def test_the_same_animal_in_another_treatment_keeps_both(study: Study, tmp_path: Path) -> None:
    poses = [(None, write_poses(tmp_path / "m.csv"))]
    for id, treatment in (("day1", "saline"), ("day2", "drug"), ("day3", "saline")):
        columns = {"animal": "A7", "treatment": treatment}
        added = add_recording(study, NewRecording(id, poses=poses, fps=30, animal=columns))
        assert any("A7" in remark for remark in added.remarks) == (id == "day2")
    assert study.treatment_of("A7") == "saline"
    assert [one.info.treatment for one in study.recordings.values()] == ["", "drug", ""]


@pytest.mark.parametrize(("step", "alone"), [(1, True), (40, False)])
def test_pictures_that_are_merely_counted_stand_alone(
    study: Study, tmp_path: Path, step: int, alone: bool
) -> None:
    rows = ["scorer,me,me,me,me", "bodyparts,nose,nose,tail,tail", "coords,x,y,x,y"]
    rows += [f"labeled-data/v/img{step * n:04d}.png,{n},5,{n + 40},6" for n in range(20)]
    csv = tmp_path / "CollectedData.csv"
    csv.write_text("\n".join(rows) + "\n")
    film = write_blank_film(tmp_path / "m.mp4", frames=800)
    new = NewRecording("m", films=[(None, film)], poses=[("m", csv)])
    added = add_recording(study, new)
    assert any("single pictures" in remark for remark in added.remarks) == alone
    assert bool(added.recording.info.views[0].films) != alone
    run_descriptions(Work(study), added.recording)
    said = added.recording.store.read_table("descriptions")
    assert len(said) == 20
    # Between two pictures nothing is seen to move.
    kinematics = added.recording.store.read_dataset("kinematics")
    assert bool(kinematics["speed"].isnull().all())
