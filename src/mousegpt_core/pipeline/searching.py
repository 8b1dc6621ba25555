"""Searching a study by words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from mousegpt_core.analysis.questions import agreement, read_question
from mousegpt_core.analysis.search import search, similar_clips
from mousegpt_core.io.files import replaced_file
from mousegpt_core.pipeline.recording_stages import study_rules
from mousegpt_core.pipeline.study_stages import all_described_clips, fitted_embedder, vectors_of
from mousegpt_core.study import Study, safe_name
from mousegpt_core.study.files import writing

#: Hits begin at least so many seconds apart: five moments, not five frames of one.
_APART_S = 1.0


def search_study(study: Study, query: str, *, top: int = 5) -> tuple[list[dict[str, Any]], Path]:
    """The moments whose descriptions are nearest to some words, or to those of a clip.

    Parameters
    ----------
    study : Study
        With embedded descriptions.
    query : str
        What to look for, or the id of a clip whose like is looked for.
    top : int
        How many to give back; the full ranking is written as a csv.

    Returns
    -------
    hits : list of dict
        rank, clip_id, recording, individual, start_s, stop_s, score, sentence.
    ranking : Path
        All clips, the nearest first.

    Raises
    ------
    StageMissingError
        If the descriptions have not been embedded.
    DataError
        If no word of the query is known.
    """
    clips = all_described_clips(study)
    rank = _like_clip if query in set(clips["clip_id"]) else _by_words
    everything, found = rank(study, query, clips, top)
    folder = study.folder / "results" / "search"
    ranking = folder / f"{safe_name(query)[:60].strip()}.csv"
    with writing(ranking), replaced_file(ranking) as partial:
        everything.to_csv(partial, index=False)
    return [{str(k): v for k, v in hit.items()} for hit in found.to_dict("records")], ranking


def _by_words(
    study: Study, query: str, clips: pd.DataFrame, top: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The full ranking, and the first few that lie apart."""
    embedder, vectors = fitted_embedder(study), vectors_of(study, clips)
    rules = study_rules(study)
    vocabulary = set(clips["keywords"].str.split(", ").explode()) - {""}
    asked = read_question(query, rules, vocabulary)
    fits = agreement(asked, clips["label"].tolist(), clips["keywords"].tolist(), rules)
    everything = search(asked.words, embedder, vectors, clips, top=-1, bonus=fits)
    found = search(asked.words, embedder, vectors, clips, top=top, apart_s=_APART_S, bonus=fits)
    return everything, found


def _like_clip(
    study: Study, clip_id: str, clips: pd.DataFrame, top: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """As `_by_words`, for the clips that are like one clip."""
    vectors = vectors_of(study, clips)
    everything = similar_clips(clip_id, vectors, clips, top=-1)
    return everything, similar_clips(clip_id, vectors, clips, top=top, apart_s=_APART_S)
