"""A model whose errors are known, asked by the engine: what the study then tells is what is known.

Confusion matrix, confidence, judge, contradictions: all by the figures that follow from the
server's own, within what chance allows.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from mousegpt_core.pipeline import Work, ask_study, classify_answers, curate_study
from mousegpt_core.pipeline.curating import curated_clips, run_curated
from mousegpt_core.study import Study
from truth_study import CODES_PER_S, LABELS, SKILLS, Known, make_truth_study

pytestmark = pytest.mark.slow
pytest.importorskip("openai")

SECONDS, TIMES = 60, 3
#: Warm, so that it may say something else each time; nothing but examples is shown.
PROTOCOL = """based_on = "seconds"

[examples]
context = "none"

[model]
temperature = 0.7
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Known:
    """Asked several times about every clip, and once to judge what it said."""
    folder = tmp_path_factory.mktemp("asked")
    known = make_truth_study(folder, seconds=SECONDS, seed=5)
    (known.study.folder / "protocols" / "warm.toml").write_text(PROTOCOL, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, known.model.server() as server:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        options = {"model": "tiny", "base_url": server.url}
        orders: dict[str, Any] = {"describer": "openai", "protocol": "warm", "options": options}
        ask_study(Work(known.study), **orders, times=TIMES)
        known.study.set_section("describe", describer="openai", model="tiny", protocol="warm")
        curate_study(Work(known.study), judge="openai", options=options)
    return known


@pytest.fixture
def study(asked: Known, tmp_path: Path) -> Study:
    # Poses and films lie beside the study.
    shutil.copytree(asked.study.folder.parent, tmp_path / "whole")
    return Study.open(tmp_path / "whole" / "study")


def told(study: Study, known: Known, judge: str = "") -> pd.DataFrame:
    """What is said of all clips, its scores, and what is true."""
    for recording in study.recordings.values():
        run_curated(Work(study), recording)
    tables = [curated_clips(recording, judge) for recording in study.recordings.values()]
    clips = pd.concat(tables, ignore_index=True)
    first = clips["recording"].map({"M1": 0, "M2": SECONDS * CODES_PER_S})
    codes = (first + (clips["start_s"] * CODES_PER_S).round()).astype(int)
    true = [known.model.true_label(range(code, code + 5)) for code in codes]
    return clips.assign(true=true, right=clips["label"] == true)


def assert_share(hits: pd.Series[bool], share: float) -> None:
    """Check that so many hits are as many as chance lets expect."""
    low, high = binomtest(int(hits.sum()), len(hits)).proportion_ci(0.9999)
    assert low <= share <= high, (int(hits.sum()), len(hits), share)


def theory(known: Known, power: int) -> dict[str, tuple[float, float]]:
    """For each true label, how often it is said, and how often the same wrong one, every time.

    Of as many times as `power`. A clip's skill is uniform around the matrix's by its difficulty.
    """
    found = {}
    for place, label in enumerate(LABELS):
        row = SKILLS["few-shot"][place]
        right = row[place]
        half = known.model.spread * min(right, 1 - right)
        skill = np.linspace(right - half, right + half, 2001)
        wrong = np.delete(row, place) / (1 - right)
        found[label] = (
            float(np.mean(skill**power)),
            float(np.mean((1 - skill) ** power) * np.sum(wrong**power)),
        )
    return found


def test_the_matrix_is_that_of_the_answers(study: Study, asked: Known) -> None:
    clips = told(study, asked)
    assert len(clips) == 2 * 2 * SECONDS
    result = classify_answers(Work(study), describer="openai", protocol="warm")
    files = [pd.read_csv(Path(result["folder"]) / f"{mouse}.csv") for mouse in ("M1", "M2")]
    labels = pd.concat(files).set_index("clip_id")["label"][clips["clip_id"]].to_numpy()
    for true, row in zip(LABELS, SKILLS["few-shot"], strict=True):
        for said, share in zip(LABELS, row, strict=True):
            assert_share(pd.Series(labels == said)[clips["true"] == true], share)


def test_agreement_is_what_the_errors_make_it_and_abstaining_by_it_pays(
    study: Study, asked: Known
) -> None:
    clips = told(study, asked)
    pairs, all_times = theory(asked, 2), theory(asked, TIMES)
    for label in LABELS:
        confidence = clips.loc[clips["true"] == label, "confidence"]
        error = confidence.std() / np.sqrt(len(confidence))
        assert confidence.mean() == pytest.approx(sum(pairs[label]), abs=4 * error)
        unanimous = confidence > 0.99
        assert_share(unanimous, sum(all_times[label]))
        right = clips["right"][unanimous[unanimous].index]
        assert_share(right, all_times[label][0] / sum(all_times[label]))
    study.set_section("curation", confidence=0.99)
    kept = told(study, asked)
    kept = kept[kept["kept"]]
    assert 0.2 < len(kept) / len(clips) < 0.7
    assert kept["right"].mean() > clips["right"].mean() + 0.1
    result = classify_answers(Work(study), describer="openai", protocol="warm")
    assert result["clips"] == {"labelled": len(kept), "dropped": len(clips) - len(kept)}


def test_a_judge_is_believed_as_far_as_it_knows(study: Study, asked: Known) -> None:
    clips = told(study, asked, "tiny:default")
    good = clips["accuracy"] > 5
    assert_share(good == clips["right"], asked.model.judges)
    study.set_section("curation", judge="tiny:default", accuracy=5.0)
    kept = told(study, asked)
    kept = kept[kept["kept"]]
    assert len(kept) == good.sum()
    right, knows = clips["right"].mean(), asked.model.judges
    expected = right * knows / (right * knows + (1 - right) * (1 - knows))
    assert_share(kept["right"], expected)
    assert expected > right + 0.1


def test_kinematics_find_what_they_can_know_to_be_false(study: Study, asked: Known) -> None:
    study.set_section("curation", contradictions=0.5)
    clips = told(study, asked)
    dropped = ~clips["kept"]
    said = {label: clips["label"] == label for label in LABELS}
    still = clips["true"] == "freezing"
    runs = clips["true"] == "fleeing"
    # Each of these is beyond any doubt where the animal is measured as well as here.
    for false in (said["fleeing"] & still, said["freezing"] & runs):
        assert false.sum() >= 5
        assert dropped[false].mean() > 0.8
    assert dropped[clips["right"]].mean() < 0.05
    kept = clips[~dropped]
    assert kept["right"].mean() > clips["right"].mean() + 0.05
