"""Human labels of several files are read as one study's: the same names, the same rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from mousegpt_core.analysis.truth import read_truth
from mousegpt_core.errors import SettingsError
from mousegpt_core.pipeline import Work, classify_study, evaluate_study, report_study
from mousegpt_core.pipeline.evaluation import last_evaluations
from mousegpt_core.study import Study


def _bouts(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["start_s,stop_s,label", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_finer_activity_has_its_parents_name_in_every_file(study: Study, tmp_path: Path) -> None:
    """M1 grooms its face, and only the labels of M2 know of grooming."""
    first = _bouts(tmp_path / "a.csv", "0,4,Walking", "12,15,Walking")
    second = _bouts(tmp_path / "b.csv", "0,3,rearing", "3,7,walking", "13.9,14,grooming")
    both = evaluate_study(study, {"M1": first, "M2": second}, scheme="activities")
    labels = both["confusion"]["labels"]
    assert not {"face_grooming", "body_grooming", "grooming_face"} & set(labels)
    row = both["recordings"]["M1"]["confusion"]
    other = row["matrix"][row["labels"].index("other")]
    assert other[row["labels"].index("grooming")] > 30
    assert "walking" in {name.casefold() for name in both["per_class"]}
    assert len([name for name in both["per_class"] if name.casefold() == "walking"]) == 1


def test_a_humans_finer_label_is_the_users_coarser_one(study: Study, tmp_path: Path) -> None:
    labels = tmp_path / "own.toml"
    labels.write_text('[rearing]\ndefinition = "rears"\n\n[walking]\ndefinition = "walks"\n')
    classify_study(Work(study), labels)
    path = _bouts(tmp_path / "a.csv", "0,4,walking", "4,6,rearing", "6,8,rearing_supported")
    scored = evaluate_study(study, {"M1": path}, scheme="own")
    assert "'rearing_supported' of the human labels is taken as 'rearing'" in scored["notes"]
    assert scored["per_class"]["rearing"]["support"] > 1.9 * 30 * 2


def test_the_rest_has_one_name(study: Study, tmp_path: Path) -> None:
    first = _bouts(tmp_path / "a.csv", "0,4,other", "4,8,freezing", "8,15,other")
    second = _bouts(tmp_path / "b.csv", "0,10,Background", "10,14,freezing")
    result = evaluate_study(study, {"M1": first, "M2": second}, scheme="activities")
    assert set(result["per_class"]) == {"other", "freezing"}
    alone = evaluate_study(study, {"M2": second}, scheme="activities")
    assert set(alone["per_class"]) == {"Background", "freezing"}
    assert alone["scored"] == ["M2"]


def test_what_the_human_did_not_look_for_is_told(study: Study, tmp_path: Path) -> None:
    path = _bouts(tmp_path / "a.csv", "4,8,freezing")
    left_out = evaluate_study(study, {"M1": path}, scheme="activities")["unchecked"]
    assert left_out["walking"] > 0.2
    assert "freezing" not in left_out


@pytest.mark.parametrize("word", ["unlabelled", "rest", "unknown"])
def test_unclear_words_are_taken_as_the_rest_and_said(word: str, tmp_path: Path) -> None:
    truth = read_truth(_bouts(tmp_path / "a.csv", "0,1,walking", f"1,2,{word}", "2,3,na"))
    assert truth.rest == word
    assert truth.names == ["walking"]
    assert any(f"{word!r} is taken as anything else" in note for note in truth.notes)
    assert truth.at([0.5, 1.5, 2.5]).tolist() == ["walking", word, ""]


def test_scores_of_each_scheme_are_kept(study: Study, files: Path, tmp_path: Path) -> None:
    labels = tmp_path / "mine.toml"
    labels.write_text(
        '[walking]\ndefinition = "moves forward"\n[still]\ndefinition = "anything else"\n'
    )
    classify_study(Work(study), labels)
    for scheme in ("activities", "mine", "profile"):
        evaluate_study(study, {"M1": files / "M1.truth.csv"}, scheme=scheme)
    assert set(last_evaluations(study)) == {"activities", "mine", "profile"}


def test_every_set_of_own_labels_is_in_the_report(study: Study, tmp_path: Path) -> None:
    for name in ("a", "b"):
        labels = tmp_path / f"{name}.toml"
        labels.write_text(
            f'[moves_{name}]\ndefinition = "walks"\n[still_{name}]\ndefinition = "stands still"\n'
        )
        classify_study(Work(study), labels)
    study.set_section("report", labels="b")
    report_study(Work(study))
    page = (study.folder / "results" / "report.html").read_text(encoding="utf-8")
    assert page.index("Your behaviours: b") < page.index("Your behaviours: a")
    assert "moves a" in page
    study.set_section("report", labels="c")
    with pytest.raises(SettingsError, match="no labels 'c'"):
        report_study(Work(study))
