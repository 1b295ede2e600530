"""What can be checked of the recipe for Kubernetes without a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import yaml

from mock_server.cli import cli
from mock_server.document import home, read_object

RECIPE = Path(__file__).parents[2] / "deploy" / "kubernetes.yaml"


def documents() -> dict[tuple[str, str], dict[str, Any]]:
    found = list(yaml.safe_load_all(RECIPE.read_text()))
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


def envoy() -> Any:
    return yaml.safe_load(documents()["ConfigMap", "bitpeak-mock-envoy"]["data"]["envoy.yaml"])


def test_names_and_labels_match() -> None:
    found = documents()
    mocks, service = found["StatefulSet", "bitpeak-mock"], found["Service", "bitpeak-mock-worlds"]
    assert mocks["spec"]["serviceName"] == service["metadata"]["name"]
    labels = mocks["spec"]["template"]["metadata"]["labels"]
    assert labels == mocks["spec"]["selector"]["matchLabels"] == service["spec"]["selector"]
    proxy = found["Deployment", "bitpeak-mock-proxy"]["spec"]["template"]
    assert proxy["metadata"]["labels"] == found["Service", "bitpeak-mock"]["spec"]["selector"]


def test_the_ring_names_every_mock() -> None:
    mocks = documents()["StatefulSet", "bitpeak-mock"]["spec"]
    (cluster,) = envoy()["static_resources"]["clusters"]
    (endpoints,) = cluster["load_assignment"]["endpoints"]
    names = [
        each["endpoint"]["address"]["socket_address"]["address"].partition(".")[0]
        for each in endpoints["lb_endpoints"]
    ]
    assert names == [f"bitpeak-mock-{number}" for number in range(mocks["replicas"])]


def test_the_mock_has_the_flags_variables_and_paths_that_are_used() -> None:
    (container,) = documents()["StatefulSet", "bitpeak-mock"]["spec"]["template"]["spec"]["containers"]
    _, command, *arguments = container["command"]
    serve = cli.get_command(click.Context(cli), command)
    assert serve is not None
    serve.make_context(command, arguments, resilient_parsing=True)
    variables = {name for each in serve.params for name in each.envvar or ()}
    assert {each["name"] for each in container["env"]} <= variables
    paths = read_object(home() / "control.yaml")["paths"]
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["path"].removeprefix("/_mock") in paths


def test_every_route_hashes_on_the_key_and_retries_nothing() -> None:
    (listener,) = envoy()["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    (host,) = manager["route_config"]["virtual_hosts"]
    control, everything = (route["route"] for route in host["routes"])
    by_query, by_header = control["hash_policy"]
    assert by_query["query_parameter"] == {"name": "key"}
    assert by_query["terminal"]
    assert everything["hash_policy"] == [by_header]
    assert by_header["header"]["header_name"] == "authorization"
    assert not [route for route in (control, everything) if "retry_policy" in route]
