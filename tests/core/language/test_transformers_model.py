"""Small random models of all families: batches, schemas, chance, memory, errors.

They know nothing, so what they say holds only that the plumbing is right.
"""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.describers import DescriberConformance, Make
from core.describe.evidence_builder import make_evidence
from drawn_pictures import drawn
from mousegpt_core.describe.contract import Asking, Evidence
from mousegpt_core.describe.local_describers import TransformersDescriber
from mousegpt_core.errors import BackendCallError
from mousegpt_core.language import Message, Picture, Reply, Request, Sampling
from mousegpt_core.language.answering import answer
from mousegpt_core.language.batching import Leave
from mousegpt_core.language.extraction import read_strictly
from mousegpt_core.language.schema import AnswerSchema
from mousegpt_core.language.token_choice import Grammars, Row, TokenChoice, shortest
from mousegpt_core.language.transformers_model import TransformersModel, TransformersOptions
from scripted_model import MadeUpShowing, read

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.slow

Tiny = Callable[[str], Path]
KINDS = ("qwen2_5_vl", "qwen3_vl", "internvl", "minicpmv4_6")
SCHEMA = AnswerSchema.parse(
    {
        "fields": [
            {"name": "overall"},
            {"name": "keywords", "kind": "list"},
            {"name": "label", "kind": "choice", "choices": ["walking", 'said "rearing"']},
            {"name": "score", "kind": "number", "minimum": 0, "maximum": 10},
        ]
    }
)
OTHER = AnswerSchema.parse({"fields": [{"name": "sure", "kind": "choice", "choices": ["yes"]}]})


class TestTransformers(DescriberConformance):
    name = "transformers"

    @pytest.fixture(params=KINDS)
    def make(self, request: pytest.FixtureRequest, tiny_model: Tiny) -> Iterator[Make]:
        options = TransformersOptions(model=str(tiny_model(request.param)), batch=4)
        return lambda: TransformersDescriber(options)

    @pytest.fixture
    def evidence(self) -> Evidence:
        shown = MadeUpShowing(count=6, load=drawn, sampling=Sampling(max_tokens=64))
        return replace(make_evidence(), clips=shown.clips(), ask=Asking(shown.request, read))


def question(number: int, schema: AnswerSchema | None = SCHEMA, **sampling: Any) -> Request:
    """Questions of several lengths, some with two pictures."""
    shown = [Picture(f"{number} {n}", lambda n=n: drawn(f"{number} {n}")) for n in range(2)]
    pictures = shown[: 1 + number % 2]
    words = "What does the mouse do? " * (1 + number)
    messages = (Message("system", ("You watch mice.",)), Message("user", (*pictures, words)))
    return Request(messages, schema, Sampling(**{"max_tokens": 96, "seed": number, **sampling}))


def ask(folder: Path, *requests: Request, **options: Any) -> list[Reply]:
    async def run() -> list[Reply]:
        model = TransformersModel(TransformersOptions(model=str(folder), **options))
        try:
            return list(await asyncio.gather(*map(model.ask, requests)))
        finally:
            await model.close()

    return asyncio.run(run())


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_fits_its_schema_and_is_that_of_the_question_alone(
    kind: str, tiny_model: Tiny
) -> None:
    requests = [
        *(question(n) for n in range(3)),
        *(question(n, temperature=1.0) for n in range(3, 9)),
        question(9, OTHER),
        question(10, max_tokens=100),
    ]
    together = ask(tiny_model(kind), *requests, batch=len(requests))
    for request, reply in zip(requests, together, strict=True):
        assert request.schema is not None
        values = read_strictly(reply.text)
        assert values is not None, reply.text
        request.schema.checked(values)
        assert list(values) == [field.name for field in request.schema.fields]
        assert 0 < reply.tokens_out <= request.sampling.max_tokens
        assert reply.cost == 0
    assert json.loads(together[9].text) == {"sure": "yes"}
    assert not together[9].cut_off
    assert together[8].tokens_in > together[0].tokens_in
    alone = ask(tiny_model(kind), *requests, batch=1)
    # Near ties of a random model fall otherwise in another batch, now and then.
    same = sum(one == other for one, other in zip(together, alone, strict=True))
    assert same >= len(requests) - 3


def test_free_text_and_questions_without_pictures(tiny_model: Tiny) -> None:
    words = Request((Message("user", ("Hello?",)),), None, Sampling(max_tokens=12))
    free = question(1, None, max_tokens=12)
    asked = (free, words, replace(words, schema=OTHER))
    told, said, held = ask(tiny_model("qwen2_5_vl"), *asked, batch=8, wait_ms=100)
    assert told.cut_off
    assert said.tokens_out <= 12
    assert json.loads(held.text) == {"sure": "yes"}


def test_a_seed_makes_the_chance(tiny_model: Tiny) -> None:
    seeds = [question(1, temperature=1.0, seed=seed) for seed in (1, 2, 1)]
    first, second, again = ask(tiny_model("qwen2_5_vl"), *seeds, batch=1)
    assert first == again
    assert first.text != second.text


def test_answers_are_checked_all_the_same(tiny_model: Tiny) -> None:
    async def run() -> str:
        model = TransformersModel(TransformersOptions(model=str(tiny_model("internvl"))))
        try:
            return (await answer(model, question(1))).status
        finally:
            await model.close()

    assert asyncio.run(run()) == "strict"


def test_a_batch_too_large_for_the_memory_is_halved(
    tiny_model: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Qwen2_5_VLForConditionalGeneration as Model

    sizes: list[int] = []
    generate = Model.generate

    def small(self: Any, **inputs: Any) -> Any:
        sizes.append(len(inputs["input_ids"]))
        if sizes[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")
        return generate(self, **inputs)

    monkeypatch.setattr(Model, "generate", small)
    replies = ask(tiny_model("qwen2_5_vl"), *map(question, range(6)), batch=6, wait_ms=60_000)
    assert all(read_strictly(reply.text) for reply in replies)
    assert sizes[:2] == [6, 3]
    assert max(sizes[2:]) <= 3


def test_a_closed_model_gives_its_memory_back(tiny_model: Tiny) -> None:
    async def run() -> weakref.ref[Any]:
        model = TransformersModel(TransformersOptions(model=str(tiny_model("qwen2_5_vl"))))
        await model.ask(question(1, OTHER))
        weights = weakref.ref(model._engine._model)
        assert weights() is not None
        await model.close()
        return weights

    weights = asyncio.run(run())
    gc.collect()
    assert weights() is None


def test_large_pictures_are_made_smaller(tiny_model: Tiny) -> None:
    wide = Picture("wide", lambda: drawn("wide", 1120, 560))
    request = Request((Message("user", (wide, "What?")),), OTHER)
    folder = tiny_model("qwen2_5_vl")
    (full,), (small,) = ask(folder, request), ask(folder, request, max_pixels=28 * 28 * 5)
    assert small.tokens_in < full.tokens_in


def test_what_cannot_be_used_is_told(tiny_model: Tiny, tmp_path: Path) -> None:
    broken = Picture("no picture", lambda: b"GIF89a")
    with pytest.raises(BackendCallError, match="no picture"):
        ask(tiny_model("qwen2_5_vl"), Request((Message("user", (broken,)),), OTHER))
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(BackendCallError, match="sees no pictures"):
        ask(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "of-the-future"}')
    with pytest.raises(BackendCallError, match="cannot be loaded"):
        ask(tmp_path)
    if not torch.cuda.is_available():
        with pytest.raises(BackendCallError, match="no GPU"):
            ask(tiny_model("qwen2_5_vl"), device="cuda")


class NoGrammar(Grammars):
    """Of five tokens, the last of which ends."""

    def __init__(self) -> None:
        self.vocabulary, self.end, self.ends = 5, 4, frozenset((4,))


def test_chance_follows_the_softmax_at_its_temperature() -> None:
    scores = torch.tensor([[0.0, 1.0, 2.0, -1.0, -30.0]])
    row = Row(Sampling(temperature=2.0, max_tokens=1_000_000, seed=3))
    choice = TokenChoice([row], NoGrammar(), Leave())
    ids = torch.zeros((1, 1), dtype=torch.long)
    counts = torch.zeros(5)
    for _ in range(8_000):
        counts[int(choice(ids, scores).argmax())] += 1
    expected = torch.softmax(scores[0] / 2.0, dim=0)
    # Five standard errors of a share of .5.
    assert torch.allclose(counts / 8_000, expected, atol=5 * 0.5 / 8_000**0.5)


def test_a_row_ends_at_its_own_limit_and_when_it_is_given_up() -> None:
    rows = [Row(Sampling(max_tokens=1)), Row(Sampling(max_tokens=9))]
    leave = Leave()
    choice = TokenChoice(rows, NoGrammar(), leave)
    ids, scores = torch.zeros((2, 1), dtype=torch.long), torch.zeros((2, 5))
    scores[:, 1] = 1.0
    assert choice(ids, scores).argmax(dim=1).tolist() == [1, 1]
    assert choice(ids, scores).argmax(dim=1).tolist() == [4, 1]
    leave.give_up()
    assert choice(ids, scores).argmax(dim=1).tolist() == [4, 4]
    assert [row.cut_off for row in rows] == [True, True]


def test_the_shortest_answer_is_reckoned() -> None:
    longest = {"overall": "", "keywords": [], "label": 'said "rearing"', "score": 10.25}
    assert shortest(SCHEMA) == len(json.dumps(longest))
