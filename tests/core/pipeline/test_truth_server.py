"""The server that knows the truth: it sees what it is shown, and errs as often as it should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from mousegpt_core.analysis.calibration import abstention_curve, calibration_error
from mousegpt_core.clips import cut_clips
from mousegpt_core.describe.clip_quantities import clip_quantities
from mousegpt_core.describe.contract import Evidence
from mousegpt_core.describe.contradictions import check_description
from mousegpt_core.pipeline import Work, ask_study
from mousegpt_core.pipeline.recording_stages import recording_skeleton, run_ethogram
from truth_server import Asked, Truthful, code_of, colour, counted
from truth_study import LABELS, SKILLS, Known, make_truth_study

pytest.importorskip("openai")
#: Of the answers, the surest.
SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return make_truth_study(tmp_path_factory.mktemp("truth"), seconds=12)


@pytest.fixture(autouse=True)
def _remembered_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_a_colour_tells_its_moment() -> None:
    chance = np.random.default_rng(0)
    for code in (0, 15, 16, 255, 256, 4095):
        image = np.full((8, 8, 3), colour(code)) + chance.integers(-6, 7, (8, 8, 3))
        image[0] = 255
        assert code_of(np.clip(image, 0, 255)) == code


def test_it_errs_as_often_as_it_should_and_knows_how_sure_it_is() -> None:
    truth = {code: LABELS[code % 3] for code in range(3000)}
    model = Truthful(truth, LABELS, SKILLS)
    answers = [model.judged(Asked((code,), "few-shot", 64)) for code in truth]
    matrix = counted(model, "few-shot")
    for row, wanted in zip(matrix, SKILLS["few-shot"], strict=True):
        for count, share in zip(row, wanted, strict=True):
            low, high = binomtest(int(count), int(row.sum())).proportion_ci(0.999)
            assert low <= share <= high
    right = np.array([said == truth[code] for code, (said, _) in enumerate(answers)])
    sure = np.array([score for _, score in answers])
    for low in (0.4, 0.6, 0.8):
        some = (sure >= low) & (sure < low + 0.2)
        assert right[some].mean() == pytest.approx(sure[some].mean(), abs=0.07)
    curve = abstention_curve(sure, right)
    left = [float(curve[curve["coverage"] <= most]["accuracy"].iloc[-1]) for most in SHARES]
    assert left == sorted(left, reverse=True)
    assert calibration_error(sure, right) < 0.04


def test_it_finds_out_how_it_is_asked(known: Known) -> None:
    ways = {
        "zero-shot": {"examples.shots": "0", "examples.context": "none"},
        "few-shot": {"examples.context": "none"},
        "temporal": {"examples.context": "temporal"},
        "autoregressive": {},
    }
    with known.model.server() as server:
        for way, changes in ways.items():
            known.model.said.clear()
            options = {"model": "tiny", "base_url": server.url}
            told = ask_study(
                Work(known.study),
                describer="openai",
                protocol="seconds",
                options=options,
                changes=changes,
                only=["M2"],
                limit=5,
            )
            assert told["all"]["described"] >= 5
            assert {asked for asked, _ in known.model.said} <= {way, "temporal"}
            assert sum(asked == way for asked, _ in known.model.said) >= 4
            codes = sorted(code for _, code in known.model.said)
            assert codes[0] >= 120  # those of the second mouse


def test_kinematics_contradict_its_false_answers_more_than_its_true_ones(known: Known) -> None:
    words = {
        "freezing": "The mouse is stationary.",
        "fleeing": "The mouse runs fast.",
        "exploring": "The mouse explores.",
    }
    contradicted: dict[bool, list[bool]] = {True: [], False: []}
    for number, recording in enumerate(known.study.recordings.values()):
        run_ethogram(Work(known.study), recording)
        kinematics = recording.store.read_dataset("kinematics")
        times, frames = kinematics["time"].values, kinematics["frame"].values
        clips = cut_clips(times, frames, recording=recording.id, individual="mouse", rate=2.0)
        clips["individuals"] = str(kinematics["individual"].values[0])
        ethogram = recording.store.read_dataset("ethogram")
        skeleton = recording_skeleton(known.study, recording)
        measured = clip_quantities(Evidence(clips, kinematics, ethogram, skeleton))
        for start, (_, row) in zip(clips["start_s"], measured.iterrows(), strict=True):
            code = round(start * 10) + number * 120
            asked = Asked(tuple(range(code, code + 5)), "zero-shot", 64)
            label, _ = known.model.judged(asked)
            values = {str(name): float(value) for name, value in row.items()}
            checked = check_description({"overall": words[label]}, "", values)
            true = label == known.model.true_label(asked.codes)
            contradicted[true].append(bool(checked.contradictions))
    true, false = (np.mean(contradicted[which]) for which in (True, False))
    assert len(contradicted[False]) > 10
    assert false > true + 0.2
