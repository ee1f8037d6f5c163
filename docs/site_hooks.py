"""What the site needs beside the pages: links into the project's code become plain text there."""

import posixpath
import re
from typing import Any

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")


def on_page_markdown(markdown: str, *, page: Any, **_more: Any) -> str:
    """Return the page without links that lead out of the documents."""
    folder = posixpath.dirname(page.file.src_uri)

    def plain(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, found[2].partition("#")[0]))
        return found[1] if target.startswith("..") else found[0]

    return _LINK.sub(plain, markdown)
