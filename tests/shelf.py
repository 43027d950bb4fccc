"""A C library that has everything an API can have, and its declarations.

A box is opened, and closed; things are put into it, which go before it. What C is made to
do wrong (use what is closed, close it twice, leave something open) it counts in ``faults``.
"""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
from collections.abc import Callable
from ctypes import c_bool, c_char_p, c_double, c_int, c_int64, c_uint8, c_void_p
from enum import IntEnum
from types import SimpleNamespace
from typing import Annotated, Any

from pyexample.ffi import (
    Borrowed,
    Callback,
    Closes,
    Encoding,
    Handle,
    Keep,
    Library,
    Owned,
    Raises,
    Returned,
    SameThread,
)  # fmt: skip

SOURCE = r"""
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN /* it would have names of ours */
#include <windows.h>
static void wait_ms(unsigned ms) { Sleep(ms); }
#else
#include <pthread.h>
#include <unistd.h>
static void wait_ms(unsigned ms) { usleep(1000 * ms); }
#endif

typedef int (*on_number)(int number);
typedef struct box { uint64_t magic; int name; on_number watcher[4];
    on_number at_close; struct box *parent; } box;
enum { OPEN = 0x0b0e0b0e, CLOSED = 0x0dead };

/* Of all threads together. */
_Atomic int64_t faults;    /* what must never happen */
_Atomic int64_t boxes, things, texts;    /* how many there are */
int refuse_close;  /* what box_close returns, and does nothing, if it is not 0 */
int signal_at_close; /* the number of a signal that comes when a box was closed; 0: none */
int signal_at_open;  /* likewise, when a box or a thing was made */
char order[64];    /* what was closed: the last letters */

int check_at_exit; /* whether all must be closed then: else the process exits with 3 */
__attribute__((destructor)) static void at_exit(void)
{ if (check_at_exit && (faults || boxes || things)) _Exit(3); }

static void check(const box *one) { if (!one || one->magic != OPEN) faults++; }
static box *make(int name, box *parent) {
    box *made = calloc(1, sizeof *made);
    made->magic = OPEN; made->name = name; made->parent = parent;
    return made;
}
static void note(int name) {
    static atomic_flag busy = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set(&busy)) {}
    memmove(order, order + 1, sizeof order - 2);
    order[sizeof order - 2] = (char)name;
    atomic_flag_clear(&busy);
}
static void end(box *one) {
    check(one);
    if (one->parent) check(one->parent);
    note(one->name);
    one->magic = CLOSED;
    free(one);
}
static void signal_now(int number)
{
#ifndef _WIN32
    if (number) raise(number);
#endif
}
/* Codes: 0 is success; 1 is success as well; others are failures. */
int box_open(int name, int code, box **opened) {
    if (code == 3) return code;           /* left as it was */
    *opened = NULL;
    if (code == 4) return 0;              /* success, and nothing to show for it */
    signal_now(signal_at_open);
    boxes++; *opened = make(name, NULL);  /* 2: a failure, with a box that is to be closed */
    return code;
}
int box_close(box *one) {
    on_number f = one->at_close;
    int name = one->name;
    check(one);
    if (refuse_close) return refuse_close;
    boxes--; end(one);
    if (f) f(name);
    signal_now(signal_at_close);
    return 0;
}
int at_close(box *one, on_number f) { check(one); one->at_close = f; return 0; }
const char *box_text(box *one) { check(one); return "a box"; }
box *put(box *in, int name)
{
    check(in);
    if (!name) return NULL;
    signal_now(signal_at_open);
    things++; return make(name, in);
}
void take_out(box *thing) { things--; end(thing); }
void take_out_slowly(box *thing, int ms) { wait_ms((unsigned)ms); take_out(thing); }
int close_slowly(box *one, int ms) { wait_ms((unsigned)ms); return box_close(one); }
int ask_and_close(box *one, on_number f) { f(0); return box_close(one); }
box *look(box *in) { check(in); return in; }
int name_of(box *one) { check(one); return one->name; }
int name_of_five(box *a, box *b, box *c, box *d, box *e)
{ return name_of(a) + name_of(b) + name_of(c) + name_of(d) + name_of(e); }
int name_or_0(box *one) { return one ? name_of(one) : 0; }
int nap(box *one, int ms) { check(one); wait_ms((unsigned)ms); check(one); return one->name; }

/* Calls it with 0, 1, 2... until it returns something else than 0, which is returned. */
int each(box *one, int count, on_number f) {
    int result = 0;
    check(one);
    for (int i = 0; i < count && !result; i++) { result = f(i); check(one); }
    return result;
}
int64_t sum_all(int count, on_number f)
{ int64_t sum = 0; for (int i = 0; i < count; i++) sum += f(i); return sum; }
static _Atomic(on_number) last;
int watch(box *one, int slot, int code, on_number f) {
    check(one);
    if (code == 0) { one->watcher[slot] = f; last = f; }
    return code;
}
int watch_slowly(box *one, int before, int after, on_number f)
{ wait_ms((unsigned)before); watch(one, 0, 0, f); wait_ms((unsigned)after); return 0; }
int watch_box(box *one, box *of, on_number f) { check(of); return watch(one, 0, 0, f); }
int watch_signal(box *one, int number, on_number f)
{ watch(one, 0, 0, f); raise(number); return 0; }
int fire_last(int number) { return last(number); }
int watch_and_call(box *one, int slot, on_number f) { one->watcher[slot] = f; f(-1); return 0; }
int fire(box *one, int slot, int number)
{ check(one); return one->watcher[slot] ? one->watcher[slot](number) : -1000; }
int fire_from(box *one, box *other, int slot) { check(other); return fire(one, slot, 0); }
int on_box(box *one, int (*f)(box *)) { check(one); return f(one); }
int all_kinds(uint8_t (*f)(int64_t, double, bool, const char *, void *, int), int color)
{ return f(-5, 0.5, true, color ? "text" : NULL, NULL, color); }
bool boolean(bool (*f)(void)) { return f(); }
double real(double (*f)(void)) { return f(); }
void *pointer(void *(*f)(void)) { return f(); }
void none(void (*f)(void)) { if (f) f(); }
int code_or(int code, int (*f)(void)) { int result = f(); return code ? code : result; }

#ifndef _WIN32
typedef struct { on_number f; int count; int result; } job;
static void *work(void *given) {
    job *job = given;
    for (int i = 0; i < job->count; i++) job->result += job->f(i);
    return NULL;
}
int in_a_thread(int count, on_number f) {
    job job = {f, count, 0};
    pthread_t thread;
    pthread_create(&thread, NULL, work, &job);
    pthread_join(thread, NULL);
    return job.result;
}
int interrupted(on_number f) { raise(SIGINT); return f(1); }
#endif

int status(int code) { return code; }
int told(int code) { return code; }
int told_int(int code) { return code; }
int told_color(int code) { return code; }
int checked_color(int code) { return code; }
unsigned long long wide_status(int code) { return (unsigned long long)code; }
int color(int code) { return code; }
int half(int number, int *quotient, bool *odd) {
    if (number == 99) return 2;  /* leaves both as they were */
    *quotient = number / 2; *odd = number % 2 != 0;
    return number < 0 ? 2 : 0;
}
double parts(double number, int *whole) { *whole = (int)number; return number - *whole; }
void pick(int code, int *color, char **text, box **one) {
    char *copy = malloc(8);
    texts++; boxes++;
    strcpy(copy, code == 9 ? "\xff" : "picked");
    *color = code; *text = copy; *one = make('p', NULL);
}
int fill(int code, char **text) {
    signal_now(signal_at_open);
    texts++; *text = strcpy(malloc(8), "filled");
    return code;
}
char *copied(const char *text) {
    char *copy;
    if (!text) return NULL;
    signal_now(signal_at_open);
    texts++; copy = malloc(strlen(text) + 1);
    return strcpy(copy, text);
}
void dispose(void *text) { texts--; free(text); }
const char *same(const char *text) { return text; }
const char *same_latin(const char *text) { return text; }
"""


class Shelf(SimpleNamespace):
    """The library's functions and types, and what it counts."""

    def count(self, name: str) -> int:
        return int(c_int64.in_dll(self.library.cdll, name).value)

    @property
    def faults(self) -> int:
        return self.count("faults")

    @property
    def order(self) -> str:
        """The names of what was closed, in that order."""
        found = (ctypes.c_char * 64).in_dll(self.library.cdll, "order").raw
        return found.replace(b"\0", b"").decode()

    def check_at_exit(self) -> None:
        c_int.in_dll(self.library.cdll, "check_at_exit").value = 1

    def refuse_close(self, code: int) -> None:
        c_int.in_dll(self.library.cdll, "refuse_close").value = code

    def signal_at_open(self, number: int) -> None:
        c_int.in_dll(self.library.cdll, "signal_at_open").value = number

    def signal_at_close(self, number: int) -> None:
        c_int.in_dll(self.library.cdll, "signal_at_close").value = number


class BoxError(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{text} ({code})")
        self.code = code


class Color(IntEnum):
    RED = 1
    GREEN = 2


def bind(library: Library) -> Shelf:
    """Declare all of it. The types of handles are the library's own: it closes them."""
    shelf = Shelf(library=library)

    class Box(Handle):
        pass

    class Thing(Handle):
        pass

    class View(Handle):
        """A pointer into a box, which nobody closes."""

    def box_error(code: int, function: str, values: tuple[Any, ...]) -> BoxError:
        boxes = [each for each in values if isinstance(each, Box)]
        return BoxError(
            code, f"{function}() of {shelf.box_text(boxes[0]) if boxes else 'none'}"
        )

    Int = Annotated[int, c_int]  # noqa: N806
    Done = Annotated[None, c_int, Raises(box_error, unless=(0, 1))]  # noqa: N806
    ABox = Annotated[Box, c_void_p]  # noqa: N806

    @Callback
    def on_number(number: Int, /) -> Int: ...
    @Callback
    def on_a_box(box: ABox, /) -> Int: ...
    @Callback.failing_with(255)
    def of_all_kinds(
        integer: Annotated[int, c_int64],
        real: Annotated[float, c_double],
        boolean: Annotated[bool, c_bool],
        text: Annotated[str, c_char_p],
        pointer: Annotated[int | None, c_void_p],
        color: Annotated[Color, c_int],
        /,
    ) -> Annotated[int, c_uint8]: ...
    @Callback
    def get_bool() -> Annotated[bool, c_bool]: ...
    @Callback.failing_with(-1.5)
    def get_double() -> Annotated[float, c_double]: ...
    @Callback
    def get_pointer() -> Annotated[int | None, c_void_p]: ...
    @Callback
    def get_nothing() -> None: ...
    @Callback
    def get_int() -> Int: ...

    OnInt = Callable[[int], int]  # noqa: N806
    OnNumber = Annotated[OnInt, on_number, SameThread]  # noqa: N806
    KeptOnNumber = Annotated[  # noqa: N806
        OnInt | None, on_number, SameThread, Keep("box", slot="slot")
    ]

    def box_open(
        name: Int, code: Int, /
    ) -> Annotated[
        Box, c_int, Raises(box_error, unless=(0, 1)), Returned(Box, c_void_p, Owned)
    ]: ...
    def box_close(box: Annotated[Box, c_void_p, Closes(if_succeeds=True)], /) -> Done: ...
    def box_text(box: ABox, /) -> Annotated[str, c_char_p]: ...
    def put(box: ABox, name: Int, /) -> Annotated[Thing, c_void_p, Owned]: ...
    def take_out(thing: Annotated[Thing, c_void_p, Closes], /) -> None: ...
    def take_out_slowly(
        thing: Annotated[Thing, c_void_p, Closes(implicit=False)], ms: Int, /
    ) -> None: ...
    def close_slowly(
        box: Annotated[Box, c_void_p, Closes(if_succeeds=True, implicit=False)], ms: Int, /
    ) -> Done: ...
    def ask_and_close(
        box: Annotated[Box, c_void_p, Closes(if_succeeds=True, implicit=False)],
        f: OnNumber,
        /,
    ) -> Done: ...
    def look(box: ABox, /) -> Annotated[View, c_void_p, Borrowed]: ...
    def name_of(box: Annotated[Handle, c_void_p], /) -> Int: ...
    def name_of_five(a: ABox, b: ABox, c: ABox, d: ABox, e: ABox, /) -> Int: ...
    def name_or_0(box: Annotated[Box | None, c_void_p], /) -> Int: ...
    def nap(box: Annotated[Handle, c_void_p], ms: Int, /) -> Int: ...
    def each(box: ABox, count: Int, f: OnNumber, /) -> Int: ...
    def sum_all(count: Int, f: OnNumber, /) -> Annotated[int, c_int64]: ...
    def watch(box: ABox, slot: Int, code: Int, f: KeptOnNumber, /) -> Done: ...
    def watch_and_call(box: ABox, slot: Int, f: KeptOnNumber, /) -> Done: ...
    def watch_slowly(
        box: ABox,
        before: Int,
        after: Int,
        f: Annotated[OnInt, on_number, SameThread, Keep("box")],
        /,
    ) -> Done: ...
    def watch_box(
        box: ABox,
        of: ABox,
        f: Annotated[OnInt, on_number, SameThread, Keep("box", slot="of")],
        /,
    ) -> Done: ...
    def watch_signal(
        box: ABox, number: Int, f: Annotated[OnInt, on_number, SameThread, Keep("box")], /
    ) -> Done: ...
    def at_close(
        box: ABox, f: Annotated[OnInt, on_number, SameThread, Keep("box")], /
    ) -> Done: ...
    def fire(box: ABox, slot: Int, number: Int, /) -> Int: ...
    def fire_last(number: Int, /) -> Int: ...
    def fire_from(box: ABox, other: Annotated[Thing, c_void_p], slot: Int, /) -> Int: ...
    def on_box(
        box: ABox, f: Annotated[Callable[[Box], int], on_a_box, SameThread], /
    ) -> Int: ...
    def all_kinds(
        f: Annotated[Callable[..., int], of_all_kinds, SameThread], color: Int, /
    ) -> Int: ...
    def boolean(
        f: Annotated[Callable[[], bool], get_bool, SameThread], /
    ) -> Annotated[bool, c_bool]: ...
    def real(
        f: Annotated[Callable[[], float], get_double, SameThread], /
    ) -> Annotated[float, c_double]: ...
    def pointer(
        f: Annotated[Callable[[], int | None], get_pointer, SameThread], /
    ) -> Annotated[int | None, c_void_p]: ...
    def none(f: Annotated[Callable[[], None] | None, get_nothing, SameThread], /) -> None: ...
    def code_or(code: Int, f: Annotated[Callable[[], int], get_int, SameThread], /) -> Done: ...
    def in_a_thread(count: Int, f: OnNumber, /) -> Int: ...
    def interrupted(f: OnNumber, /) -> Int: ...
    def status(code: Int, /) -> Done: ...
    def told(code: Int, /) -> Annotated[None, c_int]: ...
    def told_int(code: Int, /) -> Annotated[int, c_int]: ...
    def told_color(code: Int, /) -> Annotated[Color, c_int]: ...
    def checked_color(
        code: Int, /
    ) -> Annotated[Color, c_int, Raises(box_error, unless=Color)]: ...
    def wide_status(
        code: Int, /
    ) -> Annotated[int, ctypes.c_ulonglong, Raises(box_error, unless=(0, 7))]: ...
    def color(code: Int, /) -> Annotated[Color, c_int]: ...
    def half(
        number: Int, /
    ) -> Annotated[
        tuple[int, bool],
        c_int,
        Raises(box_error, unless=(0, 1)),
        Returned(int, c_int),
        Returned(bool, c_bool),
    ]: ...
    def parts(
        number: Annotated[float, c_double], /
    ) -> Annotated[tuple[float, int], c_double, Returned(int, c_int)]: ...
    def dispose(text: Annotated[int, c_void_p], /) -> None: ...

    disposed = library.function(release_gil=False)(dispose)

    def pick(
        code: Int, /
    ) -> Annotated[
        tuple[Color, str, Box],
        None,
        Returned(Color, c_int),
        Returned(str, c_char_p, Owned(disposed)),
        Returned(Box, c_void_p, Owned),
    ]: ...
    def fill(
        code: Int, /
    ) -> Annotated[
        str,
        c_int,
        Raises(box_error, unless=(0, 1)),
        Returned(str, c_char_p, Owned(disposed)),
    ]: ...
    def copied(
        text: Annotated[bytes | None, c_char_p], /
    ) -> Annotated[str | None, c_char_p, Owned(disposed)]: ...
    def same(text: Annotated[bytes, c_char_p], /) -> Annotated[str, c_char_p]: ...
    def same_latin(
        text: Annotated[str, c_char_p, Encoding("latin-1")], /
    ) -> Annotated[str, c_char_p, Encoding("latin-1")]: ...

    declared = [each for name, each in locals().items() if hasattr(library.cdll, name)]
    vars(shelf).update(dispose=disposed, Box=Box, Thing=Thing, View=View, on_number=on_number)
    for function in declared:
        if function is not dispose and function is not disposed:
            # Those that wait must let other threads run; with the others both ways are tried.
            release = function.__name__ in (
                "nap",
                "in_a_thread",
                "name_of",
                "take_out_slowly",
                "close_slowly",
                "look",
                "watch_slowly",
            )
            bound = library.function(release_gil=release)(function)
            setattr(shelf, function.__name__, bound)
    return shelf
