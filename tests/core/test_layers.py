"""Imports go down only, and importing is quick because heavy libraries wait until they are used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[2] / "src"

#: Rooms of the core from the bottom up; a room may import those of lower floors and itself.
FLOORS = (
    ("errors",),
    ("settings", "progress", "skeleton", "poses", "clips"),
    ("registry", "keypoint_names"),
    ("skeletons",),
    ("study", "io", "video"),
    ("kinematics", "geometry", "language"),
    ("pose",),
    ("describe", "embed", "synthetic"),
    ("analysis", "stats", "plots"),
    ("report",),
    ("pipeline",),
    ("cli",),
)
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
#: Rooms on one floor that may use each other.
NEIGHBOURS = {("analysis", "stats"), ("plots", "stats"), ("poses", "skeleton"), ("clips", "poses")}
HEAVY = {
    "torch",
    "torchvision",
    "transformers",
    "llguidance",
    "lmdeploy",
    "huggingface_hub",
    "cv2",
    "umap",
    "openai",
    "langchain",
    "napari",
    "qtpy",
    "magicgui",
    "sentence_transformers",
    "sklearn",
    "matplotlib",
    "openpyxl",
    "jinja2",
}


def _imports(tree: ast.AST) -> list[tuple[str, int, bool]]:
    """Module name, line, and whether it runs when the file is imported."""
    found = []
    lazy: set[ast.AST] = set()
    for node in ast.walk(tree):
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or typing_only:
            lazy.update(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno, node not in lazy) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.append((node.module, node.lineno, node not in lazy))
    return found


def _files() -> list[Path]:
    return sorted(SRC.rglob("*.py"))


def test_imports_go_down_only() -> None:
    wrong = []
    for file in _files():
        parts = file.relative_to(SRC).with_suffix("").parts
        if parts[0] != "mousegpt_core" or (len(parts) == 2 and parts[1] == "__init__"):
            continue
        room = parts[1]
        assert room in FLOOR, f"{file} is in a room without a floor"
        for name, line, _ in _imports(ast.parse(file.read_text(encoding="utf-8"))):
            pieces = name.split(".")
            if pieces[0] == "napari_mousegpt":
                wrong.append(f"{file}:{line}: the core imports the plugin")
            if pieces[0] != "mousegpt_core" or len(pieces) < 2 or pieces[1] == room:
                continue
            other = pieces[1]
            up = FLOOR[other] > FLOOR[room]
            beside = FLOOR[other] == FLOOR[room] and tuple(sorted((room, other))) not in {
                tuple(sorted(pair)) for pair in NEIGHBOURS
            }
            if up or (beside and FLOOR[room] > 1):
                wrong.append(f"{file}:{line}: {room} imports {other}")
    assert not wrong, "\n".join(wrong)


def _may_load(file: Path) -> set[str]:
    """Widgets, which are themselves imported where they are used, are made of Qt and napari."""
    return {"napari", "qtpy"} if file.parent.name == "_widgets" else set()


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    wrong = [
        f"{file}:{line}: {name}"
        for file in _files()
        for name, line, at_import in _imports(ast.parse(file.read_text(encoding="utf-8")))
        if at_import and name.split(".")[0] in HEAVY - _may_load(file)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("statement", ["import mousegpt_core", "import mousegpt_core.cli.app"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    code = f"{statement}; import sys; print(' '.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not loaded & (HEAVY | {"numpy", "pandas", "xarray", "zarr", "av", "scipy"})


def test_public_names_are_those_that_are_listed() -> None:
    import mousegpt_core

    assert sorted(mousegpt_core.__all__) == sorted(mousegpt_core._HOMES)
    for name in mousegpt_core.__all__:
        assert getattr(mousegpt_core, name) is not None
    with pytest.raises(AttributeError):
        _ = mousegpt_core.nothing_of_that_name
