"""What the documentation shows is what happens.

On every page, commands (``console``) are run in a clone of the project, and sessions
(``>>>``) in this Python. A file that a page shows is written there first: its caption says
`file`, or `file`, below `a line that is in it`.
"""

import doctest
import html
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from support import (
    HEADER,
    ROOT,
    Environment,
    Missing,
    Tool,
    commit,
    copy_sources,
    files_below,
    run,
)

import pyexample

CONTRIBUTING = "CONTRIBUTING.md"
PAGES = sorted(
    name
    for name in {"README.md", CONTRIBUTING}
    | {f"docs/{name}" for name in files_below(ROOT / "docs") if name.count("/") == 0}
    if name.endswith(".md")
)

BLOCK = re.compile(
    r"^(?P<fence>```+)(?P<kind>[^\n]*)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL
)
CAPTION = re.compile(r":caption: `(?P<file>[^`]+)`(?:, below `(?P<line>[^`]+)`)?\n+")

# The tests of this project that a page runs are run as it says, but for all except one or two.
SOME_TESTS = "-p no:cacheprovider -k 'test_square_is_an_int or test_the_sanitizers_see'"
RUN_ITS_TESTS = {"README.md", CONTRIBUTING, "docs/debug-a-crash.md"}


# The programs that a page's commands need, beside a compiler.
NEEDED = {
    "docs/debug-a-crash.md": ["gcc", "gdb"],
    "docs/llama.md": ["g++", "clang++", "x86_64-w64-mingw32-g++"],
}
# What commands build in minutes, and find again.
KEPT = {"docs/llama.md": "build/platforms/llama"}
FULL = {CONTRIBUTING, *KEPT}


@pytest.mark.parametrize("page", PAGES)
def test_sessions(page: str) -> None:
    if (
        re.search(r">>> .*system=\{", (ROOT / page).read_text("utf-8"))
        and sys.platform != "linux"
    ):
        pytest.skip("the page calls libraries of Linux")
    results = doctest.testfile(
        str(ROOT / page), module_relative=False, optionflags=doctest.ELLIPSIS
    )
    assert results.failed == 0


def test_sessions_in_docstrings() -> None:
    for module in pkgutil.walk_packages(pyexample.__path__, "pyexample."):
        if ".__" not in module.name:  # __main__, and the hook, which imports PyInstaller
            found = doctest.testmod(importlib.import_module(module.name))
            assert found.failed == 0, module.name
    assert doctest.testmod(pyexample).failed == 0


def test_there_are_sessions() -> None:
    parser = doctest.DocTestParser()
    assert len(parser.get_examples((ROOT / "README.md").read_text())) >= 6
    assert len(parser.get_examples(pyexample.__doc__ or "")) >= 2


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_all_python_is_run(page: str) -> None:
    for block in BLOCK.finditer((ROOT / page).read_text("utf-8")):
        kind = block["kind"].removeprefix("{code-block} ")
        assert kind not in {"bash", "sh", "shell", "pycon", "ipython"}, block["text"]
        assert kind == "console" or not re.search(r"(?m)^\$ ", block["text"]), block["text"]
        if kind == "python":
            assert ">>> " in block["text"] or CAPTION.match(block["text"]), block["text"]


@pytest.mark.skipif(sys.platform != "linux", reason="the pages show Linux")
@pytest.mark.parametrize(
    "page",
    [
        # One runs all that .ci/run does, once more.
        pytest.param(page, marks=pytest.mark.full if page in FULL else pytest.mark.slow)
        for page in PAGES
        if "$ " in (ROOT / page).read_text()
    ],
)
def test_commands(page: str, tmp_path: Path, tool: Tool) -> None:
    for program in ("git", *NEEDED.get(page, [])):
        tool(program)
    clone = commit(copy_sources(tmp_path / "clone"))
    if kept := KEPT.get(page):
        (ROOT / kept).mkdir(parents=True, exist_ok=True)
        (clone / kept).parent.mkdir(parents=True)
        (clone / kept).symlink_to(ROOT / kept)
    text = (ROOT / page).read_text()
    before, made, _ = text.partition("-m venv .venv")
    if not made or ".venv/bin/" in before:  # the page takes it for granted
        environment = Environment(clone / ".venv")
        environment.share_packages()
        environment.install("--no-build-isolation", "--no-deps", clone)
    with Shell(clone, SOME_TESTS if page in RUN_ITS_TESTS else "") as shell:
        for block in BLOCK.finditer(text):
            if caption := CAPTION.match(block["text"]):
                write(clone / caption["file"], caption["line"], block["text"][caption.end() :])
            elif block["kind"] == "console":
                for command, expected in commands(block["text"]):
                    shell.expect(command, expected)
    # What is left, git ignores, but for the files that the page shows.
    shown = {caption["file"].split("/")[0] for caption in CAPTION.finditer(text)}
    shown.update(re.findall(r"(?m)^\$ .*pyexample (?:new|bind .* -o) ([\w.]+)", text))
    shown.update(f"{each}i" for each in [*shown] if each.endswith(".py"))  # their stubs
    others = run(["git", "ls-files", "--others", "--exclude-standard"], cwd=clone)
    assert {name.split("/")[0] for name in others.splitlines()} <= shown


# --- The site -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(missing: Missing, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The pages as Sphinx builds them, without a warning, by their names."""
    for package in ("furo", "myst_nb", "sphinx"):
        if not find_spec(package):
            missing(f"{package} is not installed")
    folder = tmp_path_factory.mktemp("site")
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-b", "html"]
    run([*sphinx, "-d", folder / "doctrees", ROOT / "docs", folder / "html"])
    pages = (folder / "html").glob("*.html")
    return {page.name: page.read_text("utf-8") for page in pages}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the pages show Linux")
def test_every_declaration_of_the_header_is_in_the_reference(site: dict[str, str]) -> None:
    names = set(re.findall(r"(?m)^EXAMPLE_API [^;(]*?(\w+)\(", HEADER.read_text()))
    assert names
    documented = set(re.findall(r'id="c\.(\w+)"', site["c-reference.html"]))
    assert names | {"EXAMPLE_VERSION", "EXAMPLE_ABI_VERSION"} <= documented


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the pages show Linux")
def test_links_within_the_site(site: dict[str, str]) -> None:
    links = {
        (name, html.unescape(link))
        for name, text in site.items()
        for link in re.findall(r'href="([^":?]+)"', text)
        if re.search(r"(^|\.html)(#|$)", link)  # to a page, or within this one
    }
    assert len(links) > 100
    for name, link in links:
        target, _, anchor = link.partition("#")
        text = site.get(target or name)
        assert text is not None, f"{name} links to {link}"
        assert not anchor or f'id="{anchor}"' in text, f"{name} links to {link}"


@pytest.mark.parametrize("page", PAGES)
def test_links_between_the_sources(page: str) -> None:
    for link in re.findall(r"\]\((?!https:)([^)#]+)", (ROOT / page).read_text("utf-8")):
        assert (ROOT / page).parent.joinpath(link).exists(), link


# --- Helpers --------------------------------------------------------------------------


def commands(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a block, and what each should print."""
    for match in re.finditer(r"^\$ (.*(?:\n> .*)*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
        yield match[1].replace("\n> ", "\n"), match[2]


def write(file: Path, line: str | None, text: str) -> None:
    """Write a file, or put text below the first line that has ``line`` in it."""
    if line is None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return
    before, found, after = file.read_text().partition(line)
    rest, newline, after = after.partition("\n")
    assert found, f"{file} has no line with {line!r}"
    file.write_text(before + found + rest + newline + text + after)


class Shell:
    """A shell that stays the same from command to command."""

    def __init__(self, folder: Path, pytest_options: str) -> None:
        environment = {**os.environ, "PYTEST_ADDOPTS": pytest_options, "PIP_QUIET": "2"}
        self.process = subprocess.Popen(
            ["bash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=environment,
        )

    def __enter__(self) -> "Shell":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def expect(self, command: str, expected: str) -> None:
        """Run a command. It has to succeed, and to print what is expected of it."""
        status, printed = self.run(command)
        assert status == 0, f"$ {command}\n{printed}"
        if expected.strip() and not matches(expected, printed):
            pytest.fail(f"$ {command}\nexpected:\n{expected}\nprinted:\n{printed}")

    def run(self, command: str) -> tuple[int, str]:
        assert self.process.stdin
        assert self.process.stdout
        end = "end of the command, status"
        # Without an input: a command could read the next one from ours.
        self.process.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '\\n{end} %d\\n' $?\n")
        self.process.stdin.flush()
        printed = ""
        for line in self.process.stdout:
            if line.startswith(end):
                return int(line.removeprefix(end)), printed
            printed += line
        pytest.fail(f"$ {command}\nended the shell:\n{printed}")


def matches(expected: str, printed: str) -> bool:
    """As in a doctest: three dots stand for anything."""
    checker = doctest.OutputChecker()
    return checker.check_output(
        expected.rstrip() + "\n", printed.rstrip() + "\n", doctest.ELLIPSIS
    )
