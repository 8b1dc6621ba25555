"""The map of a study's clips: made from the vectors of their descriptions, and kept."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mousegpt_core.analysis.clip_map import VERSION, MapSettings, map_clips
from mousegpt_core.pipeline.study_stages import all_described_clips, run_embedding, vectors_of
from mousegpt_core.pipeline.work import Work
from mousegpt_core.study import Provenance, Study

STAGE = "map"
_PLACE = ["clip_id", "recording", "individual", "start_s", "stop_s", "label", "overall"]


def run_map(work: Work) -> str:
    """Give every described clip of the study a place on a map; returns the result's key."""
    vectors_key = run_embedding(work)
    study = work.study
    settings = MapSettings.parse(study.section("map"), source=f"{study.toml_path} [map]")
    made = Provenance(STAGE, VERSION, settings.fingerprint(), {"vectors": vectors_key})

    def write() -> None:
        clips = all_described_clips(study)
        work.step(STAGE, message=f"{len(clips)} clips")
        places = map_clips(vectors_of(study, clips), settings)
        table = pd.DataFrame({"clip_id": clips["clip_id"], "x": places[:, 0], "y": places[:, 1]})
        study.store.write_table(made, table.dropna().reset_index(drop=True))

    return work.make(study.store, made, write)


def map_study(work: Work) -> dict[str, Any]:
    """Make the map, for a command: its key, how it was made, and how many clips are on it."""
    key = run_map(work)
    entry = work.study.store.entry(STAGE)
    method = entry.provenance.settings.get("method", "") if entry else ""
    clips = len(work.study.store.read_table(STAGE, ["clip_id"]))
    return {"map": key, "method": method, "clips": clips}


def mapped_clips(study: Study) -> pd.DataFrame:
    """The clips of the map, with what is said of them.

    Returns
    -------
    DataFrame
        clip_id*, x, y (1 = about the distance of neighbours), recording, individual, start_s,
        stop_s, label (activity), overall (sentence). Clips that are not described any more are
        left out.

    Raises
    ------
    StageMissingError
        If there is no map.
    """
    places = study.store.read_table(STAGE)
    return places.merge(all_described_clips(study)[_PLACE], on="clip_id", how="inner")
