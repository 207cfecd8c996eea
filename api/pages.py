"""The description of the doors as one page that loads nothing from anywhere: no script, no font, no other host.

It must not know any address: it shows what the description holds.
"""

from __future__ import annotations

import html
import json
from typing import Any, Final

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_STYLE: Final = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code,pre{font:14px monospace;background:#f4f4f4}pre{padding:.8rem;overflow:auto}"
    "table{border-collapse:collapse}td,th{text-align:left;padding:.1rem .8rem .1rem 0;vertical-align:top}"
    "details{border-top:1px solid #ccc;padding:.4rem 0}summary{cursor:pointer}"
)


def page(description: dict[str, Any]) -> str:
    """The page."""
    info = description["info"]
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{_text(info["title"])}</title>',
        f"<style>{_STYLE}</style><h1>{_text(info['title'])}</h1><p>{_text(info['description'])}</p>",
        '<p>For programs: <a href="openapi.json">openapi.json</a></p>',
        "<p>Send a token in the header <code>Authorization: Bearer …</code></p>",
    ]
    for path, methods in description["paths"].items():
        parts += [_operation(method, path, operation) for method, operation in methods.items()]
    return "".join(parts)


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    says = operation.get("description", operation.get("summary", ""))
    shown = [
        f"<details><summary><code>{_text(method.upper())} {_text(path)}</code></summary><p>{_text(says)}</p>",
        _table("Parameters", [(each["name"], each.get("description", "")) for each in operation.get("parameters", ())]),
    ]
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        example = json.dumps(content.get("example", {}), indent=2, ensure_ascii=False)
        shown.append(f"<p>Body, <code>{_text(media)}</code></p><pre>{_text(example)}</pre>")
    answers = [(status, answer["description"]) for status, answer in operation["responses"].items()]
    return "".join([*shown, _table("Answers", answers), "</details>"])


def _table(title: str, rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    body = "".join(f"<tr><td><code>{_text(name)}</code><td>{_text(says)}" for name, says in rows)
    return f"<p>{title}</p><table>{body}</table>"


def _text(value: str) -> str:
    return html.escape(str(value))
