"""Coats of mice: the colours of their parts, as reflectance 0-1 in red, green and blue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mousegpt_core.errors import SettingsError

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Coat:
    """How a mouse is coloured.

    Attributes
    ----------
    fur, belly, skin, ear, tail, eye, nose : (float, float, float)
        Colours of its parts; `skin` is that of the paws.
    rough : float
        How much the brightness of its hairs differs.
    tips : float
        How much brighter the tips of its hairs are than their middle.
    sheen : float
        Strength of the fur's gloss.
    """

    fur: Colour
    belly: Colour
    skin: Colour
    ear: Colour
    tail: Colour
    nose: Colour
    eye: Colour = (0.02, 0.02, 0.025)
    rough: float = 1.0
    tips: float = 0.25
    sheen: float = 0.2

    def colour(self, part: str) -> Colour:
        """Colour of a part."""
        found: Colour = getattr(self, part)
        return found


#: By name: the usual strains are black (C57BL/6), agouti (129), white (BALB/c) and brown.
COATS: Mapping[str, Coat] = {
    "black": Coat(
        fur=(0.060, 0.054, 0.050), belly=(0.105, 0.094, 0.088), skin=(0.58, 0.42, 0.38),
        ear=(0.26, 0.19, 0.175), tail=(0.30, 0.235, 0.22), nose=(0.34, 0.23, 0.22), sheen=0.3,
    ),
    "agouti": Coat(
        fur=(0.250, 0.195, 0.135), belly=(0.46, 0.40, 0.32), skin=(0.70, 0.51, 0.46),
        ear=(0.46, 0.34, 0.30), tail=(0.47, 0.37, 0.34), nose=(0.60, 0.40, 0.38), tips=0.7,
    ),
    "white": Coat(
        fur=(0.86, 0.85, 0.82), belly=(0.88, 0.87, 0.84), skin=(0.84, 0.62, 0.58),
        ear=(0.83, 0.63, 0.60), tail=(0.80, 0.64, 0.61), nose=(0.82, 0.52, 0.51),
        eye=(0.36, 0.03, 0.05), rough=0.4, tips=0.1, sheen=0.05,
    ),
    "brown": Coat(
        fur=(0.235, 0.150, 0.100), belly=(0.33, 0.24, 0.17), skin=(0.72, 0.51, 0.46),
        ear=(0.50, 0.34, 0.30), tail=(0.50, 0.37, 0.33), nose=(0.60, 0.38, 0.36),
    ),
}  # fmt: skip


def find_coat(name: str) -> Coat:
    """A coat by its name.

    Raises
    ------
    SettingsError
        If there is none of that name.
    """
    if name not in COATS:
        raise SettingsError(f"no coat is called {name!r}", hint="coats: " + ", ".join(COATS))
    return COATS[name]
