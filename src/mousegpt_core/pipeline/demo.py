"""The demonstration: a synthetic cohort of mice, from files to report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mousegpt_core.errors import DataError
from mousegpt_core.pipeline.add import NewRecording, add_recording
from mousegpt_core.pipeline.run import run_study
from mousegpt_core.pipeline.work import Work
from mousegpt_core.progress import Cancellation, Progress
from mousegpt_core.study import Study
from mousegpt_core.synthetic import DatasetSettings, write_cohort


def run_demo(
    folder: Path,
    notify: Callable[[Progress], None],
    cancellation: Cancellation,
    *,
    processes: int = 1,
) -> dict[str, Any]:
    """Make a cohort as plain files, bring it into a study as a user would, and run the study.

    Parameters
    ----------
    folder : Path
        ``folder/files`` gets what a lab would have, ``folder/study`` the study.
    notify : callable
        Gets each `Progress`.
    cancellation : Cancellation
        Checked at each step.
    processes : int
        Films drawn at once, as in `synthetic.filming.film_takes`.

    Returns
    -------
    dict
        ``study``, ``report`` and ``search`` (a question to try).

    Raises
    ------
    DataError
        If the folder has something else in it.
    """
    files, home = folder / "files", folder / "study"
    marker = folder / ".mousegpt-demo.json"
    settings = DatasetSettings(seed=7)
    wanted = json.dumps(settings.fingerprint(), sort_keys=True)
    if folder.exists() and any(folder.iterdir()) and not (marker.exists() or files.exists()):
        raise DataError("this folder is not empty", file=folder, hint="choose another with --out")
    if not marker.exists() or marker.read_text(encoding="utf-8") != wanted:

        def told(step: Progress) -> None:
            cancellation.check()
            notify(step)

        write_cohort(files, settings, told, processes=processes)
        marker.write_text(wanted, encoding="utf-8")
    study = _bring_in(files, home, settings)
    return run_study(Work(study, notify, cancellation))


def _bring_in(files: Path, home: Path, settings: DatasetSettings) -> Study:
    is_new = not (home / "study.toml").exists()
    study = Study.create(home, name="Demonstration") if is_new else Study.open(home)
    study.import_animals(files / "animals.csv")
    for poses in sorted(files.glob("*.poses.csv")):
        animal = poses.name.removesuffix(".poses.csv")
        if animal in study.recordings:
            continue
        films = [(path.name.split(".")[-2], path) for path in sorted(files.glob(f"{animal}.*.mp4"))]
        calibration = files / f"{animal}.calibration.toml"
        add_recording(
            study,
            NewRecording(
                id=animal,
                films=films,
                poses=[(None, poses)],
                calibration=calibration if films else None,
                fps=settings.fps,
                unit="cm",
                arena={"shape": "circle", "diameter_cm": 25.0, "centre": (0.0, 0.0)},
                animal={"animal": animal},
            ),
        )
    return study
