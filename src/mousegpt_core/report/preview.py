"""What a model is asked, as a page for people: every message with its words and pictures."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence

from mousegpt_core.language import Picture, Request

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff; }
section { border-left: 4px solid #ccc; padding: .2rem 1rem; margin: 1rem 0; }
section.user { border-color: #2a6fb0; } section.assistant { border-color: #3a8a4d; }
h2 { font-size: .8rem; text-transform: uppercase; letter-spacing: .08em;
  color: #666; margin: .3rem 0; }
pre { white-space: pre-wrap; font: inherit; margin: .5rem 0; }
pre.schema { font: 12px/1.4 monospace; background: #f5f5f5; padding: .8rem; }
img { max-width: 100%; display: inline-block; margin: .2rem .3rem .2rem 0; vertical-align: top; }
"""


def preview_page(
    request: Request, pictures: Mapping[Picture, bytes], title: str, notes: Sequence[str] = ()
) -> str:
    """A self-contained page.

    Parameters
    ----------
    request : Request
        What is asked.
    pictures : mapping of Picture to bytes
        Its pictures as they are sent.
    title : str
        Heading.
    notes : sequence of str
        What the reader should know.

    Returns
    -------
    str
        HTML.
    """
    body = [f"<h1>{html.escape(title)}</h1>"]
    body += [f"<p>{html.escape(note)}</p>" for note in notes]
    for message in request.messages:
        parts = [
            _image(part, pictures[part]) if isinstance(part, Picture) else _text(part)
            for part in message.parts
        ]
        body.append(
            f'<section class="{message.role}"><h2>{message.role}</h2>{"".join(parts)}</section>'
        )
    if request.schema is not None:
        schema = json.dumps(request.schema.json_schema(), indent=2, ensure_ascii=False)
        body.append(
            "<details><summary>Schema of the answer</summary>"
            f'<pre class="schema">{html.escape(schema)}</pre></details>'
        )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(body)}</body></html>"
    )


def _text(words: str) -> str:
    return f"<pre>{html.escape(words)}</pre>"


def _image(picture: Picture, data: bytes) -> str:
    encoded = base64.b64encode(data).decode("ascii")
    return f'<img alt="" src="data:{picture.media_type};base64,{encoded}">'
