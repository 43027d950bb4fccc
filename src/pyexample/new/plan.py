"""Plan a project: its kind, the values for its templates, and its binding."""

import ctypes.util
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..bind import Binding, CannotJudgeError, bind
from ..generate.context import Module
from ..generate.render import render
from . import CannotWriteError, origin, project, runtime
from .foreign import Foreign


@dataclass
class Headers:
    """Headers as they are included, folders to search for them, and macros."""

    names: list[str]
    include: list[str]
    define: list[str]


class Plan:
    """A project to write.

    Attributes:
        traits, values: the arguments of ``project.files``.
        texts: the texts of the generated files, by path.
        copies: the files to copy, by their path in the project.
    """

    def __init__(self, name: str, package: str, is_vendored: bool) -> None:
        self.name = name
        self.is_vendored = is_vendored
        self.package = package
        self.traits = {"own", "vendored" if is_vendored else "dependency"}
        self.copies: dict[str, Path] = {}
        self.remarks: list[str] = []
        self.texts: dict[str, str] = {}
        self._module = f"src/{package}/lib{name}.py"
        self._binding: Binding | None = None
        self._headers = Headers([], [], [])
        self._system: dict[str, str] = {}
        requirement = origin.requirement()
        if not (requirement or is_vendored):
            raise CannotWriteError(
                "--runtime pyexample: pip has not recorded where this pyexample was installed"
                " from, and no package index has it: install it from a clone, a URL or a wheel"
            )
        if not requirement:
            self.remarks.append(
                "pip has not recorded where this pyexample was installed from, so the test"
                " that proves the binding will be skipped."
            )
        else:
            self.traits.add("located")
            if not is_vendored and origin.is_local(requirement):
                self.remarks.append(
                    "pyproject.toml installs pyexample from this machine, which nobody else can"
                    f" do: {requirement}"
                )
        copied = f"src/{package}/{runtime.FOLDER}"
        self._licenses = ["LICENSE", *([f"{copied}/LICENSE"] if is_vendored else [])]
        test = ["pytest>=8", "cmake>=3.25", "ninja", *([requirement] if requirement else [])]
        is_local = not requirement or origin.is_local(requirement)
        self.values = {
            "NAME": name,
            "MACRO": name.upper(),
            "PACKAGE": package,
            "RUNTIME": f".{runtime.FOLDER}" if is_vendored else "pyexample.ffi",
            "RUNTIME_PACKAGE": f"{package}.{runtime.FOLDER}"
            if is_vendored
            else "pyexample.ffi",
            "RUNTIME_CMAKE": f"{copied}/c/install.cmake" if is_vendored else _INSTALL,
            "REQUIREMENT": requirement or "",
            "TEST_REQUIREMENTS": _listed(test),
            "CI_REQUIREMENT": ". pytest cmake ninja" if is_local else '".[test]"',
            "INSTALL_FOR_C": f"  ffi_install_for_c({name} src/c {name}.h)\n",
            "HEADERS": _listed([f"{name}.h"]),
            "INCLUDES": 'str(ROOT / "src/c")',
            "DEFINES": "",
            "INCLUDE_LINES": f"#include <{name}.h>\n",
        }

    def bind_system(self, headers: Headers, library: str) -> None:
        """Bind a library of the system, by its name or file name."""
        self._become("system")
        if not self.is_vendored:
            self.traits.add("pure")
        file = _system_library(library)
        self._system = {sys.platform: file}
        self._bind(headers)
        self.values |= {"VERSION": "0.1.0", "INCLUDES": _listed(headers.include)}
        self.remarks.append(
            f"It loads {file}. For other systems than {sys.platform}, add the library's file"
            f" name to lib{self.name}.py."
        )

    def bind_foreign(self, found: Foreign, version: str | None) -> None:
        """Bind C that somebody else wrote. Without a version, that of the headers is used."""
        self._become("theirs")
        named = [each.name for each in found.named]
        folders = [str(each) for each in found.folders]
        said = self._bind(Headers(named, folders, found.define))
        if not (version or said):
            raise CannotWriteError(
                f"{', '.join(named)}: no macro has the version: give it with --version"
            )
        self.copies |= found.copies()
        self._licenses += [found.below(each) for each in found.licenses]
        self.remarks.append(_about_licenses(found))
        below = [found.below(each) for each in found.folders]
        self.values |= {
            "VERSION": version or said,
            "SOURCES": "\n".join(f"  {_cmake(found.below(each))}" for each in found.sources),
            "FOLDERS": "\n".join(
                f'  "$<BUILD_INTERFACE:${{PROJECT_SOURCE_DIR}}/{_escaped(each)}>"'
                for each in below
            ),
            "DEFINITIONS": self._definitions("PUBLIC", found.define)
            + self._definitions("PRIVATE", found.exporting),
            "INSTALL_FOR_C": self._install(found),
            "INCLUDES": ", ".join(f"str(ROOT / {_listed([each])})" for each in below),
        }

    def _become(self, trait: str) -> None:
        self.traits = self.traits - {"own"} | {trait}

    def _bind(self, headers: Headers) -> str:
        """Bind headers. Returns the version in their macros."""
        self._headers = headers
        try:
            self._binding = bind(
                headers.names, self.name, include=headers.include, define=headers.define
            )
        except CannotJudgeError as error:
            raise CannotWriteError(error.reason) from None
        if not self._binding.module.counts["functions"]:
            raise CannotWriteError(
                f"{', '.join(headers.names)}: declares no function of C that a library could"
                " have: name the headers that do"
            )
        define = f"            define=[{_listed(headers.define)}],\n"
        self.values |= {
            "HEADERS": _listed(headers.names),
            "DEFINES": define if headers.define else "",
            "INCLUDE_LINES": "".join(f"#include <{each}>\n" for each in headers.names),
        }
        return self._binding.version

    def _definitions(self, scope: str, macros: Sequence[str]) -> str:
        if not macros:
            return ""
        listed = " ".join(map(_cmake, macros))
        return f"target_compile_definitions({self.name} {scope} {listed})\n"

    def _install(self, found: Foreign) -> str:
        lines: list[str] = []
        for folder in found.folders:
            headers = [each.name for each in found.public if each.folder == folder]
            if headers:
                command = "ffi_install_headers" if lines else "ffi_install_for_c"
                listed = " ".join(map(_cmake, [found.below(folder), *headers]))
                lines.append(f"  {command}({self.name} {listed})\n")
        return "".join(lines)

    def write(self, folder: Path) -> None:
        """Write the files into the project's folder."""
        self.values["LICENSE_FILES"] = _listed([_pattern(each) for each in self._licenses])
        if not self.is_vendored and "pure" not in self.traits:
            self.copies[_INSTALL] = runtime.SOURCE / "c" / "install.cmake"
        self.texts = project.files(self.traits, self.values)
        if self._binding is not None:
            names, runtime_ = self._headers.names, self.values["RUNTIME"]
            module = self._binding.module
            text = render(module, self.name, names, self._system, runtime_)
            self.texts[self._module] = text
            self.remarks.insert(0, self._said(module))
        project.write(folder, self.texts, self.copies)

    def _said(self, module: Module) -> str:
        count = module.counts["functions"]
        left_out = len(module.left_out.get("functions", {}))
        functions = "function is" if count == 1 else "functions are"
        said = f"{count} {functions} declared and proven by the header"
        if left_out:
            verb = "is" if left_out == 1 else "are"
            said += f"; {left_out} {verb} left out, listed at the end of {self._module}"
        return f"{said}."

    def report(self) -> str:
        """Describe what was written, and list the next commands."""
        lines = sum(text.count("\n") for text in self.texts.values())
        heading = f"{self.name}/ is a project: {len(self.texts)} files, {lines} lines."
        return "\n".join([heading, *self.remarks, _next_commands(self.name)])


_INSTALL = "cmake/install.cmake"


def _listed(texts: Sequence[str]) -> str:
    """Strings as the items of a list, in Python and in TOML."""
    return ", ".join(json.dumps(each, ensure_ascii=False) for each in texts)


def _about_licenses(found: Foreign) -> str:
    if not found.licenses:
        return "No licence file was found beside the C: add it."
    said = f"Its licence: {', '.join(map(_shown, found.licenses))}."
    is_beside = all(each.is_relative_to(found.root) for each in found.licenses)
    return (
        said
        if is_beside
        else f"{said} It is in a folder above the C: check that it is the C's."
    )


def _shown(path: Path) -> str:
    """A path as seen from the current folder, if it is below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _cmake(text: str) -> str:
    """A string as an argument in CMake, quoted if necessary."""
    if re.fullmatch(r"[\w./=+-]+", text):
        return text
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """A string as a part of a quoted argument in CMake."""
    return re.sub(r'([\\"$;])', r"\\\1", text)


def _pattern(path: str) -> str:
    """A pattern for a licence file: the others of its characters are not allowed (PEP 639)."""
    return re.sub(r"[^\w./-]", "?", path, flags=re.ASCII)


def _system_library(name: str) -> str:
    """The file name by which the system loads a library, given that name, libz or z."""
    if re.search(r"\.(so|dylib|dll)\b", name):
        return name
    found = ctypes.util.find_library(name.removeprefix("lib"))
    if found is None:
        raise CannotWriteError(
            f"--system {name}: this system has no such library: install it, or give its file"
            " name, such as libz.so.1"
        )
    return found


def _next_commands(name: str) -> str:
    scripts = ".venv\\Scripts\\" if sys.platform == "win32" else ".venv/bin/"
    quote = '"' if sys.platform == "win32" else "'"
    return (
        "Build and test it:\n"
        f"  cd {name}\n"
        f"  python3 -m venv .venv && {scripts}pip install {quote}.[test]{quote}\n"
        f"  {scripts}pytest"
    )
