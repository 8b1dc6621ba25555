"""Latent semantic analysis: vectors from the study's own words; no weights, no network."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy import sparse

from mousegpt_core.embed.contract import Embedder, Vectors, check_texts, unit_rows
from mousegpt_core.errors import DataError, StageMissingError
from mousegpt_core.settings import Settings

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import CountVectorizer

Array = npt.NDArray[Any]

_BLOCK = 8_192
_FAINT = 1e-5


class LsaOptions(Settings):
    """Options of the embedder `lsa`."""

    dimensions: int = Field(default=64, ge=1, description="Numbers in a vector, at most.")
    longest_phrase: int = Field(default=2, ge=1, le=4, description="Words in a term, at most.")
    least_texts: int = Field(default=2, ge=1, description="A term in fewer texts is not learned.")
    most_terms: int = Field(default=20_000, ge=1, description="Terms that are learned, at most.")
    most_texts: int = Field(
        default=20_000, ge=1, description="Distinct texts to learn from, at most."
    )
    seed: int = Field(default=0, ge=0, description="Seed of the decomposition.")


class LsaEmbedder(Embedder):
    """TF-IDF of words and phrases, reduced by a singular value decomposition.

    Terms are words and pairs of words in lower case, weighted by ``1 + log(count)`` and
    ``log((1 + n) / (1 + df)) + 1``; a text that was given k times counts k times. After
    Deerwester et al. 1990, "Indexing by latent semantic analysis".

    Attributes
    ----------
    terms_ : array of str, shape (terms,)
        The vocabulary.
    idf_ : array of shape (terms,)
        Weight of each term.
    components_ : array of shape (d, terms)
        Rows to project on.
    """

    name: ClassVar[str] = "lsa"
    version: ClassVar[int] = 1
    needs_fit: ClassVar[bool] = True
    Options: ClassVar[type[Settings]] = LsaOptions
    options: LsaOptions

    terms_: Array | None = None
    idf_: Array | None = None
    components_: Array | None = None
    _counter: CountVectorizer | None = None

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn terms and components, in time linear in the number of texts.

        Raises
        ------
        DataError
            If no text has a word.
        """
        distinct, copies = _sample(check_texts(texts), self.options.most_texts)
        counts, terms = self._learn_terms(distinct, copies)
        self.terms_ = terms
        self.idf_ = np.log((1 + copies.sum()) / (1 + _frequency(counts, copies))) + 1
        self._counter = None
        weighted = sparse.diags_array(np.sqrt(copies)) @ _tfidf(counts, self.idf_)
        self.components_ = self._decompose(sparse.csr_matrix(weighted))
        return self

    def transform(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; see `Embedder.transform`."""
        if self.terms_ is None or self.idf_ is None or self.components_ is None:
            raise StageMissingError(
                "the embedder 'lsa' has not learned any texts yet",
                hint="run `mousegpt embed` first",
            )
        checked = check_texts(texts)
        counter = self._term_counter()
        projection = np.ascontiguousarray(self.components_.T)
        blocks = [np.zeros((0, projection.shape[1]), np.float32)]
        for start in range(0, len(checked), _BLOCK):
            counts = counter.transform(checked[start : start + _BLOCK])
            blocks.append(unit_rows(_tfidf(counts, self.idf_) @ projection, smallest=_FAINT))
        return np.concatenate(blocks)

    def _learn_terms(self, texts: list[str], copies: Array) -> tuple[sparse.csr_matrix, Array]:
        """Counts (texts x terms) of the terms worth learning, and the terms."""
        counter = self._make_counter()
        try:
            counts = counter.fit_transform(texts)
        except ValueError as error:
            raise DataError(
                "the texts have no words to learn from",
                found=f"{len(texts)} different texts",
                hint="run `mousegpt describe` first",
            ) from error
        terms = np.asarray(counter.get_feature_names_out(), dtype=np.str_)
        frequency = _frequency(counts, copies)
        keep = np.flatnonzero(frequency >= self.options.least_texts)
        if not len(keep):
            keep = np.arange(len(terms))
        if len(keep) > self.options.most_terms:
            # Stable sort on falling frequency, so that ties are kept in alphabetical order.
            order = np.argsort(-frequency[keep], kind="stable")[: self.options.most_terms]
            keep = np.sort(keep[order])
        return sparse.csr_matrix(counts[:, keep], dtype=np.float64), terms[keep]

    def _decompose(self, weighted: sparse.csr_matrix) -> Array:
        """Right singular vectors (d x terms) of the largest singular values."""
        from sklearn.utils.extmath import randomized_svd
        from threadpoolctl import threadpool_limits

        size = min(self.options.dimensions, *weighted.shape)
        # With several threads the last digits depend on how busy the machine is.
        with threadpool_limits(limits=1, user_api="blas"):
            _, strength, components = randomized_svd(
                weighted, n_components=size, n_iter=5, random_state=self.options.seed
            )
        keep = strength > 1e-6 * strength[0]
        return cast(Array, components[keep])

    def _term_counter(self) -> CountVectorizer:
        """The counter of the learned terms, made once."""
        if self._counter is None:
            self._counter = self._make_counter(self.terms_)
        return self._counter

    def _make_counter(self, terms: Array | None = None) -> CountVectorizer:
        from sklearn.feature_extraction.text import CountVectorizer

        columns = (
            None if terms is None else dict(zip(terms.tolist(), range(len(terms)), strict=True))
        )
        return CountVectorizer(
            token_pattern=r"(?u)\b\w+\b",
            ngram_range=(1, self.options.longest_phrase),
            vocabulary=columns,
        )

    def _learned(self) -> dict[str, Array]:
        if self.terms_ is None or self.idf_ is None or self.components_ is None:
            return {}
        return {"terms": self.terms_, "idf": self.idf_, "components": self.components_}

    def _restore(self, arrays: Mapping[str, Array]) -> None:
        if arrays:
            self.terms_, self.idf_ = arrays["terms"], arrays["idf"]
            self.components_ = arrays["components"]


def _sample(texts: list[str], most: int) -> tuple[list[str], Array]:
    """Distinct texts in an order that depends on their content alone, and their copies.

    Where there are more than `most`, those with the smallest hashes: a random sample that is the
    same however the texts are ordered.
    """
    copies = Counter(texts)
    chosen = sorted(copies, key=lambda text: hashlib.sha256(text.encode(errors="replace")).digest())
    chosen = chosen[:most]
    return chosen, np.array([copies[text] for text in chosen], dtype=np.float64)


def _frequency(counts: sparse.csr_matrix, copies: Array) -> Array:
    """In how many texts each term occurs, copies counted."""
    present = sparse.csr_matrix((np.ones(counts.nnz), counts.indices, counts.indptr), counts.shape)
    return np.asarray(present.T @ copies).ravel()


def _tfidf(counts: sparse.csr_matrix, idf: Array) -> sparse.csr_matrix:
    """Weighted counts, rows of length 1 (or 0)."""
    weighted = sparse.csr_matrix(counts, dtype=np.float64, copy=True)
    weighted.data = (1 + np.log(weighted.data)) * idf[weighted.indices]
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    scale = sparse.diags_array(1 / np.where(length > 0, length, 1.0))
    return sparse.csr_matrix(scale @ weighted)
