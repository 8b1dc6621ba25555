"""Embedding models behind OpenAI-compatible servers: OpenAI, Azure, vLLM, Ollama, llama.cpp, ..."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from mousegpt_core.embed.contract import Embedder, Vectors, check_texts, unit_rows
from mousegpt_core.errors import BackendCallError
from mousegpt_core.language.asking import in_own_loop
from mousegpt_core.language.openai_client import Connection, ConnectionOptions
from mousegpt_core.language.openai_replies import Embeddings
from mousegpt_core.settings import Settings


class OpenAIEmbedderOptions(ConnectionOptions):
    """Options of the embedder `openai`; those of the server as in `ConnectionOptions`.

    Attributes
    ----------
    dimensions : int
        Length of the vectors, where the model offers several; 0 = the model's own.
    batch : int
        Texts in one request.
    """

    model: str = Field(default="text-embedding-3-small", min_length=1)
    dimensions: int = Field(default=0, ge=0)
    batch: int = Field(default=128, ge=1)


class OpenAIEmbedder(Embedder):
    """An embedding model behind a server."""

    name: ClassVar[str] = "openai"
    version: ClassVar[int] = 1
    Options: ClassVar[type[Settings]] = OpenAIEmbedderOptions
    options: OpenAIEmbedderOptions

    _size = 0

    def transform(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; see `Embedder.transform`.

        Raises
        ------
        MissingDependencyError
            Without the extra ``openai``.
        BackendCallError
            If the server does not answer, or not with one vector a text.
        """
        checked = check_texts(texts)
        spoken = [row for row, text in enumerate(checked) if text.strip()]
        # Where nothing is said, one word tells how long the vectors are.
        asked = [checked[row] for row in spoken] or ([] if self._size else ["mouse"])
        found = unit_rows(in_own_loop(self._embed(asked))) if asked else np.zeros((0, self._size))
        self._size = found.shape[1]
        vectors = np.zeros((len(checked), self._size), np.float32)
        if spoken:
            vectors[spoken] = found
        return vectors

    def fingerprint(self) -> dict[str, Any]:
        """As `Embedder.fingerprint`; where the model runs does not change the vectors."""
        told = {"model": self.options.model, "dimensions": self.options.dimensions}
        return {**super().fingerprint(), "options": told}

    async def _embed(self, texts: list[str]) -> np.ndarray[Any, Any]:
        """Vectors of all texts, batches at once."""
        # A lone surrogate is no text that can be sent.
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        size = self.options.batch
        batches = [clean[start : start + size] for start in range(0, len(clean), size)]
        connection = Connection(self.options, _create, Embeddings)
        try:
            parts = await asyncio.gather(*(self._batch(connection, batch) for batch in batches))
        finally:
            await connection.close()
        return np.concatenate(parts)

    async def _batch(
        self, connection: Connection[Embeddings], texts: list[str]
    ) -> np.ndarray[Any, Any]:
        parameters: dict[str, Any] = {
            "model": self.options.model,
            "input": texts,
            "encoding_format": "float",
        }
        if self.options.dimensions:
            parameters["dimensions"] = self.options.dimensions
        reply, _ = await connection.ask(lambda: parameters)
        found = sorted(reply.data, key=lambda vector: vector.index)
        lengths = {len(vector.embedding) for vector in found}
        if [vector.index for vector in found] != list(range(len(texts))) or len(lengths) > 1:
            raise BackendCallError(
                f"{self.options.model}: {len(found)} vectors came for {len(texts)} texts",
                hint="is it an embedding model, and its server OpenAI-compatible?",
            )
        return np.array([vector.embedding for vector in found], np.float64)


def _create(client: Any, parameters: dict[str, Any]) -> Awaitable[Any]:
    response: Awaitable[Any] = client.embeddings.with_raw_response.create(**parameters)
    return response
