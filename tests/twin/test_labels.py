"""Refusals call fields by labels of the service: a mock shows them, and learning finds them again."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.learning.forms import learn_forms
from contract_tests.learning.labels import _labelled_by, labels_of
from mock_server.document import load
from tests.document_obeyed.test_rows import client_of, rows, service
from tests.twin.test_kinds import LIST, Pupil

SPOKEN = ("E-Mail", "Webhook-Adresse", "Slack", "Discord Tor", "Kürzel", "Chat-Kennung", "Teams", "Chat von Google",
          "K-1", "K-2", "K-3", "K-4")  # fmt: skip


@pytest.mark.parametrize(("spares", "tells_all"), [(False, False), (True, False), (True, True)])
def test_labels_are_shown_and_learned(tmp_path: Path, spares: bool, tells_all: bool) -> None:
    form = load().data["components"]["schemas"]["UpdateForm"]["properties"]
    own = [name for name, node in form.items() if "x-available-when" in node]
    labels = dict(zip(own, SPOKEN, strict=True))
    example = {"errors": "{items}"} if tells_all else {"error": "„{field:label}“ passt nicht zum Typ."}
    item = {"item": {"told": "„{field:label}“ passt nicht zum Typ."}} if tells_all else {}
    content = {"application/json": {"schema": {"type": "object"}, "examples": {"apart": {"value": example}}}}
    refusals = {"418": {"description": "No.", "content": content}}
    foreign = [{"when": "any", "refuse": "apart", **item}]
    words = {"errors": {"labels": labels, **({"told": "all"} if tells_all else {})}}
    client = client_of(
        tmp_path,
        {"target": "$['x-service'].refusals", "update": refusals},
        rows("CreateForm", **{"{foreign}": foreign}),
        rows("UpdateForm", **{"{foreign}": foreign}),
        service(**words),
    )
    sent = {"name": "A", "type": "internal_notification", own[5]: "7"}
    assert "„Chat-Kennung“ passt nicht" in client.send("POST", LIST, sent).get_data(
        as_text=True
    ).encode().decode("unicode-escape")
    pupil = Pupil(client)
    pupil.prober.spares = spares
    learned = pupil.learn(learn_forms)["x-service"]["errors"]["labels"]
    assert labels.items() <= learned.items()


def test_labels_are_what_several_refusals_differ_in() -> None:
    told = {
        "name": {"e": ["Nazwa jest wymagana."], "f": "{field}"},
        "type": {"e": ["Typ jest wymagana."], "f": "{field}"},
    }
    assert labels_of(told) == {"name": "Nazwa", "type": "Typ"}
    assert labels_of({"a": {"e": "One thing.", "f": "x"}, "b": {"e": "Another thing.", "f": "y"}}) == {}
    assert labels_of({"a": {"e": "Same."}, "b": {"e": "Same."}}) == {}


def test_a_label_that_begins_with_the_name_is_shown_as_a_whole() -> None:
    said = {"e": "{field:Words} URL fehlt."}
    assert _labelled_by(said, {"discord": "Discord URL"}) == {"e": "{field:label} fehlt."}
    assert _labelled_by(said, {"slack": "Kanal"}) is None
