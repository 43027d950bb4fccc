"""Expat, bound: a parser that calls back, stops, resumes, and says where it is.

The declarations mirror expat.h (https://libexpat.github.io/doc/), and ``pyexample abi`` proves
them. ``attributes``, ``model_text`` and ``parse_file`` are on top.
"""
# The functions have no bodies: C does. Their names are C's.
# mypy: disable-error-code="empty-body"
# ruff: noqa: N802

import ctypes
import io
from collections.abc import Callable
from ctypes import c_char, c_char_p, c_int, c_long, c_ubyte, c_uint, c_ulong, c_void_p
from enum import IntEnum
from typing import Annotated, Any

from pyexample.ffi import (
    POINTER,
    Array,
    Borrowed,
    Buffer,
    Callback,
    Closes,
    Count,
    Handle,
    In,
    Keep,
    Length,
    Library,
    Out,
    Owned,
    Raises,
    Returned,
    struct,
)

FILES = {"linux": "libexpat.so.1", "darwin": "libexpat.1.dylib", "win32": "libexpat.dll"}
library = Library("expat", __name__, system=FILES)


class Status(IntEnum):
    """``enum XML_Status``, without XML_STATUS_ERROR, which is an exception."""

    XML_STATUS_OK = 1
    XML_STATUS_SUSPENDED = 2


class Parsing(IntEnum):
    """``enum XML_Parsing``."""

    XML_INITIALIZED = 0
    XML_PARSING = 1
    XML_FINISHED = 2
    XML_SUSPENDED = 3


class ParamEntityParsing(IntEnum):
    """``enum XML_ParamEntityParsing``."""

    XML_PARAM_ENTITY_PARSING_NEVER = 0
    XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE = 1
    XML_PARAM_ENTITY_PARSING_ALWAYS = 2


class ContentType(IntEnum):
    """``enum XML_Content_Type``: what an element may contain."""

    XML_CTYPE_EMPTY = 1
    XML_CTYPE_ANY = 2
    XML_CTYPE_MIXED = 3
    XML_CTYPE_NAME = 4
    XML_CTYPE_CHOICE = 5
    XML_CTYPE_SEQ = 6


class Error(Exception):
    """What Expat says of a document, and where: ``line`` counts from 1, ``at`` bytes from 0."""

    def __init__(self, code: int, message: str, line: int, column: int, at: int) -> None:
        super().__init__(f"{message}: line {line}, column {column}, byte {at}")
        self.code, self.line, self.column, self.at = code, line, column, at


class Parser(Handle):
    """``XML_Parser``"""


@struct(init=False)
class ParsingStatus(ctypes.Structure):
    """``XML_ParsingStatus``."""

    parsing: Annotated[Parsing, c_uint]
    finalBuffer: Annotated[bool, c_ubyte]  # noqa: N815


@struct(init=False)
class Version(ctypes.Structure):
    """``XML_Expat_Version``."""

    major: Annotated[int, c_int]
    minor: Annotated[int, c_int]
    micro: Annotated[int, c_int]


@struct(init=False)
class Feature(ctypes.Structure):
    """``XML_Feature``: one with the number 0 is the last one."""

    feature: Annotated[int, c_uint]
    name: Annotated[str | None, c_char_p]
    value: Annotated[int, c_long]


@struct(init=False)
class Content(ctypes.Structure):
    """``XML_Content``: what an element may contain."""

    type: Annotated[ContentType, c_uint]
    quant: Annotated[int, c_uint]
    name: Annotated[str | None, c_char_p]
    numchildren: Annotated[int, c_uint]
    children: Annotated[Any, POINTER("Content")]


@struct(init=False)
class Encoding(ctypes.Structure):
    """``XML_Encoding``: the character of each byte, for encodings of one byte a character."""

    map: Annotated[Array[int], c_int * 256]
    data: Annotated[int | None, c_void_p]
    convert: Annotated[int | None, c_void_p]
    release: Annotated[int | None, c_void_p]


def _error(code: int, function: str, values: tuple[Any, ...]) -> Error:
    parser = values[0]
    reason = XML_GetErrorCode(parser)
    return Error(
        reason,
        f"{function}(): {XML_ErrorString(reason) or 'failed'}",
        XML_GetCurrentLineNumber(parser),
        XML_GetCurrentColumnNumber(parser),
        XML_GetCurrentByteIndex(parser),
    )


def _refused(code: int, function: str, values: tuple[Any, ...]) -> ValueError:
    return ValueError(f"{function}() is refused: it is too late, or this Expat cannot do it")


def _no_memory(code: None, function: str, values: tuple[Any, ...]) -> MemoryError:
    return MemoryError(f"{function}() had not enough memory")


hold = library.function(release_gil=False)

This = Annotated[Parser, c_void_p]
Int = Annotated[int, c_int]
Text = Annotated[str, c_char_p]
TextOrNone = Annotated[str | None, c_char_p]
UserData = Annotated[int | None, c_void_p]
Truth = Annotated[bool, c_int]
Characters = Annotated[memoryview, In(c_char, "length")]
Texts = Annotated[Any, POINTER(c_char_p)]
Created = Annotated[Parser, c_void_p, Owned, Raises(_no_memory)]
Parsed = Annotated[Status, c_uint, Raises(_error, unless=Status)]
Done = Annotated[None, c_uint, Raises(_error, when="zero")]
Accepted = Annotated[None, c_int, Raises(_refused, when="zero")]
Size = Annotated[int, c_ulong]


# fmt: off
@Callback
def start_element(user_data: UserData, name: Text, attributes: Texts, /) -> None: ...
@Callback
def end_element(user_data: UserData, name: Text, /) -> None: ...
@Callback
def character_data(user_data: UserData, text: Characters, length: Int, /) -> None: ...
@Callback
def processing_instruction(user_data: UserData, target: Text, data: Text, /) -> None: ...
@Callback
def comment(user_data: UserData, text: Text, /) -> None: ...
@Callback
def cdata_section(user_data: UserData, /) -> None: ...
@Callback
def start_doctype(
    user_data: UserData, name: Text, system_id: TextOrNone, public_id: TextOrNone,
    has_internal_subset: Truth, /,
) -> None: ...
@Callback
def end_doctype(user_data: UserData, /) -> None: ...
@Callback
def start_namespace(user_data: UserData, prefix: TextOrNone, uri: TextOrNone, /) -> None: ...
@Callback
def end_namespace(user_data: UserData, prefix: TextOrNone, /) -> None: ...
@Callback
def xml_declaration(
    user_data: UserData, version: TextOrNone, encoding: TextOrNone, standalone: Int, /
) -> None: ...
@Callback
def element_declaration(
    user_data: UserData, name: Text, model: Annotated[Content, POINTER(Content)], /
) -> None: ...
@Callback
def entity_declaration(
    user_data: UserData, name: Text, is_parameter_entity: Truth,
    value: Annotated[memoryview | None, In(c_char, "length")], length: Int,
    base: TextOrNone, system_id: TextOrNone, public_id: TextOrNone, notation: TextOrNone, /,
) -> None: ...
@Callback
def external_entity(
    parser: This, context: TextOrNone, base: TextOrNone, system_id: TextOrNone,
    public_id: TextOrNone, /,
) -> Annotated[bool, c_int]: ...
@Callback
def unknown_encoding(
    data: UserData, name: Text, info: Annotated[Encoding, POINTER(Encoding)], /
) -> Annotated[bool, c_int]: ...


OnStart = Annotated[
    Callable[[int | None, str, Any], None] | None, start_element, Keep("parser")
]
OnEnd = Annotated[Callable[[int | None, str], None] | None, end_element, Keep("parser")]
OnText = Annotated[
    Callable[[int | None, memoryview, int], None] | None, character_data, Keep("parser")
]
OnSection = Annotated[Callable[[int | None], None] | None, cdata_section, Keep("parser")]


@library.function
def XML_ParserCreate(encoding: TextOrNone, /) -> Created: ...
@library.function
def XML_ParserCreateNS(
    encoding: TextOrNone, separator: Annotated[bytes, c_char], /
) -> Created: ...
@library.function
def XML_ParserFree(parser: Annotated[Parser, c_void_p, Closes], /) -> None: ...
@library.function
def XML_ParserReset(parser: This, encoding: TextOrNone, /) -> Annotated[
    None, c_ubyte, Raises(_refused, when="zero")
]: ...
@library.function
def XML_ExternalEntityParserCreate(
    parser: This, context: TextOrNone, encoding: TextOrNone, /
) -> Created: ...
@hold
def XML_SetUserData(parser: This, user_data: UserData, /) -> None: ...
@library.function
def XML_SetElementHandler(parser: This, start: OnStart, end: OnEnd, /) -> None: ...
@library.function
def XML_SetCharacterDataHandler(parser: This, handler: OnText, /) -> None: ...
@library.function
def XML_SetDefaultHandlerExpand(parser: This, handler: OnText, /) -> None: ...
@library.function
def XML_SetProcessingInstructionHandler(
    parser: This, handler: Annotated[
        Callable[[int | None, str, str], None] | None, processing_instruction, Keep("parser")
    ], /,
) -> None: ...
@library.function
def XML_SetCommentHandler(parser: This, handler: Annotated[
    Callable[[int | None, str], None] | None, comment, Keep("parser")
], /) -> None: ...
@library.function
def XML_SetCdataSectionHandler(parser: This, start: OnSection, end: OnSection, /) -> None: ...
@library.function
def XML_SetDoctypeDeclHandler(
    parser: This, start: Annotated[
        Callable[[int | None, str, str | None, str | None, bool], None] | None,
        start_doctype, Keep("parser"),
    ],
    end: Annotated[Callable[[int | None], None] | None, end_doctype, Keep("parser")], /,
) -> None: ...
@library.function
def XML_SetNamespaceDeclHandler(
    parser: This, start: Annotated[
        Callable[[int | None, str | None, str | None], None] | None,
        start_namespace, Keep("parser"),
    ],
    end: Annotated[
        Callable[[int | None, str | None], None] | None, end_namespace, Keep("parser")
    ], /,
) -> None: ...
@library.function
def XML_SetXmlDeclHandler(parser: This, handler: Annotated[
    Callable[[int | None, str | None, str | None, int], None] | None,
    xml_declaration, Keep("parser"),
], /) -> None: ...
@library.function
def XML_SetElementDeclHandler(parser: This, handler: Annotated[
    Callable[[int | None, str, Content], None] | None, element_declaration, Keep("parser")
], /) -> None: ...
@library.function
def XML_FreeContentModel(
    parser: This, model: Annotated[Content, POINTER(Content)], /
) -> None: ...
@library.function
def XML_SetEntityDeclHandler(parser: This, handler: Annotated[
    Callable[
        [
            int | None, str, bool, memoryview | None, int,
            str | None, str | None, str | None, str | None,
        ],
        None,
    ] | None,
    entity_declaration, Keep("parser"),
], /) -> None: ...
@library.function
def XML_SetExternalEntityRefHandler(parser: This, handler: Annotated[
    Callable[[Parser, str | None, str | None, str | None, str | None], bool] | None,
    external_entity, Keep("parser"),
], /) -> None: ...
@library.function
def XML_SetUnknownEncodingHandler(
    parser: This, handler: Annotated[
        Callable[[int | None, str, Encoding], bool] | None, unknown_encoding, Keep("parser")
    ],
    data: UserData, /,
) -> None: ...
@hold
def XML_SetEncoding(parser: This, encoding: TextOrNone, /) -> Annotated[
    None, c_uint, Raises(_refused, when="zero")
]: ...
@hold
def XML_SetParamEntityParsing(
    parser: This, parsing: Annotated[ParamEntityParsing, c_uint], /
) -> Accepted: ...
@hold
def XML_SetHashSalt(parser: This, salt: Size, /) -> Accepted: ...
@library.function(optional=True)  # since 2.6, and in Debian's 2.5
def XML_SetReparseDeferralEnabled(
    parser: This, is_enabled: Annotated[bool, c_ubyte], /
) -> Annotated[None, c_ubyte, Raises(_refused, when="zero")]: ...
@hold
def XML_SetBase(parser: This, base: TextOrNone, /) -> Done: ...
@hold
def XML_GetBase(parser: This, /) -> TextOrNone: ...

@library.function
def XML_Parse(
    parser: This, text: Annotated[Buffer, In(c_char), Count(c_int, "text")], is_final: Truth, /
) -> Parsed: ...
@library.function
def XML_GetBuffer(parser: This, size: Int, /) -> Annotated[
    memoryview, Out(c_char, "size"), Borrowed("parser"), Raises(_error)
]: ...
@library.function
def XML_ParseBuffer(parser: This, size: Int, is_final: Truth, /) -> Parsed: ...
@library.function
def XML_StopParser(parser: This, resumable: Annotated[bool, c_ubyte], /) -> Done: ...
@library.function
def XML_ResumeParser(parser: This, /) -> Parsed: ...
@hold
def XML_GetParsingStatus(
    parser: This, /
) -> Annotated[ParsingStatus, None, Returned(ParsingStatus, ParsingStatus)]: ...

@hold
def XML_GetErrorCode(parser: This, /) -> Annotated[int, c_uint]: ...
@hold
def XML_ErrorString(code: Annotated[int, c_uint], /) -> TextOrNone: ...
@hold
def XML_GetCurrentLineNumber(parser: This, /) -> Size: ...
@hold
def XML_GetCurrentColumnNumber(parser: This, /) -> Size: ...
@hold
def XML_GetCurrentByteIndex(parser: This, /) -> Annotated[int, c_long]: ...
@hold
def XML_GetCurrentByteCount(parser: This, /) -> Int: ...
@hold
def XML_GetSpecifiedAttributeCount(parser: This, /) -> Int: ...
@hold
def XML_GetInputContext(
    parser: Annotated[Parser, c_void_p, Returned(int, c_int), Length(c_int, "return")], /
) -> Annotated[tuple[bytes | None, int], In(c_char)]: ...

@hold
def XML_ExpatVersion() -> Text: ...
@hold
def XML_ExpatVersionInfo() -> Annotated[Version, Version]: ...
@hold
def XML_GetFeatureList() -> Annotated[Any, POINTER(Feature)]: ...
# fmt: on


def attributes(texts: Any) -> dict[str, str]:
    """The attributes that ``start_element`` gets: names and values, ended by NULL."""
    found: dict[str, str] = {}
    at = 0
    while texts[at]:
        found[texts[at].decode()] = texts[at + 1].decode()
        at += 2
    return found


def model_text(model: Content) -> str:
    """What an element may contain, as a DTD says it."""
    inner = [model_text(model.children[at]) for at in range(model.numchildren)]
    content = {
        ContentType.XML_CTYPE_EMPTY: "EMPTY",
        ContentType.XML_CTYPE_ANY: "ANY",
        ContentType.XML_CTYPE_MIXED: f"({'|'.join(('#PCDATA', *inner))})",
        ContentType.XML_CTYPE_NAME: model.name,
        ContentType.XML_CTYPE_CHOICE: f"({'|'.join(inner)})",
        ContentType.XML_CTYPE_SEQ: f"({','.join(inner)})",
    }[model.type]
    return f"{content}{' ?*+'[model.quant].strip()}"


def parse_file(parser: Parser, file: io.BufferedIOBase, size: int = 65536) -> None:
    """Parse a file: it is read into Expat's own memory."""
    is_final = False
    while not is_final:
        # XML_GetBuffer may move the memory, so no view of it may be left then.
        with XML_GetBuffer(parser, size) as room:
            count = file.readinto(room)
        is_final = not count
        XML_ParseBuffer(parser, count, is_final)
