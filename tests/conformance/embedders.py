"""What every embedder must do; a backend's test subclasses `EmbedderConformance`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mousegpt_core.embed.contract import Embedder
from mousegpt_core.errors import DataError, SettingsError, StageMissingError
from mousegpt_core.registry import load_backend

CORPUS = [
    "The mouse walks straight ahead at a moderate speed.",
    "The mouse walks ahead slowly, its back straight.",
    "The mouse walks ahead and turns to the left.",
    "The mouse rears on its hind legs, forepaws off the floor.",
    "The mouse rears against the wall, forepaws raised.",
    "The mouse grooms its face with both forepaws.",
    "The mouse grooms its flank, its back curved.",
    "The mouse stands still, all four paws on the floor.",
    "The mouse lies still, curled up.",
]


class EmbedderConformance:
    """Shared suite: give the name, and texts of one meaning and of another."""

    name: str
    #: Rows of one text may differ this much with the texts around it.
    tolerance = 1e-6
    many = 10_000

    @pytest.fixture(scope="class")
    def backend(self) -> type[Embedder]:
        return load_backend("embedders", self.name)

    @pytest.fixture(scope="class")
    def embedder(self, backend: type[Embedder]) -> Embedder:
        return backend().fit(CORPUS)

    def test_declares_itself(self, backend: type[Embedder]) -> None:
        assert backend.name == self.name
        assert backend.version >= 1
        assert backend().options == backend.Options()

    def test_shape_and_length(self, embedder: Embedder) -> None:
        vectors = embedder.transform(CORPUS)
        assert vectors.dtype == np.float32
        assert vectors.ndim == 2
        assert len(vectors) == len(CORPUS)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_no_text(self, embedder: Embedder) -> None:
        size = embedder.transform(CORPUS[:1]).shape[1]
        assert embedder.transform([]).shape == (0, size)

    def test_a_text_without_words_is_zeros(self, embedder: Embedder) -> None:
        vectors = embedder.transform(["", "   ", CORPUS[0]])
        assert not vectors[:2].any()
        assert vectors[2].any()

    def test_same_texts_same_vectors(self, backend: type[Embedder], embedder: Embedder) -> None:
        again = backend().fit(CORPUS)
        np.testing.assert_array_equal(again.transform(CORPUS), embedder.transform(CORPUS))
        assert again.fingerprint() == embedder.fingerprint()

    def test_a_vector_does_not_depend_on_its_neighbours(self, embedder: Embedder) -> None:
        together = embedder.transform(CORPUS)
        alone = np.concatenate([embedder.transform([text]) for text in CORPUS])
        np.testing.assert_allclose(together, alone, atol=self.tolerance)
        np.testing.assert_allclose(
            embedder.transform(CORPUS[::-1])[::-1], together, atol=self.tolerance
        )

    def test_like_is_nearer_than_unlike(self, embedder: Embedder) -> None:
        walking, also_walking, grooming = embedder.transform([CORPUS[0], CORPUS[1], CORPUS[5]])
        assert walking @ also_walking > walking @ grooming + 0.1

    def test_saved_and_loaded(
        self, backend: type[Embedder], embedder: Embedder, tmp_path: Path
    ) -> None:
        embedder.save(tmp_path / "model")
        loaded = backend.load(tmp_path / "model")
        assert loaded.options == embedder.options
        assert loaded.fingerprint() == embedder.fingerprint()
        np.testing.assert_array_equal(loaded.transform(CORPUS), embedder.transform(CORPUS))

    @pytest.mark.parametrize("damage", ["missing", "cut", "flipped", "not json", "another's"])
    def test_damage_is_found(
        self, backend: type[Embedder], embedder: Embedder, tmp_path: Path, damage: str
    ) -> None:
        embedder.save(tmp_path)
        arrays, facts = tmp_path / "embedder.npz", tmp_path / "embedder.json"
        content = bytearray(arrays.read_bytes())
        if damage == "missing":
            arrays.unlink()
        elif damage == "cut":
            arrays.write_bytes(content[: len(content) // 2])
        elif damage == "flipped":
            content[len(content) // 2] ^= 0xFF
            arrays.write_bytes(content)
        elif damage == "not json":
            facts.write_text("{", encoding="utf-8")
        else:
            facts.write_text(facts.read_text().replace(f'"{self.name}"', '"other"'))
        with pytest.raises(DataError, match="embedder"):
            backend.load(tmp_path)

    def test_any_script(self, embedder: Embedder) -> None:
        texts = [
            "Die Maus läuft",
            "老鼠在走",
            "мышь идёт",
            "🐭🐭",
            "a\x00b",
            "\ud800",
            "x" * 100_000,
        ]
        vectors = embedder.transform(texts)
        assert len(vectors) == len(texts)
        assert np.isfinite(vectors).all()

    def test_not_texts(self, embedder: Embedder) -> None:
        with pytest.raises(DataError, match="text 1"):
            embedder.transform([CORPUS[0], None])  # type: ignore[list-item]
        with pytest.raises(DataError, match="one text"):
            embedder.transform(CORPUS[0])

    def test_many_texts(self, embedder: Embedder) -> None:
        texts = [f"{CORPUS[i % len(CORPUS)]} {i}" for i in range(self.many)]
        vectors = embedder.transform(texts)
        assert len(vectors) == self.many
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_an_unknown_option_is_refused(self, backend: type[Embedder]) -> None:
        with pytest.raises(SettingsError, match="no_such_option"):
            backend.Options.parse({"no_such_option": 1})

    def test_used_before_it_is_fitted(self, backend: type[Embedder]) -> None:
        if not backend.needs_fit:
            assert len(backend().transform(CORPUS)) == len(CORPUS)
            return
        with pytest.raises(StageMissingError, match="embed"):
            backend().transform(CORPUS)
