"""LMDeploy's batch pipeline, by a stand-in with its documented API (it was not run on a GPU)."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from lmdeploy_stand_in import install
from model_servers import SCHEMA, TRUTH
from mousegpt_core.errors import BackendCallError, MissingDependencyError, SettingsError
from mousegpt_core.language import Message, Picture, Reply, Request, Sampling
from mousegpt_core.language.lmdeploy_model import LmdeployModel, LmdeployOptions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "InternVL-tiny"
    made.mkdir()
    (made / "config.json").write_text("{}")
    return made


def says(messages: list[dict[str, Any]]) -> dict[str, Any]:
    return TRUTH


def question(number: int, temperature: float = 0.0) -> Request:
    picture = Picture(f"frame {number}", lambda: b"jpeg")
    return Request(
        (Message("system", ("You watch mice.",)), Message("user", (picture, f"Clip {number}?"))),
        SCHEMA,
        Sampling(max_tokens=99, temperature=temperature, seed=5),
    )


def ask(folder: Path, *requests: Request, **options: Any) -> list[Reply]:
    """Ask in full batches, however long they take to gather."""

    async def run() -> list[Reply]:
        patient = {"model": str(folder), "wait_ms": 60_000, **options}
        model = LmdeployModel(LmdeployOptions.parse(patient))
        try:
            return await asyncio.gather(*(model.ask(request) for request in requests))
        finally:
            await model.close()

    return asyncio.run(run())


def test_questions_go_in_batches_held_to_the_schema(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[dict[str, Any]]] = []
    made = install(monkeypatch, lambda messages: (seen.append(messages), TRUTH)[1])
    options = {"batch": 4, "engine": "pytorch", "tensor_parallel": 2}
    replies = ask(folder, *(question(n, n / 10) for n in range(8)), **options)
    (pipeline,) = made
    assert (pipeline.model, pipeline.batches, pipeline.closed) == (str(folder), [4, 4], True)
    assert pipeline.backend_config is not None
    assert pipeline.backend_config.tp == 2
    assert {(one.max_new_tokens, one.random_seed) for one in pipeline.settings} == {(99, 5)}
    assert sorted(one.do_sample for one in pipeline.settings) == [False, *[True] * 7]
    wanted = pipeline.settings[0].response_format
    assert wanted is not None
    assert wanted["type"] == "json_schema"
    assert wanted["json_schema"]["schema"] == SCHEMA.json_schema()
    image, words = next(one[1]["content"] for one in seen if "Clip 3?" in str(one))
    assert image["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert words == {"type": "text", "text": "Clip 3?"}
    assert {(one.model, one.tokens_in, one.tokens_out, one.cost) for one in replies} == {
        ("InternVL-tiny", 70, 7, 0.0)
    }


def test_too_large_a_batch_is_halved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = install(monkeypatch, says, most=3)
    replies = ask(folder, *map(question, range(10)), batch=8)
    assert len(replies) == 10
    assert made[0].batches == [8, 4, 2, 2, 4, 2, 2, 2]


def test_what_is_wrong_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lmdeploy", None)
    with pytest.raises(MissingDependencyError, match="lmdeploy"):
        LmdeployModel(LmdeployOptions(model=str(folder)))
    install(monkeypatch, says)
    (folder / "config.json").unlink()
    with pytest.raises(BackendCallError, match=r"config\.json"):
        LmdeployModel(LmdeployOptions(model=str(folder)))
    with pytest.raises(BackendCallError, match="no such folder"):
        LmdeployModel(LmdeployOptions(model=str(tmp_path / "nowhere")))
    with pytest.raises(SettingsError, match="no_such"):
        LmdeployOptions.parse({"model": "x", "no_such": 1})
