"""What an embedder is given and what it gives back."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from mousegpt_core.errors import DataError
from mousegpt_core.settings import Settings

Vectors = npt.NDArray[np.float32]

_FACTS = "embedder.json"
_ARRAYS = "embedder.npz"


class Embedder(ABC):
    """Turns texts into vectors of unit length whose cosine tells how alike the texts are.

    A backend implements `transform`; one that learns also `fit`, and names what it learned in
    `_learned` and `_restore`, from which `save`, `load` and `fingerprint` follow.

    Class attributes
    ----------------
    name : str
        Name to ask for it by.
    version : int
        Raised by hand when the same texts give other vectors.
    needs_fit : bool
        Whether it must learn from the study's own texts first.
    Options : type of Settings
        Its options.

    Parameters
    ----------
    options : Settings, optional
        An instance of `Options`; its defaults if not given.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    needs_fit: ClassVar[bool] = False
    Options: ClassVar[type[Settings]] = Settings

    def __init__(self, options: Settings | None = None) -> None:
        self.options = self.Options() if options is None else options

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn from texts; the order of the texts does not matter, their number of copies does.

        Raises
        ------
        DataError
            If there is no word to learn from.
        """
        return self

    @abstractmethod
    def transform(self, texts: Sequence[str]) -> Vectors:
        """Embed texts.

        Parameters
        ----------
        texts : sequence of str
            n texts of any length, in any script.

        Returns
        -------
        array of shape (n, d), float32
            Rows of length 1; a text that says nothing to the embedder has a row of zeros.

        Raises
        ------
        StageMissingError
            If the embedder has to be fitted first.
        """

    def fingerprint(self) -> dict[str, Any]:
        """JSON-able: name, version, options and what was learned; equal means equal vectors."""
        learned = self._learned()
        return {
            "name": self.name,
            "version": self.version,
            "options": self.options.fingerprint(),
            "learned": hashlib.sha256(_pack(learned)).hexdigest() if learned else "",
        }

    def save(self, folder: Path) -> None:
        """Write options and what was learned (json and npz, no pickle) into a folder."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        packed = _pack(self._learned())
        facts = {
            "name": self.name,
            "version": self.version,
            "options": self.options.fingerprint(),
            "arrays_sha256": hashlib.sha256(packed).hexdigest(),
        }
        (folder / _ARRAYS).write_bytes(packed)
        text = json.dumps(facts, indent=2, ensure_ascii=False)
        (folder / _FACTS).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        DataError
            If a file is missing, damaged, or of another embedder or version.
        """
        folder = Path(folder)
        facts = _read_facts(folder / _FACTS)
        found = f"{facts.get('name')} version {facts.get('version')}"
        expected = f"{cls.name} version {cls.version}"
        if found != expected:
            raise _damaged(folder / _FACTS, "another embedder's", expected=expected, found=found)
        arrays = _read_arrays(folder / _ARRAYS, str(facts.get("arrays_sha256")))
        options = facts.get("options")
        if not isinstance(options, dict):
            raise _damaged(folder / _FACTS, "it has no options")
        embedder = cls(cls.Options.parse(options, source=str(folder / _FACTS)))
        try:
            embedder._restore(arrays)
        except KeyError as error:
            raise _damaged(folder / _ARRAYS, f"array {error} is missing") from error
        return embedder

    def _learned(self) -> dict[str, npt.NDArray[Any]]:
        """Arrays of what was learned; empty where nothing is."""
        return {}

    def _restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:  # noqa: B027
        """Take over what `_learned` gave."""


def check_texts(texts: Sequence[str]) -> list[str]:
    """Texts as a list, at the door of an embedder.

    Raises
    ------
    DataError
        If one is not a text, or a single text was given in place of a sequence.
    """
    if isinstance(texts, str):
        raise DataError("one text was given", expected="a sequence of texts", found="a str")
    checked = list(texts)
    for row, text in enumerate(checked):
        if not isinstance(text, str):
            raise DataError(
                "not a text", place=f"text {row}", expected="str", found=type(text).__name__
            )
    return checked


def unit_rows(matrix: npt.ArrayLike, *, smallest: float = 1e-6) -> Vectors:
    """Scale rows to length 1.

    Parameters
    ----------
    matrix : array of shape (n, d)
        Vectors of any length.
    smallest : float
        Rows shorter than this become zeros.

    Returns
    -------
    array of shape (n, d), float32
    """
    rows = np.asarray(matrix, dtype=np.float64)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    seen = length > smallest
    unit: Vectors = np.where(seen, rows / np.where(seen, length, 1.0), 0.0).astype(np.float32)
    return unit


def _pack(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Arrays as the bytes of an npz, the same bytes for the same arrays."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            # A fixed date: the bytes are hashed.
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asanyarray(arrays[name]), allow_pickle=False)
            archive.writestr(entry, content.getvalue())
    return buffer.getvalue()


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, f"it cannot be read: {error}") from error
    if not isinstance(facts, dict):
        raise _damaged(path, "it is not a JSON object")
    return facts


def _read_arrays(path: Path, sha256: str) -> dict[str, npt.NDArray[Any]]:
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise _damaged(path, f"it cannot be read: {error}") from error
    found = hashlib.sha256(packed).hexdigest()
    if found != sha256:
        raise _damaged(path, "it is damaged", expected=f"sha256 {sha256}", found=found)
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise _damaged(path, f"it cannot be read: {error}") from error


def _damaged(path: Path, message: str, *, expected: str = "", found: str = "") -> DataError:
    return DataError(
        f"the saved embedder cannot be used: {message}",
        file=path,
        expected=expected,
        found=found,
        hint="delete the folder and run `mousegpt embed` again",
    )
