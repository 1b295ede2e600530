"""`python -m tests.mock_mutants.serve NAME …`: `bitpeak-mock serve …` with one change of the mock's code."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Any

from tests.mock_mutants.changes import CHANGES, Change


class _Loader(SourceFileLoader):
    """Compiles a module's changed text, and never takes bytecode of the true one."""

    change: Change

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002  # the base class names it
        """Return the code of the changed text."""
        text = self.change.apply(Path(self.path).read_text(encoding="utf-8"))
        return compile(text, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, change: Change) -> None:
        self._change = change

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Find the module that is to be changed, and no other."""
        if fullname != f"mock_server.{self._change.module}":
            return None
        found = PathFinder.find_spec(fullname, path, target)
        if found is None or found.origin is None:
            return None
        loader = _Loader(fullname, found.origin)
        loader.change = self._change
        return spec_from_file_location(fullname, found.origin, loader=loader)


if __name__ == "__main__":
    name = sys.argv.pop(1)
    sys.meta_path.insert(0, _Finder(next(change for change in CHANGES if change.name == name)))
    from mock_server.cli import main

    main()
