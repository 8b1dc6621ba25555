"""Folders of weights: where a model lies, and which one it is."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from mousegpt_core.errors import BackendCallError, MissingDependencyError

#: What makes a model what it is; notes and pictures of its makers do not.
_KINDS = frozenset(
    [
        ".json",
        ".jinja",
        ".txt",
        ".model",
        ".tiktoken",
        ".py",
        ".safetensors",
        ".bin",
        ".pt",
        ".pth",
        ".gguf",
        ".weight",
    ]
)
#: Of larger files so many pieces are looked at, of so many bytes, from end to end.
_PIECES, _PIECE = 64, 4096


def weights_hash(folder: Path) -> str:
    """Hash of a model's settings and weights, in a moment however large it is.

    Of large files the size and 64 pieces are taken. Training changes every weight a little, so
    that another checkpoint of the same model has another hash.

    Parameters
    ----------
    folder : Path
        As `save_pretrained` writes it.
    """
    found = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.suffix not in _KINDS or not file.is_file():
            continue
        size = file.stat().st_size
        found.update(f"{file.name} {size}\n".encode())
        with file.open("rb") as stream:
            if size <= _PIECES * _PIECE:
                found.update(stream.read())
                continue
            for number in range(_PIECES):
                stream.seek(number * (size - _PIECE) // (_PIECES - 1))
                found.update(stream.read(_PIECE))
    return found.hexdigest()[:12]


def is_folder(model: str) -> bool:
    """Whether a model is named by a folder, and not by its name on the hub."""
    looks = model.startswith((".", "~", "/", "\\")) or model.count("/") > 1 or ":" in model
    return looks or Path(model).is_dir()


def find_weights(model: str, revision: str, *, extra: str) -> Path:
    """The folder of a model; one of the hub is fetched, if it is not on this machine.

    Parameters
    ----------
    model : str
        A folder, or a name on the hub.
    revision : str
        Of the hub; "" = the newest.
    extra : str
        What brings the package that fetches.

    Raises
    ------
    MissingDependencyError
        Where something must be fetched, and the package for it is not there.
    BackendCallError
        If there is none, or it is no model.
    """
    folder = Path(model).expanduser() if is_folder(model) else _fetched(model, revision, extra)
    if not folder.is_dir():
        raise BackendCallError(f"{folder}: no such folder", hint="check the option model")
    if not (folder / "config.json").is_file():
        raise BackendCallError(
            f"{folder} has no config.json, so it is no model",
            hint="name the folder that holds config.json and the weights",
        )
    return folder


def weights_here(model: str, revision: str) -> Path | None:
    """The folder of a model if it is on this machine; nothing is fetched."""
    if is_folder(model):
        folder = Path(model).expanduser()
        return folder if folder.is_dir() else None
    if importlib.util.find_spec("huggingface_hub") is None:
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return Path(snapshot_download(model, revision=revision or None, local_files_only=True))
    except (OSError, ValueError, HfHubHTTPError, HFValidationError):
        return None


def _fetched(model: str, revision: str, extra: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "huggingface_hub", extra=extra, purpose="a model of the hub"
        ) from error
    try:
        return Path(snapshot_download(model, revision=revision or None))
    except (OSError, ValueError, HfHubHTTPError, HFValidationError) as error:
        raise BackendCallError(
            f"the model {model!r} is neither a folder nor to be had from the hub",
            hint="check the name and the network, or name the folder of a model on this machine",
        ) from error
