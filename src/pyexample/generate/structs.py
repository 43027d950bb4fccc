"""Declare structs, unions, and handles with the fields of theirs that can be read."""

from ..ffi import Handle
from ..headers.c_model import Field, Pointer, Record, Tagged, Type, Typedef, resolve, spell
from . import counters
from .comments import docstring, remark
from .context import Context
from .fields import field_names, packed, width_of
from .items import WIDTH, Item, annotated
from .naming import record_name
from .notes import ADDRESS, Notes
from .ownership import Subject
from .plain import plain_struct
from .types import Note, Unknown

HANDLE_HAS = frozenset(each for each in dir(Handle) if not each.startswith("__"))
"""The attributes of every handle, which no field can have."""


def write_structs(context: Context) -> None:
    """Declare all structs and unions that are not handles."""
    types = context.types
    written: dict[Record, list[Item]] = {}
    while len(written) < len(types.structs):  # what cannot be declared may be a field of others
        written.clear()
        for record, name in list(types.structs.items()):
            try:
                written[record] = _declared(context, record, name)
            except Unknown as unknown:
                del types.structs[record]
                context.refused[record_name(context, record)] = f"has {unknown}"
    for record, (item, *more) in written.items():
        context.module.add("records", item, int(context.api.is_own(record)))
        context.module.items += more
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


def _declared(context: Context, record: Record, name: str) -> list[Item]:
    """What declares a struct. Raises Unknown."""
    if context.style == "ctypes":
        return plain_struct(context, record, name)
    return [_struct(context, record, name)]


def _struct(context: Context, record: Record, name: str) -> Item:
    base = "ctypes.Union" if record.keyword == "union" else "ctypes.Structure"
    c_name = record_name(context, record)
    default = context.spec.default(c_name)
    made = ""
    if default is not None:
        made = f'default="{context.python[context.function(default).name]}", '
        context.module.said.add(c_name)
    head = f"@struct({made}init=False)\nclass {name}({base}):"
    rows = [f"    {each}" for each in packed(record)]
    rows += [*([""] if rows else []), *_fields(context, record, name)]
    doc = docstring(record.comment, "    ", WIDTH, f"``{spell(Tagged(record))}``")
    code = "\n".join([head, *_code(rows), "    ..."])
    text = "\n".join([head, doc, *(["", *rows] if rows else [])])
    place, is_asked = context.api.place(record), context.is_wanted(c_name)
    return Item(name, c_name, code, place, "class", text, is_asked)


def _fields(context: Context, record: Record, name: str, is_handle: bool = False) -> list[str]:
    """The lines that declare fields, and comments about them. Raises Unknown."""
    notes, is_union = Notes(context.types), record.keyword == "union"
    found: list[tuple[Field, Note]] = []
    for each in record.fields or ():
        note = context.types.said(f"{record_name(context, record)}.{each.name}")
        if note is None:
            note = notes.field(each.type, is_union)
            if is_handle and _handle(context, each.type) == name:
                note = Note(f'"{name} | None"', ("c_void_p", "Borrowed"))
            elif f"{name} callbacks" in context.refused and note.python.startswith("Callable["):
                note = ADDRESS
        if each.bits:
            if not (width := width_of(context, each)):
                continue  # it only ends a unit of bits: the compiler tells whether that matters
            note = note.plus(f"Bits({width})")
        elif not each.name:
            note = note.plus("Anonymous")
        found.append((each, note))
    members = [each for each, _ in found]
    texts = [str(note) for _, note in found]
    given = field_names(members, texts, HANDLE_HAS if is_handle else ())
    by_name = {each.name: name for each, name in zip(members, given, strict=True) if each.name}
    guesses = counters.guessed(context.types, members)
    rows: list[str] = []
    for (each, note), python in zip(found, given, strict=True):
        rows += remark(each.comment, "    ", WIDTH)
        if count := by_name.get(counters.said(each)):
            note = notes.counted(each.type, note, count, is_union or is_handle)
        elif each.name in guesses and note.python == "str | None":
            count = by_name[guesses[each.name]]
            rows.append(f"    # guess: {python} has {count} bytes")
            note = notes.counted(each.type, note, count, is_union or is_handle)
        rows.append(annotated(python, str(note)))
    return rows


def _code(rows: list[str]) -> list[str]:
    """The lines that are no comments."""
    return [each for each in rows if not each.lstrip().startswith("#")]


def _handle(context: Context, ctype: Type) -> str:
    """The class of a handle; "" if a type is none."""
    kind = context.types.kind_or_none(ctype)
    return kind.python if kind and kind.name == "handle" else ""
