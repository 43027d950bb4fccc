"""Real headers, read by our reader and by castxml: nothing is lost, and nothing invented."""

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from oracle import as_castxml_has_it, as_read, source_of
from support import ROOT, Missing, Tool

from pyexample.abi import check
from pyexample.generate.additions import additions
from pyexample.generate.api import Api
from pyexample.generate.context import Known
from pyexample.headers.c_model import spell
from pyexample.headers.compiler import Compiler
from pyexample.headers.header import scan

GCC, MINGW = "gcc", "x86_64-w64-mingw32-gcc"


@dataclass(frozen=True)
class Headers:
    """Some headers to read.

    ``count`` is how many declarations there are at least, those of the headers that they
    include counted as well; ``own`` is found in the names of a library's own files.
    """

    name: str
    package: str
    includes: str
    count: int
    own: str
    options: str = ""
    gcc: str = GCC
    unlike: frozenset[str] = frozenset()  # names of which clang has headers of its own

    def all_options(self) -> list[str]:
        # As g++ has it always.
        gnu = ["-D_GNU_SOURCE", "-std=gnu17"] if self.gcc == GCC else []
        return [*gnu, *self.options.split()]

    def source(self, folder: Path) -> Path:
        return source_of(self.includes.split(), folder)


POSIX = """stdio.h stdlib.h string.h math.h signal.h pthread.h sys/stat.h sys/socket.h netinet/in.h
 time.h unistd.h complex.h setjmp.h wchar.h locale.h dlfcn.h poll.h sys/ioctl.h netdb.h elf.h
 link.h aio.h spawn.h termios.h regex.h fts.h search.h semaphore.h mqueue.h"""
LINUX = """linux/videodev2.h linux/input.h linux/fuse.h linux/bpf.h linux/kvm.h linux/can.h
 linux/ethtool.h linux/if_packet.h linux/perf_event.h linux/io_uring.h linux/nl80211.h"""
WINDOWS = """winsock2.h windows.h commctrl.h shellapi.h d3d11.h mmsystem.h stdio.h stdlib.h"""
CLANGS_ON_WINDOWS = frozenset(
    ["_lrotl", "_lrotr", "__threadid", "__threadhandle", "max_align_t"]
)

QUICK = [
    Headers("sqlite3", "libsqlite3-dev", "sqlite3.h", 350, "sqlite3"),
    Headers("zlib", "zlib1g-dev", "zlib.h", 600, "/(zlib|zconf).h"),
    Headers("expat", "libexpat1-dev", "expat.h", 400, "/expat"),
    Headers("png", "libpng-dev", "png.h", 550, "/png"),
    Headers("lua", "liblua5.4-dev", "lua.h lauxlib.h lualib.h", 200, "/lua", "-I/usr/include/lua5.4"),
    Headers("C library", "libc6-dev", POSIX, 3500, ""),
]  # fmt: skip
SLOW = [
    Headers("Linux", "linux-libc-dev", LINUX, 1800, ""),
    Headers("zstd", "libzstd-dev", "zstd.h zdict.h", 140, "/zstd", "-DZSTD_STATIC_LINKING_ONLY"),
    Headers("curl", "libcurl4-openssl-dev", "curl/curl.h", 1400, "/curl/"),
    Headers("git2", "libgit2-dev", "git2.h", 2000, "/git2"),
    Headers("SDL2", "libsdl2-dev", "SDL.h", 3500, "/SDL2/", "-I/usr/include/SDL2 -D_REENTRANT"),
    Headers("freetype", "libfreetype-dev", "ft2build.h freetype/freetype.h freetype/ftmm.h", 750, "/freetype2/", "-I/usr/include/freetype2"),
    Headers("libusb", "libusb-1.0-0-dev", "libusb.h", 450, "/libusb", "-I/usr/include/libusb-1.0"),
    Headers("archive", "libarchive-dev", "archive.h archive_entry.h", 1100, "/archive"),
    Headers("vulkan", "libvulkan-dev", "vulkan/vulkan.h", 7000, "/vulkan/"),
    Headers("libxml2", "libxml2-dev", "libxml/parser.h libxml/xpath.h libxml/xmlreader.h", 2500, "/libxml/", "-I/usr/include/libxml2"),
    Headers("openssl", "libssl-dev", "openssl/evp.h openssl/ssl.h openssl/x509v3.h", 4000, "/openssl/"),
    Headers("pcre2", "libpcre2-dev", "pcre2.h", 550, "/pcre2", "-DPCRE2_CODE_UNIT_WIDTH=8"),
    Headers("portaudio", "portaudio19-dev", "portaudio.h", 100, "/portaudio"),
    Headers("hidapi", "libhidapi-dev", "hidapi/hidapi.h", 110, "/hidapi"),
    Headers("Windows", "g++-mingw-w64-x86-64-win32", WINDOWS, 23000, "", gcc=MINGW, unlike=CLANGS_ON_WINDOWS),
]  # fmt: skip
ALL = [
    pytest.param(each, id=each.name, marks=mark)
    for group, mark in ((QUICK, pytest.mark.slow), (SLOW, pytest.mark.full))
    for each in group
]
LIBRARIES = [param for each, param in zip([*QUICK, *SLOW], ALL, strict=True) if each.own]


def test_what_is_needed_is_installed_where_it_runs() -> None:
    quick, full = (
        set(re.findall(r"[\w.+-]+", (ROOT / name).read_text()))
        for name in ("tests/platforms/common", ".ci/full")
    )
    quick |= {"libc6-dev", "linux-libc-dev"}  # which gcc brings along
    assert {each.package for each in QUICK} <= quick
    assert {each.package for each in SLOW} <= quick | full


@pytest.fixture
def source(headers: Headers, tmp_path: Path, tool: Tool, missing: Missing) -> Path:
    """A C file that includes the headers; skips where they are not installed."""
    file = headers.source(tmp_path)
    command = [tool(headers.gcc), *headers.all_options(), "-E", str(file)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        missing(f"{headers.package} is not installed")
    return file


@pytest.mark.parametrize("headers", ALL)
def test_nothing_is_lost_and_nothing_invented(
    headers: Headers, source: Path, tool: Tool
) -> None:
    tool("castxml")
    mine, unit = as_read(source, headers.gcc, headers.all_options())
    theirs = as_castxml_has_it(source, headers.gcc, headers.all_options())
    mine.elsewhere |= headers.unlike
    assert unit.refusals == []
    assert theirs.lacking(mine) == [], "lost"
    assert mine.lacking(theirs) == [], "invented"
    assert min(mine.count(), theirs.count()) >= headers.count


@pytest.mark.slow
def test_every_difference_is_noticed(tmp_path: Path, tool: Tool) -> None:
    """The comparison itself: one change of a header, one line."""
    tool("castxml")
    text = """
    typedef int number; struct s { int a : 3; char b[2]; struct { int c; } d; union { int e; }; };
    enum e { ONE = 1, TWO }; number f(const char *text, ...); extern int (*table[3])(void);
    """
    changes = [
        ("int number", "long number"), (": 3", ": 4"), ("[2]", "[3]"), ("int c", "long c"),
        ("int e;", "int g;"), ("ONE = 1", "ONE = 2"), ("const char", "char"), (", ...", ""),
        ("[3])", "[4])"), ("*table", "table"), ("f(", "g("), ("char *text", "int text"),
    ]  # fmt: skip
    options = [f"-I{tmp_path}"]
    source, header = source_of(["h.h"], tmp_path), tmp_path / "h.h"
    header.write_text(text)
    theirs = as_castxml_has_it(source, GCC, options)
    assert theirs.lacking(as_read(source, GCC, options)[0]) == []
    for old, new in changes:
        if new == "table":
            new, old = "int table[3]", "int (*table[3])(void)"
        header.write_text(text.replace(old, new, 1))
        mine, _ = as_read(source, GCC, options)
        assert theirs.lacking(mine) != [], old
        assert mine.lacking(theirs) != [], old


@pytest.mark.parametrize("headers", LIBRARIES)
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_as_cxx_the_functions_are_the_same(
    headers: Headers, source: Path, tool: Tool, compiler: str
) -> None:
    """The checker reads headers as a C++ compiler preprocesses them."""
    _, unit = as_read(source, headers.gcc, headers.all_options())
    options = headers.all_options()[2:]
    program = Compiler(" ".join([tool(compiler), *options]), "native", [], [])
    claims = source.with_name("claims.cpp")
    claims.write_text(f'extern "C" {{\n{source.read_text()}}}\n')
    start = time.process_time()
    text = program.preprocess(str(claims))
    found = scan(text, str(claims), headers.includes.split()).unit
    assert time.process_time() - start < 3

    mine, theirs = (
        {
            each.name: spell(each.type, each.name).replace("bool ", "_Bool ")
            for each in it.functions.values()
            # curl checks the types of arguments, in C alone.
            if re.search(headers.own, each.file) and not each.name.startswith("_curl_easy_")
        }
        for it in (found, unit)
    )
    assert mine == theirs
    assert mine
    assert [each for each in found.refusals if not each.is_cxx] == []


@pytest.mark.parametrize("headers", LIBRARIES)
def test_what_is_printed_to_paste_is_right(headers: Headers, source: Path, tool: Tool) -> None:
    compiler = " ".join([tool("g++"), *headers.options.split()])
    text = Compiler(compiler, "native", [], []).preprocess(str(source))
    header = scan(text, source.name, headers.includes.split())
    own = [each for each in header.functions.values() if re.search(headers.own, each.file)]
    names = [each.name for each in own]
    printed = additions(Api(header, {}), names, Known({}, {}), "ctypes")
    declared = [each for each in printed.values() if "argtypes" in each]
    assert all(each.startswith("# ") for each in printed.values() if "argtypes" not in each)
    assert declared
    module = source.with_name("pasted.py")
    before = 'import ctypes\n\nlib = ctypes.CDLL("libtable.so")\n'
    module.write_text(before + "\n".join(declared))
    report = check(
        str(module),
        headers=headers.includes.split(),
        compiler=compiler,
        without_library=["table"],
    )
    assert [str(each) for each in report.findings if each.severity == "error"] == []
