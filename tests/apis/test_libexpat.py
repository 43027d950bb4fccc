"""libexpat.py at work, next to Python's own parser of the same library."""

import gc
import io
import weakref
from pathlib import Path
from typing import Any
from xml.parsers import expat as theirs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import Missing, Tool, check_binding, let_go

pytest.importorskip("libexpat", exc_type=ImportError)
import libexpat as expat

pytestmark = pytest.mark.usefixtures("declared_anew")

DOCUMENT = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE list SYSTEM "list.dtd" [
  <!ELEMENT list (item+, (end | stop)?)>
  <!ELEMENT item (#PCDATA | b)*>
  <!ELEMENT end EMPTY>
  <!ENTITY who "Käthe &amp; Jürgen">
  <!ENTITY other SYSTEM "other.xml">
]>
<!-- the list -->
<?run fast now?>
<list xmlns="urn:a" xmlns:b="urn:b">
  <item n="1" b:m="ü&lt;">one &who; <![CDATA[<raw>]]></item>
  <item/>
</list>
"""

Event = tuple[Any, ...]


def ours_of(document: bytes, step: int, separator: bytes = b"|") -> list[Event]:
    """What this binding reports of a document that is passed in pieces of ``step`` bytes."""
    events: list[Event] = []
    parser = expat.XML_ParserCreateNS(None, separator)
    expat.XML_SetElementHandler(
        parser,
        lambda _, name, texts: events.append(("start", name, expat.attributes(texts))),
        lambda _, name: events.append(("end", name)),
    )
    expat.XML_SetCharacterDataHandler(
        parser, lambda _, text, length: events.append(("text", bytes(text).decode()))
    )
    expat.XML_SetProcessingInstructionHandler(
        parser, lambda _, target, data: events.append(("run", target, data))
    )
    expat.XML_SetCommentHandler(parser, lambda _, text: events.append(("comment", text)))
    expat.XML_SetCdataSectionHandler(
        parser, lambda _: events.append(("cdata",)), lambda _: events.append(("cdata ends",))
    )
    expat.XML_SetDoctypeDeclHandler(
        parser,
        lambda _, name, system, public, inner: events.append(("doctype", name, system, public)),
        lambda _: events.append(("doctype ends",)),
    )
    expat.XML_SetNamespaceDeclHandler(
        parser,
        lambda _, prefix, uri: events.append(("namespace", prefix, uri)),
        lambda _, prefix: events.append(("namespace ends", prefix)),
    )
    expat.XML_SetXmlDeclHandler(
        parser,
        lambda _, version, encoding, alone: events.append(("xml", version, encoding, alone)),
    )
    with parser:
        for at in range(0, len(document), step):
            expat.XML_Parse(parser, document[at : at + step], False)
        assert expat.XML_Parse(parser, b"", True) is expat.Status.XML_STATUS_OK
    return joined(events)


def theirs_of(document: bytes) -> list[Event]:
    events: list[Event] = []
    parser = theirs.ParserCreate(None, "|")
    parser.StartElementHandler = lambda name, found: events.append(("start", name, found))
    parser.EndElementHandler = lambda name: events.append(("end", name))
    parser.CharacterDataHandler = lambda text: events.append(("text", text))
    parser.ProcessingInstructionHandler = lambda *given: events.append(("run", *given))
    parser.CommentHandler = lambda text: events.append(("comment", text))
    parser.StartCdataSectionHandler = lambda: events.append(("cdata",))
    parser.EndCdataSectionHandler = lambda: events.append(("cdata ends",))
    parser.StartDoctypeDeclHandler = lambda *given: events.append(("doctype", *given[:3]))
    parser.EndDoctypeDeclHandler = lambda: events.append(("doctype ends",))
    parser.StartNamespaceDeclHandler = lambda *given: events.append(("namespace", *given))
    parser.EndNamespaceDeclHandler = lambda prefix: events.append(("namespace ends", prefix))
    parser.XmlDeclHandler = lambda *given: events.append(("xml", *given))
    parser.Parse(document, True)
    return joined(events)


def joined(events: list[Event]) -> list[Event]:
    """Where text is divided is not told."""
    found: list[Event] = []
    for event in events:
        if event[0] == "text" and found and found[-1][0] == "text":
            event = ("text", found.pop()[1] + event[1])
        found.append(event)
    return found


def test_it_is_what_the_header_says(tool: Tool, missing: Missing) -> None:
    module = Path(__file__).with_name("libexpat.py")
    report, found = check_binding(module, "expat.h", compiler=tool("g++"), missing=missing)
    assert found == []
    functions = len(expat.library.declarations)
    assert functions > 40
    assert report.judged["functions"] >= functions - 1  # one may be newer than the header
    assert report.judged["structs"] == 5


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_all_events(step: int) -> None:
    document = DOCUMENT.encode()
    events = ours_of(document, step)
    assert events == theirs_of(document)
    assert ("start", "urn:a|item", {"n": "1", "urn:b|m": "ü<"}) in events
    assert len({event[0] for event in events}) == 12


NAMES = st.sampled_from(["a", "b", "ä", "x1"])
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("<&>'\"\n"))
XML = st.recursive(
    TEXT.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")),
    lambda inner: st.tuples(NAMES, st.lists(inner, max_size=3)).map(
        lambda found: f"<{found[0]} k='v'>{''.join(found[1])}</{found[0]}>"
    ),
)


@settings(deadline=None)
@given(XML, st.integers(1, 30))
def test_any_document(inner: str, step: int) -> None:
    document = f"<all>{inner}</all>".encode()
    try:
        expected = theirs_of(document)
    except theirs.ExpatError:  # such as of U+FFFE
        with pytest.raises(expat.Error):
            ours_of(document, step)
    else:
        assert ours_of(document, step) == expected


@pytest.mark.parametrize(
    "document",
    ["", "text", "<a>", "<a></b>", "<a b='1' b='2'/>", "<a>\n  &none;</a>", "<a/>\n<b/>", "<ü"],
)
def test_errors_have_the_words_of_the_library_and_a_place(document: str) -> None:
    text = document.encode()
    with pytest.raises(theirs.ExpatError) as expected:
        theirs.ParserCreate().Parse(text, True)
    parser = expat.XML_ParserCreate(None)
    with pytest.raises(expat.Error, match=r"^XML_Parse\(\): ") as caught:
        expat.XML_Parse(parser, text, True)
    error = caught.value
    assert theirs.ErrorString(expected.value.code) in str(error)
    assert (error.code, error.line, error.column) == (
        expected.value.code, expected.value.lineno, expected.value.offset,
    )  # fmt: skip
    assert text[: error.at].decode(errors="replace").count("\n") == error.line - 1


def test_places_are_known_in_a_callback() -> None:
    document = b"<a>\n  <b>text</b>\n</a>"
    places = []
    parser = expat.XML_ParserCreate(None)

    def start(_: int | None, name: str, texts: Any) -> None:
        at = expat.XML_GetCurrentByteIndex(parser)
        context, offset = expat.XML_GetInputContext(parser)
        assert context is not None
        count = expat.XML_GetCurrentByteCount(parser)
        assert context[offset : offset + count] == document[at : at + count]
        places.append((name, at, expat.XML_GetCurrentLineNumber(parser)))

    expat.XML_SetElementHandler(parser, start, None)
    expat.XML_Parse(parser, document, True)
    assert places == [("a", 0, 1), ("b", 6, 2)]
    assert expat.XML_GetInputContext(expat.XML_ParserCreate(None)) == (None, 0)


def test_user_data_and_attributes_that_were_written() -> None:
    found = []
    parser = expat.XML_ParserCreate("UTF-8")
    expat.XML_SetUserData(parser, 2**40)

    def start(data: int | None, name: str, texts: Any) -> None:
        found.append((data, expat.XML_GetSpecifiedAttributeCount(parser)))

    expat.XML_SetElementHandler(parser, start, None)
    expat.XML_Parse(parser, b"<!DOCTYPE a [<!ATTLIST a c CDATA 'd'>]><a b='1'/>", True)
    assert found == [(2**40, 2)]


def test_a_parser_keeps_its_handlers_until_it_is_closed() -> None:
    class Counter:
        count = 0

        def __call__(self, *_: Any) -> None:
            self.count += 1

    parser = expat.XML_ParserCreate(None)
    first, last, comments = Counter(), Counter(), Counter()
    expat.XML_SetElementHandler(parser, first, last)
    expat.XML_SetCommentHandler(parser, comments)
    kept = [*map(weakref.ref, (first, last, comments))]
    del first, last, comments
    gc.collect()
    expat.XML_Parse(parser, b"<a><b></b><!-- --></a>", True)
    counts = [counter and counter.count for counter in (each() for each in kept)]
    assert counts == [2, 2, 1]
    expat.XML_SetElementHandler(parser, None, None)
    let_go()
    assert [each() is None for each in kept] == [True, True, False]
    parser.close()
    let_go()
    assert kept[2]() is None


def test_what_a_callback_kept_is_its_own() -> None:
    """Expat writes the next piece to the same memory."""
    kept: list[memoryview] = []
    copies = []

    def on_text(_: int | None, text: memoryview, length: int) -> None:
        kept.append(text)
        copies.append(bytes(text))
        assert len(text) == length

    parser = expat.XML_ParserCreate(None)
    expat.XML_SetCharacterDataHandler(parser, on_text)
    for piece in (b"<a>one", b"two", b"</a>"):
        expat.XML_Parse(parser, piece, False)
    assert copies == [b"one", b"two"]
    with pytest.raises(ValueError, match="released"):
        bytes(kept[0])


class Stop(BaseException):
    pass


@pytest.mark.parametrize("kind", [ZeroDivisionError, KeyboardInterrupt, Stop])
def test_exceptions_of_handlers(kind: type[BaseException]) -> None:
    calls = []

    def start(_: int | None, name: str, texts: Any) -> None:
        calls.append(name)
        raise kind(name)

    parser = expat.XML_ParserCreate(None)
    expat.XML_SetElementHandler(parser, start, None)
    with pytest.raises(kind, match=r"^a$"):
        expat.XML_Parse(parser, b"<a><b/></a>", True)
    assert calls == ["a"]


def test_stop_and_resume() -> None:
    names = []
    parser = expat.XML_ParserCreate(None)

    def start(_: int | None, name: str, texts: Any) -> None:
        names.append(name)
        if name == "b":
            expat.XML_StopParser(parser, True)
        if name == "d":
            expat.XML_StopParser(parser, False)

    expat.XML_SetElementHandler(parser, start, None)
    assert expat.XML_GetParsingStatus(parser).parsing is expat.Parsing.XML_INITIALIZED
    suspended = expat.XML_Parse(parser, b"<a><b/><c/><d/><e/></a>", True)
    assert suspended is expat.Status.XML_STATUS_SUSPENDED
    status = expat.XML_GetParsingStatus(parser)
    assert (status.parsing, status.finalBuffer) == (expat.Parsing.XML_SUSPENDED, True)
    assert names == ["a", "b"]
    with pytest.raises(expat.Error, match=r"^XML_Parse\(\): parser suspended: "):
        expat.XML_Parse(parser, b"", True)
    with pytest.raises(expat.Error, match=r"^XML_ResumeParser\(\): parsing aborted: line 1, "):
        expat.XML_ResumeParser(parser)
    assert names == ["a", "b", "c", "d"]
    with pytest.raises(expat.Error, match=r"^XML_ResumeParser\(\): parser not suspended: "):
        expat.XML_ResumeParser(parser)


def test_a_parser_is_not_closed_while_it_parses() -> None:
    parser = expat.XML_ParserCreate(None)
    expat.XML_SetElementHandler(parser, lambda *_: parser.close(), None)
    with pytest.raises(RuntimeError):
        expat.XML_Parse(parser, b"<a/>", True)
    assert not parser.closed
    expat.XML_ParserFree(parser)
    for function in (expat.XML_GetBase, expat.XML_ResumeParser):
        with pytest.raises(ValueError, match=r"'parser' \(Parser \*\) is closed$"):
            function(parser)


def test_a_parser_is_used_again() -> None:
    names: list[str] = []
    parser = expat.XML_ParserCreate(None)
    expat.XML_SetElementHandler(parser, None, lambda _, name: names.append(name))
    expat.XML_ParserReset(parser, None)
    expat.XML_Parse(parser, b"<a/>", True)
    assert names == [], "it has no handlers any more"
    with pytest.raises(expat.Error, match="parsing finished"):
        expat.XML_Parse(parser, b"<a/>", True)


def test_a_file_is_read_into_memory_of_the_library() -> None:
    names = []
    parser = expat.XML_ParserCreate(None)
    expat.XML_SetElementHandler(parser, lambda _, name, texts: names.append(name), None)
    expat.parse_file(parser, io.BytesIO(b"<a>" + b"<b/>" * 10_000 + b"</a>"), 100)
    assert names == ["a", *["b"] * 10_000]
    with pytest.raises(expat.Error, match=r"^XML_GetBuffer\(\): parsing finished: "):
        expat.XML_GetBuffer(parser, 7)


def test_memory_of_a_closed_parser() -> None:
    parser = expat.XML_ParserCreate(None)
    room = expat.XML_GetBuffer(parser, 16)
    assert (room.readonly, room.nbytes) == (False, 16)
    parser.close()
    with pytest.raises(ValueError, match="released"):
        room[0]


def test_external_entities() -> None:
    """A parser of its own reads the entity, with the handlers of the first."""
    files = {"other.xml": b"<other>&who;</other>"}
    events: list[Event] = []
    parser = expat.XML_ParserCreate(None)
    expat.XML_SetBase(parser, "http://host/")
    assert expat.XML_GetBase(parser) == "http://host/"

    def open_entity(
        parsing: expat.Parser,
        context: str | None,
        base: str | None,
        system_id: str | None,
        public_id: str | None,
    ) -> bool:
        events.append(("open", base, system_id, public_id))
        with expat.XML_ExternalEntityParserCreate(parsing, context, None) as inner:
            return expat.XML_Parse(inner, files[system_id or ""], True) == 1

    expat.XML_SetExternalEntityRefHandler(parser, open_entity)
    expat.XML_SetElementHandler(
        parser, lambda _, name, texts: events.append((name,)), lambda _, name: None
    )
    document = DOCUMENT.replace("<item/>", "&other;").encode()
    expat.XML_Parse(parser, document, True)
    assert events == [
        ("list",), ("item",), ("open", "http://host/", "other.xml", None), ("other",),
    ]  # fmt: skip
    files["other.xml"] = b"<other>"
    expat.XML_ParserReset(parser, None)
    expat.XML_SetExternalEntityRefHandler(parser, open_entity)
    with pytest.raises(expat.Error, match=r"^XML_Parse\(\): asynchronous entity: ") as caught:
        expat.XML_Parse(parser, document, True)
    assert caught.value.line == 1


def test_what_a_dtd_declares() -> None:
    models: dict[str, str] = {}
    entities = []
    parser = expat.XML_ParserCreate(None)

    def on_element(_: int | None, name: str, model: expat.Content) -> None:
        models[name] = expat.model_text(model)
        expat.XML_FreeContentModel(parser, model)

    def on_entity(
        _: int | None, name: str, is_parameter: bool, value: memoryview | None, *rest: Any
    ) -> None:
        entities.append((name, is_parameter, value and bytes(value).decode(), rest[2]))

    expat.XML_SetElementDeclHandler(parser, on_element)
    expat.XML_SetEntityDeclHandler(parser, on_entity)
    expat.XML_SetParamEntityParsing(
        parser, expat.ParamEntityParsing.XML_PARAM_ENTITY_PARSING_NEVER
    )
    expat.XML_Parse(parser, DOCUMENT.encode(), True)
    assert models == {"list": "(item+,(end|stop)?)", "item": "(#PCDATA|b)*", "end": "EMPTY"}
    assert entities == [
        ("who", False, "Käthe &amp; Jürgen", None), ("other", False, None, "other.xml"),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r"])
def test_other_encodings(encoding: str) -> None:
    texts = []
    parser = expat.XML_ParserCreate(None)

    def find(data: int | None, name: str, info: expat.Encoding) -> bool:
        assert (data, name) == (7, encoding)
        for byte in range(256):
            character = bytes([byte]).decode(name, "ignore")
            info.map[byte] = ord(character) if character else -1
        return True

    expat.XML_SetUnknownEncodingHandler(parser, find, 7)
    expat.XML_SetCharacterDataHandler(
        parser, lambda _, text, length: texts.append(bytes(text).decode())
    )
    document = f"<?xml version='1.0' encoding='{encoding}'?><a>Привет</a>"
    expat.XML_Parse(parser, document.encode(encoding), True)
    assert "".join(texts) == "Привет"
    expat.XML_ParserReset(parser, None)
    expat.XML_SetUnknownEncodingHandler(parser, lambda *_: False, None)
    with pytest.raises(expat.Error, match="unknown encoding"):
        expat.XML_Parse(parser, document.encode(encoding), True)


def test_what_comes_too_late_is_refused() -> None:
    parser = expat.XML_ParserCreate(None)
    expat.XML_SetHashSalt(parser, 2**60)
    expat.XML_SetEncoding(parser, "UTF-8")
    if "XML_SetReparseDeferralEnabled" in expat.library:
        expat.XML_SetReparseDeferralEnabled(parser, False)
    expat.XML_Parse(parser, b"<a>", False)
    with pytest.raises(ValueError, match=r"^XML_SetHashSalt\(\) is refused"):
        expat.XML_SetHashSalt(parser, 1)
    with pytest.raises(ValueError, match=r"^XML_SetEncoding\(\) is refused"):
        expat.XML_SetEncoding(parser, "UTF-16")


def test_the_version_and_its_features() -> None:
    version = expat.XML_ExpatVersionInfo()
    number = f"{version.major}.{version.minor}.{version.micro}"
    assert expat.XML_ExpatVersion() == f"expat_{number}"
    features = {}
    found = expat.XML_GetFeatureList()
    at = 0
    while found[at].feature:
        features[found[at].name] = found[at].value
        at += 1
    assert features["sizeof(XML_Char)"] == 1
