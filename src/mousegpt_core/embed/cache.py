"""Each text is embedded once: within a call, and across runs where the vectors are kept."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mousegpt_core.embed.contract import Embedder, Vectors, check_texts
from mousegpt_core.settings import content_hash
from mousegpt_core.study.files import writing

#: Texts after which their vectors are kept: they may be paid for.
_PORTION = 1_024


def text_hash(text: str) -> str:
    """Hash of a text (32 hexadecimal digits)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def embed_texts(
    embedder: Embedder, texts: Sequence[str], *, cache: VectorCache | None = None
) -> Vectors:
    """Embed texts, each distinct one once.

    Parameters
    ----------
    embedder : Embedder
        Fitted, if it needs to be.
    texts : sequence of str
        n texts; copies cost nothing.
    cache : VectorCache, optional
        Vectors of earlier runs; new ones are added.

    Returns
    -------
    array of shape (n, d), float32
        A row a text, as `Embedder.transform` gives it.
    """
    checked = check_texts(texts)
    place: dict[str, int] = {}
    rows = np.array([place.setdefault(text, len(place)) for text in checked], dtype=np.intp)
    distinct = list(place)
    vectors = embedder.transform(distinct) if cache is None else cache.embed(embedder, distinct)
    return vectors[rows]


class VectorCache:
    """Vectors on disk by (embedder, text); deletable, and mended by making them again.

    A folder per embedder holds immutable files of vectors, so two processes can add at once.

    Parameters
    ----------
    folder : Path
        Where; made when the first vector is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def embed(self, embedder: Embedder, texts: Sequence[str]) -> Vectors:
        """Vectors of texts: those known from disk, the rest embedded and kept as they come.

        Returns
        -------
        array of shape (n, d), float32

        Raises
        ------
        MouseGPTError
            If they cannot be written.
        """
        if not texts:
            return embedder.transform([])
        hashes = [text_hash(text) for text in texts]
        home = self.folder / f"{embedder.name}-{content_hash(embedder.fingerprint())}"
        known = dict(_read_all(home))
        missing = [row for row, key in enumerate(hashes) if key not in known]
        for start in range(0, len(missing), _PORTION):
            rows = missing[start : start + _PORTION]
            keys = [hashes[row] for row in rows]
            fresh = embedder.transform([texts[row] for row in rows])
            _write(home, keys, fresh)
            known.update(zip(keys, fresh, strict=True))
        return np.stack([known[key] for key in hashes])


def _read_all(home: Path) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """All vectors of a folder; a damaged file is removed, for its vectors can be made again.

    One that cannot be read now is left alone.
    """
    size = 0
    for path in sorted(home.glob("*.npz")):
        try:
            # Opened here: numpy leaves the file open where it turns out to be damaged.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                keys, vectors = archive["keys"], archive["vectors"]
            sound = vectors.ndim == 2 and keys.shape == vectors.shape[:1]
            sound = sound and vectors.dtype == np.float32
            sound = sound and vectors.shape[1] == (size or vectors.shape[1])
        except OSError:
            continue
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
            sound = False
        if not sound:
            path.unlink(missing_ok=True)
            continue
        size = vectors.shape[1]
        yield from zip(keys.tolist(), vectors, strict=True)


def _write(home: Path, keys: list[str], vectors: Vectors) -> None:
    """Keep vectors in a new file that appears whole or not at all."""
    name = content_hash(keys, length=16)
    part = home / f"{name}-{os.getpid()}.part"
    with writing(home):
        home.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.savez(file, keys=np.array(keys), vectors=vectors)
        os.replace(part, home / f"{name}.npz")
