"""`mousegpt describe` before real servers of small random models, with and without faults between.

`transformers serve` ignores schemas and says nothing of it; our own small server holds its model to
them. What random models say means nothing: what counts is that every clip is accounted for.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from commands import mousegpt
from fault_proxy import IN_THE_ANSWER, ON_THE_WAY, fault_proxy
from filmed_study import CLIPS, make_filmed_study
from mousegpt_core.embed.openai import OpenAIEmbedder, OpenAIEmbedderOptions
from mousegpt_core.language.openai_server import OpenAIModel, ServerOptions
from mousegpt_core.study import Study

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytestmark = pytest.mark.slow

TESTS = Path(__file__).resolve().parents[1]
SEEN = ["clip_id", "status", "overall", "head", "limb", "torso", "others", "keywords"]


@contextmanager
def served(command: Sequence[str | Path], folder: Path, port: int) -> Iterator[str]:
    """A server in a process of its own; its address, once it answers."""
    (folder / "hub").mkdir(exist_ok=True)
    quiet = {"HF_HOME": str(folder), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdout=log,
            stderr=log,
            env={**os.environ, **quiet, "no_proxy": "*"},
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/v1/models", process, folder / "server.log")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1_200):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"the server does not answer: {log.read_text()}")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of which no two frames are alike."""
    folder = tmp_path_factory.mktemp("prepared")
    make_filmed_study(folder)
    return folder


@pytest.fixture
def study(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(prepared, tmp_path / "copy")
    return Study.open(tmp_path / "copy" / "study")


def describe(study: Study, model: str, url: str, *more: str) -> dict[str, Any]:
    """What became of all clips."""
    orders = ("--describer", "openai", "--model", model, "--base-url", url, "--json")
    answer = mousegpt("describe", study.folder, *orders, "--option", "timeout_s=90", *more)
    assert answer.code == 0, answer.err
    return dict(answer.json["all"])


def described(study: Study) -> pd.DataFrame:
    """The newest answer of each clip; those that are described are described once."""
    answers = study.recording("m").log.answers()
    fits = answers[answers["status"] == "described"]
    assert fits["clip_id"].is_unique
    assert answers["answer_id"].is_unique
    return answers.drop_duplicates("clip_id", keep="last").set_index("clip_id").sort_index()


def test_transformers_serve_ignores_schemas_and_is_found_out(
    study: Study, tmp_path: Path, tiny_model: Callable[[str], Path]
) -> None:
    folder, port = tiny_model("qwen2_5_vl"), free_port()
    serve = Path(sys.executable).with_name("transformers")
    command = [serve, "serve", folder, "--device", "cpu", "--port", str(port)]
    with served(command, tmp_path, port) as url:
        assert means_of(str(folder), url, tmp_path) == "none"
        short = ("--set", "model.max_tokens=16", "--limit", "5")
        result = describe(study, str(folder), url, *short)
    assert result["described"] + result["invalid"] + result["failed"] == 5
    assert result["failed"] == 0
    answers = study.recording("m").log.answers()
    assert answers["clip_id"].is_unique
    assert (answers["tokens_in"] > 0).all()
    # A random model does not keep to words, so its own words are kept with the reason.
    invalid = answers[answers["status"] == "invalid"]
    assert len(invalid) == result["invalid"]
    assert (invalid["reason"] != "").all()
    assert (invalid["raw"] != "").all()


def means_of(model: str, url: str, folder: Path) -> str:
    """How a server is found to hold its model to a schema."""

    async def find() -> str:
        options = ServerOptions(model=model, base_url=url, timeout_s=60.0)
        asked = OpenAIModel(options, cache_file=folder / "means.json")
        try:
            return await asked.means()
        finally:
            await asked.close()

    return asyncio.run(find())


@pytest.fixture(scope="module")
def server(
    tiny_model: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """Our own server: its model's name and its address."""
    folder, port = tiny_model("qwen2_5_vl"), free_port()
    command = [sys.executable, TESTS / "vlm_server.py", folder, str(port)]
    with served(command, tmp_path_factory.mktemp("server"), port) as url:
        yield folder.name, url


@pytest.fixture(scope="module")
def undisturbed(
    server: tuple[str, str], prepared: Path, tmp_path_factory: pytest.TempPathFactory
) -> pd.DataFrame:
    """What is described without faults."""
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copytree(prepared, folder / "copy")
    study = Study.open(folder / "copy" / "study")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        result = describe(study, *server)
    assert result["described"] == CLIPS
    found = described(study)
    assert found["overall"].nunique() > 1
    assert (found["reason"] == "").all()
    return found


def test_a_server_that_holds_to_schemas_is_found_out(
    server: tuple[str, str], tmp_path: Path
) -> None:
    name, url = server
    assert means_of(name, url, tmp_path) == "json_schema"


def test_what_goes_wrong_on_the_way_leaves_no_trace(
    study: Study, server: tuple[str, str], undisturbed: pd.DataFrame
) -> None:
    name, url = server
    with fault_proxy(url, name, ON_THE_WAY, seed=4) as proxy:
        result = describe(study, name, proxy.url)
        faults = len(proxy.asked) - CLIPS
    assert (result["described"], result["not_asked"]) == (CLIPS, 0)
    assert faults > 0
    pd.testing.assert_frame_equal(described(study)[SEEN[1:]], undisturbed[SEEN[1:]])


def test_what_goes_wrong_in_an_answer_is_asked_again_and_told(
    study: Study, server: tuple[str, str], undisturbed: pd.DataFrame
) -> None:
    name, url = server
    with fault_proxy(url, name, IN_THE_ANSWER, share=0.3, seed=7) as proxy:
        result = describe(study, name, proxy.url)
        assert result["described"] + result["invalid"] + result["failed"] == CLIPS
        for _ in range(5):
            if result["described"] == CLIPS:
                break
            again = ("--retry", "failed", "--retry", "invalid")
            result = describe(study, name, proxy.url, *again)
    assert result["described"] == CLIPS
    found = described(study)
    # What was asked again is another question, and has another answer.
    plain = found[found["reason"] == ""].index
    assert 0 < len(plain) < CLIPS
    pd.testing.assert_frame_equal(found.loc[plain, SEEN[1:]], undisturbed.loc[plain, SEEN[1:]])


def test_embeddings_of_the_server(server: tuple[str, str], tmp_path: Path) -> None:
    name, url = server
    embedder = OpenAIEmbedder(OpenAIEmbedderOptions(model=name, base_url=url))
    vectors = embedder.transform(["The mouse walks.", "The mouse rears.", "The mouse walks."])
    assert vectors.shape == (3, 64)
    np.testing.assert_allclose(vectors[0], vectors[2])
    assert not np.allclose(vectors[0], vectors[1])
