"""The loader: where it looks, and what it says of a library that it cannot load."""

import ctypes
import mmap
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
from support import Package, attempt, run

from pyexample.ffi import DeclarationError, Library, LibraryLoadError
from pyexample.ffi.loading.diagnosis import architectures, needed_architecture
from pyexample.libexample import library as our_library

SEVEN = "int seven(void) { return 7; } int c_abi(void) { return 2; }"


def load(package: Package, name: str = "c", **options: Any) -> Library:
    return Library(name, f"{package.name}.module", **options)


def reasons(package: Package, **options: Any) -> list[str]:
    """Why each candidate was not loaded."""
    with pytest.raises(LibraryLoadError) as caught:
        load(package, **options)
    for attempt_ in caught.value.attempts:
        assert f"  {attempt_.path}\n    {attempt_.reason}\n" in str(caught.value)
    assert caught.value.name == "c"
    return [str(attempt_.reason) for attempt_ in caught.value.attempts]


def elf(machine: int, bits: int = 64, order: str = "<") -> bytes:
    identity = b"\x7fELF" + bytes([bits // 32, "<>".index(order) + 1, 1]) + bytes(9)
    return identity + struct.pack(order + "HHI", 3, machine, 1) + bytes(40)  # no segments


def mach_o(cputype: int) -> bytes:
    return struct.pack("<7I", 0xFEEDFACF, cputype, 0, 6, 0, 0, 0)


def universal(*cputypes: int) -> bytes:
    heads = [struct.pack(">5I", cputype, 0, 4096, 4096, 12) for cputype in cputypes]
    return struct.pack(">2I", 0xCAFEBABE, len(cputypes)) + b"".join(heads)


def pe(machine: int) -> bytes:
    stub = b"MZ" + bytes(0x3A) + struct.pack("<I", 0x80) + bytes(0x40)
    return stub + b"PE\0\0" + struct.pack("<H", machine) + bytes(18)


FOREIGN = {
    "ELF i386": elf(3, 32),
    "ELF x32": elf(62, 32),
    "ELF x86_64": elf(62),
    "ELF arm": elf(40, 32),
    "ELF arm64": elf(183),
    "ELF s390x": elf(22, order=">"),
    "ELF ppc64": elf(21, order=">"),
    "ELF ppc64le": elf(21),
    "ELF riscv64": elf(243),
    "ELF riscv32": elf(243, 32),
    "ELF machine 9999": elf(9999),
    "Mach-O x86_64": mach_o(0x01000007),
    "Mach-O arm64": mach_o(0x0100000C),
    "Mach-O x86_64 and Mach-O arm64": universal(0x01000007, 0x0100000C),
    "PE i386": pe(0x14C),
    "PE x86_64": pe(0x8664),
    "PE arm64": pe(0xAA64),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_library(package: Package, name: str) -> None:
    package.library("c").write_bytes(FOREIGN[name])
    (reason,) = reasons(package)[-1:]
    needed = needed_architecture()
    if needed in name.split(" and "):  # this machine's own: a header with nothing behind it
        assert reason.startswith(("the system's loader refuses it: ", "the file is cut off"))
    else:
        assert reason == f"built for {name}, but this Python needs {needed}"


def test_needed_architecture_is_that_of_a_library_that_loads() -> None:
    assert architectures(our_library.path) == [needed_architecture()]


@pytest.mark.parametrize("size", [0, 1, 4, 20, 64])
def test_no_architecture_in_a_cut_header(tmp_path: Path, size: int) -> None:
    for number, head in enumerate(FOREIGN.values()):
        file = tmp_path / str(number)
        file.write_bytes(head[:size])
        cut = min(size, len(head))
        assert architectures(str(file)) == [] or cut >= 20


def test_absent(package: Package) -> None:
    assert set(reasons(package)) == {"there is no such file"}


def test_broken_link(package: Package) -> None:
    package.library("c").symlink_to(package.lib / "nothing")
    assert reasons(package)[-1] == "there is no such file"


def test_empty(package: Package) -> None:
    package.library("c").touch()
    assert reasons(package)[-1] == "the file is empty"


def test_text(package: Package) -> None:
    package.library("c").write_text("version https://git-lfs.github.com/spec/v1\n")
    assert reasons(package)[-1].startswith(
        "this is no library: neither an ELF, a Mach-O nor a PE file"
    )


def test_folder(package: Package) -> None:
    package.library("c").mkdir()
    assert reasons(package)[-1] == "this is a folder, not a library"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="a cut-off ELF file")
def test_cut_off(package: Package) -> None:
    lief = pytest.importorskip("lief")  # has no wheels for rare processors
    path = package.compile(SEVEN)
    content = path.read_bytes()
    (end,) = [
        max(segment.file_offset + segment.physical_size for segment in binary.segments)
        for binary in [lief.ELF.parse(path)]
        if binary
    ]
    for size in {4, 5, 63, 64, 200, 1000, end // 2, end - 1}:
        path.unlink()
        path.write_bytes(content[:size])
        assert reasons(package)[-1] == "the file is cut off: copy or install it again"
    # What lies behind the segments is not mapped, and may be stripped. Loaded by a program
    # that ends at once: AddressSanitizer, when it names a leak at the end of a process, reads
    # the section headers of each library (libbacktrace), which this one says to have, and
    # dies of SIGBUS.
    path.unlink()
    path.write_bytes(content[:end])
    code = (
        "import bound, os\nfrom pyexample.ffi import Library\n"
        "os._exit(Library('c', 'bound.module').cdll.seven())"
    )
    done = attempt([sys.executable, "-c", code], cwd=package.folder.parent)
    assert done.returncode == 7, done.stderr


def test_missing_dependency(package: Package) -> None:
    needed = package.compile("int six(void) { return 6; }", "needed")
    package.compile("int six(void); int seven(void) { return six() + 1; }", "c", needed)
    needed.unlink()
    reason = reasons(package)[-1]
    assert reason.startswith("a library that it depends on is missing: ")
    assert sys.platform == "win32" or "libneeded" in reason


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the linker refuses it")
def test_unresolved_function(package: Package) -> None:
    package.compile("int six(void); int seven(void) { return six() + 1; }", "c", "-Wl,-z,now")
    assert "six" in reasons(package)[-1]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX permissions")
def test_unreadable(package: Package) -> None:
    package.library("c").write_text("secret")
    package.library("c").chmod(0)
    code = "from pyexample.ffi import Library; import bound; Library('c', 'bound.module')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=package.folder.parent,
        preexec_fn=_give_up_reading_everything if os.geteuid() == 0 else None,
    )
    assert (
        f"{package.library('c')}\n    the file cannot be read: Permission denied" in done.stderr
    )


def _give_up_reading_everything() -> None:
    # root reads any file until it drops CAP_DAC_OVERRIDE (1) and CAP_DAC_READ_SEARCH (2):
    # prctl(PR_CAPBSET_DROP) takes them from the program that is started next.
    for capability in (1, 2):
        assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0


def test_abi_version(package: Package) -> None:
    package.compile(SEVEN)
    assert load(package, abi_version=("c_abi", 2)).cdll.seven() == 7
    (reason,) = reasons(package, abi_version=("c_abi", 3))[-1:]
    assert reason == (
        "its ABI version is 2, but this package was written for 3:"
        " the two come from different releases"
    )


def test_abi_version_of_another_library(package: Package) -> None:
    package.compile("int seven(void) { return 7; }")
    (reason,) = reasons(package, abi_version=("c_abi", 2))[-1:]
    assert reason == "it has no function c_abi(): this is another library of the same name"


def test_every_entry_of_the_path_is_tried(package: Package, tmp_path: Path) -> None:
    second = Package(tmp_path / "second", package.name)
    second.compile(SEVEN)
    package.library("c").write_text("stale")
    sys.modules[package.name].__path__.append(str(second.folder))
    library = load(package)
    assert library.path == str(second.library("c"))
    assert library.cdll.seven() == 7
    assert library.attempts[-1].reason is None
    assert all(attempt_.reason for attempt_ in library.attempts[:-1])
    assert str(package.library("c")) in [attempt_.path for attempt_ in library.attempts]


def test_a_relative_path_entry_is_made_absolute(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package.compile(SEVEN)
    monkeypatch.chdir(tmp_path)
    sys.modules[package.name].__path__[:] = [package.name]
    assert load(package).path == str(package.library("c"))


class TestWhereItIs:
    """The package of a module is the one that Python says."""

    DECLARE = "from pyexample.ffi import Library\nlibrary = Library({!r}, __name__)\n"

    def program(self, package: Package, code: str, *options: str) -> str:
        return run([sys.executable, *(options or ("-c", code))], cwd=package.folder.parent)

    def test_in_the_package_itself(self, package: Package) -> None:
        package.compile(SEVEN)
        (package.folder / "__init__.py").write_text(self.DECLARE.format("c"))
        code = "import bound; print(bound.library.cdll.seven())"
        assert self.program(package, code) == "7\n"

    def test_in_a_nested_package(self, package: Package) -> None:
        inner = Package(package.folder, "inner")
        inner.compile(SEVEN)
        package.compile(SEVEN.replace("7", "8"))
        (inner.folder / "__init__.py").write_text(self.DECLARE.format("c"))
        (inner.folder / "module.py").write_text(self.DECLARE.format("c"))
        code = "import bound.inner.module as m; print(m.library.cdll.seven())"
        assert self.program(package, code) == "7\n"
        code = "import bound.inner as m; print(m.library.cdll.seven())"
        assert self.program(package, code) == "7\n"

    def test_in_a_module_that_is_run(self, package: Package) -> None:
        package.compile(SEVEN)
        code = self.DECLARE.format("c") + "print(library.cdll.seven())\n"
        for name in ("module", "__main__"):
            (package.folder / f"{name}.py").write_text(code)
        assert self.program(package, "", "-m", "bound.module") == "7\n"
        assert self.program(package, "", "-m", "bound") == "7\n"

    @pytest.mark.parametrize("way", ["imported", "run", "run by name", "typed"])
    def test_in_no_package(self, package: Package, way: str) -> None:
        """Where a library would be looked for is nowhere."""
        code = (
            "from pyexample.ffi import Library\nfrom pyexample.ffi import DeclarationError\n"
            "try: Library('c', __name__)\n"
            "except DeclarationError as error: print(error)\n"
        )
        (package.folder.parent / "single.py").write_text(code)
        options = {
            "imported": ["-c", "import single"],
            "run": ["single.py"],
            "run by name": ["-m", "single"],
            "typed": ["-c", code],
        }
        name = "single" if way == "imported" else "__main__"
        assert self.program(package, "", *options[way]) == (
            f"Library('c', '{name}'): the library is looked for in the folder 'lib' of a"
            f" package, and the module '{name}' is in none that was imported\n"
        )

    @pytest.mark.parametrize("module", ["", "nowhere", "nowhere.module", "os.module", "bound"])
    def test_a_module_that_is_in_no_package(self, package: Package, module: str) -> None:
        package.compile(SEVEN)
        if module == "bound":
            assert Library("c", module).cdll.seven() == 7
            return
        with pytest.raises(DeclarationError, match="is in none that was imported"):
            Library("c", module)

    def test_a_package_that_a_program_has_made(
        self, package: Package, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Such as ``ModuleType`` makes: it has a ``__path__``, and no ``__spec__``."""
        package.compile(SEVEN)
        made = ModuleType("made.by.hand")
        made.__path__ = [str(package.folder)]
        monkeypatch.setitem(sys.modules, "made.by.hand", made)
        assert Library("c", "made.by.hand").cdll.seven() == 7

    @pytest.mark.parametrize("given", [("c", None), (None, "bound"), (b"c", "bound"), ("c", 7)])
    def test_names_that_are_none(self, given: Any) -> None:
        with pytest.raises(DeclarationError) as caught:
            Library(*given)
        assert str(caught.value) == (
            f"Library({given[0]!r}, {given[1]!r}): expected the name of a library and the"
            " __name__ of the module that declares its functions"
        )

    def test_a_system_library_needs_no_package(self, package: Package) -> None:
        with pytest.raises(LibraryLoadError) as caught:
            Library("c", "single", system={"other": "c"})
        assert "set SINGLE_C_LIBRARY" in str(caught.value)


class TestOneVariableEach:
    """No environment variable is for two libraries."""

    @pytest.fixture
    def two(self, package: Package, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A package with the libraries a and b, and one elsewhere that is neither."""
        package.compile("int number(void) { return 1; }", "a")
        package.compile("int number(void) { return 2; }", "b")
        for name in ("BOUND_LIBRARY", "BOUND_A_LIBRARY", "BOUND_B_LIBRARY"):
            monkeypatch.delenv(name, raising=False)
        return package.compile("int number(void) { return 3; }", "other")

    def numbers(self) -> list[int]:
        return [Library(name, "bound.module").cdll.number() for name in ("a", "b")]

    def test_one_of_two(self, two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.numbers() == [1, 2]
        monkeypatch.setenv("BOUND_A_LIBRARY", str(two))
        assert self.numbers() == [3, 2]
        monkeypatch.delenv("BOUND_A_LIBRARY")
        monkeypatch.setenv("BOUND_B_LIBRARY", str(two))
        assert self.numbers() == [1, 3]

    @pytest.mark.parametrize(("first", "second"), ["ab", "ba"])
    def test_the_one_without_a_name_is_refused(
        self, two: Path, monkeypatch: pytest.MonkeyPatch, first: str, second: str
    ) -> None:
        """It could mean either."""
        monkeypatch.setenv("BOUND_LIBRARY", str(two))
        assert Library(first, "bound.module").cdll.number() == 3
        assert Library(first, "bound.again").cdll.number() == 3  # the same one
        with pytest.raises(LibraryLoadError) as caught:
            Library(second, "bound.module")
        assert str(caught.value) == (
            f"the library {second!r} cannot be loaded; this is what was tried:\n"
            f"  {two}\n"
            f"    BOUND_LIBRARY is set, which bound's {first} takes as well\n"
            f"Set BOUND_{second.upper()}_LIBRARY for this library, and likewise for others,"
            " rather than BOUND_LIBRARY."
        )
        monkeypatch.setenv(f"BOUND_{second.upper()}_LIBRARY", str(two))
        assert Library(second, "bound.module").cdll.number() == 3

    def test_the_one_with_a_name_goes_first(
        self, two: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BOUND_LIBRARY", str(two.with_name("nothing")))
        monkeypatch.setenv("BOUND_A_LIBRARY", str(two))
        assert Library("a", "bound.module").cdll.number() == 3

    def test_the_advice_names_one_that_works(self, two: Path) -> None:
        for name, variable in (("a", "BOUND_LIBRARY"), ("b", "BOUND_B_LIBRARY")):
            two.with_name(two.name.replace("other", name)).unlink()
            with pytest.raises(LibraryLoadError) as caught:
                Library(name, "bound.module")
            assert f"or set {variable} to the absolute path" in str(caught.value)

    @pytest.mark.parametrize(
        ("first", "second", "options"),
        [("a", "A", {}), ("a", "a", {"system": {"other": "a"}}), ("a.1", "a-1", {})],
    )
    def test_two_names_that_make_one_variable(
        self, two: Path, first: str, second: str, options: dict[str, Any]
    ) -> None:
        two.with_name(two.name.replace("other", first)).write_bytes(two.read_bytes())
        Library(first, "bound.module")
        with pytest.raises(DeclarationError, match="would be for two libraries"):
            Library(second, "bound.module", **options)

    def test_the_same_name_in_a_nested_package(self, two: Path) -> None:
        inner = Package(two.parent.parent, "inner")
        inner.compile(SEVEN, "a")
        __import__("bound.inner")
        Library("a", "bound.module")
        with pytest.raises(DeclarationError, match=r"bound's a and bound\.inner's a"):
            Library("a", "bound.inner.module")
        del sys.modules["bound.inner"]

    def test_a_package_that_is_imported_anew(
        self, two: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Library("a", "bound.module")
        del sys.modules["bound"]
        __import__("bound")
        # The file of "a" is in use, and on some systems that of "A" as well.
        monkeypatch.setenv("BOUND_A_LIBRARY", str(two))
        assert Library("A", "bound.module").cdll.number() == 3


class TestText:
    """Whatever the bytes of a path are, the message can be printed."""

    @pytest.fixture
    def odd(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
        """A package in a folder whose name is no UTF-8."""
        try:
            folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
            package = Package(folder, "odd")
        except (OSError, UnicodeError):
            pytest.skip("this file system takes names that are UTF-8 alone")
        monkeypatch.syspath_prepend(folder)
        __import__("odd")
        yield package
        del sys.modules["odd"]

    def refused(self, **options: Any) -> str:
        with pytest.raises(LibraryLoadError) as caught:
            Library("c", "odd.module", **options)
        text = str(caught.value)
        assert "caf\\udce9" in text
        text.encode()
        assert os.fsencode(caught.value.attempts[-1].path).find(b"caf\xe9") > 0
        assert repr(caught.value).isprintable()
        return text

    def test_absent(self, odd: Package) -> None:
        assert "there is no such file" in self.refused()

    def test_no_library(self, odd: Package) -> None:
        odd.library("c").write_bytes(b"\xff" * 100)
        assert "this is no library" in self.refused()

    def test_missing_dependency(self, odd: Package) -> None:
        needed = odd.compile("int six(void) { return 6; }", "needed")
        odd.compile("int six(void); int seven(void) { return six() + 1; }", "c", needed)
        needed.unlink()
        assert "a library that it depends on is missing" in self.refused()

    def test_another_abi(self, odd: Package) -> None:
        odd.compile("int seven(void) { return 7; }")
        assert "it has no function c_abi()" in self.refused(abi_version=("c_abi", 2))

    def test_a_function_that_is_not_there(self, odd: Package) -> None:
        odd.compile(SEVEN)
        library = Library("c", "odd.module")
        with pytest.raises(DeclarationError, match="has no such function"):
            library.function(seven_)
        assert library.cdll.seven() == 7

    def test_an_override(self, odd: Package, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ODD_C_LIBRARY", str(odd.library("nothing")))
        assert "there is no such file" in self.refused()

    @pytest.mark.parametrize("name", ["nul\0", "surrogate\ud800", "umlaut\xe4"])
    def test_a_name_that_no_file_has(self, package: Package, name: str) -> None:
        with pytest.raises(LibraryLoadError) as caught:
            Library(name, "bound.module")
        str(caught.value).encode()


def seven_() -> Annotated[int, ctypes.c_int]:
    """In no library."""
    raise NotImplementedError


@pytest.fixture
def noexec(mounted: Callable[[str], Path]) -> Path:
    """A folder from which the system runs no code. An emulator runs it all the same."""
    folder = mounted("noexec")
    if not hasattr(os, "ST_NOEXEC"):
        pytest.skip("this Python does not say how a file system is mounted")
    (folder / "code").write_bytes(bytes(mmap.PAGESIZE))
    with (folder / "code").open("rb") as file:
        try:
            mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)
        except PermissionError:
            return folder
    pytest.skip("this system runs code from there")


def test_noexec(package: Package, noexec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = package.compile(SEVEN)
    path = noexec / ours.name
    path.write_bytes(ours.read_bytes())
    monkeypatch.setenv("BOUND_C_LIBRARY", str(path))
    (reason,) = reasons(package)
    assert reason.startswith(
        f"the file system of {noexec} is mounted noexec: no code in it may be run ("
    )
    path.write_bytes(elf(9999))
    assert reasons(package)[0].startswith("built for ELF machine 9999")


def test_a_library_that_it_needs_is_in_noexec(package: Package, noexec: Path) -> None:
    needed = package.compile("int six(void) { return 6; }", "needed")
    source = "int six(void); int seven(void) { return six() + 1; }"
    package.compile(source, "c", needed, f"-Wl,-rpath,{noexec}", "-Wl,-soname,libc.so")
    content = needed.read_bytes()
    needed.unlink()
    # Its name is a path, as the linker wrote it.
    needed.symlink_to(noexec / needed.name)
    (noexec / needed.name).write_bytes(content)
    reason = reasons(package)[-1]
    assert reason.startswith("the file system of "), reason
    assert "is mounted noexec" in reason


# What is open to every user: by what the override names, a library or a link to it.
WAYS: dict[str, Callable[[Path, Path], Path]] = {
    "file": lambda library, links: library,
    "folder": lambda library, links: library.parent,
    "parent": lambda library, links: library.parent.parent,
    "file behind a link": lambda library, links: library,
    "folder behind a link": lambda library, links: library.parent,
    "folder of a link": lambda library, links: links,
}


class TestOverride:
    def test_it_wins(self, package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
        package.library("c").write_text("not this one")
        elsewhere = package.compile(SEVEN, "elsewhere")
        monkeypatch.setenv("BOUND_LIBRARY", str(elsewhere))
        assert load(package).path == str(elsewhere)

    def test_it_never_falls_back(
        self, package: Package, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        package.compile(SEVEN)
        monkeypatch.setenv("BOUND_LIBRARY", str(package.folder / "nothing"))
        assert reasons(package) == ["there is no such file"]

    def test_a_relative_one_is_refused(
        self, package: Package, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        library = package.compile(SEVEN)
        monkeypatch.chdir(library.parent)
        for path in (library.name, f"./{library.name}"):
            monkeypatch.setenv("BOUND_LIBRARY", path)
            assert reasons(package) == ["not an absolute path"]

    @pytest.mark.skipif(os.name != "posix", reason="about file modes")
    @pytest.mark.parametrize("what", WAYS)
    def test_one_that_every_user_may_change_is_refused(
        self, package: Package, monkeypatch: pytest.MonkeyPatch, what: str
    ) -> None:
        library = package.compile(SEVEN)
        monkeypatch.setenv("BOUND_LIBRARY", str(library))
        assert load(package).cdll.seven() == 7
        links = package.folder.parent / "links"
        links.mkdir()
        WAYS[what](library, links).chmod(0o777)
        if "link" in what:
            (links / "link").symlink_to(library)
            monkeypatch.setenv("BOUND_LIBRARY", str(links / "link"))
        assert reasons(package) == ["every user of this system may change or replace it"]

    @pytest.mark.skipif(os.name != "posix", reason="about file modes")
    def test_a_folder_in_which_nobody_replaces_another_s_files(
        self, package: Package, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        library = package.compile(SEVEN)
        library.parent.chmod(0o1777)  # as /tmp is
        monkeypatch.setenv("BOUND_LIBRARY", str(library))
        assert load(package).cdll.seven() == 7

    def test_an_empty_one_is_none(
        self, package: Package, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        package.compile(SEVEN)
        monkeypatch.setenv("BOUND_LIBRARY", "")
        assert load(package).cdll.seven() == 7


class TestSystemLibrary:
    """Loaded by its name, as the system's loader finds it."""

    @pytest.mark.skipif(sys.platform == "win32", reason="POSIX: the C library of the process")
    def test_it_is_found(self, package: Package) -> None:
        import ctypes.util

        name = str(ctypes.util.find_library("m"))
        found = load(package, "m", system={sys.platform: name})
        assert found.path == name
        assert [(each.path, each.reason) for each in found.attempts] == [(name, None)]
        found.cdll.abs.argtypes = [ctypes.c_int]
        assert found.cdll.abs(-7) == 7

    def test_it_is_not_found(self, package: Package) -> None:
        package.compile(SEVEN)  # the package's own is not looked at
        (reason,) = reasons(package, system={sys.platform: "libnothing.so.7", "other": "c"})
        assert reason.startswith("the system's loader does not find it: ")

    def test_the_advice(self, package: Package) -> None:
        with pytest.raises(LibraryLoadError) as caught:
            load(package, system={sys.platform: "libnothing.so.7"})
        assert str(caught.value).splitlines()[-1] == (
            "Install the system's package of c, or set BOUND_C_LIBRARY to the absolute path of"
            " a library that was built for this Python."
        )

    def test_a_platform_that_is_not_declared(self, package: Package) -> None:
        with pytest.raises(LibraryLoadError) as caught:
            load(package, system={"other": "c"})
        assert caught.value.attempts == []
        advice = str(caught.value).splitlines()[-1]
        assert advice.startswith(
            f"No name of it is declared for {sys.platform}: declare one, or"
        )

    def test_it_is_overridden(self, package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
        library = package.compile(SEVEN)
        # That of the package's own library is not for this one.
        monkeypatch.setenv("BOUND_LIBRARY", str(package.folder / "nothing"))
        monkeypatch.setenv("BOUND_C_LIBRARY", str(library))
        assert load(package, system={"other": "c"}).cdll.seven() == 7
        monkeypatch.setenv("BOUND_C_LIBRARY", library.name)
        assert reasons(package, system={"other": "c"}) == ["not an absolute path"]

    def test_its_abi_is_compared(
        self, package: Package, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BOUND_C_LIBRARY", str(package.compile(SEVEN)))
        (reason,) = reasons(package, system={}, abi_version=("c_abi", 3))
        assert "its ABI version is 2" in reason


HOSTILE = """
#include <stdint.h>
#include <stdlib.h>
int32_t square(int32_t n) { return n + 666; }
static void now(void) { abort(); }
__attribute__((constructor)) static void start(void) { now(); }
"""


def hostile_libraries(folder: Path) -> Path:
    """A folder with libraries that end the process, under every name that is looked for."""
    library = Package(folder).compile(HOSTILE, "example")
    for name in ("example", "fastcall"):
        for file in (f"lib{name}.so", f"lib{name}.dylib", f"lib{name}.dll", f"{name}.dll"):
            for place in (library.parent, library.parent / "lib"):
                place.mkdir(exist_ok=True)
                if place / file != library:
                    (place / file).write_bytes(library.read_bytes())
    return library


SEARCH_PATHS = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def test_hostile_libraries_on_every_search_path(tmp_path: Path) -> None:
    folder = hostile_libraries(tmp_path).parent
    code = "import pyexample; print(pyexample.square(7))"
    for variable in SEARCH_PATHS:
        # An empty entry of LD_LIBRARY_PATH is the current directory as well.
        search = os.pathsep.join([str(folder), os.environ.get(variable, "")])
        done = attempt([sys.executable, "-c", code], cwd=folder, env={variable: search})
        assert done.stdout == "49\n", done.stderr


def test_a_missing_library_is_not_looked_for_elsewhere(
    package: Package, tmp_path: Path
) -> None:
    """It is then that a fallback to the current directory or the system would show."""
    hostile = hostile_libraries(tmp_path / "hostile")
    code = (
        f"import sys; sys.path.insert(0, {str(package.folder.parent)!r})\n"
        "import bound\nfrom pyexample.ffi import DeclarationError, Library, LibraryLoadError\n"
        "try:\n    Library('example', 'bound.module')\n"
        "except LibraryLoadError: print('refused')"
    )
    search = dict.fromkeys(SEARCH_PATHS[2:], str(hostile.parent))
    done = attempt([sys.executable, "-c", code], cwd=hostile.parent, env=search)
    assert done.stdout == "refused\n", done.stderr
    # What would happen if it were.
    code = f"import ctypes; ctypes.CDLL({str(hostile)!r})"
    assert attempt([sys.executable, "-c", code]).returncode not in (0, 1)


def test_a_link_is_followed_and_where_to_is_judged(package: Package, tmp_path: Path) -> None:
    """A package may be installed as links; what they lead to is loaded, or told why not."""
    elsewhere = Package(tmp_path / "elsewhere", "real").compile(SEVEN)
    package.library("c").symlink_to(elsewhere)
    if not package.library("c").exists():
        pytest.skip("links lead nowhere here, as in wine")
    assert load(package).cdll.seven() == 7
    package.library("c").unlink()
    package.library("c").symlink_to(package.library("c"))  # to itself
    assert "Too many levels" in reasons(package)[-1] or "no such file" in reasons(package)[-1]
