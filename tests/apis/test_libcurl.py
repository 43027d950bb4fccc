"""libcurl.py at work: files, an HTTP server in a thread, and what C keeps between calls."""

import gc
import socket
import threading
import weakref
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import (
    COUNTS_REFERENCES,
    LOCKS_BUFFERS,
    Missing,
    Tool,
    check_binding,
    collect,
    let_go,
)

pytest.importorskip("libcurl", exc_type=ImportError)
import libcurl as curl

pytestmark = pytest.mark.usefixtures("declared_anew")


class Handler(BaseHTTPRequestHandler):
    """Answers with what it was sent, and with its headers if it was sent nothing."""

    protocol_version = "HTTP/1.1"
    requests: list[str] = []  # noqa: RUF012

    def answer(self) -> None:
        size = self.headers.get("Content-Length")
        body = self.rfile.read(int(size)) if size else str(self.headers).encode()
        status = int(self.path.rpartition("/")[2]) if self.path.startswith("/status/") else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/moved")
        self.send_header("Content-Type", self.headers.get("Content-Type", "text/x-headers"))
        self.send_header("Set-Cookie", "flavour=plain; path=/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PURGE = answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing of transfers that a test ends."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with Server(("127.0.0.1", 0), Handler) as serving:
        serving.daemon_threads = True
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


@pytest.fixture
def easy() -> Iterator[curl.Easy]:
    with curl.curl_easy_init() as easy:
        curl.set_text(easy, curl.Text.CURLOPT_PROXY, "")  # whatever the environment says
        yield easy


def test_it_is_what_the_header_says(tool: Tool, missing: Missing) -> None:
    report, found = check_binding(
        Path(__file__).with_name("libcurl.py"),
        "curl/curl.h",
        compiler=tool("g++"),
        missing=missing,
    )
    assert found == []
    assert report.judged == {"functions": 38, "structs": 3, "fields": 7, "constants": 87}


@pytest.mark.parametrize("content", [b"", b"one\0two", bytes(range(256)) * 1000])
def test_a_file_is_fetched(easy: curl.Easy, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a file"
    path.write_bytes(content)
    assert curl.fetch(easy, path.as_uri()) == content
    assert curl.get_large(easy, curl.LargeInfo.CURLINFO_SIZE_DOWNLOAD_T) == len(content)
    assert curl.get_text(easy, curl.TextInfo.CURLINFO_EFFECTIVE_URL) == path.as_uri()
    curl.set_text(easy, curl.Text.CURLOPT_RANGE, "1-3")
    if content:
        assert curl.fetch(easy, path.as_uri()) == content[1:4]


def test_errors_have_the_words_of_the_library(easy: curl.Easy, tmp_path: Path) -> None:
    url = (tmp_path / "none").as_uri()
    words = bytearray(curl.CURL_ERROR_SIZE)
    curl.set_error_buffer(easy, words)
    with pytest.raises(
        curl.Error, match=r"^curl_easy_perform\(\): Couldn't read a file:// file$"
    ) as caught:
        curl.fetch(easy, url)
    assert caught.value.code == curl.CURLE_FILE_COULDNT_READ_FILE
    assert words.partition(b"\0")[0] == f"Couldn't open file {tmp_path}/none".encode()
    with pytest.raises(ValueError, match=r"must have 256 items, not 255$"):
        curl.set_error_buffer(easy, bytearray(255))
    if LOCKS_BUFFERS:
        with pytest.raises(BufferError):
            words.clear()
    curl.set_error_buffer(easy, None)
    words.clear()


def test_a_request_and_what_is_known_of_it(easy: curl.Easy, server: str) -> None:
    headers: list[str] = []

    def on_header(data: memoryview, size: int, count: int, _: int | None) -> int:
        headers.append(bytes(data).decode())
        return size * count

    curl.set_header(easy, on_header)
    curl.set_text(easy, curl.Text.CURLOPT_USERAGENT, "pyexample/1")
    curl.set_text(easy, curl.Text.CURLOPT_CUSTOMREQUEST, "PURGE")
    assert "User-Agent: pyexample/1\n" in curl.fetch(easy, f"{server}/a").decode()
    assert headers[0] == "HTTP/1.1 200 OK\r\n"
    assert headers[-1] == "\r\n"
    assert curl.get_number(easy, curl.NumberInfo.CURLINFO_RESPONSE_CODE) == 200
    assert curl.get_text(easy, curl.TextInfo.CURLINFO_CONTENT_TYPE) == "text/x-headers"
    assert curl.get_text(easy, curl.TextInfo.CURLINFO_PRIMARY_IP) == "127.0.0.1"
    assert curl.get_text(easy, curl.TextInfo.CURLINFO_REDIRECT_URL) is None
    assert 0 < curl.get_float(easy, curl.FloatInfo.CURLINFO_TOTAL_TIME) < 60
    curl.curl_easy_reset(easy)
    curl.set_text(easy, curl.Text.CURLOPT_PROXY, "")
    assert "User-Agent" not in curl.fetch(easy, f"{server}/b").decode()


def test_a_redirection_is_followed_if_told(easy: curl.Easy, server: str) -> None:
    url = f"{server}/status/302"
    curl.fetch(easy, url)
    assert curl.get_text(easy, curl.TextInfo.CURLINFO_REDIRECT_URL) == f"{server}/moved"
    curl.set_flag(easy, curl.Flag.CURLOPT_FOLLOWLOCATION, True)
    curl.fetch(easy, url)
    assert curl.get_text(easy, curl.TextInfo.CURLINFO_EFFECTIVE_URL) == f"{server}/moved"
    assert curl.get_number(easy, curl.NumberInfo.CURLINFO_REDIRECT_COUNT) == 1


def test_failures_of_http(easy: curl.Easy, server: str) -> None:
    curl.set_flag(easy, curl.Flag.CURLOPT_FAILONERROR, True)
    with pytest.raises(curl.Error, match=r"HTTP response code said error$") as caught:
        curl.fetch(easy, f"{server}/status/404")
    assert caught.value.code == curl.CURLE_HTTP_RETURNED_ERROR
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(curl.Error, match=r"Couldn't connect to server$") as caught:
            curl.fetch(easy, f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert caught.value.code == curl.CURLE_COULDNT_CONNECT


def test_options_are_of_one_type_each(easy: curl.Easy) -> None:
    with pytest.raises(OverflowError, match=r"'value' \(int64_t\) must be in"):
        curl.set_large(easy, curl.Large.CURLOPT_MAXFILESIZE_LARGE, 2**63)
    with pytest.raises(curl.Error, match=r"^set_large\(\): A libcurl function was given a bad"):
        curl.set_large(easy, curl.Large.CURLOPT_INFILESIZE_LARGE, -2)
    unknown: Any = 9999
    with pytest.raises(curl.Error, match=r"unknown option was passed in to libcurl$"):
        curl.set_number(easy, unknown, 1)


def test_posted_data_are_kept_and_not_copied(easy: curl.Easy, server: str) -> None:
    data = bytearray(b"one\0two")
    assert curl.post(easy, server, data) == data
    if LOCKS_BUFFERS:
        with pytest.raises(BufferError):
            data.clear()
    data[:3] = b"six"  # C reads the same memory again
    assert curl.fetch(easy, server) == b"six\0two"
    other = bytearray(b"another")
    curl.post(easy, server, other)
    data.clear()
    curl.set_post_fields(easy, None)
    other.clear()


@pytest.mark.skipif(not COUNTS_REFERENCES, reason="bytes have an address for a call only")
def test_posted_bytes_live_as_long_as_they_are_needed(easy: curl.Easy, server: str) -> None:
    curl.post(easy, server, bytes(b"x" * 10_000))
    gc.collect()
    noise = [bytes(b"y" * 10_000) for _ in range(50)]
    assert curl.fetch(easy, server) == b"x" * 10_000
    assert noise


class Upload:
    """A callable from which libcurl reads."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def __call__(self, room: memoryview, size: int, count: int, _: int | None) -> int:
        piece = self.data[self.at : self.at + min(size * count, 1000)]
        room[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)

    def seek(self, _: int | None, offset: int, origin: int) -> int:
        self.at = offset
        return origin


def test_a_callback_gives_what_is_uploaded(
    easy: curl.Easy, server: str, tmp_path: Path
) -> None:
    upload = Upload(bytes(range(256)) * 100)
    curl.set_flag(easy, curl.Flag.CURLOPT_UPLOAD, True)
    curl.set_large(easy, curl.Large.CURLOPT_INFILESIZE_LARGE, len(upload.data))
    curl.set_read(easy, upload)
    assert curl.fetch(easy, server) == upload.data
    assert curl.get_large(easy, curl.LargeInfo.CURLINFO_SIZE_UPLOAD_T) == len(upload.data)
    upload.at = 0
    curl.fetch(easy, (tmp_path / "made").as_uri())
    assert (tmp_path / "made").read_bytes() == upload.data


def test_an_upload_goes_on_where_it_was(easy: curl.Easy, server: str) -> None:
    upload = Upload(b"a" * 100 + b"b" * 100)
    curl.set_flag(easy, curl.Flag.CURLOPT_UPLOAD, True)
    curl.set_large(easy, curl.Large.CURLOPT_INFILESIZE_LARGE, 200)
    curl.set_large(easy, curl.Large.CURLOPT_RESUME_FROM_LARGE, 100)
    curl.set_read(easy, upload)
    curl.set_seek(easy, lambda _, offset, origin: upload.seek(None, offset, origin))
    collect()
    assert curl.fetch(easy, server) == b"b" * 100


def test_callbacks_of_a_form(easy: curl.Easy, server: str) -> None:
    form = curl.curl_mime_init(easy)
    part = curl.curl_mime_addpart(form)
    curl.curl_mime_name(part, "one")
    upload = Upload(b"content")
    events: list[str] = []

    class Seek:
        def __call__(self, _: int | None, offset: int, origin: int) -> int:
            events.append("seek")
            return upload.seek(None, offset, origin)

    class Free:
        def __call__(self, _: int | None) -> None:
            events.append("free")

    curl.curl_mime_data_cb(part, len(upload.data), upload, Seek(), Free(), None)
    curl.set_form(easy, form)
    collect()
    for _ in range(2):  # the second time, from the beginning
        assert b"content" in curl.fetch(easy, server)
    easy.close()
    form.close()
    assert (events[0], events[-1]) == ("seek", "free")


@pytest.mark.parametrize("kind", [ZeroDivisionError, KeyboardInterrupt])
def test_exceptions_of_callbacks(
    easy: curl.Easy, server: str, kind: type[BaseException]
) -> None:
    calls: list[int] = []

    def fail(*_: Any) -> Any:
        calls.append(1)
        raise kind("here")

    for which in ("write", "header", "read", "progress"):
        curl.curl_easy_reset(easy)
        curl.set_text(easy, curl.Text.CURLOPT_PROXY, "")
        curl.set_text(easy, curl.Text.CURLOPT_URL, server)
        curl.set_flag(easy, curl.Flag.CURLOPT_NOPROGRESS, False)
        if which == "read":
            curl.set_flag(easy, curl.Flag.CURLOPT_UPLOAD, True)
        getattr(curl, f"set_{which}")(easy, fail)
        with pytest.raises(kind, match=r"^here$"):
            curl.curl_easy_perform(easy)
    assert len(calls) == 4


def test_callbacks_end_a_transfer(easy: curl.Easy, server: str) -> None:
    curl.set_text(easy, curl.Text.CURLOPT_URL, server)
    curl.set_write(easy, lambda data, size, count, _: 0)
    with pytest.raises(curl.Error, match="Failed writing received data") as caught:
        curl.curl_easy_perform(easy)
    assert caught.value.code == curl.CURLE_WRITE_ERROR
    curl.set_flag(easy, curl.Flag.CURLOPT_NOPROGRESS, False)
    curl.set_progress(easy, lambda data, whole, done, to_upload, uploaded: True)
    with pytest.raises(curl.Error, match=r"aborted by an application callback$") as caught:
        curl.fetch(easy, server)
    assert caught.value.code == curl.CURLE_ABORTED_BY_CALLBACK


def test_callbacks_live_until_they_are_replaced(easy: curl.Easy, server: str) -> None:
    class Sink:
        total = 0

        def __call__(self, data: memoryview, size: int, count: int, _: int | None) -> int:
            self.total += data.nbytes
            return data.nbytes

    sink, headers = Sink(), Sink()
    curl.set_write(easy, sink)
    curl.set_header(easy, headers)
    kept = [weakref.ref(sink), weakref.ref(headers)]
    del sink, headers
    gc.collect()
    curl.set_text(easy, curl.Text.CURLOPT_URL, server)
    curl.curl_easy_perform(easy)
    totals = [each and each.total for each in (reference() for reference in kept)]
    assert all(totals)
    curl.set_write(easy, None)
    let_go()
    assert [each() is None for each in kept] == [True, False]
    easy.close()
    let_go()
    assert kept[1]() is None


def test_a_reset_releases_what_was_kept(easy: curl.Easy, server: str) -> None:
    data = bytearray(b"posted")
    assert curl.post(easy, server, data) == b"posted"
    headers = curl.list_of(["X-Reset: 1"])
    assert headers
    curl.set_list(easy, curl.Listed.CURLOPT_HTTPHEADER, headers)
    curl.curl_easy_reset(easy)
    headers.close()
    assert not easy.closed, "it does not need the list"
    data.clear()
    curl.set_text(easy, curl.Text.CURLOPT_PROXY, "")
    assert b"X-Reset" not in curl.fetch(easy, server)


def test_a_copy_needs_what_the_original_needs(easy: curl.Easy, server: str) -> None:
    headers = curl.list_of(["X-Copied: 1"])
    body = bytearray()

    def on_data(data: memoryview, size: int, count: int, _: int | None) -> int:
        body.extend(data)
        return data.nbytes

    kept = weakref.ref(on_data)
    curl.set_list(easy, curl.Listed.CURLOPT_HTTPHEADER, headers)
    curl.set_write(easy, on_data)
    curl.set_text(easy, curl.Text.CURLOPT_URL, server)
    copy = curl.curl_easy_duphandle(easy)
    curl.set_write(easy, None)
    easy.close()
    del headers, on_data
    let_go()
    curl.curl_easy_perform(copy)
    assert b"X-Copied: 1" in body
    copy.close()
    let_go()
    assert kept() is None


def test_several_at_once(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with curl.curl_multi_init() as multi:
        paths = [f"/status/{status}" for status in range(200, 209)]
        missing = (tmp_path / "none").as_uri()
        found = curl.fetch_all(multi, [*(server + path for path in paths), missing])
        error = found.pop(missing)
        assert isinstance(error, curl.Error)
        assert error.code == curl.CURLE_FILE_COULDNT_READ_FILE
        assert len(found) == 9
        assert all(b"Host: 127.0.0.1" in body for body in found.values() if body)  # type: ignore[operator]


def test_a_transfer_is_kept_until_it_is_removed(easy: curl.Easy) -> None:
    multi = curl.curl_multi_init()
    curl.curl_multi_add_handle(multi, easy)
    with pytest.raises(curl.Error, match="curl_multi_add_handle"):
        curl.curl_multi_add_handle(multi, easy)
    curl.curl_multi_remove_handle(multi, easy)
    other = curl.curl_easy_init()
    curl.curl_multi_add_handle(multi, other)
    kept = weakref.ref(other)
    del other
    let_go()
    assert kept() is not None
    easy.close()
    assert not multi.closed
    multi.close()
    let_go()
    assert kept() is None


def test_memory_that_a_callback_keeps_is_its_own(easy: curl.Easy, server: str) -> None:
    kept: list[memoryview] = []

    def on_data(data: memoryview, size: int, count: int, _: int | None) -> int:
        kept.append(data)
        return data.nbytes

    curl.set_text(easy, curl.Text.CURLOPT_URL, server)
    curl.set_write(easy, on_data)
    curl.curl_easy_perform(easy)
    with pytest.raises(ValueError, match="released"):
        bytes(kept[0])


def test_a_transfer_uses_its_handle(easy: curl.Easy, server: str) -> None:
    def on_data(*_: Any) -> int:
        easy.close()
        return 0

    curl.set_text(easy, curl.Text.CURLOPT_URL, server)
    curl.set_write(easy, on_data)
    with pytest.raises(RuntimeError, match="in use by a call that has not returned"):
        curl.curl_easy_perform(easy)
    assert not easy.closed
    curl.curl_easy_cleanup(easy)
    with pytest.raises(ValueError, match=r"'easy' \(Easy \*\) is closed$"):
        curl.curl_easy_perform(easy)


def test_debugging_tells_what_is_sent_and_received(easy: curl.Easy, server: str) -> None:
    told: dict[curl.Told, bytes] = {}

    def on_debug(
        this: curl.Easy, kind: curl.Told, data: memoryview, size: int, _: int | None
    ) -> int:
        assert this is easy
        told[kind] = told.get(kind, b"") + bytes(data)
        return 0

    curl.set_debug(easy, on_debug)
    curl.set_flag(easy, curl.Flag.CURLOPT_VERBOSE, True)
    assert curl.post(easy, server, b"all of it") == b"all of it"
    assert told[curl.Told.CURLINFO_HEADER_OUT].startswith(b"POST / HTTP/1.1\r\n")
    assert told[curl.Told.CURLINFO_DATA_OUT] == b"all of it"
    assert told[curl.Told.CURLINFO_DATA_IN] == b"all of it"


def test_a_list_is_kept_by_option(easy: curl.Easy, server: str) -> None:
    headers = curl.list_of(["X-One: 1", "X-Two: 2"])
    assert headers is not None
    assert curl.texts(headers) == ["X-One: 1", "X-Two: 2"]
    curl.set_list(easy, curl.Listed.CURLOPT_HTTPHEADER, headers)
    curl.set_list(easy, curl.Listed.CURLOPT_HTTP200ALIASES, curl.list_of(["ICY 200"]))
    del headers
    collect()
    noise = [curl.list_of([f"X-Noise: {number}"]) for number in range(20)]
    assert "X-Two: 2" in curl.fetch(easy, server).decode()
    assert noise
    curl.set_list(easy, curl.Listed.CURLOPT_HTTPHEADER, None)
    assert "X-Two" not in curl.fetch(easy, server).decode()


def test_a_list_that_grows_is_given_away_each_time(easy: curl.Easy) -> None:
    first = curl.curl_slist_append(None, "one")
    second = curl.curl_slist_append(first, "two")
    assert first.closed, "C may have returned another address"
    assert curl.texts(second) == ["one", "two"]
    with pytest.raises(ValueError, match=r"'items' \(List \*\) is closed$"):
        curl.curl_slist_append(first, "three")
    curl.set_list(easy, curl.Listed.CURLOPT_HTTPHEADER, second)
    with pytest.raises(ValueError, match="is needed by a"):
        curl.curl_slist_append(second, "three")
    easy.close()
    second.close()


def test_cookies_are_a_list_that_the_caller_owns(easy: curl.Easy, server: str) -> None:
    curl.set_text(easy, curl.Text.CURLOPT_COOKIEFILE, "")
    assert curl.get_list(easy, curl.ListInfo.CURLINFO_COOKIELIST) is None
    curl.fetch(easy, server)
    cookies = curl.get_list(easy, curl.ListInfo.CURLINFO_COOKIELIST)
    easy.close()
    assert [each.split("\t")[-2:] for each in curl.texts(cookies)] == [["flavour", "plain"]]


def test_a_form_and_who_owns_its_parts(easy: curl.Easy, server: str) -> None:
    form = curl.curl_mime_init(easy)
    part = curl.curl_mime_addpart(form)
    curl.curl_mime_name(part, "plain")
    curl.curl_mime_data(part, b"a\0b")
    inner = curl.curl_mime_init(easy)
    inner_part = curl.curl_mime_addpart(inner)
    headers = curl.curl_slist_append(None, "X-Inner: 1")
    curl.mime_owns_headers(inner_part, headers)
    upload = Upload(b"read " * 500)
    curl.curl_mime_data_cb(inner_part, len(upload.data), upload, upload.seek, None, None)
    curl.curl_mime_filename(inner_part, "file.txt")
    outer_part = curl.curl_mime_addpart(form)
    curl.curl_mime_name(outer_part, "nested")
    curl.curl_mime_type(outer_part, "multipart/mixed")
    curl.curl_mime_subparts(outer_part, inner)
    with pytest.raises(ValueError, match="is borrowed: it is not the caller's to give away"):
        curl.curl_mime_subparts(part, inner)
    with pytest.raises(ValueError, match="C's to close"):
        inner.close()
    curl.set_form(easy, form)
    body = curl.fetch(easy, server)
    assert b'name="plain"\r\n\r\na\0b\r\n' in body
    assert b"X-Inner: 1\r\n" in body
    assert upload.data in body
    easy.close()
    form.close()
    assert [each.closed for each in (part, inner, inner_part, headers)] == [True] * 4


def test_headers_of_a_part_are_kept_if_they_are_not_given_away(
    easy: curl.Easy, server: str
) -> None:
    form = curl.curl_mime_init(easy)
    part = curl.curl_mime_addpart(form)
    curl.curl_mime_name(part, "one")
    curl.curl_mime_data(part, b"1")
    headers = curl.curl_slist_append(None, "X-Kept: 1")
    curl.mime_keeps_headers(part, headers)
    curl.set_form(easy, form)
    del headers, part, form
    collect()
    noise = [curl.curl_slist_append(None, "X-Noise: 1") for _ in range(20)]
    assert b"X-Kept: 1\r\n" in curl.fetch(easy, server)
    assert noise


def test_urls() -> None:
    part = curl.Part
    with curl.curl_url() as url:
        curl.curl_url_set(url, part.CURLUPART_URL, "http://me:x%20y@host:80/a/../b?c=1#d", 0)
        assert curl.curl_url_get(url, part.CURLUPART_PATH, 0) == "/b"
        assert curl.curl_url_get(url, part.CURLUPART_PASSWORD, curl.CURLU_URLDECODE) == "x y"
        flags = curl.CURLU_APPENDQUERY | curl.CURLU_URLENCODE
        curl.curl_url_set(url, part.CURLUPART_QUERY, "n=ü&", flags)
        other = curl.curl_url_dup(url)
        curl.curl_url_set(url, part.CURLUPART_QUERY, None, 0)
        with pytest.raises(curl.Error, match=r"^curl_url_get\(\): ") as caught:
            curl.curl_url_get(url, part.CURLUPART_QUERY, 0)
        assert caught.value.code == curl.CURLUE_NO_QUERY
        with pytest.raises(curl.Error, match=r"^curl_url_set\(\): ") as caught:
            curl.curl_url_set(url, part.CURLUPART_PORT, "none", 0)
        assert caught.value.code == curl.CURLUE_BAD_PORT_NUMBER
    assert curl.curl_url_get(other, part.CURLUPART_QUERY, 0) == "c=1&n=%c3%bc%26"
    whole = urlsplit(curl.curl_url_get(other, part.CURLUPART_URL, 0) or "")
    assert (whole.username, whole.port, whole.fragment) == ("me", 80, "d")


def test_a_url_is_kept(easy: curl.Easy, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"its content")
    url = curl.curl_url()
    curl.curl_url_set(url, curl.Part.CURLUPART_URL, (tmp_path / "file").as_uri(), 0)
    curl.set_url(easy, url)
    body: list[bytes] = []

    def on_data(data: memoryview, size: int, count: int, _: int | None) -> int:
        body.append(bytes(data))
        return len(data)

    curl.set_write(easy, on_data)
    del url
    collect()
    curl.curl_easy_perform(easy)
    assert body == [b"its content"]


@settings(deadline=None)
@given(st.binary())
def test_escapes(data: bytes) -> None:
    with curl.curl_easy_init() as easy:
        escaped = curl.curl_easy_escape(easy, data) if data else ""
        assert escaped.lower() == quote_from_bytes(data, safe="").lower()
        assert curl.curl_easy_unescape(easy, escaped.encode()) == unquote_to_bytes(escaped)
