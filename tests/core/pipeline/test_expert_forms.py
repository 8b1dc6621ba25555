"""Forms for experts: blinded, whole, and scored as they were filled in."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from commands import mousegpt
from core.pipeline.test_add import write_poses
from core.pipeline.test_datasets import FRAMES, files, write_busy_film
from mousegpt_core.errors import DataError, FormatError, MouseGPTError, SettingsError
from mousegpt_core.pipeline import (
    NewRecording,
    Work,
    add_recording,
    dataset_files,
    run_recordings,
)
from mousegpt_core.pipeline.expert_forms import make_forms, score_forms
from mousegpt_core.pipeline.importing_descriptions import import_descriptions
from mousegpt_core.study import Study

EXPERTS = ["ada", "bo"]


@pytest.fixture(scope="module")
def described_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two filmed mice that kinematics describe, and somebody called quill; to be copied."""
    folder = tmp_path_factory.mktemp("described")
    study = Study.create(folder / "study")
    rows = []
    for seed, name in enumerate("mn"):
        film = write_busy_film(folder / f"{name}.mp4", seed)
        poses = write_poses(folder / f"{name}.csv", FRAMES)
        add_recording(study, NewRecording(name, films=[("top", film)], poses=[("top", poses)]))
        rows += [{"recording": name, "frame": 6 * n, "text": f"Quill {n}"} for n in range(10)]
    run_recordings(Work(study), "descriptions")
    them = folder / "them.jsonl"
    them.write_text("\n".join(map(json.dumps, rows)))
    import_descriptions(Work(study), [them], "quill")
    return folder


@pytest.fixture(scope="module")
def filled_once(described_once: Path) -> Path:
    """Forms on which everything is correct; to be copied."""
    folder = make(Study.open(described_once / "study"), clips=3, out=described_once / "forms")
    fill(folder, lambda row, name: "correct")
    return folder


@pytest.fixture
def described(described_once: Path, tmp_path: Path) -> Study:
    shutil.copytree(described_once, tmp_path / "copy")
    return Study.open(tmp_path / "copy" / "study")


def make(study: Study, kind: Any = "judge", **options: Any) -> Path:
    sources = options.pop("sources", ["study", "imported:quill"])
    made = make_forms(Work(study), kind, sources, EXPERTS, **{"clips": 6, **options})
    return Path(made["folder"])


def fill(folder: Path, answer: Any) -> None:
    """Fill in all forms, by what they say."""
    for file in folder.glob("forms/*/form.csv"):
        table = pd.read_csv(file, keep_default_na=False)
        questions = [name for name in table.columns if name not in _GIVEN]
        for name in questions:
            table[name] = [answer(row, name) for row in table.to_dict("records")]
        table.to_csv(file, index=False)


_GIVEN = ("expert", "number", "pictures", "text_says", "left_says", "right_says")


def test_forms_are_whole_and_tell_nothing_of_the_source(described: Study) -> None:
    folder = make(described, repeats=0.25)
    key = pd.read_csv(folder / "key.csv", keep_default_na=False)
    assert key.groupby("expert").size().tolist() == [15, 15]
    assert set(key["first"]) == {"study", "imported:quill"}
    for expert in EXPERTS:
        form = folder / "forms" / expert
        page = (form / "form.html").read_text(encoding="utf-8")
        with (form / "form.csv").open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        assert [int(row["number"]) for row in rows] == list(range(1, 16))
        for row in rows:
            assert row["pictures"] in page
            assert (form / row["pictures"]).stat().st_size > 1000
        assert page.count("<fieldset>") == 45
        told = page.casefold() + (form / "form.csv").read_text(encoding="utf-8").casefold()
        for word in ("imported", "kinematic", "study", "m/m@", "clip_id"):
            assert word not in told
        again = key[(key["expert"] == expert) & key["again"]]
        for item in again["item"]:
            numbers = key.loc[(key["expert"] == expert) & (key["item"] == item), "number"]
            texts = {rows[number - 1]["text_says"] for number in numbers}
            assert len(texts) == 1


def test_the_key_tells_whose_words_they_were(described: Study) -> None:
    folder = make(described, "choose", sources=["kinematic", "imported:quill"])
    key = pd.read_csv(folder / "key.csv").set_index(["expert", "number"])
    for file in folder.glob("forms/*/form.csv"):
        for row in pd.read_csv(file).to_dict("records"):
            at = key.loc[(row["expert"], row["number"])]
            sides = ["left", "right"][:: -1 if at["swapped"] else 1]
            assert row[f"{sides[0]}_says"].startswith("Overall: Quill")
            assert at["first"] == "imported:quill"
            assert not row[f"{sides[1]}_says"].startswith("Overall: Quill")


def test_scores_of_experts_who_know_quill(described: Study) -> None:
    folder = make(described, repeats=0.2)
    fill(folder, lambda row, name: "incorrect" if "Quill" in row["text_says"] else "Correct ")
    found = score_forms(folder)
    shares = {(row["source"], row["criterion"]): row["share"] for row in found["tables"]["shares"]}
    assert shares["study", "all"] == 1.0
    assert shares["imported:quill", "factual"] == 0.0
    assert [row["fleiss_kappa"] for row in found["tables"]["agreement"]] == [1.0] * 3
    assert found["missing"] == 0
    assert {Path(file).name for file in found["files"]} == {
        "shares.csv", "agreement.csv", "consistency.csv",
    }  # fmt: skip


def test_choices_are_counted_by_source_and_not_by_side(described: Study) -> None:
    folder = make(described, "choose", sources=["kinematic", "imported:quill"])
    fill(folder, lambda row, name: "left" if "Quill" in row["left_says"] else "right")
    answer = mousegpt("experts", "score", folder, "--json")
    assert answer.code == 0
    rates = {(row["source"], row["aspect"]): row["rate"] for row in answer.json["tables"]["wins"]}
    assert rates["imported:quill", "detail"] == 1.0
    assert rates["kinematic", "detail"] == 0.0
    assert answer.json["tables"]["strengths"][0]["strength"] is None


def test_the_same_seed_makes_the_same_forms(described: Study, tmp_path: Path) -> None:
    one, two = (files(make(described, out=tmp_path / name, seed=4)) for name in ("one", "two"))
    assert one == two
    assert files(make(described, out=tmp_path / "three", seed=5)) != one


def test_what_was_not_answered_is_told(described: Study) -> None:
    folder = make(described)
    with pytest.raises(DataError, match="nothing was answered"):
        score_forms(folder)
    fill(folder, lambda row, name: "" if name == "format" else "correct")
    found = score_forms(folder, [folder / "forms" / "ada" / "form.csv"])
    key = pd.read_csv(folder / "key.csv")
    assert found["missing"] == len(key) // 2 + 3 * len(key) // 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("correct", "yes"), "is no answer"),
        ((r"(?m)^ada,1,", "ada,999,"), "no such item"),
        ((r"(?m)^ada,2,", "ada,1,"), "answered twice"),
        (("factual", "facts"), "no column factual"),
        ((r"(?m)^ada,1,", '"ada"x,1,'), "not a form"),
    ],
)
def test_wrong_forms_are_told(
    filled_once: Path, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    folder = shutil.copytree(filled_once, tmp_path / "forms")
    form = folder / "forms" / "ada" / "form.csv"
    form.write_text(re.sub(change[0], change[1], form.read_text(), count=1))
    with pytest.raises(FormatError, match=message) as caught:
        score_forms(folder)
    assert "form.csv" in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "text"), [("key.csv", None), ("key.csv", "expert\nada\n"), ("plan.json", "[]")]
)
def test_a_damaged_key_is_told(
    filled_once: Path, tmp_path: Path, name: str, text: str | None
) -> None:
    folder = shutil.copytree(filled_once, tmp_path / "forms")
    (folder / name).unlink()
    if text is not None:
        (folder / name).write_text(text)
    with pytest.raises(DataError) as caught:
        score_forms(folder)
    assert caught.value.hint


def test_forms_that_cannot_be_replaced_stay(
    described: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, move = make(described), dataset_files.replace
    before = (folder / "key.csv").read_bytes()

    def fails(source: Path, target: Path) -> None:
        if source.name.startswith(".writing"):
            raise OSError(28, "No space left on device")
        move(source, target)

    monkeypatch.setattr(dataset_files, "replace", fails)
    with pytest.raises(MouseGPTError, match="No space"):
        make(described, overwrite=True, clips=2)
    assert (folder / "key.csv").read_bytes() == before
    assert not list(folder.parent.glob(".*experts*"))


def test_what_cannot_be_made_is_told(described: Study, tmp_path: Path) -> None:
    work = Work(described)
    with pytest.raises(SettingsError, match="2 different sources"):
        make_forms(work, "choose", ["study"], EXPERTS)
    with pytest.raises(SettingsError, match="name of its own"):
        make_forms(work, "judge", ["study"], ["ada", "ada"])
    with pytest.raises(SettingsError, match="no answers of 'openai-x'"):
        make_forms(work, "judge", ["openai-x"], EXPERTS)
    with pytest.raises(DataError, match="no forms were made"):
        score_forms(tmp_path)
    make(described)
    with pytest.raises(DataError, match="one already"):
        make(described)
    make(described, overwrite=True)


def test_a_study_without_films_has_nothing_to_show(study: Study) -> None:
    with pytest.raises(DataError, match="no recording has a film"):
        make_forms(Work(study), "judge", ["study"], EXPERTS)


def test_the_command(described: Study) -> None:
    answer = mousegpt(
        "experts", "make", described.folder, "--expert", "ada", "--clips", "3", "--json"
    )
    assert answer.code == 0
    assert answer.json["items"] == 3
