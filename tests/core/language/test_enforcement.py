"""How servers hold models to schemas: found out by what they do, not by what they say."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from loopback import Fault, LoopbackServer, Means
from model_servers import ASKED, TRUTH, with_model
from mousegpt_core.errors import BackendCallError
from mousegpt_core.language import enforcement
from mousegpt_core.language.answering import answer

pytest.importorskip("openai")

from mousegpt_core.language.openai_server import OpenAIModel


def _find(server: LoopbackServer, folder: Path) -> enforcement.Means:
    return with_model(server, folder, lambda model: model.means())


@pytest.mark.parametrize(
    ("means", "found"),
    [
        ("json_schema", "json_schema"),
        ("json_object", "json_object"),
        ("ignores", "none"),
        ("refuses", "none"),
    ],
)
def test_what_the_server_does_is_found_out(
    tmp_path: Path, means: Means, found: enforcement.Means
) -> None:
    with LoopbackServer(means=means) as server:
        assert _find(server, tmp_path) == found


def test_a_model_that_likes_json_is_not_taken_for_an_enforcing_server(tmp_path: Path) -> None:
    with LoopbackServer(lambda body: json.dumps({"mouse": "a rodent"}), means="ignores") as server:
        assert _find(server, tmp_path) == "json_object"


def test_it_is_found_out_once_and_remembered(tmp_path: Path) -> None:
    async def many(model: OpenAIModel) -> list[str]:
        return await asyncio.gather(*(model.means() for _ in range(5)))

    with LoopbackServer() as server:
        with_model(server, tmp_path, many)
        assert server.count == 1
        _find(server, tmp_path)
        assert server.count == 1
        assert server.asked == []


def test_finding_it_out_is_paid_with_the_first_reply_alone(tmp_path: Path) -> None:
    async def twice(model: OpenAIModel) -> list[tuple[int, int]]:
        answers = [await answer(model, ASKED) for _ in range(2)]
        return [(one.tokens_in, one.tokens_out) for one in answers]

    with LoopbackServer(lambda body: TRUTH, means="json_object") as server:
        first, second = with_model(server, tmp_path, twice)
        (again,) = {*with_model(server, tmp_path, twice)}
        assert server.count == len(server.asked) + 2  # by two questions
    assert again == second
    assert first[0] > second[0] > 0
    assert first[1] > second[1] > 0


def test_each_model_is_found_out_by_itself(tmp_path: Path) -> None:
    with LoopbackServer(models=("tiny", "other")) as server:
        _find(server, tmp_path)
        with_model(server, tmp_path, lambda model: model.means(), model="other")
        assert server.count == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"x": 1}', "\x00", "{}"])
def test_a_damaged_memory_is_found_out_anew(tmp_path: Path, content: str) -> None:
    (tmp_path / "enforcement.json").write_text(content)
    with LoopbackServer() as server:
        assert _find(server, tmp_path) == "json_schema"
        assert _find(server, tmp_path) == "json_schema"
        assert server.count == 1


def test_what_is_old_is_found_out_anew(tmp_path: Path) -> None:
    file = tmp_path / "memory" / "enforcement.json"
    enforcement.remember(file, "http://a", "m", "none")
    assert enforcement.recall(file, "http://a", "m") == "none"
    assert enforcement.recall(file, "http://a", "n") is None
    old = {name: [means, when - 40 * 86400] for name, (means, when) in _entries(file).items()}
    file.write_text(json.dumps(old))
    assert enforcement.recall(file, "http://a", "m") is None
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_failing_server_is_not_taken_for_one_that_enforces_nothing(tmp_path: Path) -> None:
    with (
        LoopbackServer(fault_of=lambda number, body: Fault("500")) as server,
        pytest.raises(BackendCallError),
    ):
        _find(server, tmp_path)
    assert not (tmp_path / "enforcement.json").exists()


@pytest.mark.parametrize("means", ["json_schema", "json_object", "ignores", "refuses"])
def test_the_answer_is_the_same_by_all_means(tmp_path: Path, means: Means) -> None:
    with LoopbackServer(lambda body: TRUTH, means=means) as server:
        answered = with_model(server, tmp_path, lambda model: answer(model, ASKED))
        last = server.asked[-1]["messages"][-1]["content"]
    assert answered.values == TRUTH
    # Who is not held to the schema is told it.
    assert ("JSON Schema" in last) == (means != "json_schema")


def _entries(file: Path) -> dict[str, list[object]]:
    entries: dict[str, list[object]] = json.loads(file.read_text())
    return entries
