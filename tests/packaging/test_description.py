"""What an index shows of the package: the README, with links and pictures that work there."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
import readme_renderer.markdown

from tests.wheel import ROOT, build

pytestmark = pytest.mark.xdist_group("wheel")

REPOSITORY = "https://git.example/owner/bitpeak-mock"


def metadata_of(wheel: Path) -> Message:
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    return message_from_bytes(archive.read(name))


@pytest.fixture(scope="module", params=["", REPOSITORY], ids=["at home", "at a release"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Build a wheel, with or without the address of the repository."""
    if not request.param:
        return "", request.getfixturevalue("wheel")
    return request.param, build(tmp_path_factory.mktemp("dist"), request.param)


def test_an_index_takes_the_package(built: tuple[str, Path]) -> None:
    _, wheel = built
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", wheel],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_links_and_pictures_work_far_from_the_repository(built: tuple[str, Path]) -> None:
    repository, wheel = built
    text = metadata_of(wheel).get_payload()
    assert isinstance(text, str)
    html = readme_renderer.markdown.render(text)
    assert html is not None
    addresses = re.findall(r'(?:href|src|srcset)="([^"]*)"', html)
    relative = [each for each in addresses if not each.startswith(("https://", "http://127.0.0.1", "#"))]
    assert relative == []
    assert "<!--" not in text
    assert "An offline mock of BitPeak" in html
    if repository:
        assert f'src="{repository}/raw/v' in html
        assert f"{repository}/blob/v" in html
    else:
        assert "<img" not in html


def test_the_links_lead_to_files_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", readme) + re.findall(
        r'(?:src|srcset)="([^"]+)"', readme
    )
    assert len(targets) > 20
    assert not [target for target in targets if not (ROOT / target).exists()]


def test_the_package_says_where_its_project_is(built: tuple[str, Path]) -> None:
    repository, wheel = built
    metadata = metadata_of(wheel)
    urls = dict(each.split(", ", 1) for each in metadata.get_all("Project-URL", []))
    if repository:
        assert set(urls) == {"Homepage", "Documentation", "Changelog", "Issues", "Source"}
        assert all(url.startswith(repository) for url in urls.values())
    else:
        assert list(urls) == ["The API"]
    classifiers = metadata.get_all("Classifier", [])
    assert "Framework :: Pytest" in classifiers
    assert {f"Programming Language :: Python :: 3.{minor}" for minor in range(11, 15)} <= set(classifiers)
