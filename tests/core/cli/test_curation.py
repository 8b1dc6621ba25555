"""`mousegpt curate` and `mousegpt edit`, as a user orders them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commands import mousegpt
from core.pipeline.test_add import write_blank_film, write_poses
from loopback import LoopbackServer
from mousegpt_core.pipeline import NewRecording, add_recording
from mousegpt_core.pipeline.curating import curated_clips
from mousegpt_core.study import Study


def test_judged_by_kinematics_and_told(study: Study) -> None:
    answer = mousegpt("curate", study.folder, "--threshold", "accuracy=6")
    assert answer.code == 0
    for words in ("Judged by kinematic", "accuracy 6", "The worst", "The best", "####"):
        assert words in answer.out
    told = mousegpt("curate", study.folder, "--json", "--show", "1").json
    assert told["thresholds"] == {"accuracy": 6.0}
    assert len(told["worst"]) == 1
    assert set(told["recordings"]) == {"M1", "M2"}


def test_a_description_is_corrected(study: Study, tmp_path: Path) -> None:
    clips = curated_clips(study.recording("M2"))
    clip = str(clips["clip_id"].iloc[4])
    answer = mousegpt("edit", study.folder, clip, "--say", "overall=It rears.", "--json")
    assert (answer.code, answer.json["edited"]) == (0, 1)
    (tmp_path / "table.csv").write_text(f"clip_id,label\n{clip},rearing\n")
    assert mousegpt("edit", study.folder, "--from", tmp_path / "table.csv").code == 0
    row = curated_clips(study.recording("M2")).set_index("clip_id").loc[clip]
    assert (row["overall"], row["label"], row["edited"]) == ("It rears.", "rearing", True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["edit"],
        ["edit", "x"],
        ["edit", "x", "--say", "overall"],
        ["edit", "x", "--say", "label=y"],
        ["edit", "x", "--say", "overall=a", "--say", "overall=b"],
        ["edit", "--from", "nowhere.csv"],
        ["curate", "--threshold", "accuracy=6", "--threshold", "accuracy=7"],
        ["curate", "--threshold", "accuracy"],
        ["curate", "--threshold", "accuracy=much"],
        ["curate", "--threshold", "accuracy=11"],
        ["curate", "--recording", "M9"],
        ["curate", "--judge", "openai", "--dry-run", "--threshold", "accuracy=6"],
    ],
)
def test_wrong_orders_are_told(study: Study, arguments: list[str]) -> None:
    verb, *rest = arguments
    answer = mousegpt(verb, study.folder, *rest, "--json")
    assert answer.code == 2
    assert answer.json["message"]
    assert answer.json["hint"]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Two seconds of one mouse, filmed; what is remembered of servers stays in this folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = Study.create(tmp_path / "made")
    film, poses = write_blank_film(tmp_path / "m.mp4"), write_poses(tmp_path / "m.csv")
    add_recording(made, NewRecording("m", films=[(None, film)], poses=[(None, poses)]))
    return made


def test_a_model_judges_what_it_is_shown(made: Study) -> None:
    said = {"accuracy": 3, "coherence": 9, "relevance": 7, "reason": "A blank picture."}
    with LoopbackServer(answer=lambda body: said) as server:
        orders = ["--judge", "openai", "--model", "tiny", "--base-url", server.url, "--json"]
        reckoned = mousegpt("curate", made.folder, *orders, "--dry-run").json["asked"]
        assert (reckoned["requests"], reckoned["unshown"], server.count) == (10, 0, 0)
        first = mousegpt("curate", made.folder, *orders, "--limit", "4").json
        assert (first["asked"]["all"]["asked"], first["asked"]["stopped"]) == (4, "limit")
        told = mousegpt("curate", made.folder, *orders, "--threshold", "accuracy=2").json
        assert (told["asked"]["all"]["described"], len(server.asked)) == (10, 10)
        assert any("image_url" in str(body) for body in server.asked)
    assert told["judge"] == "tiny:default"
    assert told["histogram"]["accuracy"][3] == 10
    assert told["worst"][0]["reason"] == "A blank picture."
    assert 'judge = "tiny:default"' in made.toml_path.read_text()
    assert curated_clips(made.recording("m"))["kept"].all()


def test_the_kinematic_judge_takes_no_orders(study: Study) -> None:
    answer = mousegpt("curate", study.folder, "--limit", "3", "--json")
    assert (answer.code, answer.json["error"]) == (2, "SettingsError")


@pytest.mark.parametrize("sure", [True, False])
def test_who_says_something_else_each_time_is_not_believed(made: Study, sure: bool) -> None:
    def says(body: dict[str, Any]) -> dict[str, str]:
        return {"Keywords": "rearing" if sure else f"word{body['seed']}"}

    with LoopbackServer(answer=says) as server:
        orders = ["--describer", "openai", "--model", "tiny", "--base-url", server.url, "--json"]
        orders += ["--times", "3"]
        cold = mousegpt("describe", made.folder, *orders)
        assert (cold.code, cold.json["error"]) == (2, "SettingsError")
        orders += ["--set", "model.temperature=0.7"]
        assert mousegpt("describe", made.folder, *orders, "--dry-run").json["requests"] == 30
        told = mousegpt("describe", made.folder, *orders).json
        assert [one["described"] for one in (told["all"], *told["again"])] == [10, 10, 10]
        assert mousegpt("describe", made.folder, *orders).json["all"]["asked"] == 0
        assert len(server.asked) == 30
    assert len(made.recording("m").log.answers()) == 30
    made.set_section("describe", describer="openai", model="tiny")
    told = mousegpt("curate", made.folder, "--threshold", "confidence=0.9", "--json").json
    assert told["thresholds"] == {"confidence": 0.9}
    clips = curated_clips(made.recording("m"))
    assert clips["confidence"].tolist() == [float(sure)] * 10
    assert clips["kept"].tolist() == [sure] * 10
