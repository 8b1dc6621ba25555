"""A study described by a model: numbers add up, no answer is lost, nothing is asked twice."""

from __future__ import annotations

import asyncio
import io
import shutil
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mousegpt_core.clips import SECTIONS
from mousegpt_core.describe.model_describer import ModelDescriber
from mousegpt_core.errors import BackendCallError, DataError, StageMissingError, StudyLockedError
from mousegpt_core.language import Reply, Request
from mousegpt_core.language.budget import Budget, Limits
from mousegpt_core.pipeline import Work, profile_study, run_study
from mousegpt_core.pipeline.answered import answer_tables, read_asked
from mousegpt_core.pipeline.curating import described_clips
from mousegpt_core.pipeline.describing import LEASE, Questions, describe_study
from mousegpt_core.pipeline.reckoning import reckon
from mousegpt_core.pipeline.recording_stages import run_ethogram
from mousegpt_core.progress import CancelledError, Progress
from mousegpt_core.study import Recording, Study
from scripted_model import MadeUpShowing, ScriptedModel, ScriptedOptions, asked_about, read, says
from small_study import make_files, make_study

COUNT = 30


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with its kinematics, to be copied."""
    folder = tmp_path_factory.mktemp("prepared")
    study = make_study(folder / "study", make_files(folder))
    for recording in study.recordings.values():
        run_ethogram(Work(study), recording)
    return folder


@pytest.fixture
def study(prepared: Path, tmp_path: Path) -> Study:
    shutil.copytree(prepared, tmp_path / "copy")
    return Study.open(tmp_path / "copy" / "study")


def questions(**showing: Any) -> Questions:
    def show(recording: Recording, stack: ExitStack) -> MadeUpShowing:
        return MadeUpShowing(recording.id, COUNT, **showing)

    return Questions("made-up", "f" * 12, show, read, chained=showing.get("chained", False))


def describe(study: Study, model: ScriptedModel | None = None, **options: Any) -> dict[str, Any]:
    describer = ModelDescriber(
        model or ScriptedModel(),
        budget=options.pop("budget", None),
        at_once=options.pop("at_once", 32),
    )
    asked = options.pop("asked", None) or questions()
    work = options.pop("work", None) or Work(study)
    return describe_study(work, describer, asked, **options)


def said(study: Study) -> dict[str, str]:
    """What the logs say of each clip, which must have been answered once."""
    found: dict[str, str] = {}
    for recording in study.recordings.values():
        answers = recording.log.answers(status="described")
        assert answers["clip_id"].is_unique
        found |= dict(zip(answers["clip_id"], answers["overall"], strict=True))
    return found


def truth() -> dict[str, str]:
    clips = [one for id in ("M1", "M2") for one in MadeUpShowing(id, COUNT).clips()["clip_id"]]
    return {clip: says(clip)["overall"] for clip in clips}


def test_each_answer_is_kept_with_all_that_it_cost(study: Study) -> None:
    steps: list[Progress] = []
    result = describe(study, work=Work(study, steps.append))
    assert said(study) == truth()
    answers = study.recording("M1").log.answers()
    assert answers["answer_id"].is_unique
    row = answers.iloc[0]
    assert (row["describer"], row["protocol"], row["model"]) == ("model", "made-up", "scripted-1")
    assert (row["tokens_in"], row["tokens_out"], row["cost"], row["attempt"]) == (10, 5, 0.01, 1)
    assert set(SECTIONS) <= set(answers.columns)
    assert row["created"]
    assert row["raw"]
    assert result["all"]["described"] == result["all"]["asked"] == 2 * COUNT
    assert result["all"]["tokens_in"] == 20 * COUNT
    assert result["all"]["not_asked"] == 0
    assert (result["stopped"], result["failed"]) == ("", {})
    last = [step for step in steps if step.stage == "describe"][-1]
    assert last.finished
    assert last.counts["described"] == COUNT


def test_a_second_run_asks_nothing(study: Study) -> None:
    describe(study)
    model = ScriptedModel()
    result = describe(study, model)
    assert model.asked == []
    assert model.closed
    assert result["all"]["there_already"] == result["all"]["described"] == 2 * COUNT
    assert result["all"]["cost"] == 0


def test_a_changed_question_is_asked_anew_and_the_old_answer_stays(study: Study) -> None:
    describe(study)
    describe(study, asked=questions(words="Be brief. "))
    answers = study.recording("M1").log.answers()
    assert len(answers) == 2 * COUNT
    assert answers["request_key"].is_unique


def test_a_limit_holds_for_the_run_and_the_next_goes_on(study: Study) -> None:
    model = ScriptedModel()
    result = describe(study, model, limit=7)
    assert len(model.asked) == 7
    assert result["stopped"] == "limit"
    assert result["all"]["described"] + result["all"]["not_asked"] == result["all"]["clips"]
    describe(study, model)
    assert sorted(model.asked) == sorted(truth())
    assert said(study) == truth()


def test_a_budget_stops_the_run_cleanly_and_more_money_goes_on(study: Study) -> None:
    model = ScriptedModel()
    result = describe(study, model, budget=Budget(Limits(money=0.205)))
    assert result["stopped"] == "budget"
    assert result["all"]["cost"] == pytest.approx(0.20)
    assert len(said(study)) == len(model.asked) == 20
    describe(study, model)
    assert sorted(model.asked) == sorted(truth())


def test_a_stopped_run_keeps_what_came_and_the_next_goes_on(study: Study) -> None:
    def stop_soon(step: Progress) -> None:
        if step.stage == "describe" and step.done:
            work.cancellation.cancel()
            heard.set()

    def script(clip: str, times: int) -> dict[str, str]:
        if len(model.asked) == COUNT:  # not all before the wish is heard
            heard.wait(30)
        return says(clip)

    work, heard = Work(study, stop_soon), threading.Event()
    model = ScriptedModel(script)
    with pytest.raises(CancelledError):
        describe(study, model, work=work, at_once=2)
    assert 0 < len(model.asked) < 2 * COUNT
    assert len(said(study)) == len(model.asked)
    describe(study, model)
    assert sorted(model.asked) == sorted(truth())
    assert said(study) == truth()


def faulty(clip: str, times: int) -> Any:
    if clip.endswith("3"):
        return BackendCallError("no reply", retryable=True)
    return "nonsense" if clip.endswith("7") else says(clip)


def test_failed_and_invalid_are_kept_and_asked_again_only_on_request(study: Study) -> None:
    first = describe(study, ScriptedModel(faulty))["all"]
    assert (first["failed"], first["invalid"]) == (6, 6)
    assert first["described"] + first["failed"] + first["invalid"] == first["clips"] == 60
    assert first["reasons"]["no reply"] == 6
    assert sum(first["reasons"].values()) == 12
    model = ScriptedModel()
    again = describe(study, model)["all"]
    assert model.asked == []
    ends = ("described", "failed", "invalid", "reasons")
    assert {name: again[name] for name in ends} == {name: first[name] for name in ends}
    assert again["asked_again"] == 0
    assert describe(study, model, retry=["failed"])["all"]["failed"] == 0
    assert len(model.asked) == 6
    assert describe(study, model, retry=["invalid"])["all"]["described"] == 60
    assert said(study) == truth()


def test_chains_go_on_where_they_were_stopped(study: Study) -> None:
    model = ScriptedModel()
    asked = questions(chained=True)
    describe(study, model, asked=asked, limit=10)
    describe(study, model, asked=asked)
    assert sorted(model.asked) == sorted(truth())
    assert said(study) == truth()


def test_a_server_that_has_gone_is_told_and_what_came_is_kept(study: Study) -> None:
    def script(clip: str, times: int) -> Any:
        return BackendCallError("gone", status=401) if clip == "M1/a@000010" else says(clip)

    model = ScriptedModel(script)
    with pytest.raises(BackendCallError, match="gone"):
        describe(study, model)
    assert model.closed
    assert len(said(study)) == len(model.asked) - 1


def test_a_recording_whose_film_is_gone_keeps_no_other_from_being_described(study: Study) -> None:
    def show(recording: Recording, stack: ExitStack) -> MadeUpShowing:
        if recording.id == "M1":
            raise DataError("the film is gone")
        return MadeUpShowing(recording.id, COUNT)

    result = describe(study, asked=Questions("made-up", "f", show, read))
    assert list(result["recordings"]) == ["M2"]
    assert "the film is gone" in result["failed"]["M1"]


def test_only_one_process_asks_about_a_recording(study: Study) -> None:
    model = ScriptedModel()

    def show(recording: Recording, stack: ExitStack) -> MadeUpShowing:
        assert recording.store.entry("kinematics") is not None
        assert LEASE in recording.store._leases.held()
        return MadeUpShowing(recording.id, COUNT)

    describe(study, model, asked=Questions("made-up", "f", show, read))
    assert len(model.asked) == 2 * COUNT
    with study.recording("M1").store.lease(LEASE), pytest.raises(StudyLockedError, match="answers"):
        describe(study, asked=questions(words="again "))


class Served(ScriptedModel):
    """As a server's model is known."""

    @property
    def identity(self) -> str:
        return "openai/some/model"


class ServedDescriber(ModelDescriber):
    name = "openai"


def test_a_models_answers_are_the_studys_descriptions_where_it_says_so(study: Study) -> None:
    asked, work = questions(), Work(study)
    study.set_section("describe", describer="openai", model="some/model", protocol="made-up")
    with pytest.raises(StageMissingError, match="mousegpt describe"):
        run_study(work)
    describe_study(work, ServedDescriber(Served(faulty)), asked, limit=40)
    describe_study(work, ServedDescriber(Served(faulty)), asked, limit=3)
    profile_study(Work(study))
    tables = [described_clips(recording) for recording in study.recordings.values()]
    described = {
        clip: text
        for table in tables
        for clip, text in zip(table["clip_id"], table["overall"], strict=True)
    }
    assert described == said(study)
    answers = study.recording("M1").store.read_table("descriptions")
    assert answers["status"].value_counts().to_dict() == {
        "described": 24,
        "failed": 3,
        "invalid": 3,
    }
    recording = study.recording("M1")
    shown, _ = read_asked(recording, "asked/openai-some-model-made-up")
    (nothing,) = answer_tables(recording, shown, {})  # as where a budget ended at once
    assert len(shown) == COUNT
    assert nothing.empty


def png(clip_id: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (280, 56)).save(file, "PNG")
    return file.getvalue()


def test_a_run_is_reckoned_without_asking(study: Study) -> None:
    model, asked = ScriptedModel(), questions(load=png)
    before = reckon(Work(study), ScriptedOptions(model="scripted"), asked)
    assert (before["requests"], before["images"], before["there_already"]) == (60, 60, 0)
    assert before["estimated"]
    assert before["seconds"] is None
    assert 60 * 20 < before["tokens_in"] < 60 * 60
    assert model.asked == []
    assert reckon(Work(study), ScriptedOptions(model="scripted"), asked, limit=6)["requests"] == 6
    describe(study, model, asked=asked, limit=20)
    after = reckon(Work(study), ScriptedOptions(model="scripted"), asked)
    assert (after["requests"], after["there_already"], after["clips"]) == (40, 20, 60)
    assert (after["tokens_in"], after["tokens_out"], after["estimated"]) == (400, 200, False)
    other = reckon(Work(study), OtherOptions(model="other"), asked)
    assert (other["requests"], other["estimated"]) == (60, True)


class OtherOptions(ScriptedOptions):
    """Another model, which may count tokens otherwise."""

    @property
    def identity(self) -> str:
        return "scripted/2"


class Meeting(ScriptedModel):
    """Replies to nobody before two recordings have asked."""

    async def ask(self, request: Request) -> Reply:
        self.met = getattr(self, "met", set()) | {
            asked_about(str(request.messages[1].parts[0]))[:2]
        }
        async with asyncio.timeout(60):
            while len(self.met) < 2:
                await asyncio.sleep(0.001)
        return await super().ask(request)


def test_recordings_whose_clips_wait_for_each_other_are_asked_about_at_once(study: Study) -> None:
    model = Meeting()
    describe(study, model, asked=questions(chained=True))
    assert said(study) == truth()
    by_animal = [[one for one in model.asked if one.startswith(id)] for id in ("M1/", "M2/")]
    assert all(asked == sorted(asked) for asked in by_animal)


def test_at_once_holds_for_all_recordings_together(study: Study) -> None:
    model = ScriptedModel()
    describe(study, model, at_once=3)
    assert model.most_at_once == 3
    assert said(study) == truth()
