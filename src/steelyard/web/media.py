"""Images, sound and files in messages, told by their type and size: what they hold is never drawn on a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steelyard.web.formats import size

_KINDS = ("image", "audio", "video", "document", "file", "blob", "uri", "media")
_ADDRESS = 200


def media_of(part: Mapping[str, Any]) -> str:
    """Return what a part of a message is, if it is no text; empty for other parts.

    Understood: OpenAI's ``image_url``, ``input_image``, ``input_audio`` and ``file``, Anthropic's ``source``,
    OpenTelemetry's ``blob`` and ``uri``, Google's ``inline_data``.

    Examples:
        >>> media_of({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}})
        'image/png, 3 B'
        >>> media_of({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}})
        'image at https://example.com/a.png'
        >>> media_of({"type": "weather"})
        ''
    """
    kind = str(part.get("modality") or part.get("type") or next(iter(part), "")).lower()
    word = next((known for known in _KINDS if known in kind or (known == "media" and "inline_data" in kind)), "")
    if not word:
        return ""
    inner = _inner(part)
    address = next((v for k in ("url", "uri", "file_uri", "image_url") if isinstance(v := inner.get(k), str)), "")
    if address.startswith("data:"):
        mime, _, data = address[5:].partition(",")
        return _told(mime.partition(";")[0] or word, data)
    mime = next((str(inner[k]) for k in ("mime_type", "media_type", "mimeType", "format") if inner.get(k)), word)
    if address:
        return f"{mime} at {address[:_ADDRESS]}"
    data = next((v for k in ("data", "content", "file_data") if isinstance(v := inner.get(k), str)), "")
    return _told(mime if "/" in mime else word, data)


def _inner(part: Mapping[str, Any]) -> Mapping[str, Any]:
    for value in part.values():
        if isinstance(value, Mapping) and any(k in value for k in ("url", "data", "uri", "file_data", "file_uri")):
            return {**part, **value}
    return part


def _told(mime: str, data: str) -> str:
    amount = len(data.rstrip("=")) * 3 // 4
    return f"{mime}, {size(amount)}" if data else mime
