"""Searching a study by words."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mousegpt_core.analysis.questions import Asked, agreement, fits_well, read_question
from mousegpt_core.analysis.search import search, similar_clips
from mousegpt_core.describe.ethogram import unjudged
from mousegpt_core.describe.rules import Rules
from mousegpt_core.io.files import replaced_file
from mousegpt_core.pipeline.recording_stages import study_rules
from mousegpt_core.pipeline.study_stages import (
    all_described_clips,
    described_recordings,
    fitted_embedder,
    vectors_of,
)
from mousegpt_core.plots import readable_name
from mousegpt_core.study import Study, safe_name
from mousegpt_core.study.files import writing

#: Hits begin at least so many seconds apart: five moments, not five frames of one.
APART_S = 1.0


class Found(NamedTuple):
    """Result of a search.

    Attributes
    ----------
    hits : list of dict
        rank, clip_id, recording, individual, start_s, stop_s, score, sentence.
    ranking : Path
        All clips, the nearest first.
    note : str
        Says so where nothing fits well; else ``""``.
    """

    hits: list[dict[str, Any]]
    ranking: Path
    note: str


def search_study(study: Study, query: str, *, top: int = 5) -> Found:
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
    Found
        The nearest clips, which need not be near: see its note.

    Raises
    ------
    StageMissingError
        If the descriptions have not been embedded.
    DataError
        If no word of the query is known.
    """
    clips = all_described_clips(study)
    rank = _like_clip if query in set(clips["clip_id"]) else _by_words
    everything, found, note = rank(study, query, clips, top)
    hits = [{str(k): v for k, v in hit.items()} for hit in found.to_dict("records")]
    return Found(hits, keep_ranking(study, query, everything), note)


def keep_ranking(study: Study, asked: str, everything: pd.DataFrame) -> Path:
    """Write a full ranking as a csv, called after what was asked."""
    ranking = study.folder / "results" / "search" / f"{safe_name(asked)[:60].strip()}.csv"
    with writing(ranking), replaced_file(ranking) as partial:
        everything.to_csv(partial, index=False)
    return ranking


def _by_words(
    study: Study, query: str, clips: pd.DataFrame, top: int
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """The full ranking, the first few that lie apart, and a note if they do not fit."""
    embedder, vectors = fitted_embedder(study), vectors_of(study, clips)
    rules = study_rules(study)
    vocabulary = set(clips["keywords"].str.split(", ").explode()) - {""}
    asked = read_question(query, rules, vocabulary)
    fits = agreement(asked, clips["label"].tolist(), clips["keywords"].tolist(), rules)
    if asked.activities and not fits.any() and not embedder.transform([asked.words]).any():
        nothing = search("", embedder, vectors, clips, top=0, bonus=np.ones(len(clips)))
        return nothing, nothing, _nothing_fits(study, asked, rules, nearest=False)
    everything = search(asked.words, embedder, vectors, clips, top=-1, bonus=fits)
    found = search(asked.words, embedder, vectors, clips, top=top, apart_s=APART_S, bonus=fits)
    mine = pd.Series(fits, index=clips["clip_id"]).loc[found["clip_id"]]
    if fits_well(asked, mine.to_numpy(), found["score"].to_numpy()):
        return everything, found, ""
    return everything, found, _nothing_fits(study, asked, rules, nearest=True)


def _nothing_fits(study: Study, asked: Asked, rules: Rules, *, nearest: bool) -> str:
    """Says why: an activity that is absent, or that could not be judged."""
    note = "nothing fits well"
    if asked.activities:
        names = " or ".join(readable_name(name) for name in sorted(asked.activities))
        note += f": no moment of this study is told as {names}"
        ethograms = [
            recording.store.read_dataset("ethogram") for recording in described_recordings(study)
        ]
        blind = [set(unjudged(one, rules)) >= asked.activities for one in ethograms]
        if all(blind):
            note += ", which could not be judged here (frame rate, keypoints)"
        elif any(blind):
            note += f", which could not be judged in {sum(blind)} of {len(blind)} recordings"
    return note + "; these are only the nearest" if nearest else note


def _like_clip(
    study: Study, clip_id: str, clips: pd.DataFrame, top: int
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """As `_by_words`, for the clips that are like one clip."""
    vectors = vectors_of(study, clips)
    everything = similar_clips(clip_id, vectors, clips, top=-1)
    return everything, similar_clips(clip_id, vectors, clips, top=top, apart_s=APART_S), ""
