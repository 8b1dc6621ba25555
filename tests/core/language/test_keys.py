"""A key is sent to its server, and is nowhere else: no file, log, error or repr."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest

from loopback import Fault, FaultKind, LoopbackServer
from model_servers import ASKED, QUESTION, TRUTH, options, with_model
from mousegpt_core.errors import BackendCallError
from mousegpt_core.language.answering import answer
from mousegpt_core.language.keys import find_key

pytest.importorskip("openai")

from mousegpt_core.language.openai_server import OpenAIModel, ServerOptions

KEY = "sk-verysecret-0123456789"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "LAB_KEY"):
        monkeypatch.delenv(name, raising=False)
    # No keyring of whoever runs the tests.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture
def lab_key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LAB_KEY", f" {KEY}\n")
    return "LAB_KEY"


def test_the_key_reaches_its_server(tmp_path: Path, lab_key: str) -> None:
    with LoopbackServer(key=KEY) as server:
        with_model(server, tmp_path, lambda model: model.ask(QUESTION), key_variable=lab_key)
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_azure_is_asked_in_its_own_way(tmp_path: Path, lab_key: str) -> None:
    with LoopbackServer(lambda body: TRUTH, key=KEY) as server:
        more = {"base_url": server.url.removesuffix("/v1"), "api_version": "2024-10-21"}
        answered = with_model(
            server, tmp_path, lambda model: answer(model, ASKED), key_variable=lab_key, **more
        )
        assert server.headers[0]["api-key"] == KEY
    assert answered.values == TRUTH


def test_a_key_may_lie_in_the_keyring() -> None:
    keyring = pytest.importorskip("keyring")

    class Memory(keyring.backend.KeyringBackend):  # type: ignore[misc]
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return KEY if (service, username) == ("mousegpt", "LAB_KEY") else None

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NotImplementedError

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        found = find_key("LAB_KEY")
        assert find_key("OPENAI_API_KEY") is None
    finally:
        keyring.set_keyring(before)
    assert found is not None
    assert found.get_secret_value() == KEY
    assert KEY not in repr(found)


def test_openais_key_goes_to_no_other_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with LoopbackServer() as server:
        with_model(server, tmp_path, lambda model: model.ask(QUESTION))
        assert KEY not in str(server.headers)


@pytest.mark.parametrize(
    ("more", "variable"),
    [
        ({}, "OPENAI_API_KEY"),
        ({"base_url": "https://x.openai.azure.com", "api_version": "1"}, "AZURE_OPENAI_API_KEY"),
        ({"base_url": "https://lab.example/v1", "key_variable": "LAB_KEY"}, "LAB_KEY"),
    ],
)
def test_without_a_key_nothing_is_asked(more: dict[str, str], variable: str) -> None:
    with pytest.raises(BackendCallError, match="no key") as caught:
        OpenAIModel(ServerOptions.parse({"model": "gpt-4o", **more}))
    assert variable in caught.value.hint


@pytest.mark.parametrize("wrong", ["sk-\u2028abc", "sk-schlüssel", "sk-a\nb"])
def test_what_can_be_no_key_is_refused_unsaid(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_KEY", wrong)
    with pytest.raises(BackendCallError, match="LAB_KEY") as caught:
        find_key("LAB_KEY")
    assert wrong not in str(caught.value)


@pytest.mark.parametrize("given", [KEY, "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "lab key"])
def test_a_key_in_place_of_its_name_is_not_said(given: str) -> None:
    with pytest.raises(BackendCallError, match="name of what holds the key") as caught:
        find_key(given)
    assert given not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("kind", ["401", "403", "429", "500", "drop", "stall", "not json", ""])
def test_the_key_is_nowhere(
    tmp_path: Path,
    lab_key: str,
    kind: FaultKind,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    fault = Fault(kind, seconds=5) if kind else None
    with LoopbackServer(lambda body: TRUTH, key=KEY, fault_of=lambda n, body: fault) as server:
        model = OpenAIModel(options(server, key_variable=lab_key), cache_file=tmp_path / "c.json")
        said = [repr(model), str(vars(model)), repr(model.options), model.identity]
        said.append(model.options.model_dump_json())
        try:
            answered = with_model(
                server,
                tmp_path,
                lambda model: answer(model, ASKED),
                key_variable=lab_key,
                timeout_s=0.2 if kind == "stall" else 10.0,
            )
            said.append(repr(answered))
        except BackendCallError as error:
            said += [str(error), repr(error), str(vars(error)), str(error.__cause__)]
            said += traceback.format_exception(error)
            assert kind
    for file in tmp_path.rglob("*"):
        if file.is_file():
            said.append(file.read_bytes().decode(errors="replace"))
    said += [record.getMessage() for record in caplog.records]
    said += [str(vars(record)) for record in caplog.records]
    said += list(capfd.readouterr())
    assert KEY not in "\n".join(said)


def test_a_wrong_key_that_the_server_repeats_is_not_repeated(tmp_path: Path, lab_key: str) -> None:
    with LoopbackServer(key="another") as server, pytest.raises(BackendCallError) as caught:
        with_model(server, tmp_path, lambda model: model.ask(QUESTION), key_variable=lab_key)
    assert caught.value.status == 401
    assert "[key]" in str(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert "LAB_KEY" in caught.value.hint


def test_a_password_in_an_address_is_not_said(tmp_path: Path) -> None:
    with LoopbackServer() as server:
        address = server.url.replace("127.0.0.1", "me:hidden@127.0.0.1")
        more = {"base_url": address, "model": "huge"}
        with pytest.raises(BackendCallError) as caught:
            with_model(server, tmp_path, lambda model: model.ask(QUESTION), **more)
    assert "hidden" not in str(caught.value)
