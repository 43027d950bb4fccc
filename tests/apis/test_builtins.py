"""All functions of these bindings are builtin functions: see docs/make-calls-fast.md."""

import sys
from pathlib import Path

import pytest
from support import FASTCALL_IS_SERVED, run


@pytest.mark.skipif(not FASTCALL_IS_SERVED, reason="there are no builtin functions")
@pytest.mark.parametrize(
    "name",
    [
        "libarchive",
        "libcurl",
        "libexpat",
        "libgit2",
        "liblua",
        "libpcre2",
        "libsodium",
        "libzstd",
    ],
)
def test_they_are_builtin(name: str) -> None:
    pytest.importorskip(name, exc_type=ImportError)
    code = f"from {name} import library; print(*library.fallbacks.values(), sep='\\n')"
    printed = run([sys.executable, "-c", code], cwd=Path(__file__).parent)
    assert {*printed.splitlines()} <= {"", "the library lacks it"}
