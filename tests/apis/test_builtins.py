"""Which functions of these bindings are no builtin functions: see docs/make-calls-fast.md."""

import sys
from pathlib import Path

import pytest
from support import FASTCALL_IS_SERVED, run

LEFT = {
    "libarchive": {
        "archive_entry_xattr_next", "archive_read_data_block", "archive_read_open",
    },
    "libcurl": {"curl_easy_duphandle", "curl_easy_unescape", "curl_multi_info_read"},
    "libexpat": {
        "XML_GetBuffer", "XML_GetFeatureList", "XML_GetInputContext", "XML_ParserCreateNS",
    },
    "libgit2": {
        "blob_rawcontent", "commit_create", "error_last", "message_prettify", "object_id",
        "reference_target", "revwalk_next", "tree_entry_id",
    },
    "liblua": {"lua_tolstring"},
    "libpcre2": {"pcre2_get_ovector_pointer", "pcre2_serialize_encode"},
    "libsodium": set(),
    "libzstd": {"ZDICT_trainFromBuffer", "ZSTD_cParam_getBounds"},
}  # fmt: skip
"""Those that are on the slow path, at most."""


@pytest.mark.skipif(not FASTCALL_IS_SERVED, reason="there are no builtin functions")
@pytest.mark.parametrize("name", LEFT)
def test_all_others_are_builtin(name: str) -> None:
    pytest.importorskip(name, exc_type=ImportError)
    code = f"from {name} import library; print(*library.fallbacks)"
    printed = run([sys.executable, "-c", code], cwd=Path(__file__).parent)
    assert {*printed.split()} <= LEFT[name]
