"""Each word of ownership under gc, threads, exceptions, forks, signals, and the end of Python.

C keeps a table of what is open, and aborts if something is closed twice, used after it was
closed, or closed before what needs it: so a mistake ends the process. hostile_ownership.py is
what runs there.
"""

import os
import sys
from pathlib import Path

import pytest
from support import FASTCALL_IS_SERVED, ROOT, Argument, Package, attempt

SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { MOST = 1 << 16 };
typedef struct item {
    int state, number; /* 0: never open, 1: open, 2: closed */
    struct item *parent, *owner, *uses, *const *many;
    int (*call)(int);
    const char *text; const int *numbers; size_t count; int many_count;
} item;
static item items[MOST];
static int made, open_items, is_child;
static char locked;
static void lock(void) { while (__atomic_test_and_set(&locked, __ATOMIC_ACQUIRE)) {} }
static void unlock(void) { __atomic_clear(&locked, __ATOMIC_RELEASE); }
static void check(int right, const char *what) {
    if (!right) { fprintf(stderr, "C: %s\n", what); abort(); }
}
static item *good(item *it, const char *what) {
    check(it >= items && it < items + MOST && it->state == 1, what);
    return it;
}
int opened(void) { return open_items; }
void now_in_child(void) { is_child = 1; }
static item *global;
static int use(item *it);
static void at_end(void) {
    int kept = global != NULL;
    if (kept) use(global);
    if (is_child || open_items == kept) return;
    fprintf(stderr, "C: %d are left open\n", open_items);
    _Exit(3);
}
void check_at_end(void) { atexit(at_end); }
static item *make(int number, item *parent) {
    lock();
    item *it = &items[made++ % MOST];
    check(it->state != 1, "too many");
    open_items++;
    unlock();
    memset(it, 0, sizeof *it);
    it->state = 1; it->number = number; it->parent = parent;
    return it;
}
item *item_new(int number) { return number < 0 ? NULL : make(number, NULL); }
item *item_child(item *parent) {
    return make(good(parent, "a child of a closed one")->number, parent);
}
item *item_self(item *it) { return good(it, "self of a closed one"); }
/* Uses all that C keeps for it. */
static int use(item *it) {
    int sum = good(it, "a use after the end")->number;
    if (it->parent) good(it->parent, "closed before its child");
    if (it->owner) good(it->owner, "closed before what it owns");
    if (it->uses) good(it->uses, "closed before what uses it");
    for (int i = 0; i < it->many_count; i++) sum += good(it->many[i], "one of many")->number;
    for (size_t i = 0; i < it->count; i++) sum += it->numbers[i];
    return sum + (it->text ? (int)strlen(it->text) : 0);
}
int item_use(item *it) { return use(it); }
int item_touch(item *it, int (*call)(int)) {
    int before = use(it), back = call(before);
    use(it);
    return back;
}
int item_fire(item *it, int n) {
    int back = good(it, "fired after the end")->call(n);
    use(it);
    return back;
}
void item_close(item *it) {
    check(!is_child, "a child of a fork closes it");
    if (it->uses && it->uses->parent == it) it->uses = NULL; /* closed before, as a child */
    use(it);
    if (it->call) it->call(-1);
    for (item *each = items; each < items + MOST && each < items + made; each++)
        if (each->state == 1 && each->owner == it) { each->owner = NULL; item_close(each); }
    lock();
    good(it, "closed twice")->state = 2;
    open_items--;
    unlock();
}
void item_close_slot(item **slot) { item_close(*slot); *slot = NULL; }
int item_close_with(item *it, int fail) { if (fail) return fail; item_close(it); return 0; }
void item_close_in(item *owner, item *it) { use(owner); item_close(it); }
int item_give(item *owner, item *it, int (*call)(int)) {
    int fail = call(use(owner) + use(it));
    if (!fail) it->owner = owner;
    return fail;
}
void item_give_many(item *owner, item *const *them, int n) {
    for (int i = 0; i < n; i++) { use(them[i]); them[i]->owner = owner; }
}
/* What it owns: the first, without any call that could end meanwhile. */
item *item_take(item *owner) {
    use(owner);
    for (item *each = items; each < items + MOST && each < items + made; each++)
        if (each->state == 1 && each->owner == owner) { each->owner = NULL; return each; }
    return NULL;
}
item *item_unlink(item *it) { use(it); it->owner = NULL; return it; }
void item_swallow(item *it) { item_close(it); }
void item_on_call(item *it, int (*call)(int)) { use(it); it->call = call; }
item *item_calling(int (*call)(int), int fail) {
    if (fail) return NULL;
    item *it = make(0, NULL);
    it->call = call;
    return it;
}
void item_set_text(item *it, const char *text) { use(it); it->text = text; }
void item_set_numbers(item *it, const int *numbers, size_t count) {
    use(it); it->numbers = numbers; it->count = count;
}
void item_set_uses(item *it, item *other) {
    use(it);
    it->uses = other ? good(other, "to be kept") : NULL;
}
void item_set_many(item *it, item *const *many, int n) {
    use(it);
    it->many = many; it->many_count = n;
}
void item_reset(item *it) { use(it); it->numbers = NULL; it->count = 0; it->uses = NULL; }
static int (*everywhere)(int);
void on_any(int (*call)(int)) { everywhere = call; }
void use_globally(item *it) { global = it; }
int use_global(void) { return use(global); }
int call_any(int n) { return everywhere(n); }
static int number_of(item *it) { return (int)(it - items); }
int id_open(int fail) { return fail ? -1 : number_of(make(1, NULL)); }
int id_child(int id) { return number_of(item_child(&items[id])); }
int id_touch(int id, int (*call)(int)) { return item_touch(&items[id], call); }
void id_close(int id) { item_close(&items[id]); }
"""

PROGRAM = ROOT / "tests" / "ffi" / "hostile_ownership.py"
WORDS = [
    "owned", "owned_by", "borrowed", "given_to", "given_away", "given_back", "keep_with_owner",
    "keep_with_result", "keep_for_good", "keep_handles", "released", "integers",
]  # fmt: skip
STRESSES = ["under_gc", "in_threads", "under_exceptions", "until_the_end"]
POSIX = ["with_forks", "under_signals"] if hasattr(os, "fork") else []


@pytest.mark.parametrize("fast", ["0", *(["1"] if FASTCALL_IS_SERVED else [])])
@pytest.mark.parametrize("stress", [*STRESSES, *POSIX])
def test_every_word(tmp_path: Path, stress: str, fast: str) -> None:
    Package(tmp_path).compile(SOURCE)
    command: list[Argument] = [sys.executable, "-X", "dev", PROGRAM, tmp_path, stress, *WORDS]
    done = attempt(command, env={"BOUND_FASTCALL": fast}, timeout=300)
    assert done.returncode == 0, f"after {done.stdout.split()}:\n{done.stderr}"
    assert done.stdout.split() == WORDS
