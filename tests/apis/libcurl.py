"""libcurl, bound: transfers with callbacks, options of each type, lists, forms, URLs.

The declarations mirror curl.h (https://curl.se/libcurl/c/), and ``pyexample abi`` proves them.
``curl_easy_setopt`` and ``curl_easy_getinfo`` are variadic: each form that C accepts is one
function here, with an enumeration of the options that it is for. ``list_of``, ``texts``,
``fetch``, ``fetch_all`` and ``send`` are on top.
"""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

from collections.abc import Callable, Iterable
from ctypes import (
    POINTER,
    Structure,
    Union,
    c_char,
    c_char_p,
    c_double,
    c_int,
    c_int64,
    c_long,
    c_size_t,
    c_uint,
    c_void_p,
)
from enum import IntEnum
from typing import Annotated, Any

from pyexample.ffi import (
    UNCHECKED,
    Borrowed,
    Buffer,
    Callback,
    Closes,
    Constant,
    Count,
    GivenTo,
    Handle,
    In,
    Keep,
    Length,
    Library,
    Out,
    Owned,
    Raises,
    Releases,
    Returned,
    struct,
)

FILES = {"linux": "libcurl.so.4", "darwin": "libcurl.4.dylib", "win32": "libcurl.dll"}
library = Library("curl", __name__, system=FILES)

CURLE_WRITE_ERROR, CURLE_COULDNT_CONNECT, CURLE_ABORTED_BY_CALLBACK = 23, 7, 42
CURLE_HTTP_RETURNED_ERROR, CURLE_FILE_COULDNT_READ_FILE, CURLE_UNKNOWN_OPTION = 22, 37, 48
CURLUE_MALFORMED_INPUT, CURLUE_BAD_PORT_NUMBER, CURLUE_NO_QUERY = 3, 4, 16
CURL_WRITEFUNC_ERROR, CURL_READFUNC_ABORT = 0xFFFFFFFF, 0x10000000
CURL_SEEKFUNC_FAIL, CURL_ZERO_TERMINATED, CURL_ERROR_SIZE = 1, c_size_t(-1).value, 256
CURLU_URLDECODE, CURLU_URLENCODE, CURLU_APPENDQUERY = 1 << 6, 1 << 7, 1 << 8
CURLOPT_WRITEFUNCTION, CURLOPT_READFUNCTION, CURLOPT_HEADERFUNCTION = 20011, 20012, 20079
CURLOPT_SEEKFUNCTION, CURLOPT_XFERINFOFUNCTION, CURLOPT_DEBUGFUNCTION = 20167, 20219, 20094
CURLOPT_POSTFIELDS, CURLOPT_POSTFIELDSIZE_LARGE, CURLOPT_ERRORBUFFER = 10015, 30120, 10010
CURLOPT_CURLU, CURLOPT_MIMEPOST = 10282, 10269


class Flag(IntEnum):
    """The options whose value is a ``long``, 0 or 1."""

    CURLOPT_VERBOSE = 41
    CURLOPT_HEADER = 42
    CURLOPT_NOPROGRESS = 43
    CURLOPT_NOBODY = 44
    CURLOPT_FAILONERROR = 45
    CURLOPT_UPLOAD = 46
    CURLOPT_POST = 47
    CURLOPT_FOLLOWLOCATION = 52
    CURLOPT_HTTPGET = 80
    CURLOPT_NOSIGNAL = 99


class Number(IntEnum):
    """The options whose value is another ``long``."""

    CURLOPT_MAXREDIRS = 68
    CURLOPT_BUFFERSIZE = 98
    CURLOPT_TIMEOUT_MS = 155
    CURLOPT_CONNECTTIMEOUT_MS = 156


class Large(IntEnum):
    """The options whose value is a ``curl_off_t``."""

    CURLOPT_INFILESIZE_LARGE = 30115
    CURLOPT_RESUME_FROM_LARGE = 30116
    CURLOPT_MAXFILESIZE_LARGE = 30117
    CURLOPT_POSTFIELDSIZE_LARGE = 30120


class Text(IntEnum):
    """The options whose value is a text, which libcurl copies."""

    CURLOPT_URL = 10002
    CURLOPT_PROXY = 10004
    CURLOPT_RANGE = 10007
    CURLOPT_USERAGENT = 10018
    CURLOPT_CUSTOMREQUEST = 10036
    CURLOPT_COOKIEFILE = 10031
    CURLOPT_COOKIELIST = 10135
    CURLOPT_COPYPOSTFIELDS = 10165
    CURLOPT_USERNAME = 10173
    CURLOPT_PASSWORD = 10174


class Listed(IntEnum):
    """The options whose value is a list, which libcurl keeps."""

    CURLOPT_HTTPHEADER = 10023
    CURLOPT_HTTP200ALIASES = 10104
    CURLOPT_RESOLVE = 10203


class TextInfo(IntEnum):
    """What ``curl_easy_getinfo`` tells as a text."""

    CURLINFO_EFFECTIVE_URL = 0x100001
    CURLINFO_CONTENT_TYPE = 0x100012
    CURLINFO_REDIRECT_URL = 0x10001F
    CURLINFO_PRIMARY_IP = 0x100020


class NumberInfo(IntEnum):
    """What it tells as a ``long``."""

    CURLINFO_RESPONSE_CODE = 0x200002
    CURLINFO_REDIRECT_COUNT = 0x200014
    CURLINFO_NUM_CONNECTS = 0x20001A


class FloatInfo(IntEnum):
    """What it tells as a ``double``."""

    CURLINFO_TOTAL_TIME = 0x300003


class ListInfo(IntEnum):
    """What it tells as a list that the caller owns."""

    CURLINFO_COOKIELIST = 0x40001C


class LargeInfo(IntEnum):
    """What it tells as a ``curl_off_t``."""

    CURLINFO_SIZE_UPLOAD_T = 0x600007
    CURLINFO_SIZE_DOWNLOAD_T = 0x600008
    CURLINFO_CONTENT_LENGTH_DOWNLOAD_T = 0x60000F


class Part(IntEnum):
    """``CURLUPart``: the parts of a URL."""

    CURLUPART_URL = 0
    CURLUPART_SCHEME = 1
    CURLUPART_USER = 2
    CURLUPART_PASSWORD = 3
    CURLUPART_HOST = 5
    CURLUPART_PORT = 6
    CURLUPART_PATH = 7
    CURLUPART_QUERY = 8
    CURLUPART_FRAGMENT = 9


class Told(IntEnum):
    """``curl_infotype``: what a debug function is told."""

    CURLINFO_TEXT = 0
    CURLINFO_HEADER_IN = 1
    CURLINFO_HEADER_OUT = 2
    CURLINFO_DATA_IN = 3
    CURLINFO_DATA_OUT = 4
    CURLINFO_SSL_DATA_IN = 5
    CURLINFO_SSL_DATA_OUT = 6


class Error(Exception):
    """What libcurl says of a call that failed, with its ``CURLcode`` or ``CURLUcode``."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


# fmt: off
class Easy(Handle):
    """``CURL *``"""
class Multi(Handle):
    """``CURLM *``"""
class Mime(Handle):
    """``curl_mime *``"""
class MimePart(Handle):
    """``curl_mimepart *``"""
class Url(Handle):
    """``CURLU *``"""
# fmt: on


@struct
class List(Handle):
    """``struct curl_slist *``"""

    data: Annotated[str, c_char_p]
    next: Annotated["List | None", c_void_p, Borrowed]


@struct
class Outcome(Union):
    """What a message says: of CURLMSG_DONE, the result."""

    whatever: Annotated[int | None, c_void_p]
    result: Annotated[int, c_uint]


@struct
class Message(Structure):
    """``CURLMsg``"""

    msg: Annotated[int, c_uint]
    easy_handle: Annotated[int, c_void_p]
    data: Annotated[Outcome, Outcome]


def _error(code: int, function: str, values: tuple[Any, ...]) -> Error:
    return Error(code, f"{function}(): {curl_easy_strerror(code)}")


def _multi_error(code: int, function: str, values: tuple[Any, ...]) -> Error:
    return Error(code, f"{function}(): {curl_multi_strerror(code)}")


def _url_error(code: int, function: str, values: tuple[Any, ...]) -> Error:
    return Error(code, f"{function}(): {curl_url_strerror(code)}")


def _no_memory(code: None, function: str, values: tuple[Any, ...]) -> MemoryError:
    return MemoryError(f"{function}() had not enough memory")


hold = library.function(release_gil=False)
setopt = library.function(fixed=2, symbol="curl_easy_setopt")
getinfo = library.function(fixed=2, symbol="curl_easy_getinfo")

This = Annotated[Easy, c_void_p]
UserData = Annotated[int | None, c_void_p]
Received = Annotated[memoryview, In(c_char, ("size", "count"))]
Room = Annotated[memoryview, Out(c_char, ("size", "count"))]
Size = Annotated[int, c_size_t]
Large_ = Annotated[int, c_int64]
String = Annotated[str, c_char_p]
StringOrNone = Annotated[str | None, c_char_p]
Done = Annotated[None, c_uint, Raises(_error)]
AMulti = Annotated[Multi, c_void_p]
DoneForMulti = Annotated[None, c_int, Raises(_multi_error)]
DoneForUrl = Annotated[None, c_uint, Raises(_url_error)]


# fmt: off
@Callback.failing_with(CURL_WRITEFUNC_ERROR)
def write(data: Received, size: Size, count: Size, user_data: UserData, /) -> Size: ...
@Callback.failing_with(CURL_READFUNC_ABORT)
def read(room: Room, size: Size, count: Size, user_data: UserData, /) -> Size: ...
@Callback.failing_with(CURL_SEEKFUNC_FAIL)
def seek(
    user_data: UserData, offset: Large_, origin: Annotated[int, c_int], /
) -> Annotated[int, c_int]: ...
@Callback.failing_with(True)
def progress(
    user_data: UserData, to_download: Large_, downloaded: Large_, to_upload: Large_,
    uploaded: Large_, /,
) -> Annotated[bool, c_int]: ...
@Callback
def debug(
    easy: This, told: Annotated[Told, c_uint], data: Annotated[memoryview, In(c_char, "size")],
    size: Size, user_data: UserData, /,
) -> Annotated[int, c_int]: ...
@Callback
def free_data(user_data: UserData, /) -> None: ...


Write = Callable[[memoryview, int, int, int | None], int]
Read = Callable[[memoryview, int, int, int | None], int]
Seek = Callable[[int | None, int, int], int]
Progress = Callable[[int | None, int, int, int, int], bool]
Debug = Callable[[Easy, Told, memoryview, int, int | None], int]


@library.function
def curl_version() -> Annotated[str, c_char_p, Borrowed]: ...
@hold
def curl_easy_strerror(code: Annotated[int, c_uint], /) -> String: ...
@hold
def curl_multi_strerror(code: Annotated[int, c_int], /) -> String: ...
@hold
def curl_url_strerror(code: Annotated[int, c_uint], /) -> String: ...
@hold
def curl_free(data: Annotated[int, c_void_p], /) -> None: ...

@library.function
def curl_easy_init() -> Annotated[Easy, c_void_p, Owned, Raises(_no_memory)]: ...
@library.function
def curl_easy_cleanup(easy: Annotated[Easy, c_void_p, Closes], /) -> None: ...
@library.function
def curl_easy_duphandle(
    easy: This, /
) -> Annotated[Easy, c_void_p, Owned(copy_of="easy"), Raises(_no_memory)]: ...
@library.function
def curl_easy_perform(easy: This, /) -> Done: ...
@library.function
def curl_easy_escape(
    easy: This, data: Annotated[Buffer, In(c_char), Count(c_int, "data")], /
) -> Annotated[str, c_char_p, Owned(curl_free), Raises(_no_memory)]: ...
@library.function
def curl_easy_unescape(
    easy: This, data: Annotated[
        Buffer, In(c_char), Count(c_int, "data"), Length(c_int, "return")
    ], /,
) -> Annotated[bytes, In(c_char), Owned(curl_free), Raises(_no_memory)]: ...

# One function of C, by the type of what is set.
@setopt
def set_flag(
    easy: This, option: Annotated[Flag, c_uint], value: Annotated[bool, c_long], /
) -> Done: ...
@setopt
def set_number(
    easy: This, option: Annotated[Number, c_uint], value: Annotated[int, c_long], /
) -> Done: ...
@setopt
def set_large(
    easy: This, option: Annotated[Large, c_uint], value: Annotated[int, c_int64], /
) -> Done: ...
@setopt
def set_text(
    easy: This, option: Annotated[Text, c_uint], value: StringOrNone, /
) -> Done: ...
@setopt
def set_list(
    easy: This, option: Annotated[Listed, c_uint],
    value: Annotated[List | None, c_void_p, Keep("easy", slot="option")], /,
) -> Done: ...
@setopt
def set_post_fields(  # CURLOPT_POSTFIELDSIZE_LARGE is to be set first
    easy: Annotated[Easy, c_void_p, Constant(c_uint, CURLOPT_POSTFIELDS)],
    data: Annotated[Buffer | None, In(c_char, UNCHECKED), Keep("easy")], /,
) -> Done: ...
@setopt
def set_error_buffer(
    easy: Annotated[Easy, c_void_p, Constant(c_uint, CURLOPT_ERRORBUFFER)],
    room: Annotated[Buffer | None, Out(c_char, CURL_ERROR_SIZE), Keep("easy")], /,
) -> Done: ...
@setopt
def set_url(
    easy: Annotated[Easy, c_void_p, Constant(c_uint, CURLOPT_CURLU)],
    url: Annotated[Url | None, c_void_p, Keep("easy")], /,
) -> Done: ...
@setopt
def set_form(
    easy: Annotated[Easy, c_void_p, Constant(c_uint, CURLOPT_MIMEPOST)],
    mime: Annotated[Mime | None, c_void_p, Keep("easy")], /,
) -> Done: ...
@setopt
def set_write(
    easy: Annotated[Easy, c_void_p, Constant(c_uint, CURLOPT_WRITEFUNCTION)],
    function: Annotated[Write | None, write, Keep("easy")], /,
) -> Done: ...
@setopt
def set_header(
    easy: Annotated[Easy, c_void_p, Constant(c_uint, CURLOPT_HEADERFUNCTION)],
    function: Annotated[Write | None, write, Keep("easy")], /,
) -> Done: ...
@setopt
def set_read(
    easy: Annotated[Easy, c_void_p, Constant(c_uint, CURLOPT_READFUNCTION)],
    function: Annotated[Read | None, read, Keep("easy")], /,
) -> Done: ...
@setopt
def set_seek(
    easy: Annotated[Easy, c_void_p, Constant(c_uint, CURLOPT_SEEKFUNCTION)],
    function: Annotated[Seek | None, seek, Keep("easy")], /,
) -> Done: ...
@setopt
def set_progress(
    easy: Annotated[Easy, c_void_p, Constant(c_uint, CURLOPT_XFERINFOFUNCTION)],
    function: Annotated[Progress | None, progress, Keep("easy")], /,
) -> Done: ...
@setopt
def set_debug(
    easy: Annotated[Easy, c_void_p, Constant(c_uint, CURLOPT_DEBUGFUNCTION)],
    function: Annotated[Debug | None, debug, Keep("easy")], /,
) -> Done: ...
@library.function
def curl_easy_reset(
    easy: Annotated[Easy, c_void_p, Releases(
        set_list, set_post_fields, set_error_buffer, set_url, set_form, set_write, set_header,
        set_read, set_seek, set_progress, set_debug,
    )], /,
) -> None: ...

# One function of C, by the type of what it tells.
@getinfo
def get_text(
    easy: This, info: Annotated[TextInfo, c_uint, Returned(str | None, c_char_p)], /
) -> Annotated[str | None, c_uint, Raises(_error)]: ...
@getinfo
def get_number(
    easy: This, info: Annotated[NumberInfo, c_uint, Returned(int, c_long)], /
) -> Annotated[int, c_uint, Raises(_error)]: ...
@getinfo
def get_large(
    easy: This, info: Annotated[LargeInfo, c_uint, Returned(int, c_int64)], /
) -> Annotated[int, c_uint, Raises(_error)]: ...
@getinfo
def get_float(
    easy: This, info: Annotated[FloatInfo, c_uint, Returned(float, c_double)], /
) -> Annotated[float, c_uint, Raises(_error)]: ...
@getinfo
def get_list(
    easy: This, info: Annotated[
        ListInfo, c_uint, Returned(List | None, c_void_p, Owned(independent=True))
    ], /,
) -> Annotated[List | None, c_uint, Raises(_error)]: ...

@library.function
def curl_multi_init() -> Annotated[Multi, c_void_p, Owned, Raises(_no_memory)]: ...
@library.function
def curl_multi_cleanup(multi: Annotated[Multi, c_void_p, Closes], /) -> DoneForMulti: ...
@library.function
def curl_multi_add_handle(
    multi: AMulti, easy: Annotated[Easy, c_void_p, Keep("multi", every=True)], /
) -> DoneForMulti: ...
@library.function
def curl_multi_remove_handle(
    multi: AMulti, easy: Annotated[Easy, c_void_p, Releases(curl_multi_add_handle)], /
) -> DoneForMulti: ...
@library.function
def curl_multi_perform(multi: Annotated[Multi, c_void_p, Returned(int, c_int)], /) -> Annotated[
    int, c_int, Raises(_multi_error)
]: ...
@library.function
def curl_multi_poll(
    multi: Annotated[Multi, c_void_p, Constant(c_void_p, None), Constant(c_uint, 0)],
    milliseconds: Annotated[int, c_int], /,
) -> Annotated[None, c_int, Raises(_multi_error), Constant(c_void_p, None)]: ...
@library.function
def curl_multi_info_read(
    multi: Annotated[Multi, c_void_p, Returned(int, c_int)], /
) -> Annotated[tuple[Message | None, int], POINTER(Message), Borrowed]: ...

@library.function
def curl_slist_append(
    items: Annotated[List | None, c_void_p, GivenTo(if_succeeds=True)], text: String, /
) -> Annotated[List, c_void_p, Owned, Raises(_no_memory)]: ...
@library.function
def curl_slist_free_all(items: Annotated[List, c_void_p, Closes], /) -> None: ...

@library.function
def curl_mime_init(easy: This, /) -> Annotated[
    Mime, c_void_p, Owned(independent=True), Raises(_no_memory)
]: ...
@library.function
def curl_mime_free(mime: Annotated[Mime, c_void_p, Closes], /) -> None: ...
@library.function
def curl_mime_addpart(mime: Annotated[Mime, c_void_p], /) -> Annotated[
    MimePart, c_void_p, Borrowed("mime"), Raises(_no_memory)
]: ...
@library.function
def curl_mime_name(part: Annotated[MimePart, c_void_p], name: String, /) -> Done: ...
@library.function
def curl_mime_type(part: Annotated[MimePart, c_void_p], kind: String, /) -> Done: ...
@library.function
def curl_mime_filename(part: Annotated[MimePart, c_void_p], name: String, /) -> Done: ...
@library.function
def curl_mime_data(  # which is copied
    part: Annotated[MimePart, c_void_p],
    data: Annotated[Buffer, In(c_char), Count(c_size_t, "data")], /,
) -> Done: ...
@library.function
def curl_mime_data_cb(
    part: Annotated[MimePart, c_void_p], size: Large_,
    read_function: Annotated[Read, read, Keep("part")],
    seek_function: Annotated[Seek | None, seek, Keep("part")],
    free_function: Annotated[Callable[[int | None], None] | None, free_data, Keep("part")],
    user_data: UserData, /,
) -> Done: ...
@library.function
def curl_mime_subparts(
    part: Annotated[MimePart, c_void_p],
    mime: Annotated[Mime, c_void_p, GivenTo("part", if_succeeds=True)], /,
) -> Done: ...
@library.function(symbol="curl_mime_headers")
def mime_owns_headers(
    part: Annotated[MimePart, c_void_p],
    headers: Annotated[
        List, c_void_p, GivenTo("part", if_succeeds=True), Constant(c_int, 1)
    ], /,
) -> Done: ...
@library.function(symbol="curl_mime_headers")
def mime_keeps_headers(
    part: Annotated[MimePart, c_void_p],
    headers: Annotated[List | None, c_void_p, Keep("part"), Constant(c_int, 0)], /,
) -> Done: ...

@library.function
def curl_url() -> Annotated[Url, c_void_p, Owned, Raises(_no_memory)]: ...
@library.function
def curl_url_cleanup(url: Annotated[Url, c_void_p, Closes], /) -> None: ...
@library.function
def curl_url_dup(url: Annotated[Url, c_void_p], /) -> Annotated[
    Url, c_void_p, Owned(independent=True), Raises(_no_memory)
]: ...
@library.function
def curl_url_get(
    url: Annotated[Url, c_void_p], part: Annotated[
        Part, c_uint, Returned(str | None, c_char_p, Owned(curl_free))
    ],
    flags: Annotated[int, c_uint], /,
) -> Annotated[str | None, c_uint, Raises(_url_error)]: ...
@library.function
def curl_url_set(
    url: Annotated[Url, c_void_p], part: Annotated[Part, c_uint], value: StringOrNone,
    flags: Annotated[int, c_uint], /,
) -> DoneForUrl: ...
# fmt: on


def list_of(given: Iterable[str]) -> List | None:
    """A list of texts. That of none is NULL."""
    items: List | None = None
    for text in given:
        items = curl_slist_append(items, text)
    return items


def texts(items: List | None) -> list[str]:
    """The texts of a list."""
    found: list[str] = []
    while items is not None:
        found.append(items.data)
        items = items.next
    return found


def _into(body: bytearray) -> Write:
    def on_data(data: memoryview, size: int, count: int, _: int | None) -> int:
        body.extend(data)
        return data.nbytes

    return on_data


def fetch(easy: Easy, url: str) -> bytes:
    """What a URL gives."""
    body = bytearray()
    set_text(easy, Text.CURLOPT_URL, url)
    set_write(easy, _into(body))
    curl_easy_perform(easy)
    return bytes(body)


def post(easy: Easy, url: str, data: Buffer) -> bytes:
    """What a URL answers to data, which are not copied."""
    size = memoryview(data).nbytes
    set_large(easy, Large.CURLOPT_POSTFIELDSIZE_LARGE, size)
    set_post_fields(easy, data)
    return fetch(easy, url)


def fetch_all(multi: Multi, urls: Iterable[str]) -> dict[str, bytes | Error]:
    """What each URL gives, or why it does not. All are fetched at once."""
    results: dict[str, bytes | Error] = {}
    transfers: dict[int, tuple[str, Easy, bytearray]] = {}
    for url in urls:
        easy, body = curl_easy_init(), bytearray()
        set_text(easy, Text.CURLOPT_URL, url)
        set_write(easy, _into(body))
        curl_multi_add_handle(multi, easy)
        transfers[easy.value] = url, easy, body
    while transfers:
        curl_multi_perform(multi)
        while (message := curl_multi_info_read(multi)[0]) is not None:
            url, easy, body = transfers.pop(message.easy_handle)
            code = message.data.result  # before the transfer is removed, with the message
            curl_multi_remove_handle(multi, easy)
            results[url] = _error(code, "curl_multi_perform", ()) if code else bytes(body)
        curl_multi_poll(multi, 1000)
    return results
