"""Python objects that C passes on: ``void *user_data``."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import weakref
from collections.abc import Callable
from ctypes import Structure, c_int, c_void_p
from typing import Annotated, Any

import pytest
from support import Package, collect

from pyexample.ffi import (
    Callback,
    Closes,
    DeclarationError,
    Handle,
    Keep,
    Library,
    Owned,
    Releases,
    Returned,
    UserData,
    struct,
)

SOURCE = r"""
#include <stdlib.h>
typedef int (*visit)(int, void *);
int each(int n, visit f, void *user) {
    int sum = 0;
    while (n-- > 0) sum += f(n, user);
    return sum;
}
typedef struct box { visit f; void *user; } box;
box *box_new(void) { return calloc(1, sizeof(box)); }
void box_free(box *it) { free(it); }
void box_set(box *it, visit f, void *user) { it->f = f; it->user = user; }
int box_unset(box *it, visit f, void *user) {
    if (it->f != f || it->user != user) return 0;
    it->f = NULL; it->user = NULL;
    return 1;
}
int box_call(box *it) { return it->f ? it->f(1, it->user) : -1; }
void *box_user(box *it) { return it->user; }
void box_get(box *it, void **user) { *user = it->user; }
void *other(void) { static int it; return &it; }
"""

Int = Annotated[int, c_int]
User = Annotated[Any, UserData]


class Total:
    value = 0


@Callback
def visit(n: Int, total: Annotated[Total | None, UserData], /) -> Int: ...


Visit = Callable[[int, Any], int]


def add(n: int, total: Any) -> int:
    total.value += n
    return int(n)


class Api:
    def __init__(self, library: Library) -> None:
        class Box(Handle):
            pass

        ABox = Annotated[Box, c_void_p]  # noqa: N806

        @library.function
        def each(
            n: Int, f: Annotated[Visit, visit], user: Annotated[Any, UserData], /
        ) -> Int: ...
        @library.function(symbol="each")
        def each_or_none(
            n: Int, f: Annotated[Visit, visit], user: Annotated[Any | None, UserData], /
        ) -> Int: ...
        @library.function
        def box_new() -> Annotated[Box, c_void_p, Owned]: ...
        @library.function
        def box_free(it: Annotated[Box, c_void_p, Closes], /) -> None: ...
        @library.function
        def box_set(
            it: ABox, f: Annotated[Visit, visit, Keep("it")],
            user: Annotated[Any, UserData, Keep("it")], /,
        ) -> None: ...  # fmt: skip
        @library.function(symbol="box_set")
        def box_set_for_a_call(
            it: ABox, f: Annotated[Visit, visit, Keep("it")], user: User, /
        ) -> None: ...
        @library.function
        def box_unset(
            it: ABox, f: Annotated[Visit, visit, Releases(box_set)], user: User, /
        ) -> Int: ...
        @library.function
        def box_call(it: ABox, /) -> Int: ...
        @library.function
        def box_user(it: ABox, /) -> Annotated[Any | None, UserData]: ...
        @library.function
        def box_get(
            it: ABox, /
        ) -> Annotated[Any | None, None, Returned(Any | None, UserData)]: ...
        @library.function
        def other() -> User: ...

        vars(self).update(locals())

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


@pytest.fixture
def api(package: Package, path: str) -> Api:
    package.compile(SOURCE)
    return Api(Library("c", f"{package.name}.module"))


def test_a_callback_gets_the_object(api: Api) -> None:
    total = Total()
    assert api.each(5, add, total) == 10
    assert total.value == 10
    seen: list[Any] = []
    for given in (7, "text", None, seen, total):
        api.each(1, lambda n, user: seen.insert(99, user) or 0, given)  # type: ignore[func-returns-value]
    assert seen == [7, "text", None, seen, total]
    assert api.each_or_none(1, lambda n, user: int(user is None), None) == 1


def test_c_keeps_it(api: Api) -> None:
    box, total = api.box_new(), Total()
    gone = weakref.ref(total)
    assert (api.box_user(box), api.box_get(box)) == (None, None)
    api.box_set(box, add, total)
    assert api.box_user(box) is total
    assert api.box_get(box) is total
    del total
    collect()
    assert api.box_call(box) == 1
    assert gone() is not None
    api.box_set(box, add, Total())
    collect()
    assert gone() is None
    other = api.box_new()
    total = Total()
    gone = weakref.ref(total)
    api.box_set(other, add, total)
    del total
    other.close()
    collect()
    assert gone() is None


def test_it_is_gone(api: Api) -> None:
    """As it was not kept, C has a number that stands for nothing, now and later."""
    box = api.box_new()
    api.box_set_for_a_call(box, add, Total())
    collect()
    others = [Total() for _ in range(99)]
    said = (
        r"^visit\(\) parameter 'total' \(void \*\): C gives 0x.*0, which stands for no object"
    )
    for each in others:
        api.box_set(api.box_new(), add, each)
        with pytest.raises(ValueError, match=said):
            api.box_call(box)
    with pytest.raises(ValueError, match=r"write Keep after the parameter$"):
        api.box_user(box)
    with pytest.raises(ValueError, match=r"^other\(\) result .*: C gives 0x.* no object"):
        api.other()


def test_c_compares_what_it_has(api: Api) -> None:
    box, total = api.box_new(), Total()
    gone = weakref.ref(total)
    api.box_set(box, add, total)
    assert api.box_unset(box, add, Total()) == 0
    api.box_set(box, add, total)
    assert api.box_unset(box, add, total) == 1
    assert api.box_call(box) == -1
    api.box_set(box, add, None)
    del total
    collect()
    assert gone() is None


def test_what_is_refused() -> None:
    def result() -> User: ...

    with pytest.raises(DeclarationError, match="UserData is passed to C, and comes back from"):
        Callback(result)
    with pytest.raises(DeclarationError, match="elsewhere declare an address, c_void_p"):
        struct(type("S", (Structure,), {"__annotations__": {"user": User}}))
