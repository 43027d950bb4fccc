"""What comes back: out-parameters, status codes, enumerations, strings that are to be freed."""

import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from types import BuiltinFunctionType
from typing import Any

import pytest
from shelf import BoxError, Color, Shelf
from support import COUNTS_BLOCKS, collect


@pytest.fixture(autouse=True)
def _all_is_given_back(shelf: Shelf) -> Iterator[None]:
    yield
    collect()
    assert shelf.faults == 0
    assert (shelf.count("boxes"), shelf.count("texts")) == (0, 0)


def test_out_parameters(shelf: Shelf) -> None:
    assert shelf.half(7) == (3, True)
    assert shelf.half(2**31 - 2) == (2**30 - 1, False)
    assert [type(each) for each in shelf.half(7)] == [int, bool]
    assert shelf.parts(-2.5) == (-0.5, -2)
    color, text, box = shelf.pick(2)
    assert (color, text, shelf.name_of(box)) == (Color.GREEN, "picked", ord("p"))
    assert color is Color.GREEN
    assert shelf.fill(0) == "filled"


def test_each_call_has_room_of_its_own(shelf: Shelf) -> None:
    assert [shelf.half(number)[0] for number in (2, 99 + 1, 6)] == [1, 50, 3]
    boxes = [shelf.box_open(name, 0) for name in (1, 2)]
    assert [shelf.name_of(each) for each in boxes] == [1, 2]


def test_what_c_leaves_as_it_was(shelf: Shelf) -> None:
    with pytest.raises(BoxError, match=r"^half\(\) of none \(2\)$"):
        shelf.half(99)
    with pytest.raises(BoxError, match=r"^box_open\(\) of none \(3\)$"):
        shelf.box_open(1, 3)


def test_an_error_is_told_what_was_returned(shelf: Shelf) -> None:
    with pytest.raises(BoxError, match=r"^box_open\(\) of a box \(2\)$"):
        shelf.box_open(1, 2)
    with pytest.raises(BoxError, match=r"^fill\(\) of none \(7\)$"):
        shelf.fill(7)


def test_what_cannot_be_read_is_given_back_all_the_same(shelf: Shelf) -> None:
    with pytest.raises(ValueError, match=r"^pick\(\) result \(int32_t\) is 3, no Color$"):
        shelf.pick(3)
    with pytest.raises(ValueError):  # noqa: PT011 - 9 is no color either, and the text is wrong
        shelf.pick(9)


@pytest.mark.parametrize("code", [0, 1])
def test_success(shelf: Shelf, path: str, code: int) -> None:
    assert (type(shelf.status) is BuiltinFunctionType) == (path == "builtin")
    assert shelf.status(code) is None
    assert type(shelf.box_open(1, code)) is shelf.Box


@pytest.mark.parametrize("code", [2, -1, 2**31 - 1, -(2**31)])
def test_failure(shelf: Shelf, code: int) -> None:
    with pytest.raises(BoxError) as caught:
        shelf.status(code)
    assert caught.value.code == code
    assert str(caught.value) == f"status() of none ({code})"


def test_codes_that_come_back(shelf: Shelf) -> None:
    assert shelf.wide_status(0) == 0
    assert shelf.wide_status(7) == 7
    with pytest.raises(BoxError) as caught:
        shelf.wide_status(-1)
    assert caught.value.code == 2**64 - 1
    for code in (0, 5, -5):
        assert shelf.told(code) is None
        assert shelf.told_int(code) == code
    assert shelf.told_color(1) is Color.RED
    with pytest.raises(ValueError, match=r"^told_color\(\) result \(int32_t\) is 0, no Color$"):
        shelf.told_color(0)
    assert shelf.checked_color(2) is Color.GREEN
    with pytest.raises(BoxError):
        shelf.checked_color(3)


def test_enumerations(shelf: Shelf, path: str) -> None:
    assert (type(shelf.color) is BuiltinFunctionType) == (path == "builtin")
    for color in Color:
        assert shelf.color(color) is color
    for code in (0, 3, -1):
        where = rf"^color\(\) result \(int32_t\) is {code}, no Color$"
        with pytest.raises(ValueError, match=where):
            shelf.color(code)


def test_owned_strings(shelf: Shelf) -> None:
    assert shelf.copied(None) is None
    assert shelf.copied("Grüße".encode()) == "Grüße"
    with pytest.raises(UnicodeDecodeError):
        shelf.copied(b"\xff")
    with pytest.raises(ValueError, match="NUL"):
        shelf.copied(b"a\0b")


def test_borrowed_strings(shelf: Shelf) -> None:
    assert shelf.same("Grüße".encode()) == "Grüße"
    with pytest.raises(UnicodeDecodeError):
        shelf.same(b"\xff")


def test_encodings(shelf: Shelf) -> None:
    assert shelf.same_latin("Grüße \xff") == "Grüße \xff"
    for wrong in ("€", "\ud800"):
        with pytest.raises(UnicodeEncodeError):
            shelf.same_latin(wrong)
    with pytest.raises(ValueError, match=r"^same_latin\(\) parameter 'text' .* must no"):
        shelf.same_latin("ü\0")
    with pytest.raises(TypeError, match="must be str, not bytes"):
        shelf.same_latin(b"x")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("name", ["copied", "fill"])
def test_ctrl_c_while_c_makes_a_text(shelf: Shelf, name: str) -> None:
    """Nobody gets it: it is freed."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    shelf.signal_at_open(signal.SIGINT)
    try:
        with pytest.raises(KeyboardInterrupt):
            shelf.copied(b"x") if name == "copied" else shelf.fill(0)
    finally:
        shelf.signal_at_open(0)
        signal.signal(signal.SIGINT, earlier)
    collect()
    assert shelf.count("texts") == 0


@pytest.mark.skipif(not COUNTS_BLOCKS, reason="counts blocks of memory")
def test_memory_is_flat(shelf: Shelf) -> None:
    calls: list[tuple[Any, Any]] = [
        (shelf.half, 7), (shelf.half, 99), (shelf.pick, 1), (shelf.pick, 9), (shelf.status, 0),
        (shelf.status, 7), (shelf.color, 1), (shelf.color, 7), (shelf.copied, b"x"),
        (shelf.copied, b"\xff"), (shelf.fill, 0), (shelf.fill, 7), (shelf.told_color, 7),
    ]  # fmt: skip

    def run(times: int) -> int:
        for _ in range(times):
            for function, argument in calls:
                with suppress(ValueError, BoxError):
                    function(argument)
        collect()
        return sys.getallocatedblocks()

    before = run(30)
    assert run(300) - before < 280  # what one call keeps would be 300
