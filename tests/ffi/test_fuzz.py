"""The trampoline under libFuzzer, ASan and UBSan; fuzz/fastcall.c has the rules."""

import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT, Argument, attempt, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or platform.machine() != "x86_64",
        reason="the fuzzer's C functions have the registers of System V x86-64",
    ),
]

SECONDS = 10

FASTCALL = "src/pyexample/ffi/c"

# A bug in it, and what it is.
MUTANTS = {
    "sign": ("values.h", "case 4: return (int32_t)word;", "case 4: return (uint32_t)word;"),
    "range": (
        "arguments.h",
        "number >= low && number <= high",
        "number > low && number <= high",
    ),
    "unsigned": ("arguments.h", "} else if (number < 0) {", "} else if (number < -1) {"),
    "string": ("arguments.h", "return strlen(text) == (size_t)length;", "return 1;"),
    "leak": ("values.h", "    drop(positional);\n", ""),
    "view": ("arguments.h", "while (held->count > 0) {", "while (held->count > 1) {"),
    "format": ("arguments.h", "|| format[1] != '\\0'", ""),
    "overlap": ("arguments.h", "a != b || one->len != other->len", "a != b"),
    "count": (
        "arguments.h",
        "if (count >= 0 && items != count)",
        "if (count > 0 && items != count)",
    ),
    "handle": ("arguments.h", "return *word != 0 &&", "return"),
    "integer": ("arguments.h", "&& (used->of || !argument->is_any)", ""),
    "width": ("arguments.h", "*word <= (uint64_t)argument->high &&", ""),
    "room": (
        "arguments.h",
        "handle *few[FASTCALL_MAX_ARGUMENTS + 1];",
        "handle *few[1];",
    ),
    "error": (
        "fastcall.c",
        "if (api.PyErr_Occurred()) {\n        release_keeping",
        "if (0) {\n        release_keeping",
    ),
    "asked": ("arguments.h", "if (is_asked_in_python(type_of(object)) ||\n", "if (\n"),
    "struct": ("arguments.h", "if (is_pointer) { /* its", "if (1) { /* its"),
    "reference": ("arguments.h", "return fits && !failed();", "return !failed();"),
    "float": (
        "arguments.h",
        "type != interpreter.int_type &&\n",
        "!is_int(object) &&\n",
    ),
    "rule": (
        "values.h",
        "return extend_signed(word, value->size) < 0;",
        "return extend_signed(word, value->size) <= 0;",
    ),
    "limit": (
        "values.h",
        "word <= (uint64_t)value->high",
        "word < (uint64_t)value->high",
    ),
    "limited": ("values.h", "(value->is_limited && !is_within(value, word))", "0"),
    "check": (
        "values.h",
        "value->check, word), value->check_size)",
        "value->check, word), 8)",
    ),
    "freed": (
        "results.h",
        "const uint64_t word = value->free ?",
        "const uint64_t word = 0 ?",
    ),
    "before": ("calls.h", "    memcpy(place, &word, sizeof word);\n", ""),
    "errno": ("calls.h", "returned->error_number = GET_ERROR();", ""),
    "returned": ("results.h", "if (values[i].is_returned) {", "if (1) {"),
    "state": ("calls.h", "    thread->current = before;\n", ""),
    "use": ("calls.h", "*ended->link = ended->next;", ""),
    "user": ("handles.h", "    change_users(used, 1);\n", ""),
    "words": ("thunks.h", "as_word(x2), as_word(x3)", "as_word(x3), as_word(x2)"),
    "floats": (
        "thunks.h",
        "THUNK_FLOATS (FLOAT_REGISTERS - 1)",
        "THUNK_FLOATS FLOAT_REGISTERS",
    ),
    "late": ("thunks.h", "SET_POINTER(&taken->function, NULL);", ""),
    "gone": ("thunks.h", "SET_POINTER(&released->type, NULL);", ""),
    "waiting": ("callbacks.h", "if (caller.error) {", "if (0) {"),
    "gil": ("callbacks.h", "if (!is_held) {", "if (is_held) {"),
    "careful": ("callbacks.h", "api.PyDict_Size(type->careful_calls) ||", ""),
    "given": (
        "callbacks.h",
        "for (unsigned i = 1; i <= type",
        "for (unsigned i = 2; i <= type",
    ),
    "pointer": ("callbacks.h", "memcpy(view.buf, &address, sizeof address);", ""),
    "answered": (
        "callbacks.h",
        "is_right = convert_answer(type, returned, word);",
        "is_right = 1;",
    ),
    "stack": ("convention.h", "FIRST_STACK_WORD + begin / 8", "FIRST_STACK_WORD + begin / 16"),
    "large stack": ("convention.h", "taken.stack > LARGE_WORDS * 8", "taken.stack > 512"),
    "kin": (
        "arguments.h",
        "if (!is_a(object, structure->type)) {\n        return 0;\n    }\n    *word",
        "if (type_of(object) != structure->type) {\n        return 0;\n    }\n    *word",
    ),
    "other": (
        "arguments.h",
        "if (!is_a(object, structure->type)) {\n        return 0;\n    }\n    *word",
        "*word",
    ),
    "rest": (
        "aggregates.h",
        "structure->size > 8) {\n            mem",
        "0) {\n            mem",
    ),
    "registers": ("aggregates.h", "after.floats > FLOAT_REGISTERS", "after.floats > 9"),
    "halves": (
        "aggregates.h",
        "RESULT_FLOAT_INTEGER, RESULT_INTEGER_FLOAT, RESULT",
        "RESULT_INTEGER_FLOAT, RESULT_FLOAT_INTEGER, RESULT",
    ),
    "memory": (
        "fastcall.c",
        "if (descriptor->result == RESULT_MEMORY) {",
        "if (0) {",
    ),
    "aligned": ("aggregates.h", "structure->alignment > 8 ? 16 : 8", "8"),
    "content": (
        "values.h",
        "memcpy(memory_of(made, structure), place, structure->size);",
        "memcpy(memory_of(made, structure), place, 8);",
    ),
    "made": ("arguments.h", "held->made[held->made_count++] = made;", "drop(made);"),
    # Of arrays that are made of lists.
    "more": (
        "arguments.h",
        "holds_handles(argument) && !hold_more_handles(held, count)",
        "0",
    ),
    "sequence": ("arguments.h", "(flags & Py_TPFLAGS_HEAPTYPE)) { /*", "0) { /*"),
    "items": (
        "arguments.h",
        "parts[0] = api.PySequence_Tuple(object);",
        "parts[0] = new_reference(object);",
    ),
    "terminated": ("arguments.h", "(count + argument->is_terminated)", "(count)"),
    "char": ("arguments.h", "return length == 1;", "return 1;"),
    # Of memory that C fills.
    "product": ("copies.h", "*size *= number;", "*size += number;"),
    "most": ("copies.h", "*size >= (uint64_t)MOST_ITEMS / number", "0"),
    "exact": ("memory.h", "(argument->is_exact && (uint64_t)items != size)", "0"),
    "needed": (
        "memory.h",
        "needed[i] = (uint64_t)wanted;",
        "needed[i] = (uint64_t)wanted - 1;",
    ),
    "zeros": ("state.h", "    memset(content, 0, size);\n", ""),
    "again": ("state.h", "    drop(*memory);\n", ""),
    "capacity": ("memory.h", "if (word > (uint64_t)arguments[i].high) {", "if (0) {"),
    "tries": ("fastcall.c", "if (--tries > 0) {", "if (--tries >= 0) {"),
    "valid": ("copies.h", "valid < 0 || valid > items", "valid < 0"),
    "memories": ("results.h", "received[count++] = new_reference(returned->memories[i]);", ";"),
    # Of memory that is copied.
    "copied": ("copies.h", "(content, count * value->item_size)", "(content, count)"),
    "whole": ("copies.h", "value->item == FASTCALL_BYTES && valid == items", "valid == items"),
    "nul": ("copies.h", "} else if (value->item == FASTCALL_STR) {", "} else if (0) {"),
    "next": ("copies.h", "content + i * item.size,", "content + i,"),
    "beyond": ("copies.h", "i * item.size, item.size);", "i * item.size, 8);"),
    "incomplete": ("copies.h", "            drop(list);\n", ""),
    "no text": ("copies.h", "            api.PyErr_Clear();\n", ""),
    "nothing": ("copies.h", "if (!content) {", "if (0) {"),
    "said": ("copies.h", "return count < MOST_ITEMS && ", "return "),
    "too large": (
        "copies.h",
        "(int64_t)count < PTRDIFF_MAX / value->item_size",
        "1",
    ),
    "maker": ("copies.h", "return made && value->conversion ?", "return 0 ?"),
    "simple": ("fastcall.c", " && value->kind != FASTCALL_ITEMS;", ";"),
    "given back": ("results.h", "values[i].free || values[i].receive", "values[i].receive"),
    "received": ("results.h", "!value->receive || i >= done", "!value->receive"),
    "released": (
        "fastcall.c",
        "        release_keeping_error(&held);\n    }\n    return result;",
        "        release(&held);\n    }\n    return result;",
    ),
    # Of handles that come back.
    "owned twice": ("handles.h", "(!of->closer || found)", "!of->closer"),
    "owned elsewhere": (
        "handles.h",
        "(found->is_owned && !fits && object_of(found) != parent)",
        "0",
    ),
    "older": ("handles.h", "found = find_from(found->next, of, address)", "found = NULL"),
    "counted": (
        "handles.h",
        "value->owner == FASTCALL_COUNTED ? NULL : find_open",
        "find_open",
    ),
    "lender": ("handles.h", "           it->parent == parent;", "           1;"),
    "parents": ("results.h", "                if (*parent) {", "                if (0) {"),
    "undone": ("results.h", "        forget(handle_of(object));\n", ""),
    "orphan": ("closing.h", "    drop(it->parent); /*", "    /*"),
    "child": ("closing.h", "(!it->children || may_have_children)", "1"),
    "managed": ("closing.h", "!it->is_managed && ", ""),
    "dying": ("handles.h", "            !is_dying(it)) {", "            1) {"),
    "held": (
        "arguments.h",
        "        add_user(parent);\n",
        "        change_users(parent, 0);\n",
    ),
    "stays": ("handles.h", "    SET_POINTER(&it->address, it->given);\n", ""),
    "fork": (
        "closing.h",
        "return is_closable(it, 0, 0) && it->of->closer && it->process == forks;",
        "return is_closable(it, 0, 0) && it->of->closer;",
    ),
    # Of what C keeps, and is given.
    "given away": ("effects.h", "    it->is_owned = 0;\n", ""),
    "taken back": ("effects.h", "    it->is_owned = 1;\n", ""),
    "owner": ("effects.h", "needs(handle_of(owner), it, &most)", "0"),
    "kept": ("closing.h", " && !it->keepers", ""),
    "replaced": ("keeping.h", "each->number <= it->number", "0"),
    "kept view": ("effects.h", "            held->views[i].obj = NULL;\n", ""),
    "unlinked": (
        "keeping.h",
        "        UNLINK(it, next_keeper, keeper_link);\n        if",
        "        if",
    ),
    "slot": ("keeping.h", "(!it->slot ||", "(1 ||"),
    "cycle": (
        "keeping.h",
        "(descends_from(wanted, keeper) || !needs(wanted, keeper, &most))",
        "1",
    ),
    "taken": (
        "effects.h",
        "    if (is_taken) {\n        end_keeping",
        "    if (1) {\n        end_keeping",
    ),
    "family": ("handles.h", "is_a(object, of->root)", "1"),
}


def fuzz(
    tool: Callable[[str], str], code: Path, seconds: int
) -> subprocess.CompletedProcess[str]:
    """Build the fuzzer from a copy of the project's code, and run it from nothing."""
    program = code / "fuzz"
    sanitizers = ["-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"]
    flags = ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", *sanitizers]
    run([tool("clang"), *flags, code / "tests" / "ffi" / "fuzz" / "fastcall.c", "-o", program])
    # The same seed each time: a failure can be had again.
    command: list[Argument] = [program, "-seed=1", "-max_len=600", f"-max_total_time={seconds}"]
    return attempt([*command, "-print_final_stats=1"], cwd=code, timeout=60 + seconds)


@pytest.fixture
def code(tmp_path: Path, tool: Callable[[str], str], missing: Callable[[str], None]) -> Path:
    runtime = run([tool("clang"), "-print-runtime-dir"]).strip()
    if not list(Path(runtime).glob("libclang_rt.fuzzer*")):
        missing("clang's libFuzzer is not installed")
    shutil.copytree(ROOT / FASTCALL, tmp_path / FASTCALL)
    shutil.copytree(ROOT / "tests" / "ffi" / "fuzz", tmp_path / "tests" / "ffi" / "fuzz")
    return tmp_path


def test_it_finds_nothing(tool: Callable[[str], str], code: Path) -> None:
    done = fuzz(tool, code, SECONDS)
    assert done.returncode == 0, done.stderr
    (runs,) = [
        int(line.split()[-1])
        for line in done.stderr.splitlines()
        if line.startswith("stat::number_of_executed_units:")
    ]
    assert runs > 10_000


OFTEN = {
    "sign",
    "string",
    "leak",
    "view",
    "handle",
    "before",
    "late",
    "kin",
    "items",
    "valid",
    "copied",
    "child",
    "kept",
}
"""Those that are planted each time, since each takes half a minute."""


@pytest.mark.parametrize(
    "bug",
    [pytest.param(bug, marks=[] if bug in OFTEN else [pytest.mark.full]) for bug in MUTANTS],
)
def test_it_finds_a_planted_bug(bug: str, tool: Callable[[str], str], code: Path) -> None:
    file, right, wrong = MUTANTS[bug]
    source = code / FASTCALL / file
    text = source.read_text()
    assert text.count(right) == 1
    source.write_text(text.replace(right, wrong))
    done = fuzz(tool, code, 60)
    assert done.returncode != 0
    assert "fastcall.c:" in done.stderr or "convention.h:" in done.stderr
