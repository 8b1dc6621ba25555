"""The text of a description that is embedded."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from mousegpt_core.clips import SECTIONS


def description_texts(answers: pd.DataFrame, sections: Sequence[str] = SECTIONS) -> list[str]:
    """Whole text of each description, its sections one after the other, as MouseGPT embeds it.

    Parameters
    ----------
    answers : DataFrame
        Has at least the columns named in `sections`.
    sections : sequence of str
        Which sections, in this order.

    Returns
    -------
    list of str
        One text a row; ``""`` where nothing was said.
    """
    columns = [answers[name].fillna("").astype(str).str.strip() for name in sections]
    return [" ".join(part for part in row if part) for row in zip(*columns, strict=True)]
