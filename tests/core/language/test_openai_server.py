"""A model behind a real server on this machine: what is sent, taken, tried again and said."""

from __future__ import annotations

import asyncio
import base64
import math
import socket
from pathlib import Path

import pytest

from loopback import Fault, FaultKind, LoopbackServer
from model_servers import ASKED, AT_ONCE, QUESTION, SCHEMA, TRUTH, options, with_model
from mousegpt_core.errors import BackendCallError, SettingsError, VideoError
from mousegpt_core.language import Message, Picture, Reply, Request, Sampling
from mousegpt_core.registry import list_backends, load_backend

pytest.importorskip("openai")

from mousegpt_core.language.openai_server import OpenAIModel, ServerOptions

PICTURE = Picture("film 1, frame 3", lambda: b"\xff\xd8 a picture", "image/jpeg")


def _ask(
    server: LoopbackServer, folder: Path, request: Request = QUESTION, **more: object
) -> Reply:
    return with_model(server, folder, lambda model: model.ask(request), **more)


def test_words_and_pictures_are_sent_in_their_order(tmp_path: Path) -> None:
    request = Request(
        (
            Message("system", ("You know mice.",)),
            Message("user", ("First view:", PICTURE, "What does it do?")),
        ),
        sampling=Sampling(temperature=0.5, max_tokens=77, seed=3),
    )
    with LoopbackServer() as server:
        reply = _ask(server, tmp_path, request)
        body = server.bodies[0]
    assert reply.text == "The mouse walks."
    assert reply.model == "tiny"
    assert reply.tokens_in > 0
    assert reply.tokens_out > 0
    assert math.isnan(reply.cost)
    assert (body["temperature"], body["max_tokens"], body["seed"]) == (0.5, 77, 3)
    assert "response_format" not in body
    system, user = body["messages"]
    assert system == {"role": "system", "content": "You know mice."}
    kinds = [part["type"] for part in user["content"]]
    assert kinds == ["text", "image_url", "text"]
    head, data = user["content"][1]["image_url"]["url"].split(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(data) == b"\xff\xd8 a picture"


def test_detail_and_further_parameters_are_sent_and_change_the_identity(tmp_path: Path) -> None:
    extra = {"chat_template_kwargs": {"enable_thinking": False}}
    request = Request((Message("user", (PICTURE,)),))
    with LoopbackServer() as server:
        _ask(server, tmp_path, request, detail="low", extra=extra)
        body = server.bodies[0]
        plain, changed = (
            OpenAIModel(each, cache_file=tmp_path / "a").identity
            for each in (options(server), options(server, detail="low", extra=extra))
        )
    assert body["messages"][0]["content"][0]["image_url"]["detail"] == "low"
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert plain == "openai/tiny"
    assert changed != plain


def test_a_film_that_fails_is_no_fault_of_the_server(tmp_path: Path) -> None:
    def broken() -> bytes:
        raise VideoError("the film is gone", hint="find it")

    request = Request((Message("user", (Picture("film", broken),)),))
    with LoopbackServer() as server:
        with pytest.raises(VideoError, match="gone"):
            _ask(server, tmp_path, request)
        assert server.count == 0


@pytest.mark.parametrize(
    "kind", ["429", "500", "503", "drop", "not json", "cut json", "no choices"]
)
def test_what_may_pass_is_tried_again(tmp_path: Path, kind: FaultKind) -> None:
    with LoopbackServer() as server:
        server.faults.extend([Fault(kind, retry_after="0.01"), Fault(kind)])
        assert _ask(server, tmp_path).text == "The mouse walks."
        assert server.count == 3


@pytest.mark.parametrize("kind", ["stall", "trickle"])
def test_no_answer_takes_for_ever(tmp_path: Path, kind: FaultKind) -> None:
    with LoopbackServer() as server:
        server.faults.append(Fault(kind, seconds=60))
        assert _ask(server, tmp_path, timeout_s=1.0).text == "The mouse walks."
        server.faults.extend([Fault(kind, seconds=60)] * AT_ONCE.attempts)
        with pytest.raises(BackendCallError, match=r"within 0\.3 s") as caught:
            _ask(server, tmp_path, timeout_s=0.3)
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("kind", "hint"), [("401", "key_variable"), ("403", "key_variable"), ("quota", "billing")]
)
def test_what_will_not_pass_is_not_tried_again(tmp_path: Path, kind: FaultKind, hint: str) -> None:
    with LoopbackServer() as server:
        server.faults.append(Fault(kind))
        with pytest.raises(BackendCallError) as caught:
            _ask(server, tmp_path)
        assert server.count == 1
    assert hint in caught.value.hint
    assert not caught.value.retryable
    assert caught.value.status in (401, 403, 429)


def test_an_unknown_model_is_named(tmp_path: Path) -> None:
    with LoopbackServer() as server:
        with pytest.raises(BackendCallError, match="huge") as caught:
            _ask(server, tmp_path, model="huge")
        assert server.count == 1
    assert "/models" in caught.value.hint


def test_a_server_that_does_not_run_is_said(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        LoopbackServer() as server,
        pytest.raises(BackendCallError, match=f"127.0.0.1:{port}/v1 cannot be reached") as caught,
    ):
        _ask(server, tmp_path, base_url=f"http://127.0.0.1:{port}/v1")
    assert "running" in caught.value.hint


def test_a_wait_that_is_too_long_is_a_failure(tmp_path: Path) -> None:
    with LoopbackServer() as server:
        server.faults.append(Fault("429", retry_after="3600"))
        with pytest.raises(BackendCallError, match="429"):
            _ask(server, tmp_path)
        assert server.count == 1


def test_parameters_that_a_model_does_not_take_are_left_out(tmp_path: Path) -> None:
    async def twice(model: OpenAIModel) -> list[Reply]:
        return [await model.ask(QUESTION), await model.ask(QUESTION)]

    with LoopbackServer(refused_parameters=("max_tokens", "temperature")) as server:
        with_model(server, tmp_path, twice)
        assert server.count == 4
        assert "temperature" not in server.bodies[-1]
        assert server.bodies[-1]["max_completion_tokens"] == 1024


def test_many_at_once_are_all_answered_by_a_server_that_bears_few(tmp_path: Path) -> None:
    async def many(model: OpenAIModel) -> list[Reply]:
        return await asyncio.gather(*(model.ask(QUESTION) for _ in range(60)))

    patient = {"attempts": 50, "first_wait_s": 0.005, "longest_wait_s": 0.1}
    with LoopbackServer(at_once=3, delay_s=0.005) as server:
        replies = with_model(server, tmp_path, many, retrying=patient, most_at_once=16)
    assert len(replies) == 60


def test_at_random_one_in_five_fails_and_every_question_is_answered(tmp_path: Path) -> None:
    kinds: tuple[FaultKind, ...] = ("429", "500", "drop", "not json", "cut json")

    def fault_of(number: int, body: object) -> Fault | None:
        return Fault(kinds[number // 5 % len(kinds)]) if number % 5 == 2 else None

    async def many(model: OpenAIModel) -> list[Reply]:
        return await asyncio.gather(*(model.ask(ASKED) for _ in range(50)))

    patient = {"attempts": 20, "first_wait_s": 0.001, "longest_wait_s": 0.01}
    with LoopbackServer(lambda body: TRUTH, fault_of=fault_of) as server:
        replies = with_model(server, tmp_path, many, retrying=patient)
    assert len({reply.text for reply in replies}) == 1


def test_replies_of_models_with_a_price_have_a_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('[[price]]\nmodels = ["ti*"]\ninput = 1000.0\noutput = 2000.0\n')
    monkeypatch.setattr("mousegpt_core.language.cost.user_prices", lambda: own)
    with LoopbackServer() as server:
        reply = _ask(server, tmp_path)
    assert reply.cost == pytest.approx((reply.tokens_in + 2 * reply.tokens_out) / 1000)


def test_the_end_of_a_long_answer_is_told(tmp_path: Path) -> None:
    with LoopbackServer() as server:
        server.faults.append(Fault("too long"))
        assert _ask(server, tmp_path).cut_off


def test_it_is_found_by_name() -> None:
    assert "openai" in [info.name for info in list_backends("language_models")]
    assert load_backend("language_models", "openai") is OpenAIModel


@pytest.mark.parametrize("wrong", [{}, {"model": ""}, {"model": "a", "colour": 1}])
def test_impossible_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        ServerOptions.parse(wrong)


def test_schemas_go_into_the_request(tmp_path: Path) -> None:
    with LoopbackServer(lambda body: TRUTH) as server:
        _ask(server, tmp_path, ASKED)
        (body,) = server.asked
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA.json_schema()
    assert body["messages"][0]["content"] == "What does the mouse do?"
