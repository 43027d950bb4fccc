"""Real headers, and what castxml, another reader of C, counts in them."""

import re
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest
from oracle import FOR_CLANG

from pyexample.bind import Binding, bind
from pyexample.generate.context import Style
from pyexample.generate.spec import Spec


@dataclass(frozen=True)
class Corpus:
    """Some headers to bind.

    ``own`` is found in the paths of the library's own files.
    """

    name: str
    package: str
    headers: tuple[str, ...]
    library: str
    own: str
    include: tuple[str, ...] = ()
    define: tuple[str, ...] = ()

    def bound(self, spec: Spec | None = None, style: Style = "project") -> Binding:
        """The binding that is written for them."""
        return bind(
            self.headers,
            self.library,
            include=self.include,
            define=self.define,
            spec=spec,
            style=style,
        )


QUICK = [
    Corpus("sqlite3", "libsqlite3-dev", ("sqlite3.h",), "sqlite3", "/sqlite3.h"),
    Corpus("zlib", "zlib1g-dev", ("zlib.h",), "z", "/zlib.h"),
    Corpus("zstd", "libzstd-dev", ("zstd.h",), "zstd", "/zstd.*.h"),
    Corpus("curl", "libcurl4-openssl-dev", ("curl/curl.h",), "curl", "/curl/"),
    Corpus("git2", "libgit2-dev", ("git2.h",), "git2", "/git2(/|.h)"),
    Corpus("lua", "liblua5.4-dev", ("lua.h",), "lua5.4", "/lua5.4/", ("/usr/include/lua5.4",)),
    Corpus("expat", "libexpat1-dev", ("expat.h",), "expat", "/expat.h"),
    Corpus("png", "libpng-dev", ("png.h",), "png", "/png.*.h|/libpng16/"),
    Corpus("archive", "libarchive-dev", ("archive.h", "archive_entry.h"), "archive", "/archive"),
    Corpus("pcre2", "libpcre2-dev", ("pcre2.h",), "pcre2-8", "/pcre2.h", (), ("PCRE2_CODE_UNIT_WIDTH=8",)),
]  # fmt: skip
SLOW = [
    Corpus("SDL2", "libsdl2-dev", ("SDL2/SDL.h",), "SDL2", "/SDL2/", ("/usr/include/SDL2",), ("_REENTRANT",)),
    Corpus("freetype", "libfreetype-dev", ("ft2build.h", "freetype/freetype.h"), "freetype", "/freetype2/", ("/usr/include/freetype2",)),
    Corpus("libusb", "libusb-1.0-0-dev", ("libusb.h",), "usb-1.0", "/libusb.h", ("/usr/include/libusb-1.0",)),
    Corpus("vulkan", "libvulkan-dev", ("vulkan/vulkan.h",), "vulkan", "/vulkan/"),
    Corpus("libxml2", "libxml2-dev", ("libxml/parser.h",), "xml2", "/libxml/", ("/usr/include/libxml2",)),
    Corpus("openssl", "libssl-dev", ("openssl/evp.h",), "crypto", "/openssl/"),
    Corpus("portaudio", "portaudio19-dev", ("portaudio.h",), "portaudio", "/portaudio.h"),
    Corpus("hidapi", "libhidapi-dev", ("hidapi/hidapi.h",), "hidapi-hidraw", "/hidapi/"),
]  # fmt: skip
ALL = [
    pytest.param(each, id=each.name, marks=mark)
    for group, mark in ((QUICK, pytest.mark.slow), (SLOW, pytest.mark.full))
    for each in group
]


def counted(corpus: Corpus, folder: Path) -> dict[str, set[str]]:
    """The names that castxml finds in the library's own files, by kind."""
    source, output = folder / "all.c", folder / "all.xml"
    source.write_text("".join(f"#include <{each}>\n" for each in corpus.headers))
    options = [f"-I{each}" for each in corpus.include] + [f"-D{each}" for each in corpus.define]
    command = ["castxml", "--castxml-output=1", "--castxml-cc-gnu-c", "gcc", "-std=gnu17"]
    command += ["-D_GNU_SOURCE", *FOR_CLANG]  # as g++ has it always
    subprocess.run([*command, *options, "-o", str(output), str(source)], check=True)
    elements = {each.get("id", ""): each for each in ET.parse(output).getroot()}  # noqa: S314
    files = {
        key
        for key, each in elements.items()
        if each.tag == "File" and re.search(corpus.own, each.get("name", ""))
    }
    own = [each for each in elements.values() if each.get("file") in files]
    return {
        "functions": {
            each.get("name", "")
            for each in own
            if each.tag == "Function"
            and not (each.get("inline") or each.get("static"))
            and not each.get("name", "").startswith("__builtin")
        },
        "records": {each.get("id", "") for each in own if each.tag in ("Struct", "Union")},
        "enum constants": {
            value.get("name", "") for each in own if each.tag == "Enumeration" for value in each
        },
        "callbacks": {
            each.get("name", "")
            for each in own
            if each.tag == "Typedef" and _is_function(each.get("type", ""), elements)
        },
    }


def _is_function(kind: str, elements: dict[str, ET.Element]) -> bool:
    for tags in (("Typedef", "ElaboratedType", "CvQualifiedType"), ("PointerType",)):
        while (found := elements.get(kind)) is not None and found.tag in tags:
            kind = found.get("type", "")
            if tags == ("PointerType",):
                break
    while (found := elements.get(kind)) is not None and found.tag in (
        "Typedef",
        "ElaboratedType",
    ):
        kind = found.get("type", "")
    return found is not None and found.tag == "FunctionType"
