"""Structures that C returns by pointer: who owns them, and how long they can be used."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
from collections.abc import Callable, Iterator
from ctypes import Structure, c_char_p, c_int, c_short, c_void_p
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from support import Package, collect

from pyexample.ffi import (
    DEFAULT,
    POINTER,
    Array,
    Borrowed,
    Closes,
    DeclarationError,
    Handle,
    Library,
    Owned,
    Returned,
    struct,
)  # fmt: skip
from pyexample.ffi.declaration import Declaration

SOURCE = r"""
#include <stdlib.h>
#include <string.h>
typedef struct { short x, y; } corner;
typedef struct rect { int id; const char *name; corner corners[2]; struct rect *next; } rect;
typedef struct { rect first, second; } page;
typedef struct { page *current; } book;
static int alive;
int in_use(void) { return alive; }
book *book_new(void) {
    book *it = calloc(1, sizeof *it); it->current = calloc(1, sizeof(page));
    it->current->first.id = 1; it->current->first.name = "C's";
    it->current->second.id = 2; it->current->first.next = &it->current->second;
    alive++;
    return it;
}
void book_free(book *it) {
    memset(it->current, '#', sizeof *it->current);
    free(it->current); free(it); alive--;
}
page *book_page(book *it) { return it->current; }
book *book_self(book *it) { return it; }
rect *book_rect(book *it, int id) { return id == 1 ? &it->current->first : NULL; }
rect *either(book *one, book *other) { return &(one ? one : other)->current->first; }
void book_out(book *it, rect **out) { *out = &it->current->second; }
static rect fixed = {7, "static", {{1, 2}, {3, 4}}, NULL};
rect *get_static(void) { return &fixed; }
rect *rect_new(int id) {
    if (id < 0) return NULL;
    rect *it = calloc(1, sizeof *it); it->id = id; it->name = "literal"; alive++;
    return it;
}
void rect_free(void *it) { memset(it, '#', sizeof(rect)); free(it); alive--; }
rect *same(rect *it) { return it; }
const char *name_of(rect *it) { return it->name; }
"""

Int = Annotated[int, c_int]


@struct
class Corner(Structure):
    x: Annotated[int, c_short]
    y: Annotated[int, c_short]


@struct
class Rect(Structure):
    id: Annotated[int, c_int]
    name: Annotated[str | None, c_char_p] = DEFAULT
    corners: Annotated[Array[Corner], Corner * 2] = DEFAULT
    next: Annotated["Rect | None", POINTER("Rect")] = DEFAULT


@struct
class Page(Structure):
    first: Annotated[Rect, Rect]
    second: Annotated[Rect, Rect]


@pytest.fixture
def api(package: Package, path: str) -> Iterator[Any]:
    package.compile(SOURCE)
    library = Library("c", f"{package.name}.module")

    class Book(Handle):
        pass

    ABook = Annotated[Book, c_void_p]  # noqa: N806
    Lent = Annotated[Rect | None, POINTER(Rect), Borrowed]  # noqa: N806

    @library.function
    def rect_free(it: Annotated[int, c_void_p], /) -> None: ...
    def in_use() -> Int: ...
    def book_new() -> Annotated[Book, c_void_p, Owned]: ...
    def book_free(it: Annotated[Book, c_void_p, Closes], /) -> None: ...
    def book_page(it: ABook, /) -> Annotated[Page, POINTER(Page), Borrowed("it")]: ...
    def book_self(it: ABook, /) -> Annotated[Book, c_void_p, Borrowed]: ...
    def book_rect(it: ABook, id: Int, /) -> Lent: ...  # noqa: A002
    def either(one: ABook, other: ABook, /) -> Lent: ...
    def book_out(
        it: Annotated[Book, c_void_p, Returned(Rect, POINTER(Rect), Borrowed("it"))], /
    ) -> Annotated[Rect, None]: ...
    def get_static() -> Annotated[Rect, POINTER(Rect), Borrowed]: ...
    def rect_new(id: Int, /) -> Annotated[Rect | None, POINTER(Rect), Owned(rect_free)]: ...  # noqa: A002
    def same(it: Annotated[Rect, POINTER(Rect)], /) -> Lent: ...
    def name_of(it: Annotated[Rect, POINTER(Rect)], /) -> Annotated[str | None, c_char_p]: ...

    declared: list[Callable[..., Any]] = [
        in_use, book_new, book_free, book_page, book_self, book_rect, either, book_out,
        get_static, rect_new, same, name_of,
    ]  # fmt: skip
    bound = SimpleNamespace(**{each.__name__: library.function(each) for each in declared})
    bound.rect_free, bound.Book = rect_free, Book
    yield bound
    collect()
    assert bound.in_use() == 0


def churn() -> None:
    """Write into all memory that was freed."""
    collect()
    assert {each[0] for each in [b"#" * size for size in range(9, 99) for _ in range(99)]} == {
        35
    }


def test_a_borrowed_structure_keeps_its_owner(api: Any) -> None:
    book = api.book_new()
    page, rect, out = api.book_page(book), api.book_rect(book, 1), api.book_out(book)
    assert (page.first.id, rect.id, rect.name, out.id) == (1, 1, "C's", 2)
    assert api.book_rect(book, 2) is None
    rect.id = 9
    assert page.first.id == 9
    del book, page, rect
    collect()
    assert (api.in_use(), out.id) == (1, 2)
    del out
    collect()
    assert api.in_use() == 0


def test_its_owner_is_not_closed_while_it_is_in_use(api: Any) -> None:
    book = api.book_new()
    reads: list[Callable[[], Any]] = [
        lambda: api.book_page(book), lambda: api.book_page(book).second,
        lambda: api.book_rect(book, 1), lambda: api.book_rect(book, 1).corners,
        lambda: api.book_rect(book, 1).corners[1], lambda: api.book_rect(book, 1).next,
        lambda: api.book_rect(api.book_self(book), 1), lambda: api.book_out(book),
        lambda: ctypes.pointer(api.book_rect(book, 1)),
    ]  # fmt: skip
    for read in reads:
        shown = read()
        for close in (book.close, lambda: api.book_free(book)):
            with pytest.raises(RuntimeError, match="memory of the Book is in use by a struct"):
                close()
        del shown
    with book:
        assert api.book_rect(book, 1).name == "C's", "it is used no more"
    assert book.closed
    with pytest.raises(ValueError, match="is closed"):
        api.book_page(book)


def test_of_two_owners_both_stay_open(api: Any) -> None:
    one, other = api.book_new(), api.book_new()
    rect = api.either(one, other)
    for book in (one, other):
        with pytest.raises(RuntimeError, match="in use"):
            book.close()
    rect.name = "kept " * 9
    del rect, other, book
    collect()
    assert api.in_use() == 1
    assert api.book_rect(one, 1).name == "kept " * 9
    one.close()


def test_texts_are_kept_by_the_owner(api: Any) -> None:
    book = api.book_new()
    api.book_rect(book, 1).name = "kept " * 9
    api.book_page(book).second.name = "kept too " * 9
    churn()
    assert api.book_page(book).first.name == "kept " * 9
    assert api.book_rect(book, 1).next.name == "kept too " * 9
    copy = Page(api.book_page(book).first, api.book_page(book).second)
    book.close()
    churn()
    assert (copy.first.name, copy.second.name) == ("kept " * 9, "kept too " * 9)


def test_static_memory(api: Any) -> None:
    rect = api.get_static()
    assert (rect.id, rect.name, rect.corners[1].y) == (7, "static", 4)
    own = Rect(5)
    own.next = own
    assert api.same(own) is own, "Python's own object"


def test_a_copy_of_what_the_caller_owns(api: Any) -> None:
    rects = [api.rect_new(each) for each in range(9)]
    assert api.in_use() == 0
    assert [(each.id, each.name) for each in rects] == [(each, "literal") for each in range(9)]
    assert api.rect_new(-1) is None


def test_declarations_that_are_refused(api: Any) -> None:
    pointer: Any = POINTER(Rect)
    asks = (
        r"who owns the Rect\? Write Borrowed after the C type if C still does, or Owned\(free"
    )

    def unsaid() -> Annotated[Rect, pointer]: ...
    def optional() -> Annotated[Rect | None, pointer]: ...
    def both() -> Annotated[Rect, pointer, Borrowed, Owned(api.rect_free)]: ...
    def by_nobody() -> Annotated[Rect, pointer, Owned]: ...
    def of_nobody() -> Annotated[Rect, pointer, Borrowed("book")]: ...
    def raw() -> Annotated[Any, pointer, Borrowed]: ...
    def passed(it: Annotated[Rect, pointer, Borrowed], /) -> None: ...
    def out() -> Annotated[Rect, None, Returned(Rect, pointer)]: ...
    def fine() -> Annotated[tuple[Any, Any], pointer, Returned(Any, pointer)]: ...

    for function, message in (
        (unsaid, asks),
        (optional, asks),
        (out, asks),
        (both, "cannot follow"),
        (by_nobody, r"who frees it\? Expected Owned\(free\)"),
        (of_nobody, "needs the names of handle"),
        (raw, "Borrowed cannot follow LP_Rect"),
        (passed, "Borrowed has no meaning here"),
    ):
        with pytest.raises(DeclarationError, match=message):
            Declaration(function)
    Declaration(fine)
    field = {"x": Annotated[Rect | None, pointer, Borrowed]}
    with pytest.raises(DeclarationError, match=r"^S.x: Borrowed cannot follow LP_Rect"):
        struct(type("S", (Structure,), {"__annotations__": field}))
