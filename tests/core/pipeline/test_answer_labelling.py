"""A study labelled by a model's answers, alone and with kinematics, and scored."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from commands import mousegpt
from mousegpt_core.errors import SettingsError, StageMissingError
from mousegpt_core.pipeline import Work, ask_study, classify_answers, evaluate_study
from mousegpt_core.pipeline.editing import edit_descriptions, one_correction
from mousegpt_core.pipeline.evaluation import last_evaluations
from mousegpt_core.pipeline.recording_stages import run_descriptions
from mousegpt_core.study import Study
from truth_study import LABELS, Known, make_truth_study

ORDERS = ("--describer", "openai", "--protocol", "seconds")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Known:
    """Asked without examples about all but a few clips; some answers are no JSON."""
    pytest.importorskip("openai")
    folder = tmp_path_factory.mktemp("asked")
    known = make_truth_study(folder, seconds=20)
    known.model.faults = {"wrong json": 0.15}
    with pytest.MonkeyPatch.context() as patch, known.model.server() as server:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        ask_study(
            Work(known.study),
            describer="openai",
            protocol="seconds",
            options={"model": "tiny", "base_url": server.url},
            changes={"examples.shots": "0", "examples.context": "none"},
            limit=76,
        )
    return known


@pytest.fixture
def study(asked: Known, tmp_path: Path) -> Study:
    # Poses and films lie beside the study.
    shutil.copytree(asked.study.folder.parent, tmp_path / "whole")
    return Study.open(tmp_path / "whole" / "study")


def truth_of(study: Study) -> dict[str, Path]:
    return {id: study.folder / "labels" / "human" / f"{id}.csv" for id in study.recordings}


def test_the_behaviour_vector_is_what_was_answered(study: Study, asked: Known) -> None:
    result = classify_answers(Work(study), describer="openai", protocol="seconds")
    assert result["scheme"] == "openai-tiny-seconds"
    assert sum(result["clips"].values()) == 80
    assert result["clips"]["not asked"] == 4
    assert result["clips"]["invalid"] > 0
    table = pd.read_csv(Path(result["folder"]) / "M1.csv", keep_default_na=False)
    for _, row in table[table["status"] == "labelled"].iterrows():
        first = round(row["start_s"] * 10)
        true, said = next(
            pair for (_, code), pair in asked.model.said.items() if first <= code < first + 5
        )
        assert row["label"] == said
        assert true in LABELS
    assert (table[table["status"] != "labelled"]["label"] == "").all()
    again = classify_answers(Work(study), describer="openai", protocol="seconds")
    assert again["clips"] == result["clips"]


def test_scores_count_unknown_as_errors_and_leave_out_what_was_not_asked(study: Study) -> None:
    name = classify_answers(Work(study), describer="openai", protocol="seconds")["scheme"]
    result = evaluate_study(study, truth_of(study), scheme=name)
    assert result["frames"] == 76 * 15
    assert 0 < result["unknown"] < 0.4
    row = result["confusion"]["labels"].index("(unknown)")
    column = sum(each[row] for each in result["confusion"]["matrix"])
    assert column == round(result["unknown"] * result["frames"])
    assert name in last_evaluations(study)
    with pytest.raises(StageMissingError, match="no labels 'none-such'"):
        evaluate_study(study, truth_of(study), scheme="none-such")


def test_together_with_kinematics_it_is_better(study: Study) -> None:
    alone = classify_answers(Work(study), describer="openai", protocol="seconds")
    both = classify_answers(Work(study), describer="ensemble", protocol="seconds")
    assert any("calibration error" in note for note in both["notes"])
    scores = [
        evaluate_study(study, truth_of(study), scheme=each["scheme"]) for each in (alone, both)
    ]
    assert scores[1]["macro_f1"] > scores[0]["macro_f1"] + 0.1
    # Kinematics see what the model gave no valid answer about.
    assert both["clips"] == {"labelled": 76, "not asked": 4}
    shutil.rmtree(study.folder / "labels" / "human")
    default = classify_answers(Work(study), describer="ensemble", protocol="seconds")
    assert "too few human labels" in default["notes"][0]


def test_a_recording_that_fails_does_not_keep_the_others(study: Study) -> None:
    shutil.rmtree(study.folder / "labels" / "human")
    study.recording("M2").toml_path.write_text("nonsense = 1\n")
    both = classify_answers(Work(study), describer="ensemble", protocol="seconds")
    assert list(both["failed"]) == ["M2"]
    assert [path.name for path in Path(both["folder"]).iterdir()] == ["M1.csv"]


def test_who_is_not_sure_abstains(study: Study) -> None:
    sure = classify_answers(Work(study), describer="openai", protocol="seconds", sure=0.8)
    assert sure["clips"]["abstained"] > 5
    both = classify_answers(Work(study), describer="ensemble", protocol="seconds", sure=0.99)
    assert both["clips"]["abstained"] > 0


def test_what_a_person_corrected_wins_and_what_curation_drops_is_unknown(study: Study) -> None:
    orders = {"describer": "openai", "protocol": "seconds"}
    before = vector(classify_answers(Work(study), **orders))
    study.set_section("describe", describer="openai", model="tiny", protocol="seconds")
    run_study_descriptions(study)
    fleeing = before[before["label"] == "fleeing"].index
    edit_descriptions(study, one_correction(str(fleeing[0]), {"label": "freezing"}))
    invalid = before[before["status"] == "invalid"].index
    edit_descriptions(study, one_correction(str(invalid[0]), {"label": "fleeing"}))
    corrected = vector(classify_answers(Work(study), **orders))
    assert corrected.loc[[fleeing[0], invalid[0]], "label"].tolist() == ["freezing", "fleeing"]
    assert corrected["status"].value_counts()["edited"] == 2
    others = before.index.difference([fleeing[0], invalid[0]])
    assert (corrected.loc[others, "label"] == before.loc[others, "label"]).all()
    study.set_section("curation", contradictions=0.5)
    kept = vector(classify_answers(Work(study), **orders))
    dropped = kept[kept["status"] == "dropped"]
    assert 0 < len(dropped) < len(fleeing)
    assert set(before.loc[dropped.index, "label"]) <= {"fleeing", "freezing"}
    assert (dropped["label"] == "").all()
    assert dropped["reason"].str.contains("contradictions").all()
    assert kept["status"].value_counts()["edited"] == 2
    both = vector(classify_answers(Work(study), describer="ensemble", protocol="seconds"))
    # A person's word is not weighed; what was dropped is judged by kinematics.
    assert both.loc[fleeing[0], ["label", "status"]].tolist() == ["freezing", "edited"]
    assert set(both.loc[dropped.index, "status"]) == {"labelled"}


def vector(result: dict[str, Any]) -> pd.DataFrame:
    """The behaviour vectors of both mice, by clip."""
    files = [Path(result["folder"]) / f"{mouse}.csv" for mouse in ("M1", "M2")]
    tables = [pd.read_csv(file, keep_default_na=False) for file in files]
    return pd.concat(tables).set_index("clip_id")


def run_study_descriptions(study: Study) -> None:
    for recording in study.recordings.values():
        run_descriptions(Work(study), recording)


def test_by_the_command(study: Study) -> None:
    told = mousegpt("classify", study.folder, *ORDERS)
    assert "invalid" in told.out
    truth = [part for id, f in truth_of(study).items() for part in ("--truth", f"{id}={f}")]
    scored = mousegpt("evaluate", study.folder, *truth, *ORDERS)
    assert scored.code == 0, scored.err
    assert "unknown, and so an error" in scored.out


@pytest.mark.parametrize(
    ("orders", "told"),
    [
        (["--describer", "openai", "--protocol", "fear"], "openai-tiny-seconds"),
        (["--describer", "openai", "--model", "big", "--protocol", "seconds"], "not asked"),
        (["--describer", "ensemble", "--protocol", "mousegpt"], "not asked"),
        (["--protocol", "seconds"], "--labels"),
    ],
)
def test_what_cannot_be_ordered(study: Study, orders: list[str], told: str) -> None:
    answer = mousegpt("classify", study.folder, *orders, "--json")
    assert answer.code != 0
    assert told in answer.json["message"] + answer.json["hint"]


def test_names_of_ones_own_labels_stay_theirs(study: Study) -> None:
    (study.folder / "labels" / "mine.toml").write_text("")
    with pytest.raises(SettingsError, match="labels of your own"):
        classify_answers(Work(study), describer="openai", protocol="seconds", scheme="mine")
