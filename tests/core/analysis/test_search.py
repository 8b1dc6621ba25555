"""Search by words and by example."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mousegpt_core.analysis import search as module
from mousegpt_core.analysis.search import (
    like_by_movement,
    like_by_words,
    search,
    similar_clips,
)
from mousegpt_core.embed.lsa import LsaEmbedder, LsaOptions
from mousegpt_core.errors import DataError

SENTENCES = [
    "The mouse walks along the wall.",
    "The mouse rears, standing on its hind legs.",
    "The mouse grooms its face.",
    "The mouse walks ahead.",
    "The mouse freezes.",
]


@pytest.fixture
def described() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "clip_id": [f"M1@{i}" for i in range(5)],
            "overall": SENTENCES,
            "recording": "M1",
            "start_s": np.arange(5) / 5,
        }
    )


@pytest.fixture
def embedder() -> LsaEmbedder:
    return LsaEmbedder(LsaOptions(least_texts=1)).fit(SENTENCES)


def test_the_right_clip_comes_first(described: pd.DataFrame, embedder: LsaEmbedder) -> None:
    vectors = embedder.transform(SENTENCES)
    hits = search("standing on hind legs", embedder, vectors, described, top=2)
    assert list(hits.columns) == ["rank", "clip_id", "recording", "start_s", "score", "sentence"]
    assert hits["rank"].tolist() == [1, 2]
    assert hits["clip_id"][0] == "M1@1"
    assert hits["sentence"][0] == SENTENCES[1]
    assert hits["score"][0] > hits["score"][1]
    assert search(SENTENCES[4], embedder, vectors, described)["score"][0] == pytest.approx(1.0)


@pytest.mark.parametrize("block", [2, 100])
def test_known_ranking(
    described: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(module, "_BLOCK", block)
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1], [0.6, 0.8], [-1, 0]], dtype=np.float32)
    hits = similar_clips("M1@0", vectors, described, top=-1)
    assert hits["clip_id"].tolist() == ["M1@1", "M1@3", "M1@2", "M1@4"]
    np.testing.assert_allclose(hits["score"], [0.6, 0.6, 0, -1], atol=1e-6)
    assert similar_clips("M1@0", vectors, described, top=2)["clip_id"].tolist() == ["M1@1", "M1@3"]
    assert len(similar_clips("M1@0", vectors, described, top=99)) == 4


def test_hits_lie_apart(described: pd.DataFrame) -> None:
    vectors = np.array([[1, 0], [1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], dtype=np.float32)
    hits = similar_clips("M1@4", vectors, described, top=2, apart_s=0.4)
    assert hits["clip_id"].tolist() == ["M1@3", "M1@0"]
    assert hits["rank"].tolist() == [1, 2]
    described["recording"] = ["M1", "M2", "M1", "M2", "M1"]
    hits = similar_clips("M1@4", vectors, described, top=2, apart_s=0.4)
    assert hits["clip_id"].tolist() == ["M1@3", "M1@2"]


def test_limits(described: pd.DataFrame, embedder: LsaEmbedder) -> None:
    vectors = embedder.transform(SENTENCES)
    assert len(search("mouse", embedder, vectors, described, top=99)) == 5
    assert len(search("mouse", embedder, vectors, described, top=-1)) == 5
    assert search("mouse", embedder, vectors, described, top=0).empty


def test_wrong_questions(described: pd.DataFrame, embedder: LsaEmbedder) -> None:
    vectors = embedder.transform(SENTENCES)
    with pytest.raises(DataError, match="none of the words"):
        search("xylophone", embedder, vectors, described)
    with pytest.raises(DataError, match="do not fit"):
        search("mouse", embedder, vectors[:2], described)
    with pytest.raises(DataError, match="no clip 'M9'"):
        similar_clips("M9", vectors, described)
    with pytest.raises(DataError, match="no description"):
        similar_clips("M1@0", np.zeros_like(vectors), described)


def test_movement_is_compared_in_usual_spreads() -> None:
    measured = pd.DataFrame(
        {
            "speed": [1.0, 1.1, 9.0, np.nan, 1.0],
            "angle": [0.0, 0.0, 0.0, 0.0, np.nan],
            "nothing": [np.nan, 5.0, 5.0, 5.0, 5.0],
            "same": [2.0, 2.0, 2.0, 2.0, 2.0],
        }
    )
    score = like_by_movement(measured, 0)
    assert score[0] == 1.0
    assert score[0] > score[1] > score[3] > score[2] > 0
    assert score[4] == 1.0, "what does not differ among clips tells nothing"
    with pytest.raises(DataError, match="nothing was measured"):
        like_by_movement(measured[["nothing", "same"]], 0)


def test_words_are_compared_by_their_cosine() -> None:
    vectors = np.array([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0], [0.0, 0.0]])
    assert like_by_words(vectors, 0) == pytest.approx([1.0, 0.6, 0.0, 0.0])
    with pytest.raises(DataError, match="no description"):
        like_by_words(vectors, 3)
