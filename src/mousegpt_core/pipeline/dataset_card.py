"""The card of a data set: what it holds, how it was made, and what a reader must know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mousegpt_core.describe.protocol import Protocol

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGEST = "n>1M"
_HUB_FILES = """\
configs:
- config_name: default
  data_files:
"""
_SWIFT = """\
`train.jsonl` (and `test.jsonl`) have a conversation a line, as ms-swift and other trainers read
them; paths of pictures are relative to this folder. Line n of `train-facts.jsonl` is about line n
of `train.jsonl`.

```bash
ROOT_IMAGE_DIR=FOLDER swift sft --dataset FOLDER/train.jsonl --val_dataset FOLDER/test.jsonl ...
```
"""
_HUB = """\
```python
from datasets import load_dataset

dataset = load_dataset("FOLDER")
```
"""
_COLUMNS = """\
| column | what it is |
|---|---|
| messages, images | instructions, question and answer; `<image>` stands where a picture stands |
| clip_id, recording, individual, treatment | which clip; no individual = the whole scene |
| start_s, stop_s, start_frame, stop_frame, clock_view | when: s, frames of that view; half-open |
| overall, head, limb, torso, others, keywords, label, score | what is said of it |
| describer, model, edited | who says it, and whether a person changed it |
| speeds | mean speed of each part of the body over the clip, cm/s |
| keypoints | positions in the frames that are shown, cm; in 3D z is up and the floor is at 0 |
"""


def card_text(told: Mapping[str, Any], protocol: Protocol) -> str:
    """The card as Markdown with a YAML head, as Hugging Face reads it.

    Parameters
    ----------
    told : mapping
        What ``dataset.json`` says.
    protocol : Protocol
        How clips are shown and asked about.
    """
    parts = [
        _head(told),
        f"# Descriptions of mice: {told['study']}\n",
        _counts(told),
        "## How it was made\n",
        _made(told, protocol),
        "## Training and testing\n",
        _split(told),
        "## Reading it\n",
        _SWIFT if told["layout"] == "swift" else _HUB,
        _COLUMNS,
        "## Instructions\n",
        _quoted(protocol.words.instructions),
    ]
    return "\n".join(parts)


def _head(told: Mapping[str, Any]) -> str:
    rows = sum(told["rows"].values())
    size = next((name for limit, name in _SIZES if rows < limit), _LARGEST)
    task = "image-text-to-text" if any(told["pictures"].values()) else "text-generation"
    lines = [
        "---",
        f"license: {told['licence'] or 'unknown'}",
        "task_categories:",
        f"- {task}",
        "tags:",
        "- mouse",
        "- animal-behavior",
        "size_categories:",
        f"- {size}",
    ]
    lines += _HUB_FILES.splitlines()[:3]
    for part in sorted(told["rows"], reverse=True):
        path = f"data/{part}-*.parquet" if told["layout"] == "hub" else f"{part}.jsonl"
        lines += [f"  - split: {part}", f"    path: {path}"]
    return "\n".join([*lines, "---", ""])


def _counts(told: Mapping[str, Any]) -> str:
    lines = ["| part | clips | pictures |", "|---|---|---|"]
    lines += [
        f"| {part} | {told['rows'][part]} | {told['pictures'].get(part, 0)} |"
        for part in sorted(told["rows"], reverse=True)
    ]
    named = {"recordings": "recording", "animals": "individual", "treatments": "treatment"}
    for title, column in named.items():
        counts = {name: n for name, n in told[column].items() if name}
        if counts:
            lines += ["", f"**{len(counts)} {title}** (clips): {_listed(counts)}."]
    labels = {name: n for name, n in told["label"].items() if name}
    if labels:
        lines += ["", f"**Labels** (clips): {_listed(labels)}."]
    return "\n".join([*lines, ""])


def _made(told: Mapping[str, Any], protocol: Protocol) -> str:
    lines = [
        f"- Protocol `{protocol.name}` ({protocol.hash}): {protocol.about or 'no description'}.",
        f"- Described by {_listed(told['describer'])}; models: "
        f"{_listed({name or 'none': n for name, n in told['model'].items()})}.",
        f"- {told['edited']['edited']} descriptions were changed by a person.",
    ]
    lines += [f"- Left out: {n} clips, because {why}." for why, n in told["left_out"].items()]
    if told["text_only"]:
        lines.append(
            f"- **Without pictures**, because there is no film: {', '.join(told['text_only'])}. "
            "Their questions tell what was measured, though the instructions speak of pictures."
        )
    lines += [f"- Not in it: {id}: {why}" for id, why in told["failed"].items()]
    return "\n".join([*lines, ""])


def _split(told: Mapping[str, Any]) -> str:
    split = told["split"]
    if split["by"] == "nothing":
        return "Everything is for training.\n"
    if split["by"] == "animal":
        lines = [
            "- No animal is in both parts, nor one that was filmed together with it. For testing: "
            f"{', '.join(split['test_animals'] or split['test_recordings'])}."
        ]
    else:
        lines = [
            "- **Divided by time: the same animals are in both parts.** One stretch of each "
            f"recording is for testing; clips within {split['gap_s']:g} s of it are in neither."
        ]
    lines.append(f"- Asked for: {told['test']:.3g} of the clips to test, seed {told['seed']}.")
    lines += [
        f"- {n} clips are in training although {why}." for why, n in told["like_test"].items()
    ]
    return "\n".join([*lines, ""])


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.items())


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.strip().splitlines()) + "\n"
