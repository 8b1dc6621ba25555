"""Embedding each text once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.embed import cache
from mousegpt_core.embed.cache import VectorCache, embed_texts
from mousegpt_core.embed.contract import Embedder, Vectors, check_texts, unit_rows
from mousegpt_core.embed.texts import description_texts
from mousegpt_core.errors import BackendCallError, MouseGPTError


class Counting(Embedder):
    """Letters a, b, c counted; remembers what it was asked."""

    name: ClassVar[str] = "counting"

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def transform(self, texts: Sequence[str]) -> Vectors:
        self.asked += check_texts(texts)
        counts = [[text.count(letter) for letter in "abc"] for text in texts]
        return unit_rows(np.array(counts, dtype=float).reshape(-1, 3))


def test_each_distinct_text_is_embedded_once() -> None:
    embedder = Counting()
    vectors = embed_texts(embedder, ["a", "b", "a", "", "a"])
    assert embedder.asked == ["a", "b", ""]
    np.testing.assert_array_equal(vectors, [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0], [1, 0, 0]])


@given(st.lists(st.text(max_size=4)))
def test_equals_embedding_all(texts: list[str]) -> None:
    np.testing.assert_array_equal(embed_texts(Counting(), texts), Counting().transform(texts))


def test_a_second_run_embeds_nothing(tmp_path: Path) -> None:
    first, second, third = Counting(), Counting(), Counting()
    texts = ["a", "ab", "\ud800"]
    vectors = embed_texts(first, texts, cache=VectorCache(tmp_path))
    again = embed_texts(second, texts[::-1], cache=VectorCache(tmp_path))
    np.testing.assert_array_equal(again[::-1], vectors)
    assert second.asked == []
    embed_texts(third, [*texts, "c"], cache=VectorCache(tmp_path))
    assert third.asked == ["c"]


def test_what_came_before_a_failure_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Breaking(Counting):
        def transform(self, texts: Sequence[str]) -> Vectors:
            if len(self.asked) == 4:
                raise BackendCallError("the server has gone")
            return super().transform(texts)

    monkeypatch.setattr(cache, "_PORTION", 2)
    texts = ["a", "b", "c", "ab", "ac", "bc"]
    with pytest.raises(BackendCallError):
        embed_texts(Breaking(), texts, cache=VectorCache(tmp_path))
    again = Counting()
    vectors = embed_texts(again, texts, cache=VectorCache(tmp_path))
    assert again.asked == ["ac", "bc"]
    np.testing.assert_array_equal(vectors, Counting().transform(texts))


def test_vectors_that_cannot_be_kept_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MouseGPTError, match="cannot be written"):
        embed_texts(Counting(), ["a"], cache=VectorCache(tmp_path / "file"))


def test_no_texts(tmp_path: Path) -> None:
    assert embed_texts(Counting(), []).shape == (0, 3)
    assert embed_texts(Counting(), [], cache=VectorCache(tmp_path)).shape == (0, 3)


def test_another_version_shares_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embed_texts(Counting(), ["a"], cache=VectorCache(tmp_path))
    monkeypatch.setattr(Counting, "version", 2)
    later = Counting()
    embed_texts(later, ["a"], cache=VectorCache(tmp_path))
    assert later.asked == ["a"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other arrays"])
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: str) -> None:
    cache = VectorCache(tmp_path)
    vectors = embed_texts(Counting(), ["a", "b"], cache=cache)
    (file,) = tmp_path.rglob("*.npz")
    content = bytearray(file.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 0xFF
    if damage == "other arrays":
        np.savez(file, something=np.zeros(3))
    else:
        file.write_bytes({"cut": content[:60], "flipped": content, "empty": b""}[damage])
    mended = Counting()
    np.testing.assert_array_equal(embed_texts(mended, ["a", "b"], cache=cache), vectors)
    assert mended.asked == ["a", "b"]
    later = Counting()
    embed_texts(later, ["b"], cache=cache)
    assert later.asked == []


def test_the_text_of_a_description() -> None:
    answers = pd.DataFrame(
        {"overall": ["It walks. ", None], "head": ["", ""], "keywords": ["walking, slow", ""]}
    )
    texts = description_texts(answers, ("overall", "head", "keywords"))
    assert texts == ["It walks. walking, slow", ""]
