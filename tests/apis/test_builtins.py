"""Which functions of these bindings are no builtin functions: see docs/make-calls-fast.md."""

import sys
from pathlib import Path

import pytest
from support import FASTCALL_IS_SERVED, run

LEFT: dict[str, set[str]] = {
    "libarchive": set(),
    "libcurl": set(),
    "libexpat": {"XML_ParserCreateNS"},
    "libgit2": {"commit_create", "message_prettify"},
    "liblua": set(),
    "libpcre2": {"pcre2_serialize_encode"},
    "libsodium": set(),
    "libzstd": {"ZDICT_trainFromBuffer"},
}
"""Those that are on the slow path, at most."""


@pytest.mark.skipif(not FASTCALL_IS_SERVED, reason="there are no builtin functions")
@pytest.mark.parametrize("name", LEFT)
def test_all_others_are_builtin(name: str) -> None:
    pytest.importorskip(name, exc_type=ImportError)
    code = f"from {name} import library; print(*library.fallbacks)"
    printed = run([sys.executable, "-c", code], cwd=Path(__file__).parent)
    assert {*printed.split()} <= LEFT[name]
