"""The user's own behaviours over a study, and what the report says of how they were found."""

from __future__ import annotations

from pathlib import Path

import pytest

from mousegpt_core.pipeline import Work, classify_study, evaluate_study, report_study
from mousegpt_core.pipeline.importing_descriptions import import_descriptions
from mousegpt_core.study import Study


def _classified(study: Study, folder: Path, text: str) -> tuple[dict, str]:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    result = classify_study(Work(study), path)
    report_study(Work(study))
    return result, (study.folder / "results" / "report.html").read_text(encoding="utf-8")


def test_the_report_tells_the_notes_of_the_labels(study: Study, tmp_path: Path) -> None:
    text = """
[moving]
definition = "walks"
[eating]
definition = "eats from the hopper"
[twitch]
definition = "twitches its head"
"""
    result, page = _classified(study, tmp_path, text)
    assert any(note.startswith("eating: nothing in its name") for note in result["notes"])
    assert any("follow the movement by 0.35 s" in note for note in result["notes"])
    assert "Your behaviours, eating: nothing in its name or definition" in page
    assert (
        "Your behaviours, twitch: the keypoints or the frame rate do not show head_twitch" in page
    )
    assert "told 0.35 s after the movement" in page
    assert "labels of postures follow the movement by 0.35 s" in page
    assert "Walks. Found as walking, running" in page


def test_labels_without_any_clue_leave_the_report_whole(study: Study, tmp_path: Path) -> None:
    result, page = _classified(study, tmp_path, "[blorf]\n[zwick]\n")
    assert result["shares"] == {"blorf": 0.0, "zwick": 0.0}
    assert "Your behaviours, blorf: nothing in its name" in page
    assert "Who did what, and when" in page


def test_recordings_of_which_nothing_was_said_do_not_keep_the_others(
    study: Study, tmp_path: Path
) -> None:
    said = tmp_path / "said.jsonl"
    said.write_text('{"recording": "M1", "start_s": 0, "stop_s": 2, "text": "It walks."}\n')
    import_descriptions(Work(study), [said], "quill", use=True)
    labels = tmp_path / "mine.toml"
    labels.write_text('[moving]\ndefinition = "walking"\n[still]\ndefinition = "freezing"\n')
    made = classify_study(Work(study), labels)
    assert list(made["failed"]) == ["M2"]
    assert (Path(made["folder"]) / "M1.csv").is_file()


def test_an_immediate_scheme_has_no_reaction_time(study: Study, tmp_path: Path) -> None:
    text = "reaction_s = 0\n[walking]\n[other]\n"
    result, page = _classified(study, tmp_path, text)
    assert result["notes"] == []
    assert "after the movement" not in page


def test_examples_alone_do(study: Study, files: Path, tmp_path: Path) -> None:
    text = "reaction_s = 0\n"
    seen = {
        "blorf": [("M1", 1.0, 3.0), ("M2", 4.0, 6.0)],
        "zwick": [("M1", 5.0, 7.0), ("M2", 11.0, 13.0)],
        "tapok": [("M1", 9.0, 11.0)],
        "murnu": [("M2", 1.0, 2.5)],
    }
    for name, spans in seen.items():
        rows = ", ".join(
            f'{{recording = "{id}", start_s = {start}, stop_s = {stop}}}'
            for id, start, stop in spans
        )
        text += f"[{name}]\nexamples = [{rows}]\n"
    result, page = _classified(study, tmp_path, text)
    assert all(share > 0.1 for share in result["shares"].values())
    assert "found by their examples alone: blorf, zwick, tapok, murnu" in " ".join(result["notes"])
    assert "Found by its examples alone" in page
    assert "and by examples" in page
    words = {"walking": "blorf", "freezing": "zwick", "grooming": "tapok", "rearing": "murnu"}
    truth = (files / "M1.truth.csv").read_text()
    for name, word in words.items():
        truth = truth.replace(name, word)
    (tmp_path / "M1.csv").write_text(truth)
    scores = evaluate_study(study, {"M1": tmp_path / "M1.csv"}, scheme="mine")
    assert scores["macro_f1"] > 0.85


@pytest.mark.parametrize("name", ["blorf", "zwick"])
def test_one_behaviour_with_examples_and_nothing_beside_it(
    study: Study, tmp_path: Path, name: str
) -> None:
    spans = 'examples = [{recording = "M1", start_s = 1.0, stop_s = 3.0}]'
    text = "".join(f"[{one}]\n{spans if one == name else ''}\n" for one in ("blorf", "zwick"))
    result, page = _classified(study, tmp_path, text)
    assert any("give some of at least two behaviours" in note for note in result["notes"])
    assert "give some of at least two behaviours" in page
