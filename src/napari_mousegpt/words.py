"""The sentence of every moment."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mousegpt_core.errors import StageMissingError

if TYPE_CHECKING:
    from mousegpt_core.study import Recording

#: Lines under the picture have so many letters at most; each, and what is around them, takes so
#: much of the canvas (px).
_LONGEST, _LETTER_PX, _AROUND_PX = 82, 9.5, 24


class Sentences:
    """What is said of each animal of a recording, by time.

    Parameters
    ----------
    clips : DataFrame
        `pipeline.curating.said_clips` of one recording.
    """

    def __init__(self, clips: pd.DataFrame) -> None:
        ordered = clips.sort_values("start_s")
        self._by_animal = {
            str(animal): (
                one["start_s"].to_numpy(dtype=np.float64),
                one["stop_s"].to_numpy(dtype=np.float64),
                one["overall"].astype(str).tolist(),
            )
            for animal, one in ordered.groupby("individual")
        }

    def at(self, moment: float, individual: str) -> str:
        """The sentence of the clip that shows a moment; "" where nothing is said.

        What is said of the scene as a whole holds for every animal of which nothing is said.
        """
        for animal in (individual, ""):
            if animal not in self._by_animal:
                continue
            starts, stops, said = self._by_animal[animal]
            place = int(np.searchsorted(starts, moment + 1e-6, side="right")) - 1
            if place >= 0 and moment < stops[place] and said[place]:
                return said[place]
        return ""


def caption(
    moment: float, span: tuple[float, float] | None, sentence: str, *, late: bool = False
) -> str:
    """The words under a picture: the moment, what is selected there (s), what is said.

    While the picture is late, that is said.
    """
    if late:
        return f"{moment:.2f} s   reading the picture …"
    # What is selected has a line of its own, or the sentence would not fit into the picture.
    chosen = "" if span is None else f"[selected: {span[0]:.2f} to {span[1]:.2f} s]\n"
    return f"{moment:.2f} s   {chosen}{sentence}".rstrip()


def show_words(canvas: Any, words: str) -> None:
    """Show words in the corner of a canvas, in lines that fit; "" = none."""
    overlay = canvas.overlays.text
    if words:
        letters = min(_LONGEST, max(int((canvas.size[1] - _AROUND_PX) / _LETTER_PX), 1))
        lines = (textwrap.fill(line, letters) for line in words.splitlines())
        overlay.text = "\n".join(lines)
    if not overlay.visible and words:
        # Seen on any picture.
        overlay.position, overlay.box = "bottom_left", True
    overlay.visible = bool(words)


def sentences_of(recording: Recording) -> Sentences | None:
    """What is said of a recording; None where nothing is yet."""
    from mousegpt_core.pipeline.curating import said_clips

    try:
        return Sentences(said_clips(recording))
    except StageMissingError:
        return None
