"""Both figures of quality on real recordings, with one set of default rules."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from mousegpt_core.describe.rules import load_rules

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("quality", ROOT / "benchmarks" / "quality.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    import sys

    sys.modules["quality"] = module
    spec.loader.exec_module(module)
    return module


def test_zero_shot_macro_f1(bench: ModuleType, test_data: Callable[[str], Path]) -> None:
    folder = test_data("subtle-avatar3d").parent
    recordings = bench.subtle_recordings(folder)
    assert len(recordings) == 5
    kinematics = {r.name: bench.kinematics_of(r) for r in recordings}
    result = bench.measure(recordings, kinematics, load_rules())
    assert result.mean > 0.83
    assert result.pooled.mean() > 0.83
    for name, scores in result.each.items():
        assert scores.mean() > 0.78, name
    assert result.pooled.min() > 0.77


@pytest.mark.parametrize("seed", [0, 1])
def test_a_few_examples_do_where_words_say_nothing(
    bench: ModuleType, test_data: Callable[[str], Path], seed: int
) -> None:
    recordings = bench.subtle_recordings(test_data("subtle-avatar3d").parent)
    kinematics = {r.name: bench.kinematics_of(r) for r in recordings}
    result = bench.by_examples(recordings, kinematics, load_rules(), seed=seed)
    assert result.pooled.mean() > 0.81
    assert result.pooled.min() > 0.7


def test_without_the_scorers_reaction_time(
    bench: ModuleType, test_data: Callable[[str], Path]
) -> None:
    """Said openly: the human labels of these recordings trail the movement."""
    recordings = bench.subtle_recordings(test_data("subtle-avatar3d").parent)
    kinematics = {r.name: bench.kinematics_of(r) for r in recordings}
    at_once = bench.shifted_rules(
        lambda values: [values[n].update(reaction_s=0.0) for n in bench.BEHAVIOURS] and None
    )
    assert bench.measure(recordings, kinematics, at_once).mean > 0.72


@pytest.mark.parametrize("scale", [True, False], ids=["scale given", "scale assumed"])
def test_freezing_f1(bench: ModuleType, test_data: Callable[[str], Path], scale: bool) -> None:
    folder = test_data("behaviordepot-freezing-demo1").parent
    recording = bench.freezing_recording(folder, scale=scale)
    assert bench.freezing_f1(recording, load_rules()) > 0.94
    # Half the frames: what a slower camera sees.
    assert bench.freezing_f1(bench.thinned(recording, 2), load_rules()) > 0.92
