"""Sees that a mock serves what was learned before it is handed out."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from contract_tests.learning.draft import Lesson
from contract_tests.learning.learn import Learnt
from contract_tests.learning.overlay import as_yaml
from contract_tests.run.settings import Stop
from contract_tests.twin.sides import MockProcess
from mock_server.document import load, plain


def servable(learnt: Learnt, document: str | None, overlay: Callable[[Learnt], dict[str, Any]]) -> Learnt:
    """Return what was learned without the lessons that keep a mock from starting; `unsaid` names those.

    `overlay` makes the data of an overlay. A mock is started once, and more often only if it refuses.
    """
    with tempfile.TemporaryDirectory(prefix="bitpeak-learn-") as folder:
        file = Path(folder) / "learned.yaml"

        def refusal(lessons: Sequence[Lesson]) -> str:
            file.write_text(as_yaml(overlay(replace(learnt, lessons=tuple(lessons)))), encoding="utf-8")
            try:
                with MockProcess(document, (str(file),), ()):
                    return ""
            except Stop as stop:
                return re.sub(rf"^.*{re.escape(str(file))}(?::\d+)?: ", "", str(stop))

        lessons, unsaid = [*learnt.lessons], [*learnt.unsaid]
        while lessons and (why := refusal(lessons)):
            fine, refused = 0, len(lessons)
            while refused - fine > 1:
                middle = (fine + refused) // 2
                if said := refusal(lessons[:middle]):
                    refused, why = middle, said
                else:
                    fine = middle
            lesson = lessons.pop(refused - 1)
            unsaid.append(f"{lesson.about}: {lesson.says} A mock refuses to serve that: {why}")
        if len(lessons) == len(learnt.lessons):
            return learnt
        kept = replace(learnt, lessons=tuple(lessons), unsaid=tuple(unsaid))
        file.write_text(as_yaml(overlay(kept)), encoding="utf-8")
        return replace(kept, tree=plain(load(document, [file]).data))
