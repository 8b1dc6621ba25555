"""Treatments: which animal is in which, and in what order they are told."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

#: Words that mark the group that the others are compared with.
_CONTROLS = ("control", "ctrl", "saline", "vehicle", "sham", "untreated", "naive", "wt", "wildtype")


def is_control(name: str) -> bool:
    """Whether a treatment is by its name one that others are compared with."""
    words = re.split(r"[^a-z]+", name.lower().replace("wild-type", "wildtype"))
    return any(word.rstrip("s") in _CONTROLS for word in words)


def order_groups(names: Iterable[str]) -> list[str]:
    """Names once each: controls first, then as in a dictionary with 2 before 10; no empty ones."""
    unique = {str(name) for name in names} - {""}
    return sorted(unique, key=lambda name: (not is_control(name), _natural(name)))


def _natural(name: str) -> list[tuple[int, float, str]]:
    parts = re.split(r"(\d+(?:\.\d+)?)", name.lower())
    return [(0, float(part), "") if i % 2 else (1, 0.0, part) for i, part in enumerate(parts)] + [
        (2, 0.0, name)
    ]


def treatment_of(animals: pd.DataFrame) -> dict[str, str]:
    """Treatment of each animal that has one.

    Parameters
    ----------
    animals : DataFrame
        With columns ``animal`` and, where known, ``treatment``.
    """
    if "animal" not in animals.columns or "treatment" not in animals.columns:
        return {}
    table = animals[["animal", "treatment"]].fillna("").astype(str)
    pairs = zip(table["animal"], table["treatment"].str.strip(), strict=True)
    return {animal: treatment for animal, treatment in pairs if treatment}
