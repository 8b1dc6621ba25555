"""A model judges what another said: kept as it comes, asked once, resumed; the numbers add up."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from mousegpt_core.describe.contract import Answer
from mousegpt_core.describe.judge_protocol import load_judge
from mousegpt_core.describe.model_describer import ModelDescriber
from mousegpt_core.errors import BackendCallError
from mousegpt_core.language import LanguageModel, Picture, Reply, Request
from mousegpt_core.language.budget import Budget, Limits
from mousegpt_core.pipeline import Work, edit_descriptions
from mousegpt_core.pipeline.curating import (
    curated_clips,
    described_clips,
    judgements_of,
    run_judgements,
    said_clips,
)
from mousegpt_core.pipeline.describing import Asker, Questions, describe_study
from mousegpt_core.pipeline.editing import one_correction
from mousegpt_core.pipeline.judging import summary
from mousegpt_core.pipeline.judging_by_model import JudgementLedger, judge_questions
from mousegpt_core.pipeline.recording_stages import run_descriptions
from mousegpt_core.progress import Progress
from mousegpt_core.study import Recording, Study
from scripted_model import MadeUpShowing, ScriptedModel, read

COUNT, JUDGE = 12, "scripted:default"
#: Of every clip it is said that the mouse runs; in few of them it does.
SAID = {"overall": "The mouse runs quickly.", "label": "running"}


class JudgingModel(LanguageModel):
    """Scores each clip by its number; keeps count."""

    name: ClassVar[str] = "judging"

    def __init__(self, faults: dict[int, Any] | None = None) -> None:
        self.faults = faults or {}
        self.asked: list[int] = []

    @property
    def identity(self) -> str:
        return "judging/1"

    async def ask(self, request: Request) -> Reply:
        shown = [part for part in request.messages[1].parts if isinstance(part, Picture)]
        clip = int(shown[0].shows.rpartition("@")[2])
        self.asked.append(clip)
        fault = self.faults.get(clip)
        if isinstance(fault, Exception):
            raise fault
        score = float(clip % 11)
        said = {"accuracy": score, "coherence": 10, "relevance": 8, "reason": f"clip {clip}"}
        return Reply(str(fault or json.dumps(said)), "judge-1", tokens_in=9, tokens_out=3, cost=0.1)


class NamedDescriber(ModelDescriber):
    """Named as the one that study.toml names."""

    name: ClassVar[str] = "openai"


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory, run_once: Path) -> Path:
    """A study whose descriptions are a model's, to be copied."""
    folder = shutil.copytree(run_once, tmp_path_factory.mktemp("described") / "study")
    study = Study.open(folder)
    describer = NamedDescriber(ScriptedModel(lambda clip, times: SAID))
    describe_study(Work(study), describer, Questions("mousegpt", "f" * 12, show, read))
    study.set_section("describe", describer="openai", model="1")
    for recording in study.recordings.values():
        run_descriptions(Work(study), recording)
    return folder


@pytest.fixture
def study(described: Path, tmp_path: Path) -> Study:
    return Study.open(shutil.copytree(described, tmp_path / "study"))


def show(recording: Recording, stack: ExitStack) -> MadeUpShowing:
    return MadeUpShowing(recording.id, COUNT, individuals=recording.info.individuals)


def judge(study: Study, model: JudgingModel, **options: Any) -> dict[str, Any]:
    work = Work(study, options.pop("tell", lambda step: None))
    questions = judge_questions(work, load_judge("default"), JUDGE, show)
    describer = ModelDescriber(model, budget=options.pop("budget", None))
    return describe_study(work, describer, questions, **options)


def test_each_judgement_is_kept_with_all_that_it_cost(study: Study) -> None:
    told: list[Progress] = []
    result = judge(study, JudgingModel(), tell=told.append)
    counted = [step for step in told if step.counts]
    assert {step.stage for step in counted} == {"judge"}
    assert counted[-1].counts["judged"] == COUNT
    assert result["all"]["described"] == result["all"]["clips"] == 2 * COUNT
    rows = study.recording("M1").log.judgements()
    assert len(rows) == COUNT
    assert set(rows["status"]) == {"judged"}
    assert (rows["tokens_in"].iloc[0], rows["cost"].iloc[0], rows["model"].iloc[0]) == (
        9, 0.1, "judge-1",
    )  # fmt: skip
    scores = curated_clips(study.recording("M1"), JUDGE)
    numbers = scores["clip_id"].str.rpartition("@")[2].astype(int)
    assert scores["accuracy"].tolist() == [float(number % 11) for number in numbers]
    assert scores["reason"].tolist() == [f"clip {number}" for number in numbers]


def test_nothing_is_judged_twice_and_a_limit_is_gone_on_with(study: Study) -> None:
    first, second, third = JudgingModel(), JudgingModel(), JudgingModel()
    limited = judge(study, first, limit=5)
    assert (limited["stopped"], len(first.asked)) == ("limit", 5)
    judge(study, second)
    assert len(second.asked) == 2 * COUNT - 5
    assert judge(study, third)["all"]["there_already"] == 2 * COUNT
    assert third.asked == []


def test_descriptions_by_kinematics_are_judged_again_where_they_say_something_else(
    run_once: Path, tmp_path: Path
) -> None:
    study = Study.open(shutil.copytree(run_once, tmp_path / "by-kinematics"))
    recording = study.recording("M1")
    said = _judged_by_kinematics(study, first := JudgingModel())
    assert len(first.asked) == len(said) > COUNT
    study.set_section("describe", fast=8.0)
    other = _judged_by_kinematics(study, second := JudgingModel())
    changed = said != other.reindex(said.index)
    assert 0 < changed.sum() < len(said)
    assert len(second.asked) == changed.sum()
    assert len(curated_clips(recording, JUDGE).dropna(subset="accuracy")) == len(said)
    study.set_section("describe", fast=15.0)
    again = _judged_by_kinematics(study, third := JudgingModel())
    assert (again == said).all()
    assert third.asked == []


def test_the_same_question_about_two_answers_is_asked_once(study: Study) -> None:
    recording = study.recording("M1")
    judge(study, JudgingModel(), limit=5, only=["M1"])
    scores = judgements_of(recording, JUDGE).set_index("answer_id")
    clips = said_clips(recording).set_index("answer_id")["clip_id"]
    # As if all had been described anew, by the same words.
    ledger = JudgementLedger(JUDGE)
    ledger.judges(recording, {clips[answer]: f"{answer}#new" for answer in scores.index})
    known = ledger.known(recording, ())
    rows = recording.log.judgements()
    answers = [
        Answer(clips[answer], request_key=key, attempt=0)
        for answer, key in zip(rows["answer_id"], rows["request_key"], strict=True)
    ]
    questions = judge_questions(Work(study), load_judge("default"), JUDGE, show)
    asker = Asker("run", "scripted", "scripted", "scripted/1")
    assert {one.request_key for one in answers} == set(known)
    for _ in range(2):
        ledger.keep(recording, answers, asker, questions)
    new = judgements_of(recording, JUDGE).set_index("answer_id")
    assert len(new) == 2 * len(scores)
    assert new["accuracy"][[f"{answer}#new" for answer in scores.index]].tolist() == (
        scores["accuracy"].tolist()
    )
    assert recording.log.judgements()["cost"].sum() == pytest.approx(rows["cost"].sum())


def _judged_by_kinematics(study: Study, model: JudgingModel) -> pd.Series[str]:
    """Sentence of each clip of M1, all of which are then judged by the model."""
    recording = study.recording("M1")
    run_descriptions(Work(study), recording)
    said = said_clips(recording).set_index("clip_id")

    def shows(recording: Recording, stack: ExitStack) -> MadeUpShowing:
        return MadeUpShowing(recording.id, len(said), individuals=recording.info.individuals)

    questions = judge_questions(Work(study), load_judge("default"), JUDGE, shows)
    describe_study(Work(study), ModelDescriber(model), questions, only=["M1"])
    return said[["overall", "head", "limb", "torso", "others", "keywords", "label"]].sum(axis=1)


def test_a_budget_stops_it(study: Study) -> None:
    model = JudgingModel()
    result = judge(study, model, budget=Budget(Limits(money=0.55)))
    assert (result["stopped"], len(model.asked)) == ("budget", 5)


def test_invalid_and_failed_ones_are_kept_and_asked_again_on_demand(study: Study) -> None:
    faults = {2: "I cannot say", 3: BackendCallError("down", hint="later"), 4: '{"accuracy": 12}'}
    result = judge(study, JudgingModel(faults))
    tally = result["recordings"]["M1"]
    assert (tally["described"], tally["invalid"], tally["failed"]) == (COUNT - 3, 2, 1)
    rows = study.recording("M1").log.judgements(status="invalid")
    assert set(rows["raw"]) == {"I cannot say", '{"accuracy": 12}'}
    assert len(judgements_of(study.recording("M1"), JUDGE)) == COUNT - 3
    again = JudgingModel()
    assert judge(study, again, retry=["failed", "invalid"])["all"]["described"] == 2 * COUNT
    assert sorted(again.asked) == [2, 2, 3, 3, 4, 4]


def test_thresholds_hold_a_models_scores_and_kinematics_at_once(study: Study) -> None:
    judge(study, JudgingModel())
    recordings = list(study.recordings.values())
    study.set_section("curation", judge=JUDGE, accuracy=5.0)
    for recording in recordings:
        run_judgements(Work(study), recording)
    kept = described_clips(study.recording("M1"))
    assert len(kept) == 6
    study.set_section("curation", accuracy=0.0, contradictions=0.5)
    false = curated_clips(study.recording("M2"))  # which rears
    false = false[~false["kept"]]
    assert len(false) > 0
    assert false["why_dropped"].str.contains("contradictions").all()
    told = summary(study, recordings)
    assert told["all"]["dropped"] >= len(false)
    assert told["contradictions"]["runs"] > 0
    assert told["worst"][0]["accuracy"] == 0


def test_what_a_person_has_edited_is_not_judged(study: Study) -> None:
    clip = str(said_clips(study.recording("M1"))["clip_id"].iloc[0])
    edit_descriptions(study, one_correction(clip, {"overall": "It sits."}))
    assert judge(study, JudgingModel())["recordings"]["M1"]["clips"] == COUNT - 1


def test_answers_of_several_times_are_kept_and_their_agreement_is_the_confidence(
    study: Study,
) -> None:
    recording = study.recording("M1")
    assert np.isnan(curated_clips(recording)["confidence"]).all()
    before = len(recording.log.answers())
    for time in (1, 2):
        again_said(study, time)
    assert len(recording.log.answers()) == before + 2 * COUNT
    found = curated_clips(recording)
    assert set(found["overall"]) == {SAID["overall"]}  # the first time describes
    numbers = found["clip_id"].str.rpartition("@")[2].astype(int)
    # Label and words are another at the second time, for clips of an even number.
    expected = [1 / 3 if number % 2 == 0 else 1.0 for number in numbers]
    assert found["confidence"].tolist() == pytest.approx(expected)
    study.set_section("curation", confidence=0.5)
    run_judgements(Work(study), recording)
    assert len(described_clips(recording)) == COUNT // 2


def again_said(study: Study, time: int) -> None:
    """All clips asked about once more, with another seed."""

    def seeded(recording: Recording, stack: ExitStack) -> MadeUpShowing:
        individuals = recording.info.individuals
        return MadeUpShowing(recording.id, COUNT, individuals=individuals, words=f"{time}. ")

    def says(clip: str, times: int) -> dict[str, str]:
        other = time == 2 and int(clip.rpartition("@")[2]) % 2 == 0
        return {"overall": "It sits.", "label": "sitting"} if other else SAID

    describer = NamedDescriber(ScriptedModel(says))
    questions = Questions("mousegpt", "f" * 12, seeded, read, seed=time, time=time)
    describe_study(Work(study), describer, questions)
