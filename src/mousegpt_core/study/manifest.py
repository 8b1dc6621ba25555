"""The manifest: what is valid now, and how it was made. Only it defines that a result exists."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from mousegpt_core.errors import DataError
from mousegpt_core.settings import Settings, content_hash
from mousegpt_core.study.files import reading, write_atomic

Kind = Literal["dataset", "table", "files"]
MANIFEST_VERSION = 1


@dataclass(frozen=True)
class Provenance:
    """How a result is made; two results with the same `key` are the same.

    Attributes
    ----------
    stage : str
        Name of the stage, e.g. ``"kinematics"`` or ``"poses2d/top"``.
    version : int
        Raised by hand when the stage gives other results from the same input.
    settings : dict
        JSON-able settings of the stage.
    inputs : dict of str to str
        Name of an input to its hash or to the `key` of the result it is.
    """

    stage: str
    version: int
    settings: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # As they will be read again: tuples as lists, paths as text.
        plain = json.loads(json.dumps(self.settings, default=str))
        object.__setattr__(self, "settings", plain)

    @property
    def key(self) -> str:
        """Hash of all of it: 12 hexadecimal digits."""
        return content_hash([self.stage, self.version, self.settings, self.inputs])


class Entry(Settings):
    """One valid result.

    Attributes
    ----------
    file : str
        Path relative to the folder of the manifest, with ``/``.
    kind : str
        ``"dataset"`` (Zarr), ``"table"`` (Parquet) or ``"files"`` (a folder).
    key : str
        `Provenance.key`.
    provenance : Provenance
        How it was made.
    created : str
        When, ISO 8601 in UTC.
    size : int
        Number of files of a folder, or bytes of a file: shows a result that lost a part.
    """

    file: str
    kind: Kind
    key: str
    provenance: Provenance
    created: str
    size: int


class Manifest(Settings):
    """Contents of ``manifest.json``: stage to its valid result."""

    format_version: int = MANIFEST_VERSION
    stages: dict[str, Entry] = Field(default_factory=dict)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; one that does not exist is empty.

    Raises
    ------
    DataError
        If it is damaged.
    """
    if not path.exists():
        return Manifest()
    with reading(path):
        content = path.read_bytes()
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise DataError(
            "the manifest is damaged",
            file=path,
            found=str(error.errors()[0]["msg"]),
            hint="delete this file and run `mousegpt run` again: all it names can be made again, "
            "answers and edits are in log.sqlite and are not touched",
        ) from error
    if manifest.format_version > MANIFEST_VERSION:
        raise DataError(
            "the manifest is of a newer version of the program", file=path, hint="update mousegpt"
        )
    return manifest


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Replace a manifest at once."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False, default=str)
    write_atomic(path, text + "\n")
