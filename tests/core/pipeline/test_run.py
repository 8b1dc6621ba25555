"""Running a study: what is missing is made, what changed is made again, nothing else."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from commands import mousegpt
from mousegpt_core.errors import DataError, SettingsError, StageMissingError, StudyLockedError
from mousegpt_core.pipeline import (
    NewRecording,
    Work,
    add_recording,
    evaluate_study,
    export_study,
    run_study,
    search_study,
    study_for_file,
)
from mousegpt_core.pipeline.curating import described_clips
from mousegpt_core.pipeline.evaluation import last_evaluations
from mousegpt_core.pipeline.exporting import EXPORTS
from mousegpt_core.pipeline.recording_stages import import_poses
from mousegpt_core.progress import Cancellation, CancelledError, Progress
from mousegpt_core.study import Provenance, Study


def _run(study: Study) -> list[Progress]:
    steps: list[Progress] = []
    run_study(Work(study, steps.append))
    return steps


def _made(steps: list[Progress]) -> set[str]:
    """Stages that were made, not found."""
    return {step.stage for step in steps if step.finished and step.message != "up to date"}


def test_a_study_goes_from_poses_to_a_report(study: Study) -> None:
    report = (study.folder / "results" / "report.html").read_text(encoding="utf-8")
    assert "saline" in report
    assert "Methods" in report
    # To-and-fro movement up to 25 times a second is beyond 30 frames a second.
    assert "head twitch could not be judged" in report
    said = described_clips(study.recording("M1"))
    assert len(said) == pytest.approx(15 * 5, abs=1)
    assert {"walking", "freezing"} <= set(said["label"])
    assert (said["overall"] != "").all()


def test_a_second_run_makes_only_the_report(study: Study) -> None:
    assert _made(_run(study)) == {"report"}


def test_a_changed_setting_redoes_what_rests_on_it_and_no_more(study: Study) -> None:
    study.set_section("clips", rate=2.0)
    made = _made(_run(study))
    assert "descriptions" in made
    assert "kinematics" not in made
    assert "ethogram" not in made


def test_corrected_roles_redo_the_kinematics(study: Study) -> None:
    text = study.toml_path.read_text(encoding="utf-8")
    study.toml_path.write_text(text.replace('nose = "Snout"', ""), encoding="utf-8")
    assert "kinematics" in _made(_run(study))


def test_rules_of_the_study_lie_over_the_built_in_ones(study: Study) -> None:
    (study.folder / "ethogram.toml").write_text("[freezing]\nenabled = false\n", encoding="utf-8")
    made = _made(_run(study))
    assert "ethogram" in made
    assert "kinematics" not in made
    labels = set(described_clips(study.recording("M1"))["label"])
    assert "freezing" not in labels


def test_a_persons_edit_wins_and_is_embedded(study: Study) -> None:
    recording = study.recording("M1")
    clip = described_clips(recording)["clip_id"].iloc[3]
    recording.log.add_edit("description", clip, "overall", "The mouse dances a waltz.", who="me")
    assert "models/lsa" in _made(_run(study))
    said = described_clips(recording).set_index("clip_id")
    assert said.loc[clip, "overall"] == "The mouse dances a waltz."
    assert said["edited"].sum() == 1


def test_a_changed_file_of_poses_is_read_again(study: Study, files: Path, tmp_path: Path) -> None:
    moved = tmp_path / "M1.csv"
    moved.write_bytes((files / "M1.csv").read_bytes())
    other = Study.create(tmp_path / "other")
    add_recording(other, NewRecording(id="M1", poses=[(None, moved)], fps=30.0, unit="cm"))
    _run(other)
    lines = moved.read_text().splitlines(keepends=True)
    moved.write_text("".join(lines[:-30]))
    assert "poses3d" in _made(_run(other))
    moved.unlink()
    assert _made(_run(other)) == {"report"}


def test_search_finds_what_was_said(study: Study) -> None:
    hits, ranking, _ = search_study(study, "the mouse grooms", top=3)
    assert [hit["rank"] for hit in hits] == [1, 2, 3][: len(hits)]
    assert "groom" in hits[0]["sentence"]
    assert len(pd.read_csv(ranking)) == len(described_clips(study.recording("M1"))) + len(
        described_clips(study.recording("M2"))
    )


def test_search_finds_what_is_like_a_clip(study: Study) -> None:
    clips = described_clips(study.recording("M1"))
    clip = clips[clips["label"].str.contains("groom")].iloc[2]
    hits, _, _ = search_study(study, clip["clip_id"], top=3)
    assert "groom" in hits[0]["sentence"]
    assert clip["clip_id"] not in {hit["clip_id"] for hit in hits}


def test_work_that_is_stopped_goes_on_where_it_was(fresh: Study) -> None:
    stop = Cancellation()
    seen: list[str] = []

    def notify(step: Progress) -> None:
        seen.append(step.stage)
        if step.stage == "descriptions":
            stop.cancel()

    with pytest.raises(CancelledError):
        run_study(Work(fresh, notify, stop))
    made = _made(_run(fresh))
    assert "report" in made
    assert fresh.recording("M1").store.entry("descriptions") is not None


def test_truth_is_scored(study: Study, files: Path) -> None:
    result = evaluate_study(
        study, {"M1": files / "M1.truth.csv", "M2": files / "M2.truth.csv"}, scheme="activities"
    )
    assert set(result["recordings"]) == {"M1", "M2"}
    assert result["per_class"]["walking"]["f1"] > 0.8
    assert result["frames"] == 15 * 30 + 14 * 30


def test_scores_are_in_the_report_as_long_as_they_hold(study: Study, files: Path) -> None:
    evaluate_study(study, {"M1": files / "M1.truth.csv"}, scheme="activities")
    kept = last_evaluations(study)["activities"]
    assert kept["per_class"]["walking"]["f1"] > 0.8
    (study.folder / "ethogram.toml").write_text("[walking]\nmin_duration_s = 1.0\n")
    _run(study)
    assert last_evaluations(study) == {}


def test_the_report_compares_the_groups_that_are_asked_for(study: Study) -> None:
    study.set_animal("M1", cage="north")
    study.set_animal("M2", cage="south")
    study.set_section("report", compare="cage")
    _run(study)
    report = (study.folder / "results" / "report.html").read_text(encoding="utf-8")
    assert "north" in report
    study.set_section("report", compare="colour")
    with pytest.raises(SettingsError, match="colour"):
        _run(study)


def test_asking_before_running_says_what_to_run(fresh: Study, files: Path) -> None:
    with pytest.raises(StageMissingError, match="mousegpt"):
        search_study(fresh, "walking")
    with pytest.raises(StageMissingError, match="mousegpt"):
        evaluate_study(fresh, {"M1": files / "M1.truth.csv"})
    with pytest.raises(StageMissingError):
        export_study(fresh, "descriptions")


@pytest.mark.parametrize("what", EXPORTS)
@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_everything_can_be_exported(study: Study, what: str, format: str, tmp_path: Path) -> None:
    everywhere = ((-1e6, -1e6), (1e6, -1e6), (0.0, 1e6))
    study.recording("M1").change(zones=[{"name": "all of it", "corners": everywhere}])
    written = export_study(study, what, out=tmp_path / "out", format=format)
    read = pd.read_csv if format == "csv" else pd.read_parquet
    for file in written:
        assert len(read(file)) > 0


def test_no_export_takes_the_place_of_another(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    poses = tmp_path / "poses.csv"
    poses.write_text("frame,nose_x,nose_y,tail_x,tail_y\n0,1,2,3,4\n1,1,2,3,4\n2,1,2,3,4\n")
    for id, views in {"A": ("top", "left"), "A-left": ("top",)}.items():
        add_recording(study, NewRecording(id=id, poses=[(v, poses) for v in views], fps=30.0))
    study = Study.open(study.folder)
    for recording in study.recordings.values():
        for source in recording.info.poses:
            import_poses(Work(study), recording, source)
    names = [file.stem for file in export_study(study, "poses", out=tmp_path / "out")]
    assert sorted(names) == ["poses-A", "poses-A-left", "poses-A@left"]


def test_labels_whose_files_would_be_one_are_refused(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pd.DataFrame({"of": ["c"]})
    tables = [(name, lambda: table) for name in ("labels-b", "labels-a-b-c", "labels-A-b-c")]
    monkeypatch.setitem(EXPORTS, "labels", lambda _: iter(tables))
    with pytest.raises(DataError, match="two tables would be one file"):
        export_study(study, "labels", out=tmp_path / "out")
    # Nor is the first of them written.
    assert not (tmp_path / "out").exists()


def test_exported_shares_and_labels_can_be_read_by_a_person(study: Study, tmp_path: Path) -> None:
    files = {file.stem: file for file in export_study(study, "shares", out=tmp_path)}
    shares = pd.read_csv(files["shares-activities"])
    total = shares.groupby("animal")["share"].sum()
    assert total.between(0.9, 1.001).all()
    profile = pd.read_csv(files["shares-profile"])
    assert profile["name"].notna().all()
    (labels,) = (f for f in export_study(study, "labels", out=tmp_path) if "M1" in f.stem)
    assert pd.read_csv(labels)["start_s"].is_monotonic_increasing
    (kinematics,) = (f for f in export_study(study, "kinematics", out=tmp_path) if "M1" in f.stem)
    assert "speed (cm/s)" in pd.read_csv(kinematics, nrows=1).columns


def test_one_file_makes_a_study_beside_it(files: Path, tmp_path: Path) -> None:
    poses = tmp_path / "my mouse.csv"
    poses.write_bytes((files / "M2.csv").read_bytes())
    made = study_for_file(poses, fps=30.0, unit="cm")
    assert made.folder == tmp_path / "my mouse-mousegpt"
    again = study_for_file(poses, fps=30.0, unit="cm")
    assert again.folder == made.folder
    with pytest.raises(SettingsError, match="--fps 25"):
        study_for_file(poses, fps=25.0)
    _run(Study.open(made.folder))
    assert (made.folder / "results" / "report.html").exists()
    other = tmp_path / "my mouse.txt"
    other.write_bytes(poses.read_bytes())
    with pytest.raises(SettingsError, match=r"made of my mouse.csv, not of my mouse.txt"):
        study_for_file(other, fps=30.0, unit="cm")


def test_a_number_of_animals_that_is_not_used_is_said_each_time(
    files: Path, tmp_path: Path
) -> None:
    poses = tmp_path / "mouse.csv"
    poses.write_bytes((files / "M2.csv").read_bytes())
    words = ("run", poses, "--fps", "30", "--unit", "cm", "--individuals", "2")
    said = "--individuals 2 is not used: the poses are of 1 animal"
    assert f"note: {said}" in mousegpt(*words).out
    assert f"note: {said}" in mousegpt(*words).out
    assert said in mousegpt(*words, "--json").json["remarks"]


def test_a_folder_of_poses_makes_a_study_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "mouse"
    folder.mkdir()
    for frame in range(60):
        points = [50 + frame, 40, 0.9, 20 + frame, 40, 0.9]
        people = json.dumps({"people": [{"pose_keypoints_2d": points}]})
        (folder / f"m_{frame:012d}_keypoints.json").write_text(people)
    made = study_for_file(folder, fps=30.0, keypoints=["nose", "tailbase"])
    assert made.folder == tmp_path / "mouse-mousegpt"
    result = run_study(Work(Study.open(made.folder)))
    assert result["recordings"] == ["mouse"]


def test_a_file_that_is_refused_leaves_no_study(files: Path, tmp_path: Path) -> None:
    poses = tmp_path / "mine.csv"
    poses.write_bytes((files / "M2.csv").read_bytes())
    with pytest.raises(DataError, match="--fps"):
        study_for_file(poses)
    assert os.listdir(tmp_path) == ["mine.csv"]


def test_animals_and_their_table_that_differ_are_said(study: Study) -> None:
    recording = study.recording("M1")
    text = recording.toml_path.read_text(encoding="utf-8")
    changed = text.replace('individuals = ["M1"]', 'individuals = ["Mona"]')
    recording.toml_path.write_text(changed, encoding="utf-8")
    result = run_study(Work(Study.open(study.folder)))
    page = Path(result["report"]).read_text(encoding="utf-8")
    assert "animals.csv has no row for Mona" in page
    assert "animals.csv has rows that no recording uses: M1" in page


def test_a_scale_that_makes_no_mouse_is_doubted(study: Study) -> None:
    recording = study.recording("M1")
    text = recording.toml_path.read_text(encoding="utf-8")
    recording.toml_path.write_text(text.replace('unit = "cm"', 'unit = "mm"'), encoding="utf-8")
    result = run_study(Work(Study.open(study.folder)))
    page = Path(result["report"]).read_text(encoding="utf-8")
    assert "M1: by its scale the animal is 0." in page


def test_a_study_without_recordings_says_how_to_add_one(tmp_path: Path) -> None:
    empty = Study.create(tmp_path / "empty")
    with pytest.raises(DataError, match="mousegpt add"):
        _run(empty)


def test_what_a_human_looked_for_and_never_saw_is_an_error_if_predicted(
    study: Study, tmp_path: Path
) -> None:
    never = tmp_path / "never.csv"
    never.write_text("frame,freezing\n" + "".join(f"{n},0\n" for n in range(450)))
    result = evaluate_study(study, {"M1": never}, scheme="activities")
    assert result["per_class"]["other"]["recall"] < 0.9


def test_labels_of_another_time_are_refused(study: Study, tmp_path: Path) -> None:
    late = tmp_path / "late.csv"
    late.write_text("start_s,stop_s,label\n900,910,walking\n")
    with pytest.raises(DataError, match=r"late\.csv"):
        evaluate_study(study, {"M1": late}, scheme="activities")


def test_clusters_are_scored_by_the_names_that_most_of_them_have(study: Study, files: Path) -> None:
    result = evaluate_study(study, {"M1": files / "M1.truth.csv"}, scheme="profile")
    assert result["macro_f1"] > 0.5
    assert 0 < result["clusters"]["nmi"] <= 1


MINE = Provenance("mine", 1)


def make_mine(study: Study, patience_s: float) -> str:
    store = study.store
    table = pd.DataFrame({"number": [1]})
    work = Work(study, patience_s=patience_s)
    return work.make(store, MINE, lambda: store.write_table(MINE, table))


def test_what_another_thread_makes_is_waited_for_as_long_as_asked(fresh: Study) -> None:
    with ThreadPoolExecutor(1) as threads:
        with fresh.store.lease("mine"):
            waiting = threads.submit(make_mine, fresh, 30.0)
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
            make_mine(fresh, 0.0)
        assert waiting.result(30) == MINE.key


def test_what_another_thread_makes_is_told_otherwise(fresh: Study) -> None:
    with fresh.store.lease("mine"), ThreadPoolExecutor(1) as threads:
        refused = threads.submit(make_mine, fresh, 0.0)
        with pytest.raises(StudyLockedError, match="is being worked on"):
            refused.result(30)
