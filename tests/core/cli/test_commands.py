"""Each verb as a user runs it: what it says, what it leaves behind, what a machine gets."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from commands import finish, mousegpt, start
from mousegpt_core.io import read_poses
from mousegpt_core.study import Study

VERBS = [
    *("new", "add", "run", "kinematics", "describe", "classify", "embed", "profile", "search"),
    *("report", "evaluate", "export", "import", "convert", "demo", "synth", "doctor", "backends"),
    "ablate",
]
LABELS = """
[moving]
definition = "walks or runs"

[still]
definition = "freezes, does not move"

[other]
definition = "anything else"
"""


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.toml"
    path.write_text(LABELS, encoding="utf-8")
    return path


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_teaches(verb: str) -> None:
    answer = mousegpt(*verb.split(), "--help")
    assert answer.code == 0
    assert "Usage: mousegpt" in answer.out
    assert "Traceback" not in answer.err
    if verb:
        assert "--json" in answer.out
    else:
        assert all(name in answer.out for name in VERBS)


def test_new_and_add_make_a_study(files: Path, tmp_path: Path) -> None:
    made = mousegpt("new", tmp_path / "s", "--name", "My study", "--json")
    assert made.json == {"study": str(tmp_path / "s"), "name": "My study"}
    added = mousegpt(
        "add", tmp_path / "s", "--id", "M1", "--poses", files / "M1.csv", "--fps", "30",
        "--unit", "cm", "--animal", "treatment=saline", "--animal", "sex=f", "--json",
    )  # fmt: skip
    assert added.code == 0
    assert added.json["roles"]["Snout"] == "nose"
    study = Study.open(tmp_path / "s")
    assert study.name == "My study"
    assert study.animals.iloc[0][["animal", "treatment", "sex"]].tolist() == ["M1", "saline", "f"]


def test_add_shows_the_roles_to_people(files: Path, tmp_path: Path) -> None:
    mousegpt("new", tmp_path / "s")
    answer = mousegpt(
        "add", tmp_path / "s", "--id", "M1", "--poses", files / "M1.csv", "--fps", "30"
    )
    assert "Snout" in answer.out
    assert "nose" in answer.out
    assert f"mousegpt run {tmp_path / 's'}" in answer.out


def test_new_takes_a_table_of_animals(tmp_path: Path) -> None:
    table = tmp_path / "animals.csv"
    table.write_text("animal,treatment\nA1,drug\n", encoding="utf-8")
    assert mousegpt("new", tmp_path / "s", "--animals", table).code == 0
    assert Study.open(tmp_path / "s").treatment_of("A1") == "drug"


def test_run_gives_progress_and_one_result(fresh: Study) -> None:
    answer = mousegpt("run", fresh.folder, "--json")
    assert answer.code == 0
    assert answer.json["recordings"] == ["M1", "M2"]
    assert Path(answer.json["report"]).is_file()
    assert {event["event"] for event in answer.events} == {"progress"}
    finished = {(e["stage"], e["recording"]) for e in answer.events if e["finished"]}
    assert {("kinematics", "M1"), ("descriptions", "M2"), ("report", "")} <= finished
    counted = [e for e in answer.events if e["total"]]
    assert all(0 <= e["done"] <= e["total"] for e in counted)


@pytest.mark.parametrize("verb", ["kinematics", "describe"])
def test_stages_of_some_recordings(fresh: Study, verb: str) -> None:
    answer = mousegpt(verb, fresh.folder, "--recording", "M2", "--json")
    assert list(answer.json["recordings"]) == ["M2"]
    assert fresh.recording("M2").store.entry("kinematics") is not None
    assert fresh.recording("M1").store.entry("kinematics") is None


def test_embed_and_profile(study: Study) -> None:
    embedded = mousegpt("embed", study.folder, "--json").json
    assert embedded["embedder"] == "lsa"
    assert embedded["texts"] > 5
    profiled = mousegpt("profile", study.folder, "--json").json
    assert sum(row["share"] for row in profiled["behaviours"]) == pytest.approx(1)
    shown = mousegpt("profile", study.folder)
    assert profiled["behaviours"][0]["name"].split()[0] in shown.out


def test_search(study: Study) -> None:
    answer = mousegpt("search", study.folder, "mouse grooming", "--top", "2", "--json").json
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2]
    assert "groom" in answer["hits"][0]["sentence"]
    assert Path(answer["ranking"]).is_file()
    assert "groom" in mousegpt("search", study.folder, "mouse grooming").out


def test_report(study: Study) -> None:
    path = study.folder / "results" / "report.html"
    path.unlink()
    assert str(path) in mousegpt("report", study.folder).out.replace("\n", "")
    assert path.is_file()


def test_classify_and_evaluate(study: Study, files: Path, labels: Path, tmp_path: Path) -> None:
    made = mousegpt("classify", study.folder, "--labels", labels, "--json").json
    assert {row["behaviour"] for row in made["mapping"]} == {"moving", "still", "other"}
    assert (Path(made["folder"]) / "M1.csv").is_file()
    truth = tmp_path / "truth.csv"
    human = pd.read_csv(files / "M1.truth.csv")
    names = {"walking": "moving", "freezing": "still"}
    human.assign(label=human["label"].map(names).fillna("other")).to_csv(truth, index=False)
    scored = mousegpt("evaluate", study.folder, "--truth", f"M1={truth}", "--json")
    assert scored.code == 0
    assert len(scored.out.splitlines()) == 1
    assert scored.json["macro_f1"] > 0.8
    assert scored.json["per_class"]["moving"]["f1"] > 0.8
    assert {"precision", "recall", "support"} <= set(scored.json["per_class"]["still"])
    assert {"balanced_accuracy", "kappa", "mcc", "confusion", "notes"} <= set(scored.json)


def test_evaluate_for_people(study: Study, files: Path) -> None:
    shown = mousegpt(
        "evaluate", study.folder, "--truth", f"M1={files / 'M1.truth.csv'}",
        "--truth", f"M2={files / 'M2.truth.csv'}", "--scheme", "activities",
    )  # fmt: skip
    assert shown.code == 0
    assert "macro-F1" in shown.out
    assert "walking" in shown.out
    open_ones = mousegpt(
        "evaluate", study.folder, "--truth", f"M1={files / 'M1.truth.csv'}", "--scheme", "profile"
    )
    for score in ("ARI", "NMI", "purity"):
        assert score in open_ones.out
    assert "RECORDING/ANIMAL" in mousegpt("evaluate", "--help").out


@pytest.mark.parametrize("what", ["descriptions", "bouts", "labels", "kinematics", "poses"])
def test_export(study: Study, tmp_path: Path, what: str) -> None:
    answer = mousegpt("export", study.folder, what, "--out", tmp_path / "out", "--json")
    assert answer.json["files"]
    assert all(Path(file).parent == tmp_path / "out" for file in answer.json["files"])


def test_export_of_poses_as_other_tools_have_them(study: Study, tmp_path: Path) -> None:
    answer = mousegpt("export", study.folder, "poses", "--format", "movement", "--out", tmp_path)
    assert answer.code == 0
    for id in study.recordings:
        assert read_poses(tmp_path / f"poses-{id}.nc").sizes["space"] == 3


def test_import_tells_what_a_file_holds(files: Path) -> None:
    seen = mousegpt("import", files / "M1.csv", "--fps", "30", "--unit", "cm")
    assert seen.code == 0
    assert "wide-csv" in seen.out
    assert "Snout" in seen.out


def test_import_tells_what_a_file_holds_without_its_rate(files: Path, tmp_path: Path) -> None:
    seen = mousegpt("import", files / "M1.csv")
    assert seen.code == 0
    assert "does not tell" in seen.out
    assert "1 individual:" in seen.out
    assert mousegpt("import", files / "M1.csv", "--json").json["fps"] is None
    assert mousegpt("import", files / "M1.csv", "--out", tmp_path / "M1.nc").code != 0


def test_import_tells_pictures_from_frames(tmp_path: Path) -> None:
    path = tmp_path / "CollectedData.csv"
    pictures = "".join(f"labeled-data/film/img{n:02d}.png,{n + 1},2\n" for n in range(3))
    path.write_text(f"scorer,S,S\nbodyparts,nose,nose\ncoords,x,y\n{pictures}", encoding="utf-8")
    assert "3 single pictures" in mousegpt("import", path).out


def test_import_writes_another_format(files: Path, tmp_path: Path) -> None:
    out = tmp_path / "M1.nc"
    given = ("import", files / "M1.csv", "--fps", "30", "--unit", "cm", "--out", out, "--json")
    made = mousegpt(*given).json
    assert (made["format"], made["out"], made["dimensions"]) == ("wide-csv", str(out), 3)
    back = read_poses(out)
    assert list(back["keypoint"].values) == made["keypoints"]
    assert (back.attrs["fps"], back["position"].attrs["units"]) == (30, "cm")
    there = mousegpt(*given)
    assert there.code != 0
    assert "there already" in there.json["message"]


def test_doctor_and_backends() -> None:
    found = mousegpt("doctor", "--json").json["findings"]
    assert all(item["works"] for item in found if item["required"])
    named = mousegpt("backends", "--json").json["backends"]
    assert {"kinematic", "lsa", "minilm"} <= {item["name"] for item in named}


def test_run_file_makes_a_study_beside_it(files: Path, tmp_path: Path) -> None:
    poses = tmp_path / "mouse 1.csv"
    poses.write_bytes((files / "M2.csv").read_bytes())
    for _ in range(2):
        answer = mousegpt("run", poses, "--fps", "30", "--unit", "cm", "--json")
        assert answer.code == 0
        assert Path(answer.json["report"]).is_relative_to(tmp_path / "mouse 1-mousegpt")


def test_with_json_there_is_nothing_but_json(fresh: Study) -> None:
    """In a process of its own, so that libraries that write past Python are seen too."""
    answer = finish(start("describe", fresh.folder, "-r", "M1", "--json"))
    assert answer.code == 0
    assert answer.json["stage"] == "descriptions"
    assert all(json.loads(line)["event"] == "progress" for line in answer.err.splitlines())


def test_clocks_of_views(files: Path, tmp_path: Path) -> None:
    mousegpt("new", tmp_path / "s")
    frames = len(pd.read_csv(files / "M1.csv"))
    times = pd.Series([frame / 25 for frame in range(frames)])
    times.to_csv(tmp_path / "times.csv", index=False, header=["time"])
    (tmp_path / "rig.toml").write_text("")
    common = ("add", tmp_path / "s", "--id", "M1", "--poses", files / "M1.csv", "--unit", "cm")
    bad = mousegpt(*common, "--fps", "25", "--offset", "soon", "--json")
    assert bad.code != 0
    assert "--offset" in bad.err
    added = mousegpt(
        *common, "--timestamps", tmp_path / "times.csv", "--offset", "-1.5",
        "--calibration", tmp_path / "rig.toml", "--json",
    )  # fmt: skip
    assert added.code == 0
    view = Study.open(tmp_path / "s").recording("M1").info.views[0]
    assert (view.fps, view.timestamps, view.offset_s) == (25.0, "../times.csv", -1.5)
    assert view.calibration == "../rig.toml"


def test_synth_makes_a_recording_that_can_be_added(tmp_path: Path) -> None:
    made = mousegpt(
        "synth", "--out", tmp_path / "r", "--cameras", "top,side", "--seconds", "0.4",
        "--fps", "10", "--rate", "side=20", "--size", "96x72", "--offsets", "--json",
    )  # fmt: skip
    assert made.code == 0, made.err
    assert {"top.mp4", "side.mp4", "calibration.toml", "behaviours.csv"} <= set(made.json["files"])
    mousegpt("new", tmp_path / "s")
    options = [f"--{kind}={view}={tmp_path / 'r' / view}.{end}" for view in ("top", "side")
               for kind, end in (("film", "mp4"), ("poses", "poses.csv"),
                                 ("timestamps", "timestamps.csv"))]  # fmt: skip
    added = mousegpt(
        "add", tmp_path / "s", "--id", "R", *options,
        "--calibration", tmp_path / "r" / "calibration.toml", "--json",
    )  # fmt: skip
    assert added.code == 0, added.err
    views = Study.open(tmp_path / "s").recording("R").info.views
    assert {view.name: view.fps for view in views} == pytest.approx({"top": 10.0, "side": 20.0})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--size", "big"], "WIDTHxHEIGHT"),
        (["--rate", "top"], "--rate top=30"),
        (["--rate", "top=fast"], "rates"),
        (["--animals", "9"], "animals"),
        (["--cameras", "under"], "views: top"),
        (["--format", "none"], "wide-csv"),
        (["--coats", "green"], "black"),
    ],
)
def test_synth_says_what_is_wrong(tmp_path: Path, options: list[str], says: str) -> None:
    answer = mousegpt("synth", "--out", tmp_path / "r", *options)
    assert answer.code == 2
    assert says in answer.err
    assert not (tmp_path / "r").exists()
