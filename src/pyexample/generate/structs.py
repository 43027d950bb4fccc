"""Declare structs, unions, and handles with the fields of theirs that can be read."""

from ..ffi import Handle
from ..headers.c_model import Pointer, Record, Tagged, Type, Typedef, resolve, spell
from .comments import docstring, remark
from .context import Context
from .items import WIDTH, Item, annotated
from .names import python_name
from .naming import record_name
from .notes import ADDRESS, Notes
from .ownership import Subject
from .types import Note, Unknown

HANDLE_HAS = frozenset(each for each in dir(Handle) if not each.startswith("__"))
"""The attributes of every handle, which no field can have."""
_OF_CTYPES = ("_align_", "_anonymous_", "_fields_", "_layout_", "_pack_", "_swappedbytes_")


def write_structs(context: Context) -> None:
    """Declare all structs and unions that are not handles."""
    types = context.types
    written: dict[Record, Item] = {}
    while len(written) < len(types.structs):  # what cannot be declared may be a field of others
        written.clear()
        for record, name in list(types.structs.items()):
            try:
                written[record] = _struct(context, record, name)
            except Unknown as unknown:
                del types.structs[record]
                context.refused[record_name(context, record)] = f"has {unknown}"
    for record, item in written.items():
        context.module.add("records", item, int(context.api.is_own(record)))
    for record in context.api.records:
        if record not in written and record not in types.handles:
            name = record_name(context, record)
            otherwise = "has no name"
            if record.fields is None:
                otherwise = "is only declared, and no function has a pointer to it"
            why = context.why_not(name) or otherwise
            context.module.leave_out("records", name or f"line {record.line}", why)


def write_handles(context: Context) -> None:
    """Declare all classes of handles."""
    for subject, name in context.types.handles.items():
        rows = _fields_of_handle(context, subject, name)
        head = f"{'@struct' if rows else ''}\nclass {name}(Handle):".lstrip()
        doc = docstring(subject.comment, "    ", WIDTH, f"``{_spelled(subject)}``")
        code = "\n".join([head, *_code(rows), "    ..."])
        text = "\n".join([head, doc, *(["", *rows] if rows else [])])
        c_name, place = context.ownership.names[subject][0], context.api.place(subject)
        is_asked = context.is_wanted(c_name)
        item = Item(name, c_name, code, place, "class", text, is_asked)
        context.module.add("records", item, int(isinstance(subject, Record)))


def _spelled(subject: Subject) -> str:
    """The C type of a handle."""
    if isinstance(subject, Record):
        return f"{spell(Tagged(subject))} *"
    is_pointer = isinstance(resolve(subject.type), Pointer)
    return subject.name if is_pointer else f"{subject.name} *"


def _fields_of_handle(context: Context, subject: Record | Typedef, name: str) -> list[str]:
    """The fields of a struct that C makes; none if they cannot be declared."""
    if isinstance(subject, Typedef) or subject.fields is None:
        return []
    if f"{name} fields" in context.refused:
        return []
    try:
        return _fields(context, subject, name, is_handle=True)
    except Unknown:
        return []


def _struct(context: Context, record: Record, name: str) -> Item:
    base = "ctypes.Union" if record.keyword == "union" else "ctypes.Structure"
    c_name = record_name(context, record)
    default = context.spec.default(c_name)
    made = ""
    if default is not None:
        made = f'default="{context.python[context.function(default).name]}", '
        context.module.said.add(c_name)
    head = f"@struct({made}init=False)\nclass {name}({base}):"
    rows = [*_packed(record), *_fields(context, record, name)]
    doc = docstring(record.comment, "    ", WIDTH, f"``{spell(Tagged(record))}``")
    code = "\n".join([head, *_code(rows), "    ..."])
    text = "\n".join([head, doc, *(["", *rows] if rows else [])])
    place, is_asked = context.api.place(record), context.is_wanted(c_name)
    return Item(name, c_name, code, place, "class", text, is_asked)


def _fields(context: Context, record: Record, name: str, is_handle: bool = False) -> list[str]:
    """The lines that declare fields, and comments about them. Raises Unknown."""
    notes, is_union = Notes(context.types), record.keyword == "union"
    rows: list[str] = []
    used = {*_OF_CTYPES, *(HANDLE_HAS if is_handle else ())}
    for number, each in enumerate(record.fields or ()):
        field_name = _field_name(each.name or f"anonymous{number}", used)
        note = context.types.said(f"{record_name(context, record)}.{each.name}")
        if note is None:
            note = notes.field(each.type, is_union)
            if is_handle and _handle(context, each.type) == name:
                note = Note(f'"{name} | None"', ("c_void_p", "Borrowed"))
            elif f"{name} callbacks" in context.refused and note.python.startswith("Callable["):
                note = ADDRESS
        if each.bits:
            width = context.api.length(each.bits)
            if not width:
                raise Unknown(f"a bit-field {each.name} of no width, or of one not known")
            note = note.plus(f"Bits({width})")
        counters = [it for it in each.attributes if it.startswith("counted_by(")]
        if counters and note.words[0].endswith("* 0"):
            note = note.plus(f'CountedBy("{counters[0][11:-1].strip()}")')
        rows += remark(each.comment, "    ", WIDTH)
        rows.append(
            annotated(
                field_name, str(note if each.name or each.bits else note.plus("Anonymous"))
            )
        )
    return rows


def _code(rows: list[str]) -> list[str]:
    """The lines that are no comments."""
    return [each for each in rows if not each.lstrip().startswith("#")]


def _handle(context: Context, ctype: Type) -> str:
    """The class of a handle; "" if a type is none."""
    kind = context.types.kind_or_none(ctype)
    return kind.python if kind and kind.name == "handle" else ""


def _packed(record: Record) -> list[str]:
    """The lines for the layout of a packed struct, which Python 3.14 asks for, too."""
    pack = "1" if "packed" in record.attributes else record.pack
    return [f"    _pack_ = {pack}", '    _layout_ = "ms"', ""] if pack.isdecimal() else []


def _field_name(name: str, used: set[str]) -> str:
    """A name for a field that no other one has. Two underscores would make it private."""
    try:
        python = python_name(name)
    except ValueError as error:
        raise Unknown(str(error)) from None
    if python.startswith("__"):
        python = f"_{python.lstrip('_')}"
    while python in used:
        python += "_"
    used.add(python)
    return python
