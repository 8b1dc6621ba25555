"""A form for an expert who judges descriptions: a page with pictures, answers and buttons."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass

_WORDS = {
    "factual": "Facts: is what it says true of the pictures?",
    "format": "Format: is it complete, and in the right place?",
    "repetition": "Repetition: is nothing said twice?",
    "facts_and_format": "Facts and format: which is more right?",
    "terminology": "Terminology: which has the better words?",
    "detail": "Detail: which tells more?",
}
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff; }
section { border-top: 1px solid #ccc; padding: 1rem 0; }
.answers { display: flex; gap: 2rem; } .answers > div { flex: 1; }
dt { font-weight: 600; } dd { margin: 0 0 .3rem; }
img { max-width: 100%; margin: .2rem .3rem .2rem 0; } label { margin-right: 1rem; }
fieldset { border: 0; padding: 0; margin: .4rem 0; }
#bar { position: sticky; top: 0; background: #fff; padding: .5rem 0;
  border-bottom: 2px solid #222; }
"""
_SCRIPT = """
const form = document.querySelector("form"), told = document.querySelector("#told");
const given = () => Object.fromEntries(new FormData(form));
function tell() {
  const answers = Object.keys(given()).length;
  told.textContent = answers + " of " + WANTED + " answered";
  try { localStorage.setItem(NAME, JSON.stringify(given())); } catch (error) { /* not kept */ }
}
try {
  for (const [name, value] of Object.entries(JSON.parse(localStorage.getItem(NAME) || "{}")))
    for (const box of form.elements[name] || []) box.checked = box.value === value;
} catch (error) { /* nothing kept */ }
form.addEventListener("change", tell);
document.querySelector("button").addEventListener("click", () => {
  const answers = given(), lines = [["expert", "number", ...QUESTIONS].join(",")];
  for (let number = 1; number <= COUNT; number++)
    lines.push([EXPERT, number, ...QUESTIONS.map((q) => answers[`${number} ${q}`])].join(","));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.join("\\n") + "\\n"], { type: "text/csv" }));
  link.download = EXPERT + ".csv";
  link.click();
});
tell();
"""


@dataclass(frozen=True)
class FormItem:
    """One item as an expert sees it.

    Attributes
    ----------
    number : int
        Place on the form.
    pictures : tuple of str
        Paths, relative to the form.
    texts : tuple of dict
        One answer, or that of the left and that of the right: section to what it says.
    """

    number: int
    pictures: tuple[str, ...]
    texts: tuple[dict[str, str], ...]


def form_page(
    expert: str,
    items: Sequence[FormItem],
    questions: Sequence[str],
    choices: Sequence[str],
    key: str,
) -> str:
    """A page that needs nothing but its pictures; answers are saved as a csv.

    Parameters
    ----------
    expert : str
        Who fills it in.
    items : sequence of FormItem
        In their order.
    questions, choices : sequence of str
        What is asked of each item, and what may be answered.
    key : str
        Tells forms apart, for what the browser keeps of an unfinished one.
    """
    values = {
        "NAME": f"mousegpt {key} {expert}",
        "EXPERT": expert,
        "QUESTIONS": list(questions),
        "COUNT": len(items),
        "WANTED": len(items) * len(questions),
    }
    # "</" would end the script.
    told = "".join(f"const {k} = {json.dumps(v)};\n" for k, v in values.items()).replace(
        "</", "<\\/"
    )
    body = "".join(_item(item, questions, choices) for item in items)
    title = html.escape(f"Descriptions of mice: {expert}")
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
        '<p id="bar"><button type="button">Save the answers</button> <span id="told"></span></p>'
        f"<form>{body}</form><script>{told}{_SCRIPT}</script></body></html>"
    )


def _item(item: FormItem, questions: Sequence[str], choices: Sequence[str]) -> str:
    pictures = "".join(f'<img alt="" src="{html.escape(path)}">' for path in item.pictures)
    sides = ("Left", "Right") if len(item.texts) > 1 else ("",)
    texts = "".join(_text(side, text) for side, text in zip(sides, item.texts, strict=True))
    asked = "".join(_question(item.number, name, choices) for name in questions)
    return (
        f"<section><h2>{item.number}</h2>{pictures}"
        f'<div class="answers">{texts}</div>{asked}</section>'
    )


def _text(side: str, text: dict[str, str]) -> str:
    rows = "".join(
        f"<dt>{html.escape(name.capitalize())}</dt><dd>{html.escape(said)}</dd>"
        for name, said in text.items()
    )
    return f"<div>{f'<h3>{side}</h3>' if side else ''}<dl>{rows}</dl></div>"


def _question(number: int, name: str, choices: Sequence[str]) -> str:
    boxes = "".join(
        f'<label><input type="radio" name="{number} {name}" value="{choice}"> {choice}</label>'
        for choice in choices
    )
    return f"<fieldset><legend>{_WORDS[name]}</legend>{boxes}</fieldset>"
