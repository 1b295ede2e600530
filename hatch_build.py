"""Makes the long description of the package from README.md: an index shows it far from the repository's files.

The environment variable BITPEAK_REPOSITORY, which the release workflow sets, has the address of the repository, such as
`https://git.example/owner/bitpeak-mock`. Links and pictures then lead there, to the files of this version. Without
it, as in a build on your own computer, such links become plain text, and pictures are left out.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_PICTURE = re.compile(r"<picture>.*?</picture>\n*", re.DOTALL)
_COMMENT = re.compile(r"^<!--.*?-->\n", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)]+)\)")
_SOURCE = re.compile(r'(src|srcset)="(?!https?:)([^"]+)"')


class LongDescription(MetadataHookInterface):
    """Fills in `readme` and `urls`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the two to the metadata of the package."""
        repository = os.environ.get("BITPEAK_REPOSITORY", "").rstrip("/")
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        text = long_description(readme, repository, f"v{metadata['version']}")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = urls(repository)


def long_description(readme: str, repository: str, tag: str) -> str:
    """Return the README with absolute links and pictures, or without a repository, with neither."""
    text = _COMMENT.sub("", readme)
    if not repository:
        return _LINK.sub(lambda link: "" if link[1] else link[2], _PICTURE.sub("", text))
    text = _SOURCE.sub(rf'\1="{repository}/raw/{tag}/\2"', text)
    return _LINK.sub(
        lambda link: f"{link[1]}[{link[2]}]({repository}/{'raw' if link[1] else 'blob'}/{tag}/{link[3]})",
        text,
    )


def urls(repository: str) -> dict[str, str]:
    """Return the addresses of the project in its repository; the documented service's alone if that is not known."""
    if not repository:
        return {"The API": "https://bitpeak.ru"}
    return {
        "Homepage": repository,
        "Documentation": f"{repository}/tree/main/docs",
        "Changelog": f"{repository}/blob/main/CHANGELOG.md",
        "Issues": f"{repository}/issues",
        "Source": repository,
    }
