"""Colours and names that are the same in every figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mousegpt_core.stats.groups import is_control, order_groups

#: Ink, quiet ink, lines of grids, empty bands, paper. `svg.to_svg` may turn these into CSS
#: variables, so that a figure follows the page's light or dark; never used for data.
INK, MUTED, GRID, BAND, PAPER = "#1c2b33", "#5b6972", "#dde3e6", "#edf1f2", "#fefefe"

#: Behaviours that do not get a colour of their own.
OTHER = "other-behaviours"
_OTHER_COLOUR = "#a3a3a3"

#: Known activities in the order in which they are told, families beside each other. Middle tones:
#: seen on white and on black; families differ in hue, their members in lightness.
_KNOWN = {
    "running": "#7cc0f4",
    "darting": "#4a5fd0",
    "trotting": "#1f9bb5",
    "walking": "#2f7fc1",
    "exploring": "#2aa198",
    "turning": "#7fae3a",
    "sniffing": "#72c48a",
    "jumping": "#e0407b",
    "climbing": "#8f4a16",
    "rearing": "#e8862e",
    "rearing_unsupported": "#f2b134",
    "rearing_supported": "#d9541e",
    "stretching": "#b79b5b",
    "stretch_attend": "#d8c86a",
    "digging": "#8c6d31",
    "head_twitch": "#cf6a92",
    "shaking": "#8c3d66",
    "scratching": "#b8479a",
    "face_grooming": "#c9a2e0",
    "grooming": "#9d5bb8",
    "body_grooming": "#6f48a8",
    "crouching": "#7c8f5c",
    "standing": "#797370",
    "standing_still": "#98a5ad",
    "resting": "#b5aca0",
    "freezing": "#56708f",
    "sleeping": "#7a74a8",
}
_FREE = (
    "#2f7fc1", "#e8862e", "#2aa198", "#8f4a16", "#72c48a", "#b8479a", "#7cc0f4", "#4a5fd0",
    "#f2b134", "#3f8f5f", "#b79b5b", "#1f9bb5", "#6f7d3f", "#d9541e", "#9d5bb8", "#cf6a92",
)  # fmt: skip
_CONTROL = "#66757f"
_GROUPS = ("#d9541e", "#2f7fc1", "#72c48a", "#f2b134", "#7cc0f4", "#4a5fd0", "#3f8f5f", "#9d5bb8")
MARKERS = "osD^vPX*<>"


def readable_name(behaviour: str) -> str:
    """``"rearing_supported"`` as a reader wants it: ``"rearing supported"``."""
    return " ".join(behaviour.replace("_", " ").split()) or "unnamed"


def _plain(behaviour: str) -> str:
    return "_".join(behaviour.lower().replace("-", " ").replace("_", " ").split())


def behaviour_colours(behaviours: Iterable[str]) -> dict[str, str]:
    """A colour for each behaviour, the same whatever the order they come in.

    Parameters
    ----------
    behaviours : iterable of str
        Behaviour ids. Activities of the documented ethogram have colours of their own; others get
        the ones that are left, in the order of their ids, and start anew when all are used.
    """
    ids = sorted(set(behaviours))
    colours = {name: _KNOWN[_plain(name)] for name in ids if _plain(name) in _KNOWN}
    used = set(colours.values())
    free = [colour for colour in _FREE if colour not in used] or list(_FREE)
    unknown = [name for name in ids if name not in colours and name != OTHER]
    colours |= {name: free[place % len(free)] for place, name in enumerate(unknown)}
    if OTHER in ids:
        colours[OTHER] = _OTHER_COLOUR
    return colours


def group_colours(groups: Iterable[str]) -> dict[str, str]:
    """A colour for each treatment: grey for controls, then ones that all readers can tell apart."""
    ordered = order_groups(groups)
    treated = [name for name in ordered if not is_control(name)]
    colours = {name: _GROUPS[place % len(_GROUPS)] for place, name in enumerate(treated)}
    controls = [name for name in ordered if is_control(name)]
    colours |= {
        name: _CONTROL if place == 0 else _GROUPS[(len(treated) + place - 1) % len(_GROUPS)]
        for place, name in enumerate(controls)
    }
    return {name: colours[name] for name in ordered}


@dataclass(frozen=True)
class BehaviourKey:
    """Which behaviours a set of figures shows, in what order, by what name and colour.

    Attributes
    ----------
    order : tuple of str
        Behaviour ids; `OTHER` last if some are folded into it.
    names, colours : mapping of str to str
        For each of `order`.
    """

    order: tuple[str, ...]
    names: Mapping[str, str]
    colours: Mapping[str, str]

    def fold(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table with `OTHER` in place of the behaviours that are not shown."""
        if OTHER not in self.order:
            return table
        known = table["behaviour_id"].isin(self.order)
        return table.assign(behaviour_id=table["behaviour_id"].where(known, OTHER).astype(object))

    def shown(self, behaviours: Iterable[str]) -> list[str]:
        """Those of the key that occur, in its order."""
        present = set(behaviours)
        return [name for name in self.order if name in present]


def behaviour_key(
    shares: pd.DataFrame, names: Mapping[str, str] | None = None, *, most: int = 14
) -> BehaviourKey:
    """Choose behaviours, their order, names and colours.

    Parameters
    ----------
    shares : DataFrame
        As `stats.behaviour_shares` gives it.
    names : mapping of str to str, optional
        Names of behaviours; by default made from their ids.
    most : int
        The behaviours with the largest mean shares are shown, the rest is folded into `OTHER`.

    Returns
    -------
    BehaviourKey
        Activities of the documented ethogram come first, families together; then the others by
        their share.
    """
    mean = shares.groupby("behaviour_id")["share"].mean().fillna(0.0)
    ranked = sorted(((-float(share), str(name)) for name, share in mean.items()))
    chosen = [name for _, name in ranked[:most]]
    place = {name: rank for rank, name in enumerate(_KNOWN)}
    order = sorted(chosen, key=lambda b: (place.get(_plain(b), len(place)), chosen.index(b)))
    if len(ranked) > most:
        order.append(OTHER)
    given = dict(names or {})
    titles = {each: given.get(each) or readable_name(each) for each in order}
    if OTHER in titles:
        rest = len(ranked) - most
        titles[OTHER] = f"{rest} other" + ("s" if rest > 1 else "")
    every = behaviour_colours([name for _, name in ranked] + [OTHER])
    return BehaviourKey(tuple(order), titles, {each: every[each] for each in order})


def text_on(colour: str) -> str:
    """Black or white, whichever reads better on a colour."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ np.array([0.2126, 0.7152, 0.0722]))
    return "#000000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#ffffff"
