"""Accidents that people have with C, and what becomes of each: refused, or right.

Each row is a function of C that behaves like one that people bind: what went wrong, with which
words a declaration is refused that leaves the matter unsaid, and the declaration that says it,
with a program that does what used to crash.

If a row has no such refusal, C's types do not show the matter: the same declaration is right
for another function. Without a word, C does not keep or take over what it is passed.
"""

import importlib
import os
import sys
import textwrap
from dataclasses import dataclass

import pytest
from support import Package, Tool, attempt

from pyexample.abi import check
from pyexample.ffi import DeclarationError

# C that ends the process when something is used or closed that is closed, or is something else.
C = r"""
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32 /* the numbers of GetLastError; windows.h would declare more */
__declspec(dllimport) void __stdcall SetLastError(unsigned long);
enum { IT_EXISTS = 80, DISK_IS_FULL = 112 };
#define SET_ERROR(number) SetLastError(number)
#else
enum { IT_EXISTS = EEXIST, DISK_IS_FULL = ENOSPC };
#define SET_ERROR(number) (errno = (number))
#endif

typedef struct object object;
struct object {
    const char *kind;
    int is_open, number;
    object *needs, *owned[60];
    int count;
    const char *data;
    size_t size, *used;
    int (*call)(int);
    float floats[4];
};
static object objects[500];
static int made;

static void misuse(const char *what, const char *kind) {
    fprintf(stderr, "C: a %s is %s\n", kind, what);
    abort();
}
static object *make(const char *kind, object *needs) {
    object *it = &objects[made++];
    if (made == 500) misuse("one too many", kind);
    it->kind = kind, it->is_open = 1, it->number = made, it->needs = needs;
    return it;
}
static object *use(object *it, const char *kind) {
    if (it < objects || it >= objects + made) misuse("none", kind);
    if (strcmp(it->kind, kind) != 0) misuse("something else", kind);
    if (!it->is_open) misuse("used after it was closed", kind);
    if (it->needs && !it->needs->is_open) misuse("used after what it needs", kind);
    return it;
}
static void end(object *it, const char *kind) {
    int at;
    use(it, kind);
    for (at = 0; at < it->count; at++) end(it->owned[at], it->owned[at]->kind);
    it->is_open = 0;
}
static void own(object *owner, object *it) { owner->owned[owner->count++] = it; }
int open_objects(void) {
    int at, count = 0;
    for (at = 0; at < made; at++) count += objects[at].is_open;
    return count;
}
"""

# What each declaration and program begins with.
PYTHON = r'''
import ctypes, gc, os, sys, time, weakref
from collections.abc import Callable
from ctypes import *
from pathlib import Path
from typing import Annotated, Any
from pyexample.ffi import *

library = Library("c", __name__)
Int = Annotated[int, c_int]
Text = Annotated[str, c_char_p]

@library.function
def open_objects() -> Int: ...

def refused(error, said, function, *arguments):
    """Check that the call raises such an error."""
    try:
        function(*arguments)
    except error as caught:
        assert said in str(caught), caught
    else:
        raise AssertionError(f"{function} was not refused")

def locked(resize, *arguments):
    """Check that a buffer, which C keeps, cannot be moved. PyPy moves it all the same."""
    if sys.implementation.name == "cpython":
        refused(BufferError, "", resize, *arguments)

def let_others_use_the_memory():
    """What nothing refers to is freed, and its memory is used again."""
    for _ in range(4):
        gc.collect()
    return [bytearray(b"?" * size) for size in range(1, 3000, 7)]
'''


@dataclass
class Accident:
    """A row."""

    name: str
    happened: str
    c: str
    right: str
    program: str
    unsaid: tuple[str, str] = ("", "")
    """What is left out of ``right``, or is wrong: its text, and what stands there instead."""
    words: tuple[str, ...] = ()
    """What its DeclarationError says."""
    header: str = ""
    """The prototype, if the checker refuses it, with the kind of finding in ``words``."""


# fmt: off
ROWS = [
    Accident(
        "llama_get_model",
        "It returns a pointer into the context: closed by Python, it was closed twice.",
        r"""
        object *llama_load(void) { return make("model", NULL); }
        void llama_free_model(object *model) { end(model, "model"); }
        object *llama_new_context(object *it) { return make("context", use(it, "model")); }
        void llama_free(object *context) { end(context, "context"); }
        object *llama_get_model(object *context) { return use(context, "context")->needs; }
        int llama_n_vocab(object *model) { return use(model, "model")->number; }
        """,
        r'''
class Model(Handle): ...
class Context(Handle): ...

@library.function
def llama_load() -> Annotated[Model, c_void_p, Owned]: ...
@library.function
def llama_free_model(model: Annotated[Model, c_void_p, Closes], /) -> None: ...
@library.function
def llama_new_context(model: Annotated[Model, c_void_p], /) -> Annotated[
    Context, c_void_p, Owned
]: ...
@library.function
def llama_free(context: Annotated[Context, c_void_p, Closes], /) -> None: ...
@library.function
def llama_n_vocab(model: Annotated[Model, c_void_p], /) -> Int: ...
@library.function
def llama_get_model(context: Annotated[Context, c_void_p], /) -> Annotated[
    Model, c_void_p, Borrowed("context")
]: ...
''',
        r'''
model = llama_load()
context = llama_new_context(model)
assert llama_get_model(context) is model
del model
let_others_use_the_memory()
again = llama_get_model(context)
assert llama_n_vocab(again) == 1
again.close()  # and the context, which needs it, before that
refused(ValueError, "is closed", llama_get_model, context)
assert open_objects() == 0
''',
        unsaid=(', Borrowed("context")', ""),
        words=("who closes the Model?", "Owned", "Borrowed"),
    ),
    Accident(
        "git_commit_owner",
        "The repository that it returns was closed with the commit.",
        r"""
        object *git_open(void) { return make("repository", NULL); }
        void git_repository_free(object *it) { end(it, "repository"); }
        object *git_commit_lookup(object *it) { return make("commit", use(it, "repository")); }
        void git_commit_free(object *it) { end(it, "commit"); }
        object *git_commit_owner(object *it) { return use(it, "commit")->needs; }
        """,
        r'''
class Repository(Handle): ...
class Commit(Handle): ...

@library.function
def git_open() -> Annotated[Repository, c_void_p, Owned]: ...
@library.function
def git_repository_free(repository: Annotated[Repository, c_void_p, Closes], /) -> None: ...
@library.function
def git_commit_lookup(repository: Annotated[Repository, c_void_p], /) -> Annotated[
    Commit, c_void_p, Owned
]: ...
@library.function
def git_commit_free(commit: Annotated[Commit, c_void_p, Closes], /) -> None: ...
@library.function
def git_commit_owner(commit: Annotated[Commit, c_void_p], /) -> Annotated[
    Repository, c_void_p, Borrowed
]: ...
''',
        r'''
repository = git_open()
owner = git_commit_owner(git_commit_lookup(repository))
let_others_use_the_memory()
assert owner is repository and not owner.closed and open_objects() == 1
git_repository_free(owner)
git_repository_free(repository)
''',
        unsaid=(", Borrowed", ""),
        words=("who closes the Repository?", "Owned", "Borrowed"),
    ),
    Accident(
        "archive_entry_clear",
        "It returns its own argument, which was then freed twice.",
        r"""
        object *archive_entry_new(void) { return make("entry", NULL); }
        void archive_entry_free(object *entry) { end(entry, "entry"); }
        object *archive_entry_clear(object *entry) { return use(entry, "entry"); }
        """,
        r'''
class Entry(Handle): ...

@library.function
def archive_entry_new() -> Annotated[Entry, c_void_p, Owned]: ...
@library.function
def archive_entry_free(entry: Annotated[Entry, c_void_p, Closes], /) -> None: ...
@library.function
def archive_entry_clear(entry: Annotated[Entry, c_void_p], /) -> Annotated[
    Entry, c_void_p, Borrowed("entry")
]: ...
''',
        r'''
entry = archive_entry_new()
assert archive_entry_clear(entry) is entry
del entry
let_others_use_the_memory()
assert open_objects() == 0
''',
        unsaid=(', Borrowed("entry")', ""),
        words=("who closes the Entry?", "Owned", "Borrowed"),
    ),
    Accident(
        "archive_entry_clear, and the wrong word",
        "It was declared to return another one, which is closed, too.",
        r"""
        object *archive_entry_cleared(object *entry) { return use(entry, "entry"); }
        """,
        r'''
class Entry(Handle): ...

@library.function
def archive_entry_new() -> Annotated[Entry, c_void_p, Owned]: ...
@library.function
def archive_entry_free(entry: Annotated[Entry, c_void_p, Closes], /) -> None: ...
@library.function
def archive_entry_cleared(entry: Annotated[Entry, c_void_p], /) -> Annotated[
    Entry, c_void_p, Owned
]: ...
''',
        r'''
entry = archive_entry_new()
refused(ValueError, "which Python closes already: write Borrowed", archive_entry_cleared, entry)
entry.close()
assert open_objects() == 0
''',
    ),
    Accident(
        "cairo_reference",
        "C counts references: each handle is to be closed.",
        r"""
        object *cairo_create(void) { return make("drawing", NULL); }
        object *cairo_reference(object *it) { use(it, "drawing")->size++; return it; }
        void cairo_destroy(object *it) {
            if (!use(it, "drawing")->size--) end(it, "drawing");
        }
        """,
        r'''
class Drawing(Handle): ...

@library.function
def cairo_create() -> Annotated[Drawing, c_void_p, Owned]: ...
@library.function
def cairo_destroy(it: Annotated[Drawing, c_void_p, Closes], /) -> None: ...
@library.function
def cairo_reference(it: Annotated[Drawing, c_void_p], /) -> Annotated[
    Drawing, c_void_p, Owned(counted=True, independent=True)
]: ...
''',
        r'''
first = cairo_create()
second = cairo_reference(first)
first.close()
assert first.closed and not second.closed and open_objects() == 1
cairo_reference(second).close()
second.close()
assert open_objects() == 0
''',
    ),
    Accident(
        "cJSON_AddItemToObject",
        "The object owns the item from then on. Python freed it a second time.",
        r"""
        object *cJSON_CreateObject(void) { return make("json", NULL); }
        void cJSON_Delete(object *it) { end(it, "json"); }
        int cJSON_AddItemToObject(object *it, const char *name, object *item) {
            if (!*name) return 0;
            own(use(it, "json"), use(item, "json"));
            return 1;
        }
        int cJSON_GetArraySize(object *it) { return use(it, "json")->count; }
        """,
        r'''
class Json(Handle): ...

@library.function
def cJSON_CreateObject() -> Annotated[Json, c_void_p, Owned]: ...
@library.function
def cJSON_Delete(it: Annotated[Json, c_void_p, Closes], /) -> None: ...
@library.function
def cJSON_GetArraySize(it: Annotated[Json, c_void_p], /) -> Int: ...
def failed(code, function, values):
    return LookupError(f"{function}() failed")
@library.function
def cJSON_AddItemToObject(
    it: Annotated[Json, c_void_p], name: Text,
    item: Annotated[Json, c_void_p, GivenTo("it", if_succeeds=True)], /,
) -> Annotated[None, c_int, Raises(failed, when="zero")]: ...
''',
        r'''
json, item = cJSON_CreateObject(), cJSON_CreateObject()
refused(LookupError, "failed", cJSON_AddItemToObject, json, "", item)
cJSON_AddItemToObject(json, "inner", item)
refused(ValueError, "not the caller's to give away", cJSON_AddItemToObject, json, "x", item)
refused(ValueError, "C's to close", item.close)
assert cJSON_GetArraySize(item) == 0
json.close()
refused(ValueError, "is closed", cJSON_GetArraySize, item)
rejected = cJSON_CreateObject()
refused(LookupError, "failed", cJSON_AddItemToObject, cJSON_CreateObject(), "", rejected)
rejected.close()
let_others_use_the_memory()
assert open_objects() == 0
''',
    ),
    Accident(
        "llama_sampler_chain_add",
        "The chain frees its samplers. Python freed them, too.",
        r"""
        object *llama_sampler_init(void) { return make("sampler", NULL); }
        void llama_sampler_free(object *it) { end(it, "sampler"); }
        void llama_sampler_chain_add(object *chain, object *it) {
            own(use(chain, "sampler"), use(it, "sampler"));
        }
        """,
        r'''
class Sampler(Handle): ...

@library.function
def llama_sampler_init() -> Annotated[Sampler, c_void_p, Owned]: ...
@library.function
def llama_sampler_free(sampler: Annotated[Sampler, c_void_p, Closes], /) -> None: ...
@library.function
def llama_sampler_chain_add(
    chain: Annotated[Sampler, c_void_p],
    sampler: Annotated[Sampler, c_void_p, GivenTo("chain")], /,
) -> None: ...
''',
        r'''
chain, sampler = llama_sampler_init(), llama_sampler_init()
llama_sampler_chain_add(chain, sampler)
llama_sampler_chain_add(chain, llama_sampler_init())
refused(ValueError, "C's to close", llama_sampler_free, sampler)
refused(ValueError, "chain", llama_sampler_chain_add, chain, chain)
del chain
let_others_use_the_memory()
assert not sampler.closed and open_objects() == 3, "the sampler keeps its chain"
del sampler
let_others_use_the_memory()
assert open_objects() == 0
''',
    ),
    Accident(
        "curl_slist_append",
        "It returns the list, or the first item of a new one: freed by both handles.",
        r"""
        object *curl_slist_append(object *list, const char *text) {
            if (!*text) return NULL;
            if (!list) list = make("list", NULL);
            use(list, "list")->size++;
            return list;
        }
        void curl_slist_free_all(object *list) { end(list, "list"); }
        int length(object *list) { return (int)use(list, "list")->size; }
        """,
        r'''
class List(Handle): ...

def no_memory(code, function, values):
    return MemoryError(function)
@library.function
def curl_slist_append(
    items: Annotated[List | None, c_void_p, GivenTo(if_succeeds=True)], text: Text, /
) -> Annotated[List, c_void_p, Owned, Raises(no_memory)]: ...
@library.function
def curl_slist_free_all(items: Annotated[List, c_void_p, Closes], /) -> None: ...
@library.function
def length(items: Annotated[List, c_void_p], /) -> Int: ...
''',
        r'''
first = curl_slist_append(None, "one")
second = curl_slist_append(first, "two")
refused(ValueError, "is closed", curl_slist_append, first, "three")
refused(MemoryError, "curl_slist_append", curl_slist_append, second, "")
assert length(second) == 2, "it was not given away"
first.close()
second.close()
assert open_objects() == 0
''',
        unsaid=(", Owned,", ","),
        words=("who closes the List?", "Owned", "Borrowed"),
    ),
    Accident(
        "CURLOPT_POSTFIELDS",
        "libcurl reads the data when the transfer runs: they were freed, or moved, by then.",
        r"""
        object *curl_easy_init(void) { return make("transfer", NULL); }
        void curl_easy_cleanup(object *it) { end(it, "transfer"); }
        void curl_easy_setopt(object *it, int option, ...) {
            va_list more;
            va_start(more, option);
            if (option == 60) use(it, "transfer")->size = (size_t)va_arg(more, long);
            else use(it, "transfer")->data = va_arg(more, const char *);
            va_end(more);
        }
        int curl_easy_perform(object *it) {
            size_t at;
            int sum = 0;
            for (at = 0; at < use(it, "transfer")->size; at++) sum += it->data[at];
            return sum;
        }
        """,
        r'''
class Easy(Handle): ...

CURLOPT_POSTFIELDSIZE, CURLOPT_POSTFIELDS = 60, 10015
setopt = library.function(fixed=2, symbol="curl_easy_setopt")

@library.function
def curl_easy_init() -> Annotated[Easy, c_void_p, Owned]: ...
@library.function
def curl_easy_cleanup(easy: Annotated[Easy, c_void_p, Closes], /) -> None: ...
@library.function
def curl_easy_perform(easy: Annotated[Easy, c_void_p], /) -> Int: ...
@setopt
def set_size(
    easy: Annotated[Easy, c_void_p, Constant(c_int, CURLOPT_POSTFIELDSIZE)],
    size: Annotated[int, c_long], /,
) -> None: ...
@setopt
def set_data(
    easy: Annotated[Easy, c_void_p, Constant(c_int, CURLOPT_POSTFIELDS)],
    data: Annotated[Buffer | None, In(c_char, UNCHECKED), Keep("easy")], /,
) -> None: ...
''',
        r'''
easy = curl_easy_init()
data = bytearray(b"a" * 100)
set_size(easy, 100)
set_data(easy, data)
locked(data.clear)
assert curl_easy_perform(easy) == 9700
set_data(easy, b"a" * 100)  # which nothing else refers to
data.clear()
others = let_others_use_the_memory()
assert curl_easy_perform(easy) == 9700
''',
        unsaid=(', UNCHECKED), Keep("easy")', ")"),
        words=("how many items C reads is not declared", "UNCHECKED"),
    ),
    Accident(
        "archive_read_open_memory",
        "It reads the archive where it is, at each later call.",
        r"""
        object *archive_read_new(void) { return make("archive", NULL); }
        void archive_read_free(object *it) { end(it, "archive"); }
        void archive_read_open_memory(object *it, const void *data, size_t size) {
            use(it, "archive")->data = data, it->size = size;
        }
        int archive_read_byte(object *it, size_t at) {
            return at < use(it, "archive")->size ? it->data[at] : -1;
        }
        """,
        r'''
class Archive(Handle): ...

@library.function
def archive_read_new() -> Annotated[Archive, c_void_p, Owned]: ...
@library.function
def archive_read_free(archive: Annotated[Archive, c_void_p, Closes], /) -> None: ...
@library.function
def archive_read_open_memory(
    archive: Annotated[Archive, c_void_p],
    data: Annotated[Buffer, In(None), Count(c_size_t, "data"), Keep("archive")], /,
) -> None: ...
@library.function
def archive_read_byte(
    archive: Annotated[Archive, c_void_p], at: Annotated[int, c_size_t], /
) -> Int: ...
''',
        r'''
archive = archive_read_new()
archive_read_open_memory(archive, bytes(b"archive" * 9))
others = let_others_use_the_memory()
assert archive_read_byte(archive, 62) == ord("e")
data = bytearray(b"archive" * 9)
archive_read_open_memory(archive, data)
locked(data.extend, b"more")
archive_read_free(archive)
data.clear()
''',
    ),
    Accident(
        "archive_write_open_memory",
        "It stores the number of bytes at its last argument whenever it has written some.",
        r"""
        object *archive_write_new(void) { return make("writer", NULL); }
        void archive_write_free(object *it) {
            *use(it, "writer")->used = 4711;
            end(it, "writer");
        }
        void archive_write_open_memory(object *it, void *room, size_t size, size_t *used) {
            use(it, "writer")->data = room, it->size = size, it->used = used, *used = 0;
        }
        """,
        r'''
class Writer(Handle): ...

@library.function
def archive_write_new() -> Annotated[Writer, c_void_p, Owned]: ...
@library.function
def archive_write_free(writer: Annotated[Writer, c_void_p, Closes], /) -> None: ...
@library.function
def archive_write_open_memory(
    writer: Annotated[Writer, c_void_p],
    room: Annotated[Buffer, Out(c_char), Count(c_size_t, "room"), Keep("writer")],
    used: Annotated[c_size_t, POINTER(c_size_t), Keep("writer")], /,
) -> None: ...
''',
        r'''
room, used = bytearray(100), c_size_t(7)
writer = archive_write_new()
archive_write_open_memory(writer, room, used)
assert used.value == 0
locked(room.clear)
number = weakref.ref(used)
del used
others = let_others_use_the_memory()
kept = number()
archive_write_free(writer)
assert kept.value == 4711
''',
    ),
    Accident(
        "FT_New_Memory_Face",
        "The face that it returns reads the font where it is, until it is closed.",
        r"""
        object *FT_Init(void) { return make("library", NULL); }
        void FT_Done(object *it) { end(it, "library"); }
        int FT_New_Memory_Face(object *it, const uint8_t *font, long size, object **face) {
            if (!size) return 1;
            *face = make("face", use(it, "library"));
            (*face)->data = (const char *)font, (*face)->size = (size_t)size;
            return 0;
        }
        int FT_Load_Glyph(object *it) { return use(it, "face")->data[it->size - 1]; }
        void FT_Done_Face(object *it) { end(it, "face"); }
        """,
        r'''
class Fonts(Handle): ...
class Face(Handle): ...

def failed(code, function, values):
    return ValueError(f"{function}() failed: {code}")
@library.function
def FT_Init() -> Annotated[Fonts, c_void_p, Owned]: ...
@library.function
def FT_Done(fonts: Annotated[Fonts, c_void_p, Closes], /) -> None: ...
@library.function
def FT_New_Memory_Face(
    fonts: Annotated[Fonts, c_void_p],
    font: Annotated[Buffer, In(c_ubyte), Count(c_long, "font"), Keep("return")], /,
) -> Annotated[Face, c_int, Raises(failed), Returned(Face, c_void_p, Owned)]: ...
@library.function
def FT_Load_Glyph(face: Annotated[Face, c_void_p], /) -> Int: ...
@library.function
def FT_Done_Face(face: Annotated[Face, c_void_p, Closes], /) -> None: ...
''',
        r'''
fonts = FT_Init()
refused(ValueError, "failed: 1", FT_New_Memory_Face, fonts, b"")
face = FT_New_Memory_Face(fonts, bytes(b"font" * 9))
others = let_others_use_the_memory()
assert FT_Load_Glyph(face) == ord("t")
font = bytearray(b"font")
other = FT_New_Memory_Face(fonts, font)
locked(font.clear)
del other
others = let_others_use_the_memory()
font.clear()
fonts.close()  # the face before it
refused(ValueError, "is closed", FT_Load_Glyph, face)
assert open_objects() == 0
''',
        unsaid=("Face, c_void_p, Owned)", "Face, c_void_p)"),
        words=("who closes the Face?", "Owned", "Borrowed"),
    ),
    Accident(
        "lua_pushcclosure",
        "Of 50 functions, the last one was kept, and all were called.",
        r"""
        object *luaL_newstate(void) { return make("state", NULL); }
        void lua_close(object *it) { end(it, "state"); }
        static int (*functions[50])(int);
        void lua_pushcclosure(object *it, int (*function)(int), int upvalues) {
            functions[use(it, "state")->count++] = function;
            it->size += (size_t)upvalues;
        }
        int lua_call_all(object *it) {
            int at, sum = 0;
            for (at = 0; at < 50; at++) sum += functions[at](at);
            use(it, "state")->count = 0;
            return sum;
        }
        """,
        r'''
class State(Handle): ...

@Callback
def c_function(number: Int, /) -> Int: ...
@library.function
def luaL_newstate() -> Annotated[State, c_void_p, Owned]: ...
@library.function
def lua_close(state: Annotated[State, c_void_p, Closes], /) -> None: ...
@library.function
def lua_pushcclosure(
    state: Annotated[State, c_void_p],
    function: Annotated[Callable[[int], int], c_function, Keep("state", every=True)],
    upvalues: Int, /,
) -> None: ...
@library.function
def lua_call_all(state: Annotated[State, c_void_p], /) -> Int: ...
''',
        r'''
state = luaL_newstate()
for number in range(50):
    lua_pushcclosure(state, lambda given, number=number: given * number, 0)
others = let_others_use_the_memory()
assert lua_call_all(state) == sum(number * number for number in range(50))
''',
    ),
    Accident(
        "SDL_AddTimer",
        "The timer runs later, and each has a function of its own.",
        r"""
        static int (*timers[9])(int);
        static int timer_count;
        int SDL_AddTimer(unsigned interval, int (*function)(int)) {
            timers[timer_count++] = function;
            return (int)interval;
        }
        int run_timers(void) {
            int at, sum = 0;
            for (at = 0; at < timer_count; at++) sum += timers[at](at);
            return sum;
        }
        """,
        r'''
@Callback
def timer(number: Int, /) -> Int: ...
@library.function
def SDL_AddTimer(
    interval: Annotated[int, c_uint],
    function: Annotated[Callable[[int], int], timer, Keep(every=True)], /,
) -> Int: ...
@library.function
def run_timers() -> Int: ...
''',
        r'''
for number in range(3):
    SDL_AddTimer(number, lambda given, number=number: 10 * number + given)
others = let_others_use_the_memory()
assert run_timers() == 33
''',
    ),
    Accident(
        "a callback from another thread",
        "C waits for a thread, whose callback waits for the GIL: for ever.",
        r"""
        #ifdef _WIN32
        #define WIN32_LEAN_AND_MEAN
        #include <windows.h>
        static DWORD WINAPI work(void *given) { return (DWORD)(*(int (**)(int))given)(1); }
        int wait_for(int (*function)(int)) {
            DWORD result = 0;
            HANDLE thread = CreateThread(NULL, 0, work, &function, 0, NULL);
            WaitForSingleObject(thread, INFINITE);
            GetExitCodeThread(thread, &result);
            CloseHandle(thread);
            return (int)result;
        }
        #else
        #include <pthread.h>
        static void *work(void *given) {
            return (void *)(intptr_t)(*(int (**)(int))given)(1);
        }
        int wait_for(int (*function)(int)) {
            pthread_t thread;
            void *result = NULL;
            pthread_create(&thread, NULL, work, &function);
            pthread_join(thread, &result);
            return (int)(intptr_t)result;
        }
        #endif
        """,
        r'''
@Callback
def done(number: Int, /) -> Int: ...
@library.function
def wait_for(function: Annotated[Callable[[int], int], done], /) -> Int: ...
''',
        r'''
assert wait_for(lambda number: number + 1) == 2
''',
        unsaid=("function\ndef wait", "function(release_gil=False)\ndef wait"),
        words=("release_gil=False holds the GIL", "SameThread"),
    ),
    Accident(
        "signal",
        "There is one handler for each signal, for as long as the program runs.",
        r"""
        static int (*handlers[9])(int);
        void on_signal(int number, int (*handler)(int)) { handlers[number] = handler; }
        int raise_signal(int number) {
            return handlers[number] ? handlers[number](number) : -1;
        }
        """,
        r'''
@Callback
def handler(number: Int, /) -> Int: ...
@library.function
def on_signal(
    number: Int, function: Annotated[Callable[[int], int] | None, handler, Keep(slot="number")],
    /,
) -> None: ...
@library.function
def raise_signal(number: Int, /) -> Int: ...
''',
        r'''
class Handler:
    def __init__(self, more):
        self.more = more
    def __call__(self, number):
        return number + self.more

first, second = Handler(10), Handler(20)
on_signal(1, first)
on_signal(2, second)
references = [weakref.ref(first), weakref.ref(second)]
del first, second
others = let_others_use_the_memory()
assert (raise_signal(1), raise_signal(2)) == (11, 22)
on_signal(1, None)
others = let_others_use_the_memory()
assert [each() is None for each in references] == [True, False]
assert (raise_signal(1), raise_signal(2)) == (-1, 22)
''',
    ),
    Accident(
        "llama_log_set",
        "The function that is to be told everything was collected after the call.",
        r"""
        static int (*logger)(int);
        void llama_log_set(int (*function)(int)) { logger = function; }
        int log_something(int level) { return logger ? logger(level) : -1; }
        """,
        r'''
@Callback
def log(level: Int, /) -> Int: ...
@library.function
def llama_log_set(function: Annotated[Callable[[int], int] | None, log, Keep()], /) -> None: ...
@library.function
def log_something(level: Int, /) -> Int: ...
''',
        r'''
class Log:
    def __call__(self, level):
        return level + 1

log = Log()
is_alive = weakref.ref(log)
llama_log_set(log)
del log
others = let_others_use_the_memory()
assert log_something(5) == 6
llama_log_set(None)
others = let_others_use_the_memory()
assert is_alive() is None and log_something(5) == -1
''',
    ),
    Accident(
        "a function that C calls after its release",
        "C jumped to memory that was something else by then.",
        r"""
        static int (*forgotten)(int);
        int remember(int (*function)(int)) { forgotten = function; return function(1); }
        int call_it_later(void) { return forgotten(2); }
        """,
        r'''
@Callback
def remembered(number: Int, /) -> Int: ...
@library.function
def remember(function: Annotated[Callable[[int], int], remembered], /) -> Int: ...
@library.function
def call_it_later() -> Int: ...
''',
        r'''
assert remember(lambda number: number + 1) == 2
others = let_others_use_the_memory()
heard = []
sys.unraisablehook = lambda unraisable: heard.append(str(unraisable.exc_value))
assert call_it_later() == 0
assert "its parameter lacks Keep" in heard.pop()
''',
    ),
    Accident(
        "llama_init_from_model",
        "A callback in a struct that is passed by value: the new context calls it later.",
        r"""
        typedef struct { int n_ctx; int (*abort_callback)(int); } context_params;
        object *llama_init_from_model(context_params params) {
            object *it = make("context2", NULL);
            it->call = params.abort_callback;
            return it;
        }
        int llama_decode(object *it) { return use(it, "context2")->call(3); }
        void llama_free2(object *it) { end(it, "context2"); }
        """,
        r'''
class Context(Handle): ...

@Callback
def abort(number: Int, /) -> Int: ...
@struct
class Params(ctypes.Structure):
    n_ctx: Int
    abort_callback: Annotated[Callable[[int], int] | None, abort]
@library.function
def llama_init_from_model(params: Annotated[Params, Params, Keep("return")], /) -> Annotated[
    Context, c_void_p, Owned
]: ...
@library.function
def llama_decode(context: Annotated[Context, c_void_p], /) -> Int: ...
@library.function
def llama_free2(context: Annotated[Context, c_void_p, Closes], /) -> None: ...
''',
        r'''
context = llama_init_from_model(Params(512, lambda number: number * 2))
others = let_others_use_the_memory()
assert llama_decode(context) == 6
''',
    ),
    Accident(
        "crypto_secretbox_easy",
        "A key of 5 bytes, of which C reads 32.",
        r"""
        int crypto_secretbox(const unsigned char *key, const unsigned char nonce[24]) {
            return key[31] + nonce[23];
        }
        """,
        r'''
@library.function
def crypto_secretbox(
    key: Annotated[Buffer, In(c_ubyte, 32)], nonce: Annotated[Buffer, In(c_ubyte, at_least=24)],
    /,
) -> Int: ...
''',
        r'''
refused(ValueError, "must have 32 items, not 5", crypto_secretbox, b"short", bytes(24))
refused(ValueError, "at least 24 items, not 23", crypto_secretbox, bytes(32), bytes(23))
assert crypto_secretbox(bytes([1] * 32), bytes([2] * 25)) == 3
''',
        unsaid=("In(c_ubyte, 32)", "In(c_ubyte)"),
        words=("how many items C reads is not declared", "In(c_ubyte, 32)", "at_least"),
    ),
    Accident(
        "recv",
        "C writes more than there is room for.",
        r"""
        int receive(char *room, size_t size) { memset(room, 'x', size); return (int)size; }
        """,
        r'''
@library.function
def receive(room: Annotated[Buffer, Out(c_char), Count(c_size_t, "room")], /) -> Int: ...
''',
        r'''
room = bytearray(10)
assert receive(room) == 10 and room == b"x" * 10
refused(BufferError, "writable", receive, b"constant")
refused(BufferError, "contiguous", receive, memoryview(room)[::2])
''',
        unsaid=('Count(c_size_t, "room")], /', "], size: Annotated[int, c_size_t], /"),
        words=("how many items C writes is not declared", "Count"),
    ),
    Accident(
        "lua_tolstring",
        "Text with NULs in it was cut at the first one.",
        r"""
        const char *lua_tolstring(size_t *size) { *size = 7; return "one\0two"; }
        int text_length(const char *text) { return (int)strlen(text); }
        """,
        r'''
@library.function
def text_length(text: Text, /) -> Int: ...
@library.function
def lua_tolstring() -> Annotated[bytes, In(c_char), Length(c_size_t, "return")]: ...
''',
        r'''
assert lua_tolstring() == b"one\0two"
refused(ValueError, "must not contain NUL", text_length, "one\0two")
''',
    ),
    Accident(
        "archive_read_data_block",
        "The block that it points to is another one after the next call.",
        r"""
        static char block[4];
        int archive_read_data_block(const void **data, size_t *size) {
            block[0] += 1;
            *data = block, *size = 4;
            return block[0] < 3 ? 0 : 1;
        }
        """,
        r'''
def failed(code, function, values):
    return ValueError(f"{function}() failed: {code}")
@library.function
def archive_read_data_block() -> Annotated[
    bytes | None, c_int, Raises(failed, none=(1,)),
    Returned(bytes, In(None), name="block"), Length(c_size_t, "block"),
]: ...
''',
        r'''
blocks = [archive_read_data_block() for _ in range(3)]
assert blocks == [bytes([1, 0, 0, 0]), bytes([2, 0, 0, 0]), None]
''',
        unsaid=("Returned(bytes", "Returned(memoryview"),
        words=("shows memory of C's", "Borrowed", "copies"),
    ),
    Accident(
        "snprintf",
        "It returns how much it would have written: more than there was room for was read.",
        r"""
        int describe(char *text, size_t size, int number) {
            return snprintf(text, size, "the number %d", number);
        }
        """,
        r'''
@library.function
def describe(
    number: Annotated[
        int, Filled(str, c_char, 8, name="text"), Count(c_size_t, "text"), c_int
    ], /,
) -> Annotated[str, c_int, Written("text", again=True, nul=True)]: ...
@library.function(symbol="describe")
def describe_once(
    number: Annotated[
        int, Filled(str, c_char, 8, name="text"), Count(c_size_t, "text"), c_int
    ], /,
) -> Annotated[str, c_int, Written("text")]: ...
''',
        r'''
assert describe(4711) == "the number 4711"
refused(ValueError, "C says that it wrote 15 of 8 items", describe_once, 4711)
''',
    ),
    Accident(
        "strdup",
        "Nobody freed the text.",
        r"""
        static int texts;
        char *copy_of(const char *text) {
            char *copy = malloc(strlen(text) + 1);
            texts++;
            return copy ? strcpy(copy, text) : NULL;
        }
        void free_text(void *text) { texts--; free(text); }
        int text_count(void) { return texts; }
        """,
        r'''
@library.function
def free_text(text: Annotated[int, c_void_p], /) -> None: ...
@library.function
def copy_of(text: Text, /) -> Annotated[str, c_char_p, Owned(free_text)]: ...
@library.function
def text_count() -> Int: ...
''',
        r'''
assert [copy_of("text") for _ in range(9)] == ["text"] * 9
assert text_count() == 0
''',
        unsaid=("Owned(free_text)", "Owned"),
        words=("who frees it?", "Owned(free)"),
    ),
    Accident(
        "llama_get_logits",
        "The numbers were read after their context was closed.",
        r"""
        object *new_context(void) {
            object *it = make("numbers", NULL);
            it->floats[3] = 2.5f;
            return it;
        }
        void free_context(object *it) { memset(it->floats, 0xff, 16); end(it, "numbers"); }
        float *llama_get_logits(object *it, int count) {
            return count == 4 ? use(it, "numbers")->floats : NULL;
        }
        """,
        r'''
class Context(Handle): ...

@library.function
def new_context() -> Annotated[Context, c_void_p, Owned]: ...
@library.function
def free_context(context: Annotated[Context, c_void_p, Closes], /) -> None: ...
@library.function
def llama_get_logits(context: Annotated[Context, c_void_p], count: Int, /) -> Annotated[
    memoryview, In(c_float, "count"), Borrowed("context")
]: ...
''',
        r'''
context = new_context()
logits = llama_get_logits(context, 4)
assert [*logits] == [0, 0, 0, 2.5]
del context
others = let_others_use_the_memory()
assert logits[3] == 2.5, "they keep their context"
context = new_context()
logits = llama_get_logits(context, 4)
context.close()
refused(ValueError, "released", lambda: logits[3])
''',
        unsaid=(', Borrowed("context")', ""),
        words=("shows memory of C's", "Borrowed", "copies"),
    ),
    Accident(
        "a library of another version",
        "llama.cpp with other structs was loaded, and read one field for another.",
        r"""
        int library_version(void) { return 2; }
        """,
        r'''
def is_version(wanted):
    def check(cdll):
        cdll.library_version.argtypes = []
        found = cdll.library_version()
        return None if found == wanted else f"it is version {found}, not {wanted}"
    return check
@library.function
def library_version() -> Int: ...
''',
        r'''
refused(
    LibraryLoadError, "it is version 2, not 1",
    lambda: Library("c", __name__, version=is_version(1)),
)
assert "library_version" in Library("c", __name__, version=is_version(2))
''',
    ),
    Accident(
        "codes of success",
        "A range of two thousand million codes became a set, and filled the memory.",
        r"""
        int64_t succeed_with(int64_t code) { return code; }
        """,
        r'''
def failed(code, function, values):
    return ValueError(f"{function}() failed: {code}")
@library.function
def succeed_with(code: Annotated[int, c_int64], /) -> Annotated[
    int, c_int64, Raises(failed, unless=range(2**62))
]: ...
''',
        r'''
assert succeed_with(2**61) == 2**61
refused(ValueError, "failed: -1", succeed_with, -1)
''',
    ),
    Accident(
        "errno",
        "Garbage collection after the call replaced it.",
        r"""
        int file_make(void) { SET_ERROR(IT_EXISTS); return -1; }
        """,
        r'''
@library.function
def file_make() -> Annotated[None, c_int, Raises(OSError, when="negative")]: ...
''',
        r'''
class Noise:
    def __init__(self):
        self.me = self
    def __del__(self):
        try:
            os.stat("/no/such/file")
        except FileNotFoundError:
            pass

if hasattr(gc, "set_threshold"):  # not PyPy's
    gc.set_threshold(1)
for _ in range(1000):
    Noise()
    try:
        file_make()
    except FileExistsError:
        pass
    else:
        raise AssertionError
''',
    ),
    Accident(
        "printf",
        "A variadic function gets garbage on arm64 of Apple if it is declared like others.",
        r"""
        double sum_of(int count, ...) {
            va_list more;
            double sum = 0;
            va_start(more, count);
            while (count--) sum += va_arg(more, double);
            va_end(more);
            return sum;
        }
        """,
        r'''
@library.function(fixed=1)
def sum_of(
    count: Int, first: Annotated[float, c_double], second: Annotated[float, c_double], /
) -> Annotated[float, c_double]: ...
''',
        r'''
assert sum_of(2, 1.5, 2) == 3.5
def floats(a: Int, b: Annotated[float, c_float], /) -> None: ...
declare = library.function(fixed=1, symbol="sum_of")
refused(DeclarationError, "declare c_double", declare, floats)
''',
        unsaid=("(fixed=1)", ""),
        words=("variadic",),
        header="double sum_of(int count, ...);",
    ),
    Accident(
        "fopen",
        "A path was not accepted, or encoded in another way than the file system's.",
        r"""
        int last_character(const char *path) { return (unsigned char)path[strlen(path) - 1]; }
        """,
        r'''
@library.function
def last_character(path: Annotated[str | os.PathLike[str], c_char_p], /) -> Int: ...
''',
        r'''
assert last_character(Path("folder") / "name") == ord("e")
if os.name != "nt":  # file names are UTF-16 there
    assert last_character(os.fsdecode(b"name\xff")) == 255
refused(ValueError, "must not contain NUL", last_character, "a\0b")
''',
    ),
    Accident(
        "ZSTD_CCtx_refCDict",
        "The dictionary was closed before the context that uses it.",
        r"""
        object *ZSTD_createCDict(void) { return make("dictionary", NULL); }
        void ZSTD_freeCDict(object *it) { end(it, "dictionary"); }
        object *ZSTD_createCCtx(void) { return make("compressor", NULL); }
        void ZSTD_freeCCtx(object *it) { end(it, "compressor"); }
        void ZSTD_CCtx_refCDict(object *it, object *dictionary) {
            use(it, "compressor")->needs = dictionary;
        }
        int ZSTD_compress(object *it) { return use(it, "compressor")->needs != NULL; }
        """,
        r'''
class CCtx(Handle): ...
class CDict(Handle): ...

@library.function
def ZSTD_createCDict() -> Annotated[CDict, c_void_p, Owned]: ...
@library.function
def ZSTD_freeCDict(dictionary: Annotated[CDict, c_void_p, Closes], /) -> None: ...
@library.function
def ZSTD_createCCtx() -> Annotated[CCtx, c_void_p, Owned]: ...
@library.function
def ZSTD_freeCCtx(context: Annotated[CCtx, c_void_p, Closes], /) -> None: ...
@library.function
def ZSTD_CCtx_refCDict(
    context: Annotated[CCtx, c_void_p],
    dictionary: Annotated[CDict | None, c_void_p, Keep("context")], /,
) -> None: ...
@library.function
def ZSTD_compress(context: Annotated[CCtx, c_void_p], /) -> Int: ...
''',
        r'''
context = ZSTD_createCCtx()
ZSTD_CCtx_refCDict(context, ZSTD_createCDict())
others = let_others_use_the_memory()
assert ZSTD_compress(context) == 1
ZSTD_CCtx_refCDict(context, None)
others = let_others_use_the_memory()
assert ZSTD_compress(context) == 0 and open_objects() == 1
ZSTD_CCtx_refCDict(context, ZSTD_createCDict())
context.close()
others = let_others_use_the_memory()
assert open_objects() == 0
''',
    ),
    Accident(
        "fclose",
        "The disk was full: it failed, and freed the file. Python closed it again.",
        r"""
        object *fopen_(void) { return make("file", NULL); }
        int fclose_(object *it, int is_full) {
            end(it, "file");
            SET_ERROR(DISK_IS_FULL);
            return is_full;
        }
        """,
        r'''
class File(Handle): ...

@library.function
def fopen_() -> Annotated[File, c_void_p, Owned]: ...
@library.function
def fclose_(file: Annotated[File, c_void_p, Closes(is_full=False)], is_full: Annotated[
    bool, c_int
], /) -> Annotated[None, c_int, Raises(OSError)]: ...
''',
        r'''
file = fopen_()
reason = FormatError(112) if os.name == "nt" else os.strerror(28)
refused(OSError, reason, fclose_, file, True)
fclose_(file, False)
file.close()
assert file.closed and open_objects() == 0
''',
    ),
    Accident(
        "sqlite3_close",
        "It failed, because the database was busy. It was never closed.",
        r"""
        object *sqlite3_open(void) { return make("database", NULL); }
        int sqlite3_close(object *it, int is_busy) {
            if (!is_busy) end(it, "database");
            return is_busy ? 5 : 0;
        }
        """,
        r'''
class Database(Handle): ...

def failed(code, function, values):
    return RuntimeError(f"{function}() failed: {code}")
@library.function
def sqlite3_open() -> Annotated[Database, c_void_p, Owned]: ...
@library.function
def sqlite3_close(
    database: Annotated[Database, c_void_p, Closes(if_succeeds=True, is_busy=False)],
    is_busy: Annotated[bool, c_int], /,
) -> Annotated[None, c_int, Raises(failed)]: ...
''',
        r'''
database = sqlite3_open()
refused(RuntimeError, "failed: 5", sqlite3_close, database, True)
assert not database.closed
del database
let_others_use_the_memory()
assert open_objects() == 0
''',
        unsaid=("Raises(failed)", ""),
        words=("if_succeeds=True", "how does the function fail? Write Raises"),
    ),
    Accident(
        "the end of Python",
        "A struct in the memory of a handle was a variable of the module, a thread in a call.",
        r"""
        struct limits { int least, most; };
        static struct limits limits = {1, 9};
        object *store_new(void) { return make("store", NULL); }
        void store_free(object *it) { end(it, "store"); }
        const struct limits *store_limits(object *it) { return use(it, "store"), &limits; }
        void store_wait(object *it, int (*call)(int)) { use(it, "store"), call(1); }
        """,
        r'''
class Store(Handle): ...
@struct
class Limits(Structure):
    least: Int
    most: Int
@Callback
def on_wait(number: Int, /) -> Int: ...

@library.function
def store_new() -> Annotated[Store, c_void_p, Owned]: ...
@library.function
def store_free(store: Annotated[Store, c_void_p, Closes], /) -> None: ...
@library.function
def store_limits(store: Annotated[Store, c_void_p], /) -> Annotated[
    Limits, POINTER(Limits), Borrowed
]: ...
@library.function
def store_wait(
    store: Annotated[Store, c_void_p],
    call: Annotated[Callable[[int], int], on_wait], /,
) -> None: ...
''',
        r'''
import threading
limits = store_limits(store_new())
let_others_use_the_memory()
assert limits.most == 9
waits = threading.Event()
def wait(number):
    waits.set()
    time.sleep(60)
    return 0
used = store_new()
threading.Thread(target=store_wait, args=(used, wait), daemon=True).start()
waits.wait()
''',
        unsaid=(", Borrowed\n", "\n"),
        words=("who owns the Limits?", "Borrowed"),
    ),
    Accident(
        "closed twice",
        "By the function and by Python, in either order.",
        r"""
        object *thing_new(void) { return make("thing", NULL); }
        void thing_free(object *it) { end(it, "thing"); }
        int thing_number(object *it) { return use(it, "thing")->number; }
        """,
        r'''
class Thing(Handle): ...

@library.function
def thing_new() -> Annotated[Thing, c_void_p, Owned]: ...
@library.function
def thing_free(thing: Annotated[Thing, c_void_p, Closes], /) -> None: ...
@library.function
def thing_number(thing: Annotated[Thing, c_void_p], /) -> Int: ...
''',
        r'''
with thing_new() as thing:
    thing_free(thing)
    thing_free(thing)
    thing.close()
refused(ValueError, "is closed", thing_number, thing)
refused(TypeError, "must be a Thing, not int", thing_number, 4711)
assert open_objects() == 0
''',
        unsaid=(", Owned", ""),
        words=("who closes the Thing?",),
    ),
]
# fmt: on


SOURCE = C + "".join(textwrap.dedent(row.c) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "_"))
def test_it_is_refused_or_right(row: Accident, package: Package, path: str, tool: Tool) -> None:
    folder = package.folder.parent
    package.compile(SOURCE, "c", *([] if os.name == "nt" else ["-pthread"]))
    (package.folder / "unsaid.py").write_text(PYTHON + row.right.replace(*row.unsaid), "utf-8")
    if row.header:
        (folder / "header.h").write_text(row.header, "utf-8")
        report = check(
            f"{package.name}.unsaid",
            headers=[str(folder / "header.h")],
            without_library=["c"],
            compiler=tool("g++"),
        )
        assert row.words == (report.findings[-1].kind,)
    elif row.words:
        with pytest.raises(DeclarationError) as caught:
            importlib.import_module(f"{package.name}.unsaid")
        assert [word for word in row.words if word not in str(caught.value)] == []
    program = "\n".join((PYTHON, row.right, row.program, 'print("ended well")'))
    (package.folder / "program.py").write_text(program, "utf-8")
    done = attempt([sys.executable, "-m", f"{package.name}.program"], cwd=folder)
    assert done.stderr == ""
    assert (done.stdout, done.returncode) == ("ended well\n", 0)
