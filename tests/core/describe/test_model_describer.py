"""Asking a model of many clips: bounded, in order where it matters, each clip with one end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from core.describe.evidence_builder import make_evidence
from mousegpt_core.describe.contract import Answer, Asking, Evidence, Known
from mousegpt_core.describe.model_describer import ModelDescriber
from mousegpt_core.errors import BackendCallError, VideoError
from mousegpt_core.language.budget import Budget, Limits
from scripted_model import MadeUpShowing, ScriptedModel, read, says


def evidence(shown: MadeUpShowing, **asking: Any) -> Evidence:
    ask = Asking(shown.request, read, shown.chained, **asking)
    return replace(make_evidence(), clips=shown.clips(), ask=ask)


def describe(describer: ModelDescriber, given: Evidence) -> list[Answer]:
    async def run() -> list[Answer]:
        return [one async for one in describer.describe(given)]

    return asyncio.run(run())


def refusal(status: int | None = None, *, retryable: bool = True) -> BackendCallError:
    return BackendCallError("no reply", retryable=retryable, status=status)


def test_every_clip_is_described_once_with_what_it_cost() -> None:
    model = ScriptedModel()
    answers = describe(ModelDescriber(model), evidence(MadeUpShowing(count=50)))
    assert sorted(model.asked) == sorted(one.clip_id for one in answers)
    assert len({one.clip_id for one in answers}) == len({one.request_key for one in answers}) == 50
    for one in answers:
        assert one.sections["overall"] == says(one.clip_id)["overall"]
        assert (one.status, one.label, one.attempt) == ("described", says(one.clip_id)["label"], 1)
        assert (one.model, one.tokens_in, one.tokens_out, one.cost) == ("scripted-1", 10, 5, 0.01)


def test_no_more_are_asked_at_once_than_allowed() -> None:
    model = ScriptedModel()
    describe(ModelDescriber(model, at_once=3), evidence(MadeUpShowing(count=60)))
    assert model.most_at_once == 3


def test_pictures_in_memory_are_bounded_however_many_clips() -> None:
    lock, held, most = threading.Lock(), [0], [0]

    def load(clip_id: str) -> bytes:
        with lock:
            held[0] += 1
            most[0] = max(most[0], held[0])
        return b"x"

    def script(clip: str, times: int) -> dict[str, str]:
        with lock:
            held[0] -= 1
        return says(clip)

    describe(
        ModelDescriber(ScriptedModel(script), at_once=4),
        evidence(MadeUpShowing(count=400, load=load)),
    )
    assert held[0] == 0
    assert most[0] <= 4 + 4 // 2 + 1


def test_an_answer_that_does_not_fit_is_asked_again_then_invalid() -> None:
    mended, hopeless = "M1/a@000001", "M1/a@000002"

    def script(clip: str, times: int) -> Any:
        unfit = clip == hopeless or (clip == mended and times == 1)
        return "I cannot see it." if unfit else says(clip)

    model = ScriptedModel(script)
    answers = {
        one.clip_id: one
        for one in describe(ModelDescriber(model), evidence(MadeUpShowing(count=4)))
    }
    assert answers[mended].status == "described"
    assert answers[mended].reason
    assert answers[mended].tokens_in == 20
    assert (answers[hopeless].status, answers[hopeless].raw) == ("invalid", "I cannot see it.")
    assert answers[hopeless].reason
    assert answers[hopeless].cost == pytest.approx(0.02)


def test_a_clip_that_gets_no_reply_fails_and_the_others_do_not() -> None:
    def script(clip: str, times: int) -> Any:
        return refusal(500) if clip.endswith("3") else says(clip)

    answers = describe(ModelDescriber(ScriptedModel(script)), evidence(MadeUpShowing(count=10)))
    failed = [one for one in answers if one.status == "failed"]
    assert len(answers) == 10
    assert [(one.clip_id, one.reason) for one in failed] == [("M1/a@000003", "no reply")]


def test_a_film_that_cannot_be_read_fails_its_clips_only() -> None:
    def load(clip_id: str) -> bytes:
        if clip_id.endswith("5"):
            raise VideoError("frame 5 is damaged")
        return b"x"

    model = ScriptedModel()
    answers = describe(ModelDescriber(model), evidence(MadeUpShowing(count=8, load=load)))
    failed = [one for one in answers if one.status == "failed"]
    assert [one.reason for one in failed] == ["frame 5 is damaged"]
    assert failed[0].request_key
    assert len(model.asked) == 7


@pytest.mark.parametrize(("status", "retryable"), [(401, False), (404, False), (429, False)])
def test_a_server_that_refuses_everything_stops_the_run(status: int, retryable: bool) -> None:
    model = ScriptedModel(lambda clip, times: refusal(status, retryable=retryable))
    with pytest.raises(BackendCallError, match="no reply"):
        describe(ModelDescriber(model, at_once=4), evidence(MadeUpShowing(count=500)))
    assert len(model.asked) < 50


def test_a_server_that_has_gone_stops_the_run() -> None:
    model = ScriptedModel(lambda clip, times: refusal(None))
    with pytest.raises(BackendCallError, match="no reply"):
        describe(ModelDescriber(model, at_once=4), evidence(MadeUpShowing(count=500)))
    assert 20 <= len(model.asked) < 100


def test_what_was_answered_before_the_run_stops_comes() -> None:
    def script(clip: str, times: int) -> Any:
        return refusal(401, retryable=False) if clip.endswith("000030") else says(clip)

    came: list[Answer] = []

    async def run() -> None:
        async for one in ModelDescriber(model, at_once=8).describe(given):
            came.append(one)

    model, given = ScriptedModel(script), evidence(MadeUpShowing(count=500))
    with pytest.raises(BackendCallError):
        asyncio.run(run())
    assert len(came) == len(model.asked) - 1


def test_clips_of_an_animal_follow_each_other_where_they_depend_on_each_other() -> None:
    shown = MadeUpShowing(count=6, individuals=("a", "b"), chained=True)
    model = ScriptedModel()
    asked: dict[str, list[str]] = {}

    def request(clip_id: str, labels: Any) -> Any:
        asked[clip_id] = list(labels.values())
        return shown.request(clip_id, labels)

    given = replace(evidence(shown), ask=Asking(request, read, chained=True))
    assert len(describe(ModelDescriber(model), given)) == 12
    for animal in ("a", "b"):
        ids = [f"M1/{animal}@{n:06d}" for n in range(6)]
        assert [clip for clip in model.asked if clip in ids] == ids
        for place, clip_id in enumerate(ids):
            assert asked[clip_id] == [says(before)["label"] for before in ids[:place]]


def test_what_is_known_is_not_asked_and_its_label_goes_on() -> None:
    shown = MadeUpShowing(count=5, chained=True)
    first = describe(ModelDescriber(ScriptedModel()), evidence(shown))
    known = {one.request_key: Known(one.status, one.label, 1) for one in first[:3]}
    model = ScriptedModel()
    answers = describe(ModelDescriber(model), evidence(shown, known=known.get))
    assert [one.attempt for one in answers] == [0, 0, 0, 1, 1]
    assert [one.request_key for one in answers] == [one.request_key for one in first]
    assert len(model.asked) == 2


def test_what_does_not_do_is_asked_again() -> None:
    shown = MadeUpShowing(count=3)
    first = describe(ModelDescriber(ScriptedModel()), evidence(shown))
    known = {one.request_key: Known("failed", "", 2, ask_again=True) for one in first[:1]}
    known |= {one.request_key: Known("failed", "", 1) for one in first[1:]}
    model = ScriptedModel()
    answers = describe(ModelDescriber(model), evidence(shown, known=known.get))
    assert sorted((one.status, one.attempt) for one in answers) == [
        ("described", 3),
        ("failed", 0),
        ("failed", 0),
    ]
    assert len(model.asked) == 1


def leaves(count: int) -> Callable[[], bool]:
    left = [count]

    def leave() -> bool:
        left[0] -= 1
        return left[0] >= 0

    return leave


def test_no_more_are_begun_without_leave() -> None:
    model = ScriptedModel()
    given = evidence(MadeUpShowing(count=50), leave=leaves(7))
    assert len(describe(ModelDescriber(model), given)) == len(model.asked) == 7


@pytest.mark.parametrize("limits", [Limits(tokens=100), Limits(money=0.065)])
def test_a_budget_is_kept_though_many_are_under_way(limits: Limits) -> None:
    budget, model = Budget(limits), ScriptedModel()
    answers = describe(ModelDescriber(model, budget=budget), evidence(MadeUpShowing(count=50)))
    assert len(answers) == len(model.asked) == 6
    assert budget.spent
    assert budget.under_way == 0


def test_closing_the_stream_cancels_what_is_under_way() -> None:
    async def run() -> None:
        stream = ModelDescriber(model).describe(evidence(MadeUpShowing(count=1000)))
        async with aclosing(stream) as answers:  # type: ignore[type-var]
            async for _ in answers:
                break

    model = ScriptedModel()
    asyncio.run(run())
    assert model.under_way == 0
    assert len(model.asked) < 200


def test_a_model_is_not_asked_without_questions() -> None:
    with pytest.raises(ValueError, match="ask"):
        describe(ModelDescriber(ScriptedModel()), make_evidence())
