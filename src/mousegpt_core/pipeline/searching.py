"""Searching a study by words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mousegpt_core.analysis.definitions import cue_hits
from mousegpt_core.analysis.search import search
from mousegpt_core.describe.rules import Rules
from mousegpt_core.pipeline.recording_stages import study_rules
from mousegpt_core.pipeline.study_stages import all_described_clips, fitted_embedder, vectors_of
from mousegpt_core.study import Study, safe_name
from mousegpt_core.study.files import writing

#: Hits begin at least so many seconds apart: five moments, not five frames of one.
_APART_S = 1.0


def search_study(study: Study, query: str, *, top: int = 5) -> tuple[list[dict[str, Any]], Path]:
    """The moments whose descriptions are nearest to some words.

    Parameters
    ----------
    study : Study
        With embedded descriptions.
    query : str
        What to look for.
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
    embedder, vectors = fitted_embedder(study), vectors_of(study, clips)
    asked = in_the_ethograms_words(query, study_rules(study))
    folder = study.folder / "results" / "search"
    ranking = folder / f"{safe_name(query)[:60].strip()}.csv"
    everything = search(asked, embedder, vectors, clips, top=-1)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        everything.to_csv(ranking, index=False)
    found = search(asked, embedder, vectors, clips, top=top, apart_s=_APART_S)
    return [{str(k): v for k, v in hit.items()} for hit in found.to_dict("records")], ranking


def in_the_ethograms_words(query: str, rules: Rules) -> str:
    """A question with the names of the activities it means: "on two legs" is rearing.

    Descriptions use the ethogram's names; people use others.
    """
    hits = cue_hits(query, rules)
    most = max(hits.values(), default=0)
    meant = [name.replace("_", " ") for name, count in hits.items() if count == most]
    return " ".join([query, *meant, *meant])
