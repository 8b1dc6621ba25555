"""Stages run over a study: only what is missing is made, progress is told, kills do no harm."""

from mousegpt_core.pipeline.ablation import ablate_study
from mousegpt_core.pipeline.add import AddedRecording, NewRecording, add_recording
from mousegpt_core.pipeline.answer_labelling import classify_answers, find_speaker
from mousegpt_core.pipeline.asking import ask_study
from mousegpt_core.pipeline.behaviours import profile_study
from mousegpt_core.pipeline.converting import Conversion, convert_film
from mousegpt_core.pipeline.demo import run_demo
from mousegpt_core.pipeline.editing import edit_descriptions
from mousegpt_core.pipeline.evaluation import evaluate_study
from mousegpt_core.pipeline.exporting import export_study
from mousegpt_core.pipeline.importing import convert_poses
from mousegpt_core.pipeline.judging import curate_study
from mousegpt_core.pipeline.labelling import classify_study
from mousegpt_core.pipeline.mapping import map_study
from mousegpt_core.pipeline.previewing import preview_clip
from mousegpt_core.pipeline.relinking import relink_study
from mousegpt_core.pipeline.reporting import report_study
from mousegpt_core.pipeline.run import (
    FileStudy,
    is_poses,
    run_recordings,
    run_study,
    study_for_file,
)
from mousegpt_core.pipeline.searching import search_study
from mousegpt_core.pipeline.study_stages import embed_study
from mousegpt_core.pipeline.trying import try_clip
from mousegpt_core.pipeline.work import Work

__all__ = [
    "AddedRecording",
    "Conversion",
    "FileStudy",
    "NewRecording",
    "Work",
    "ablate_study",
    "add_recording",
    "ask_study",
    "classify_answers",
    "classify_study",
    "convert_film",
    "convert_poses",
    "curate_study",
    "edit_descriptions",
    "embed_study",
    "evaluate_study",
    "export_study",
    "find_speaker",
    "is_poses",
    "map_study",
    "preview_clip",
    "profile_study",
    "relink_study",
    "report_study",
    "run_demo",
    "run_recordings",
    "run_study",
    "search_study",
    "study_for_file",
    "try_clip",
]
