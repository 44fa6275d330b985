"""Files for whoever asks: their names are of our own making."""

from __future__ import annotations

from starlette.responses import Response


def download(content: bytes, kind: str, name: str) -> Response:
    """A file to be kept, not to be shown."""
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def safe(serial: str) -> str:
    """As a part of a file's name."""
    return "".join(one for one in serial if one.isascii() and one.isalnum())[:40] or "unknown"
