"""Which model a folder holds."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from mousegpt_core.errors import BackendCallError, MissingDependencyError
from mousegpt_core.language.transformers_model import TransformersModel, TransformersOptions
from mousegpt_core.language.weights import is_folder, weights_hash


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Qwen-tiny"
    made.mkdir()
    (made / "config.json").write_text('{"model_type": "bert"}')
    (made / "model.safetensors").write_bytes(bytes(3_000_000))
    return made


def options(model: Path | str, **more: object) -> TransformersOptions:
    return TransformersOptions.parse({"model": str(model), **more})


def test_a_copy_is_the_same_model_and_other_weights_are_another(
    folder: Path, tmp_path: Path
) -> None:
    before = weights_hash(folder)
    copied = Path(shutil.copytree(folder, tmp_path / "elsewhere" / "Qwen-tiny"))
    (copied / "README.md").write_text("notes")
    assert weights_hash(copied) == before
    assert options(copied).identity == options(folder).identity
    # Training changes all weights, if ever so little.
    (copied / "model.safetensors").write_bytes(bytes(range(256)) * (3_000_000 // 256 + 1))
    assert weights_hash(copied) != before
    (folder / "config.json").write_text('{"model_type": "other"}')
    assert weights_hash(folder) != before


def test_a_model_is_known_by_its_name_and_what_changes_its_answers(folder: Path) -> None:
    plain = options(folder)
    assert plain.identity.startswith("transformers/Qwen-tiny#")
    assert str(folder.parent) not in plain.identity
    assert plain.model_name == options("Qwen/Qwen-tiny").model_name == "Qwen-tiny"
    assert options(folder, batch=2, device="cpu").identity == plain.identity
    assert options(folder, max_pixels=1000).identity != plain.identity
    assert options(folder, dtype="float16").identity != plain.identity


@pytest.mark.parametrize(
    ("model", "expected"),
    [("Qwen/Qwen2.5-VL-3B", False), ("./models", True), ("/models/x", True), ("~/x", True)],
)
def test_folders_and_names(model: str, expected: bool) -> None:
    assert is_folder(model) is expected


def test_what_is_no_model_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BackendCallError, match="no such folder"):
        TransformersModel(options(tmp_path / "nowhere"))
    (folder / "config.json").unlink()
    with pytest.raises(BackendCallError, match=r"no config\.json"):
        TransformersModel(options(folder))


def test_the_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("torch", "huggingface_hub"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependencyError, match="torch") as caught:
        TransformersModel(options(folder))
    assert "napari-mousegpt[transformers]" in caught.value.hint
    with pytest.raises(MissingDependencyError, match="huggingface_hub"):
        TransformersModel(options("Qwen/Qwen2.5-VL-3B"))
