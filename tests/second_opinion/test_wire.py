"""Unusual bodies, persistent connections, and unusual replies that clients must accept."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from tests.second_opinion.bodies import read_body
from tests.second_opinion.client import BOUNDARY, KEY, Client, multipart
from tests.second_opinion.service import SecondOpinion
from tests.second_opinion.texts import php_int
from tests.second_opinion.wire import Manner


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("1abc", 1),
        ("01", 1),
        ("1.9", 1),
        (" -3", -3),
        ("abc", 0),
        ("", 0),
        ("1e2", 100),
        (".5", 0),
        ("9" * 5000, 2**63 - 1),
        ("-1e999", -(2**63) + 1),
        ("٣", 0),
    ],
)
def test_casts_are_those_of_php(text: str, number: int) -> None:
    assert php_int(text) == number


def test_bodies_are_read_byte_for_byte() -> None:
    values = {"a": b"\r\n--cut\r\n", "b": b"", "c": b"\r\n\r\n x \xff\x00", "d": "ż☎😀".encode()}
    kind, sent = read_body(multipart(values), f'Multipart/Form-Data; charset=utf-8; boundary="{BOUNDARY}"')
    assert (kind, sent) == ("multipart", values)
    assert read_body(b"a=1&a[]=2&a[k]=%33&b=+%2B&c&=x", "application/x-www-form-urlencoded; charset=UTF-8")[
        1
    ] == {
        "a": [b"2", b"3"],
        "b": b" +",
        "c": b"",
    }
    assert read_body(b'{"a": [1, "x"], "b": true, "c": null, "d": 2}', "application/json")[1] == {
        "a": [b"1", b"x"],
        "b": b"1",
        "d": b"2",
    }
    for body in (b"[1]", b"{", b""):
        assert read_body(body, "application/json")[1] == {}
    assert read_body(b"a=1", "text/plain") == read_body(b"a=1", "") == ("none", {})


def test_a_file_is_no_field() -> None:
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="name"; filename="n.txt"\r\n\r\nx\r\n--{BOUNDARY}--'
    assert read_body(part.encode(), f"multipart/form-data; boundary={BOUNDARY}")[1] == {}


def test_a_connection_carries_many_requests_of_both_framings() -> None:
    with SecondOpinion() as service:
        connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=5)
        headers = {
            "Authorization": f"Bearer {KEY}",
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        }
        body = multipart({"name": "Chunked", "type": "email"})
        for chunks in (body, iter([body[:20], body[20:]])):
            connection.request(
                "POST", "/api/notification-handlers", chunks, headers, encode_chunked=chunks is not body
            )
            response = connection.getresponse()
            assert response.status == 201
            response.read()
        for method in ("HEAD", "DELETE", "GET"):
            connection.request(method, "/api/notification-handlers/", headers=headers)
            response = connection.getresponse()
            response.read()
        assert response.status == 200
        connection.close()


def test_manners_change_the_spelling_and_nothing_else() -> None:
    manner = Manner(extra_property=True, shuffle_keys=True, lowercase_headers=True, chunked=True)
    with SecondOpinion() as plain, SecondOpinion(manner=manner) as odd:
        answer = Client(odd).ask("GET", "/")
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert "content-type" in answer.headers.keys()  # noqa: SIM118 - a Message's `in` looks at no case
        page, expected = answer.json, Client(plain).list()
        assert all(row.pop("revision") == 3 for row in page["data"])
        assert page["meta"].pop("revision") == 3
        assert page["data"] == expected["data"]
        assert len({tuple(row) for row in page["data"]}) > 10
        assert page["meta"] == expected["meta"]
        client = Client(odd)
        row_id = client.create("☎" * 100)
        assert client.show(row_id)["name"] == "☎" * 100
        assert client.delete(row_id).body == b""


def test_refusals_come_in_the_documented_order() -> None:
    with SecondOpinion(rate=4) as service:
        client, nobody = Client(service), Client(service, None)
        assert [nobody.ask("PUT", "/1").status, Client(service, "bad").ask("PUT", "/1").status] == [401, 401]
        assert nobody.ask("PUT", "/1").json["errors"][0]["status"] == "401"
        assert [client.ask("PUT", "").status, client.update(1, type="").status] == [404, 404]
        assert client.ask("POST", "", {"name": "One", "type": ""}).title.startswith("You must fill")
        assert client.ask("POST", "", {"name": "One", "type": "pigeon"}).title.startswith(
            "Your have exceeded"
        )
        assert client.ask("POST").status == 429


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer  two", "Basic eDp5", f"Bearer {KEY} more", "", f"bearer {KEY}"]
)
def test_what_is_no_bearer(header: str) -> None:
    with SecondOpinion() as service:
        answer = Client(service).ask("GET", "/", headers={"Authorization": header})
        assert (answer.status, json.loads(answer.body)["errors"][0]["status"]) == (401, "401")
