"""The readers of option values."""

from collections.abc import Callable

import pytest

from mock_server.cli.options import read_pair, read_port, read_public_url, read_quota
from mock_server.settings import read_latency, read_wait


@pytest.mark.parametrize(
    ("text", "low", "high", "written"),
    [
        ("0", 0.0, 0.0, "0"),
        ("200ms", 0.2, 0.2, "200ms"),
        ("1.5s", 1.5, 1.5, "1.5s"),
        ("2m", 120.0, 120.0, "120s"),
        ("100ms..0.3s", 0.1, 0.3, "100ms..300ms"),
        ("0..1s", 0.0, 1.0, "0..1s"),
    ],
)
def test_latency(text: str, low: float, high: float, written: str) -> None:
    latency = read_latency(text)
    assert latency == pytest.approx((low, high))
    assert str(latency) == written
    assert read_latency(written) == pytest.approx(latency)


def test_quota_and_port() -> None:
    assert [read_quota(text) for text in ("off", "document", "7")] == ["off", "document", 7]
    assert [read_port(text) for text in ("0", "4055", "65535")] == [0, 4055, 65535]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://mock.example.com", "https://mock.example.com"),
        ("https://mock.example.com/", "https://mock.example.com"),
        ("http://[::1]:80/a/b//", "http://[::1]:80/a/b"),
    ],
)
def test_public_url(text: str, url: str) -> None:
    assert read_public_url(text) == url


def test_pairs() -> None:
    assert read_pair("=", "a=b=c", "") == ("a", "b=c")
    assert read_pair("=", "a=", "") == ("a", "")


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *((read_wait, text) for text in ("", "5", "-1s", "2h", "1e3s", "٣s", "1 s", "61m", "s", "0s ")),
        *((read_latency, text) for text in ("..", "1s..", "..1s", "2s..1s", "1s..2s..3s", "1s...2s")),
        *((read_quota, text) for text in ("", "0", "-1", "on", "1.5", "٣", "1" * 10)),
        *((read_port, text) for text in ("", "-1", "65536", "x", "٣", "1 ")),
        *(
            (read_public_url, text)
            for text in (
                "", "mock.example.com", "ftp://example.com", "https://", "https://:80", "https://a:b", "https://a:0",
                "https://a?b", "https://a?", "https://a#b", "https://u@a", "https://a/ b", "https://a/ü", "https://[a",
            )
        ),
        (lambda text: read_pair("=", text, "a=b"), "ab"),
        (lambda text: read_pair("=", text, "a=b"), " =b"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_one_sentence(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as caught:
        read(text)
    sentence = str(caught.value)
    assert repr(text) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
