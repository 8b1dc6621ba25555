"""A paragraph of methods that can be pasted into a paper, and the words of the field."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mousegpt_core.report.data import StageRecord
from mousegpt_core.report.results import Results
from mousegpt_core.report.wording import listed, number, plural

GLOSSARY: Mapping[str, str] = {
    "Animal": "The unit of all statistics: every animal counts once, however long it was filmed.",
    "Behaviour": "A named group of things an animal does, such as walking or grooming.",
    "Bout": "An uninterrupted run of one behaviour.",
    "Cliff's delta": (
        "How often an animal of one group lies above one of the other, minus how often below: "
        "0 = no difference, 1 or −1 = no overlap. The brackets hold its 95 % bootstrap interval."
    ),
    "Confidence interval": (
        "A range that holds the true mean (or median) in 95 of 100 such experiments."
    ),
    "Corrected p": (
        "Many comparisons find something by chance; the correction takes their number into account."
    ),
    "Entry": "A stay in a zone of at least a quarter of a second; the zone it began in counts.",
    "Ethogram": "Behaviours over time, one row an animal.",
    "F1": (
        "Agreement with a human for one behaviour, from 0 to 1: the balance of how much was found "
        "and how much of what was found is right. Macro-F1 is the mean over behaviours."
    ),
    "Keypoint": "A point of the body, such as the nose, that is followed through the film.",
    "Median": "The middle value: half of the animals lie above it.",
    "p-value": (
        "How often a difference at least as large would appear if the treatment did nothing."
    ),
    "Recording": "One animal or group, one session, filmed by one or more cameras (views).",
    "Share": "Part of the observed time.",
    "Treatment": "The group an animal is in.",
}


def methods_paragraph(results: Results) -> str:
    """Methods in prose, from how the results were made."""
    stages = {one.stage.split("/")[0]: one for one in results.data.provenance}
    parts = [_recorded(results)]
    if "kinematics" in stages:
        parts.append(_kinematics(_flat(stages["kinematics"].settings)))
    names = {scheme.scheme for scheme in results.schemes}
    if "activities" in names:
        parts.append(
            "Activities were assigned to every frame by documented rules on posture and movement "
            "(ethogram, "
            + (f"version {stages['ethogram'].version}" if "ethogram" in stages else "built in")
            + ")."
        )
    if "profile" in names:
        parts.append(_profile(stages))
    if any(scheme.own for scheme in results.schemes):
        parts.append(_own_labels(results))
    parts.append(_statistics(results))
    parts.append(_software(results.data.versions))
    return " ".join(part for part in parts if part)


def _own_labels(results: Results) -> str:
    text = (
        "Every frame was assigned to one of the behaviours that the experimenters defined in words"
    )
    stage = next((one for one in results.data.provenance if one.stage.startswith("labels/")), None)
    behaviours = stage.settings.get("behaviours", {}) if stage else {}
    if any(one.get("examples") for one in behaviours.values()):
        text += " and by examples"
    reactions = listed([f"{lag:g} s" for lag in dict.fromkeys(results.data.reactions.values())])
    if reactions:
        text += f"; labels of postures follow the movement by {reactions}, as a human scorer's do"
    return f"{text}."


def settings_text(records: Sequence[StageRecord]) -> list[tuple[str, str]]:
    """Each stage's settings as indented JSON; equal ones once, empty ones left out."""
    seen: dict[tuple[str, str], None] = {}
    for one in records:
        if one.settings:
            text = json.dumps(
                one.settings, indent=2, ensure_ascii=False, sort_keys=True, default=str
            )
            seen[f"{one.stage}, version {one.version}", text] = None
    return list(seen)


def _recorded(results: Results) -> str:
    recordings = results.data.recordings
    text = f"{plural(len(results.animals), 'mouse', 'mice')} were recorded"
    text = text.replace("1 mouse were", "One mouse was") if len(results.animals) == 1 else text
    counts = sorted({one.keypoints for one in recordings if one.keypoints})
    rates = sorted({round(one.fps, 2) for one in recordings if one.fps == one.fps})
    dims = sorted({one.space_dims for one in recordings})
    if rates:
        text += f" at {listed([number(rate, 3) for rate in rates])} frames per second"
    if counts:
        text += f"; {listed([str(count) for count in counts])} keypoints were followed"
        text += f" in {listed([f'{dim}D' for dim in dims])}"
    sources = {one.scale_source for one in recordings}
    if "assumed" in sources:
        text += "; the scale was assumed from the length of the body where it was not known"
    return text + "."


def _kinematics(settings: Mapping[str, Any]) -> str:
    clauses = ["Keypoints were cleaned of outliers"]
    if "min_confidence" in settings:
        clauses[0] += f" (confidence below {settings['min_confidence']}, jumps)"
    if "fill_gap_s" in settings:
        clauses.append(f"gaps up to {settings['fill_gap_s']} s were filled")
    if "smooth_s" in settings:
        most = settings.get("smooth_most_s", 0.0)
        more = f", over up to {most} s where they jittered" if most > settings["smooth_s"] else ""
        clauses.append(f"positions were smoothed over {settings['smooth_s']} s{more}")
    return listed(clauses) + ", and speeds, angles and postures were computed from them."


def _mapped(stages: Mapping[str, StageRecord]) -> str:
    if "map" not in stages:
        return ""
    methods = {"tsne": "t-SNE", "umap": "UMAP", "pca": "principal components"}
    method = methods[str(stages["map"].settings["method"])]
    return f" The map lays the vectors out in the plane by {method}."


def _profile(stages: Mapping[str, StageRecord]) -> str:
    rate = stages["clips"].settings.get("rate") if "clips" in stages else None
    often = f" ({rate:g} a second)" if isinstance(rate, int | float) else ""
    describer = stages["descriptions"].settings.get("describer") if "descriptions" in stages else ""
    by = f" by the describer '{describer}'" if describer else ""
    profile = stages["profile"].settings if "profile" in stages else {}
    model = profile.get("namer_options", {}).get("model", "")
    named = (
        f"merged and named by the language model '{model or profile['namer']}'"
        if profile.get("namer")
        else "named by their most frequent keywords"
    )
    return (
        f"Clips{often} were described in words{by}, the descriptions turned into vectors and "
        "grouped by agglomerative clustering on cosine distance (after MouseGPT); groups were "
        f"{named}." + _mapped(stages)
    )


def _statistics(results: Results) -> str:
    comparisons = results.leading.comparisons if results.leading else []
    tested = [one for one in comparisons if one.test]
    if not tested:
        return "Shares of time are given for each animal; groups were not tested."
    tests = []
    if any(one.test == "Mann-Whitney" for one in tested):
        tests.append("Mann-Whitney U tests (exact where groups are small, ties included)")
    if any(one.test == "Kruskal-Wallis" for one in tested):
        tests.append(
            "Kruskal-Wallis tests (p by 9 999 permutations where groups are small), followed by "
            "Dunn's test of each pair with Holm's correction"
        )
    name = {"bh": "Benjamini and Hochberg", "holm": "Holm"}[results.settings.correction]
    return (
        "The share of time of each behaviour was computed per animal, which is the unit of all "
        f"tests. Groups of at least {results.settings.least_animals} animals were compared by "
        f"{listed(tests)}, corrected for {plural(len(tested), 'behaviour')} after {name}. Effects "
        "are given as Cliff's delta with 95 % bootstrap intervals (2 000 draws)."
    )


def _software(versions: Mapping[str, str]) -> str:
    if not versions:
        return ""
    return "Software: " + listed([f"{name} {version}" for name, version in versions.items()]) + "."


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with those of nested tables beside them."""
    flat = dict(settings)
    for value in settings.values():
        if isinstance(value, Mapping):
            flat.update(value)
    return flat
