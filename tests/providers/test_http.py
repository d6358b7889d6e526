"""Both carriers keep the same promises, whatever the other side does."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

import pytest
import responses

from providers import http
from providers.base import Answer, Call, HttpProvider, Wait, retry_after
from providers.errors import (
    BadCredentials,
    ProviderError,
    Rejected,
    Throttled,
    Unavailable,
    Uncertain,
)

from . import faulty

TIMEOUT = 0.8
Perform = Callable[..., Answer]


class Example(HttpProvider):
    """An adapter as simple as can be: it posts, and wants JSON with an id."""

    name = "Example"

    def send(self, message: Any) -> Generator[Call | Wait, Answer, str]:
        answer = yield self.call("POST", "/messages", json={"a": 1}, timeout=TIMEOUT)
        return str(answer.json()["id"])

    def send_by_get(self) -> Generator[Call | Wait, Answer, str]:
        answer = yield self.call("GET", "/send", timeout=TIMEOUT)
        return answer.text

    def check(self) -> Generator[Call | Wait, Answer, str]:
        answer = yield self.call("GET", "/account", sends=False, timeout=TIMEOUT)
        return str(answer.json()["id"])


class Both:
    """One of the two carriers, driven the same way."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.kind, self.options, self.log = kind, options, list[dict[str, Any]]()

    def together(self, *jobs: Callable[[Any], Any]) -> list[Any]:
        """Do the jobs one after another with one carrier; a job's error ends it."""
        if self.kind == "requests":
            carrier = http.Carrier(**self.options)
            return [job(carrier) for job in jobs]

        async def main() -> list[Any]:
            carrier = http.AsyncCarrier(**self.options)
            try:
                return [await job(carrier) for job in jobs]
            finally:
                await carrier.close()

        return asyncio.run(main())

    def run(self, talk: Generator[Call | Wait, Answer, Any]) -> Any:
        return self.together(lambda carrier: carrier.run(talk, self.log))[0]

    def perform(self, call: Call) -> Answer:
        found: Answer = self.together(lambda carrier: carrier.perform(call))[0]
        return found


@pytest.fixture(params=["requests", "aiohttp"])
def both(request: pytest.FixtureRequest) -> Both:
    return Both(request.param, allow_private=True, connect=TIMEOUT)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


TRUE = b'{"id": "m1"}'
JSON = "Content-Type: application/json"
HTML = b"<html>Log in to the airport's network</html>"

#: What the server does; the error when a message was sent, and when it was only a question.
TABLE: list[tuple[str, faulty.Behaviour, type[ProviderError], type[ProviderError]]] = [
    ("hangs up before reading", faulty.hangs_up, Uncertain, Unavailable),
    ("hangs up after reading", faulty.reads_and_hangs_up, Uncertain, Unavailable),
    ("gives no answer", faulty.silent, Uncertain, Unavailable),
    ("never reads", faulty.mute, Uncertain, Unavailable),
    ("breaks off in the answer", faulty.breaks_off, Uncertain, Unavailable),
    ("speaks no HTTP", faulty.not_http, Uncertain, Unavailable),
    ("answers without end", faulty.endless, Uncertain, Unavailable),
    ("says too long a body", faulty.page("200 OK", b"x" * 1_000_001), Uncertain, Unavailable),
    ("drips the body", faulty.drips, Uncertain, Unavailable),
    ("drips the head", faulty.drips_head, Uncertain, Unavailable),
    ("answers in HTML", faulty.page("200 OK", HTML), Uncertain, Unavailable),
    ("answers with a list", faulty.page("200 OK", b"[]", JSON), Uncertain, Unavailable),
    ("answers nothing", faulty.page("200 OK"), Uncertain, Unavailable),
    ("500", faulty.page("500 Oops", b"oops"), Uncertain, Unavailable),
    ("502", faulty.page("502 Bad Gateway"), Uncertain, Unavailable),
    ("503", faulty.page("503 Unavailable"), Unavailable, Unavailable),
    ("429", faulty.page("429 Slow"), Throttled, Throttled),
    ("401", faulty.page("401 No"), BadCredentials, BadCredentials),
    ("403", faulty.page("403 No"), BadCredentials, BadCredentials),
    ("400", faulty.page("400 Bad", b"bad number"), Rejected, Rejected),
    ("redirects", faulty.page("302 Found", b"", "Location: /else"), Rejected, Rejected),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
@pytest.mark.parametrize("verb", ["send", "check"])
def test_failure(both: Both, row: Any, verb: str) -> None:
    _, behaviour, sent, asked = row
    with faulty.serving(behaviour) as server:
        example = Example({}, f"http://127.0.0.1:{server.port}")
        talk = example.send(None) if verb == "send" else example.check()
        started = time.monotonic()
        with pytest.raises(ProviderError) as caught:
            both.run(talk)
        assert time.monotonic() - started < TIMEOUT + 1.5
        assert type(caught.value) is (sent if verb == "send" else asked)
        assert caught.value.reason
        assert server.connections == 1
        assert len(server.requests) <= 1
    (entry,) = both.log
    assert entry["error"] == caught.value.reason


def test_success(both: Both) -> None:
    with faulty.serving(faulty.page("200 OK", TRUE, JSON)) as server:
        example = Example({}, f"http://127.0.0.1:{server.port}/api/")
        assert both.run(example.send(None)) == "m1"
        (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/messages HTTP/1.1\r\n")
    assert b"content-type: application/json; charset=utf-8" in head.lower()
    assert b"user-agent: parley" in head.lower()
    assert body == b'{"a":1}'
    (entry,) = both.log
    assert (entry["status"], entry["answer"]) == (200, TRUE.decode())


def test_refused_connection_is_unavailable(both: Both) -> None:
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1 cannot be reached"):
        both.run(Example({}, f"http://127.0.0.1:{closed_port()}").send(None))


def test_unknown_host_is_unavailable(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(Unavailable, match=r"nobody\.example cannot be reached"):
        both.run(Example({}, "http://nobody.example").send(None))


TLS = [
    ("plain HTTP", faulty.page("400 Bad")),
    ("hangs up", faulty.hangs_up),
    ("never speaks", faulty.mute),
]


@pytest.mark.parametrize("row", TLS, ids=lambda row: row[0])
def test_tls_that_never_stands_is_unavailable(both: Both, row: Any) -> None:
    with (
        faulty.serving(row[1]) as server,
        pytest.raises(Unavailable) as caught,
    ):
        both.run(Example({}, f"https://127.0.0.1:{server.port}").send(None))
    assert "127.0.0.1" in caught.value.reason


@pytest.mark.parametrize("url", ["http://", "http://[::1", "nonsense", "http://a b/", "ftp://x.de"])
def test_an_address_that_is_none_is_unavailable(both: Both, url: str) -> None:
    with pytest.raises(Unavailable) as caught:
        both.perform(Call("POST", url + "?key=SECRET", timeout=TIMEOUT))
    assert "SECRET" not in caught.value.reason


@pytest.mark.parametrize("said, after", [("30", 30.0), ("0.5", 0.5), ("soon", None), (None, None)])
def test_throttled_says_when_to_try_again(both: Both, said: str | None, after: Any) -> None:
    headers = [f"Retry-After: {said}"] if said else []
    with (
        faulty.serving(faulty.page("429 Slow down", b"", *headers)) as server,
        pytest.raises(Throttled) as caught,
    ):
        both.run(Example({}, f"http://127.0.0.1:{server.port}").send(None))
    assert caught.value.after == after


def test_retry_after_may_be_a_date() -> None:
    now, then = "Sat, 21 Nov 2026 12:00:00 GMT", "Sat, 21 Nov 2026 12:00:30 GMT"
    assert retry_after(Answer(429, {"retry-after": then, "date": now}, b"")) == 30.0
    assert retry_after(Answer(429, {"retry-after": now, "date": then}, b"")) == 0.0
    for odd in ("", "never", "-5", "nan", "inf", "1e999"):
        found = retry_after(Answer(429, {"retry-after": odd}, b""))
        assert found is None or found == 0.0


def test_a_get_that_sends_is_not_repeated(both: Both) -> None:
    with faulty.serving(faulty.answers_once) as server:
        example = Example({}, f"http://127.0.0.1:{server.port}")
        with pytest.raises(Uncertain):
            both.together(
                lambda carrier: carrier.run(example.send_by_get(), both.log),
                lambda carrier: carrier.run(example.send_by_get(), both.log),
            )
        assert server.connections == 1, "the second request must use the first's connection"
        assert len(server.requests) == 2


def test_a_long_answer_is_read_if_the_call_allows_it(both: Both) -> None:
    with faulty.serving(faulty.page("200 OK", b"x" * 1_500_000)) as server:
        call = Call("GET", f"http://127.0.0.1:{server.port}/file", sends=False)
        assert len(both.perform(replace(call, max_bytes=1_500_000)).body) == 1_500_000
        with pytest.raises(Unavailable, match="too long a body"):
            both.perform(replace(call, max_bytes=1_499_999))


def test_redirects_are_not_followed(both: Both) -> None:
    with (
        faulty.serving(faulty.answers(faulty.OK)) as other,
        faulty.serving(
            faulty.page("307 Moved", b"", f"Location: http://127.0.0.1:{other.port}/")
        ) as server,
    ):
        found = both.perform(Call("POST", f"http://127.0.0.1:{server.port}/", json={"a": 1}))
        assert found.status == 307
        assert found.headers["location"].endswith(f":{other.port}/")
        assert not other.connections


def test_what_travels(both: Both) -> None:
    with faulty.serving(faulty.answers(faulty.OK)) as server:
        url = f"http://127.0.0.1:{server.port}/p"
        both.perform(Call("POST", url, form={"a b": "é&", "c": "+"}, auth=("me", "pä:ss")))
        both.perform(Call("GET", url + "?x=1", params={"y": "a b&"}, headers={"X-Key": "k"}))
        both.perform(Call("PUT", url, body=b"\x00\xff", headers={"Content-Type": "image/png"}))
        form, query, raw = server.requests
    assert form.endswith(b"\r\n\r\na+b=%C3%A9%26&c=%2B")
    assert b"application/x-www-form-urlencoded" in form
    assert b"authorization: basic bwu6cmo6c3m=" not in form  # the case of a token matters
    assert b"Basic bWU6cMOkOnNz" in form
    assert query.startswith(b"GET /p?x=1&y=a+b%26 HTTP/1.1")
    assert b"x-key: k" in query.lower()
    assert raw.endswith(b"\r\n\r\n\x00\xff")
    assert b"content-type: image/png" in raw.lower()


def test_the_environment_sets_no_proxy(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty.serving(faulty.answers(faulty.OK)) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert both.perform(Call("GET", f"http://127.0.0.1:{server.port}/")).text == "ok"


def test_many_calls_at_once_do_not_wait_for_the_slowest() -> None:
    def behave(visitor: faulty.Visitor) -> None:
        while request := visitor.read_request():
            if b"/slow" in request:
                visitor.wait(10)
            visitor.say(faulty.OK)

    async def main(port: int) -> list[str]:
        carrier = http.AsyncCarrier(allow_private=True)
        url = f"http://127.0.0.1:{port}/"
        slow = asyncio.ensure_future(carrier.perform(Call("GET", url + "slow", timeout=20)))
        calls = [carrier.perform(Call("GET", url, timeout=5)) for _ in range(40)]
        found = [answer.text for answer in await asyncio.gather(*calls)]
        assert not slow.done()
        slow.cancel()
        await carrier.close()
        return found

    with faulty.serving(behave) as server:
        assert asyncio.run(main(server.port)) == ["ok"] * 40


# --- private addresses ------------------------------------------------------------------------

PRIVATE = [
    "127.0.0.1", "localhost", "[::1]", "[::ffff:10.0.0.1]", "[::ffff:127.0.0.1]", "169.254.169.254",
    "10.1.2.3", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.0", "[::]", "[fe80::1]",
    "[fd00::1]", "[64:ff9b::a00:1]", "[2002:7f00:1::]", "224.0.0.1", "2130706433", "0x7f000001",
    "127.1",
]  # fmt: skip


@pytest.fixture(params=["requests", "aiohttp"])
def careful(request: pytest.FixtureRequest) -> Both:
    return Both(request.param, allow_private=False, connect=TIMEOUT)


@pytest.fixture
def no_connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Addresses to which a connection was begun; a test with this fixture allows none."""
    begun: list[Any] = []

    def connect(self: socket.socket, address: Any) -> None:
        begun.append(address)
        raise ConnectionRefusedError(111, "the test allows no connections")

    async def sock_connect(self: Any, sock: Any, address: Any) -> None:
        begun.append(address)
        raise ConnectionRefusedError(111, "the test allows no connections")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(asyncio.selector_events.BaseSelectorEventLoop, "sock_connect", sock_connect)
    yield begun
    assert not begun


@pytest.mark.parametrize("host", PRIVATE)
def test_private_address_is_refused(careful: Both, host: str, no_connections: list[Any]) -> None:
    with pytest.raises(Unavailable, match=r"is refused|is not a valid address"):
        careful.run(Example({}, f"http://{host}:8000").send(None))


def test_name_of_a_private_address_is_refused(
    careful: Both, no_connections: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lookup(host: str, port: Any, *args: Any, **kwargs: Any) -> Any:
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("198.51.101.7", int(port or 0)))
        private = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.8", int(port or 0)))
        return [public, private]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(Unavailable, match=r"inside\.example is refused"):
        careful.run(Example({}, "http://inside.example").send(None))


def test_nothing_reaches_a_private_server(careful: Both) -> None:
    with faulty.serving(faulty.answers(faulty.OK)) as server:
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(Unavailable):
                careful.perform(Call("GET", f"http://{host}:{server.port}/"))
        assert not server.connections


def test_a_public_address_is_tried(careful: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard refuses private addresses, not everything."""
    begun = threading.Event()

    def connect(self: socket.socket, address: Any) -> None:
        begun.set()
        raise ConnectionRefusedError(111, "Connection refused")

    async def sock_connect(self: Any, sock: Any, address: Any) -> None:
        connect(sock, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(asyncio.selector_events.BaseSelectorEventLoop, "sock_connect", sock_connect)
    with pytest.raises(Unavailable, match=r"93\.184\.215\.14 cannot be reached"):
        careful.perform(Call("GET", "http://93.184.215.14/"))
    assert begun.is_set()


@pytest.mark.parametrize("host", PRIVATE)
def test_check_url_refuses_private_addresses(host: str) -> None:
    with pytest.raises(ValueError, match=r"private|cannot be found"):
        http.check_url(f"https://{host}/", allow_private=False)


@pytest.mark.parametrize("url", ["", "x", "ftp://a.de", "http://", "http://[::1", "http://a:99999"])
def test_check_url_refuses_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        http.check_url(url, allow_private=True)


# --- what requests makes of answers, and the log ----------------------------------------------


@responses.activate
@pytest.mark.parametrize(
    "status, error, code",
    [
        (401, BadCredentials, "auth_fail"),
        (403, BadCredentials, "auth_fail"),
        (404, Rejected, "send_fail"),
        (422, Rejected, "send_fail"),
        (429, Throttled, "too_many_request"),
        (500, Uncertain, "unknown_error"),
        (503, Unavailable, "service_unavailable"),
    ],
)
def test_sorted_by_status(status: int, error: type[ProviderError], code: str) -> None:
    responses.post("https://api.example/messages", body="their words", status=status)
    with pytest.raises(error) as caught:
        http.Carrier().run(Example({}, "https://api.example").send(None), [])
    assert caught.value.reason == f"Example: HTTP {status} their words"
    assert caught.value.code == code


@responses.activate
def test_an_adapter_may_catch_an_error_and_ask_again() -> None:
    responses.post("https://api.example/a", status=401)
    responses.post("https://api.example/log-in", json={"token": "t"})
    responses.post("https://api.example/a", json={"id": "7"})
    example = Example({}, "https://api.example")

    def talk() -> Generator[Call | Wait, Answer, str]:
        try:
            answer = yield example.call("POST", "/a")
        except BadCredentials:
            yield example.call("POST", "/log-in", sends=False)
            answer = yield example.call("POST", "/a")
        return str(answer.json()["id"])

    log: list[dict[str, Any]] = []
    assert http.Carrier().run(talk(), log) == "7"
    assert [entry["status"] for entry in log] == [401, 200, 200]


@responses.activate
def test_the_log_keeps_the_exchange_and_cuts_what_is_long() -> None:
    responses.post("https://api.example/messages", body=b"y" * 10_000, status=400)
    log: list[dict[str, Any]] = []
    with pytest.raises(Rejected):
        http.Carrier().run(Example({}, "https://api.example").send(None), log)
    (entry,) = log
    assert (entry["method"], entry["url"]) == ("POST", "https://api.example/messages")
    assert entry["request"] == '{"a":1}'
    assert len(entry["answer"]) == http.LOGGED_CHARS
    assert entry["error"].startswith("Example: HTTP 400 yyy")


@pytest.mark.parametrize(
    "secret, text",
    [
        ("s3cr&t/ +é", "raw s3cr&t/ +é end"),
        ("s3cr&t/ +é", "url ?api_secret=s3cr%26t%2F%20%2B%C3%A9&x=1 end"),
        ("s3cr&t/ +é", "form secret=s3cr%26t%2F+%2B%C3%A9 end"),
        ('s3"cr\\et', r'json {"password": "s3\"cr\\et"} end'),
        ("geheimé", r'json {"password": "geheim\u00e9"} end'),
    ],
)
def test_secrets_are_cut_out_in_every_form(secret: str, text: str) -> None:
    found = http.redact(text, [secret])
    assert "•••" in found
    assert found.endswith(" end")
    assert "cr" not in found.replace("secret", "") and "geheim" not in found


def test_short_secrets_do_not_tear_the_log_apart() -> None:
    assert http.redact("a, ab and abc", ["", "a", "ab"]) == "a, ab and abc"
