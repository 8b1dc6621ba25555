"""Every error that reaches a user says what to do next."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import mousegpt_core
from mousegpt_core import errors

SOURCE = Path(mousegpt_core.__file__).parent
#: What stands between a user's files and the results; errors of the others are programmers'.
PARTS = ("cli", "io", "pipeline", "study", "video", "analysis/classify.py", "analysis/truth*.py")
NEEDS_NONE = {"MissingDependencyError"}  # it makes its own
NAMES = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.MouseGPTError)
} - NEEDS_NONE


def _modules() -> Iterator[Path]:
    for part in PARTS:
        for path in SOURCE.glob(part):
            yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


@pytest.mark.parametrize("module", list(_modules()), ids=lambda path: path.stem)
def test_every_error_has_a_hint(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    raised = [call for call in calls if getattr(call.func, "id", "") in NAMES]
    without = [call.lineno for call in raised if "hint" not in {word.arg for word in call.keywords}]
    assert not without, f"{module}: errors without a hint in lines {without}"
