"""The embedder `lsa`."""

from __future__ import annotations

import random

import numpy as np
import pytest

from conformance.embedders import CORPUS, EmbedderConformance
from mousegpt_core.embed.lsa import LsaEmbedder, LsaOptions
from mousegpt_core.errors import DataError


class TestLsa(EmbedderConformance):
    name = "lsa"


def test_equals_tfidf_cosine_when_nothing_is_reduced() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = LsaEmbedder(LsaOptions(least_texts=1)).fit(CORPUS).transform(CORPUS)
    peer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b")
    tfidf = peer.fit_transform(CORPUS).toarray()
    np.testing.assert_allclose(vectors @ vectors.T, tfidf @ tfidf.T, atol=1e-5)


def test_copies_count_as_often_as_they_are_given() -> None:
    # "paws" is in one text of two, then in three of four: its weight falls.
    texts = ["still", "paws move"]
    rare = LsaEmbedder(LsaOptions(least_texts=1)).fit(texts)
    common = LsaEmbedder(LsaOptions(least_texts=1)).fit([*texts, texts[1], texts[1]])
    place = rare.terms_.tolist().index("paws")
    assert rare.idf_[place] == pytest.approx(np.log(3 / 2) + 1)
    assert common.idf_[place] == pytest.approx(np.log(5 / 4) + 1)


def test_the_order_of_texts_does_not_matter() -> None:
    texts = [f"{text} {i % 7}" for i, text in enumerate(CORPUS * 20)]
    shuffled = random.Random(1).sample(texts, len(texts))
    options = LsaOptions(most_texts=30)
    one, other = LsaEmbedder(options).fit(texts), LsaEmbedder(options).fit(shuffled)
    assert one.fingerprint() == other.fingerprint()


@pytest.mark.parametrize("texts", [["mouse"], ["the mouse walks"] * 50, ["a", "b"], ["", "x y"]])
def test_tiny_corpora(texts: list[str]) -> None:
    vectors = LsaEmbedder().fit(texts).transform(texts)
    said = np.array([bool(text) for text in texts])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), said, atol=1e-6)


@pytest.mark.parametrize("texts", [[], [""], ["...", "!"]])
def test_nothing_to_learn_from(texts: list[str]) -> None:
    with pytest.raises(DataError, match="no words"):
        LsaEmbedder().fit(texts)


def test_unknown_words_are_zeros() -> None:
    assert not LsaEmbedder().fit(CORPUS).transform(["quantum chromodynamics"]).any()


def test_limits_hold() -> None:
    words = [f"w{i} w{i + 1} w{i + 2} common" for i in range(300)]
    embedder = LsaEmbedder(LsaOptions(dimensions=16, most_terms=40)).fit(words)
    assert embedder.components_.shape == (16, 40)
    assert "common" in embedder.terms_
