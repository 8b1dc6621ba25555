"""Bouts, labels and descriptions as a labels image: a row an animal, a column a step of time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_mousegpt.layers import LayerTuple

#: What napari shows of a place under the pointer, where the table has it.
_TOLD = ("behaviour", "description")
#: An image of so many steps is this many times as wide as high, so that rows are seen.
_WIDE = 8


def ethogram_layer(
    bouts: pd.DataFrame, *, step_s: float = 0.1, name: str = "ethogram"
) -> LayerTuple:
    """What animals do, as a labels image.

    Parameters
    ----------
    bouts : DataFrame
        ``recording, individual, start_s, stop_s, behaviour`` and, of descriptions,
        ``description``; of what lies over each other, the later row is seen.
    step_s : float
        Seconds a column.
    name : str
        Name of the layer.

    Returns
    -------
    layer tuple
        Of integers (animal, time); features tell behaviour and description of each, which napari
        shows under the pointer; metadata: the animals of the rows, (recording, individual).
    """
    owners = list(zip(bouts["recording"], bouts["individual"], strict=True))
    rows = {owner: row for row, owner in enumerate(dict.fromkeys(owners))}
    told = [column for column in _TOLD if column in bouts]
    kinds = bouts[told].drop_duplicates().sort_values(told, ignore_index=True)
    number = {kind: place for place, kind in enumerate(kinds.itertuples(index=False, name=None), 1)}
    columns = int(np.ceil(bouts["stop_s"].max() / step_s)) if len(bouts) else 1
    image = np.zeros((max(len(rows), 1), columns), dtype=np.min_scalar_type(len(number) + 1))
    spans = np.rint(bouts[["start_s", "stop_s"]].to_numpy(dtype=np.float64) / step_s).astype(int)
    every = bouts[told].itertuples(index=False, name=None)
    for owner, (start, stop), kind in zip(owners, spans, every, strict=True):
        image[rows[owner], start:stop] = number[kind]
    options = {
        "name": name,
        "features": pd.DataFrame(
            {"index": range(len(number) + 1)} | {each: ["", *kinds[each]] for each in told}
        ),
        "colormap": _colours(kinds["behaviour"]),
        # Rows as high as a few seconds, so that they are seen.
        "scale": (max(1.0, columns * step_s / (_WIDE * len(image))), step_s),
        "opacity": 1.0,
        "axis_labels": ("animal", "time"),
        "units": ("pixel", "second"),
        "metadata": {"animals": list(rows)},
    }
    return image, options, "labels"


def _colours(behaviours: pd.Series[str]) -> dict[int | None, str]:
    """Of each number, that of its behaviour; of what is not called anything, grey."""
    from mousegpt_core.plots.style import behaviour_colours

    colours = behaviour_colours(behaviours) | {"": "#8c9aa3"}
    numbered: dict[int | None, str] = {None: "transparent", 0: "transparent"}
    for number, behaviour in enumerate(behaviours, start=1):
        numbered[number] = colours[behaviour]
    return numbered
