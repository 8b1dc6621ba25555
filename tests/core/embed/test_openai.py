"""The embedder `openai`, before a real server on this machine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from conformance.embedders import CORPUS, EmbedderConformance
from loopback import Fault, LoopbackServer, embed
from model_servers import AT_ONCE
from mousegpt_core.embed.contract import Embedder
from mousegpt_core.embed.openai import OpenAIEmbedder, OpenAIEmbedderOptions
from mousegpt_core.errors import BackendCallError
from mousegpt_core.registry import load_backend

pytest.importorskip("openai")


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(models=("small-embedder",)) as running:
        yield running


def _local(server: LoopbackServer, **more: object) -> OpenAIEmbedderOptions:
    given = {"model": "small-embedder", "base_url": server.url, "retrying": AT_ONCE}
    return OpenAIEmbedderOptions.parse({**given, **more})


class TestOpenAI(EmbedderConformance):
    name = "openai"
    many = 1_000

    @pytest.fixture(scope="class")
    def backend(self, server: LoopbackServer) -> type[Embedder]:
        defaults = _local(server)

        class LocalOptions(OpenAIEmbedderOptions):
            model: str = defaults.model
            base_url: str = defaults.base_url

        class Local(OpenAIEmbedder):
            Options = LocalOptions

        return Local

    def test_it_is_found_by_name(self) -> None:
        assert load_backend("embedders", "openai") is OpenAIEmbedder


def test_vectors_belong_to_their_texts_in_many_batches(server: LoopbackServer) -> None:
    texts = [f"mouse number {number}" for number in range(25)]
    before = server.count
    vectors = OpenAIEmbedder(_local(server, batch=4)).transform(texts)
    assert server.count == before + 7
    for text, vector in zip(texts, vectors, strict=True):
        expected = np.array(embed(text))
        np.testing.assert_allclose(vector, expected / math.hypot(*expected), atol=1e-6)


def test_faults_are_got_over(server: LoopbackServer) -> None:
    server.faults.extend([Fault("429", retry_after="0.01"), Fault("cut json"), Fault("drop")])
    assert len(OpenAIEmbedder(_local(server)).transform(CORPUS)) == len(CORPUS)


def test_a_server_that_is_no_embedder_is_named(server: LoopbackServer) -> None:
    with pytest.raises(BackendCallError, match="gpt-x"):
        OpenAIEmbedder(_local(server, model="gpt-x")).transform(CORPUS)


def test_where_it_runs_changes_nothing(server: LoopbackServer, tmp_path: Path) -> None:
    here = OpenAIEmbedder(_local(server))
    there = OpenAIEmbedder(_local(server, base_url="http://elsewhere/v1", timeout_s=3))
    assert here.fingerprint() == there.fingerprint()
    shorter = OpenAIEmbedder(_local(server, dimensions=8))
    assert shorter.fingerprint() != here.fingerprint()
