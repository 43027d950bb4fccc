"""libgit2, bound: repositories, objects, trees, commits, walks, tags, configuration.

The declarations mirror git2.h (https://libgit2.org/libgit2/), and ``pyexample abi`` proves
them. ``commit_files``, ``files_of``, ``history``, ``texts`` and ``text_of`` are on top.
"""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from ctypes import (
    POINTER,
    c_char,
    c_char_p,
    c_int,
    c_int64,
    c_size_t,
    c_ubyte,
    c_uint,
    c_void_p,
)
from enum import IntEnum
from typing import Annotated, Any

from pyexample.ffi import (
    Array,
    ArrayOf,
    Borrowed,
    Buffer,
    Callback,
    Closes,
    Constant,
    Count,
    Handle,
    In,
    Keep,
    Library,
    Owned,
    Raises,
    Returned,
    struct,
)

VERSIONS = ("1.5", "1.6", "1.7", "1.8", "1.9")
FILES = {
    "linux": [f"libgit2.so.{version}" for version in VERSIONS],
    "darwin": [f"libgit2.{version}.dylib" for version in VERSIONS],
    "win32": "git2.dll",
}
library = Library("git2", __name__, system=FILES, prefix="git_")

GIT_ENOTFOUND, GIT_EEXISTS, GIT_EINVALIDSPEC, GIT_ITEROVER = -3, -4, -12, -31
GIT_ERROR_OS, GIT_ERROR_INVALID, GIT_ERROR_REFERENCE, GIT_ERROR_REPOSITORY = 2, 3, 4, 6
GIT_SORT_TOPOLOGICAL, GIT_SORT_TIME, GIT_SORT_REVERSE = 1, 2, 4
GIT_TREEWALK_PRE, GIT_TREEWALK_POST = 0, 1


class FileMode(IntEnum):
    """``git_filemode_t``."""

    GIT_FILEMODE_TREE = 0o040000
    GIT_FILEMODE_BLOB = 0o100644
    GIT_FILEMODE_BLOB_EXECUTABLE = 0o100755
    GIT_FILEMODE_LINK = 0o120000


class Error(Exception):
    """What libgit2 says of a call that failed, with its code and class."""

    def __init__(self, code: int, message: str, kind: int) -> None:
        super().__init__(message)
        self.code, self.kind = code, kind


# fmt: off
class Repository(Handle):
    """``git_repository *``"""
class Object(Handle):
    """``git_object *``: of the same object, libgit2 returns the same address, and counts"""
class Commit(Object):
    """``git_commit *``"""
class Tree(Object):
    """``git_tree *``"""
class Blob(Object):
    """``git_blob *``"""
class TreeBuilder(Handle):
    """``git_treebuilder *``"""
class TreeEntry(Handle):
    """``git_tree_entry *``"""
class Reference(Handle):
    """``git_reference *``"""
class Walk(Handle):
    """``git_revwalk *``"""
class Config(Handle):
    """``git_config *``"""
# fmt: on


@struct(init=False)
class Oid(ctypes.Structure):
    """``git_oid``: the name of an object."""

    id: Annotated[Array[int], c_ubyte * 20]

    def __str__(self) -> str:
        return bytes(self).hex()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Oid) and bytes(self) == bytes(other)

    def __hash__(self) -> int:
        return hash(bytes(self))

    def copy(self) -> "Oid":
        """One that does not need the object that this is part of."""
        return Oid.from_buffer_copy(self)


@struct(init=False)
class git_error(ctypes.Structure):  # noqa: N801 - as in C
    """What went wrong last in this thread."""

    message: Annotated[str | None, c_char_p]
    klass: Annotated[int, c_int]


@struct(init=False)
class Time(ctypes.Structure):
    """``git_time``."""

    time: Annotated[int, c_int64]
    offset: Annotated[int, c_int]
    sign: Annotated[bytes, c_char]


@struct
class Signature(Handle):
    """``git_signature *``: who did something, and when"""

    name: Annotated[str | None, c_char_p]
    email: Annotated[str | None, c_char_p]
    when: Annotated[Time, Time]


@struct(init=False)
class Buf(ctypes.Structure):
    """``git_buf``: a text that C has allocated."""

    ptr: Annotated[bytes | None, c_char_p]
    reserved: Annotated[int, c_size_t]
    size: Annotated[int, c_size_t]


@struct(init=False)
class StrArray(ctypes.Structure):
    """``git_strarray``: texts that C has allocated."""

    strings: Annotated[Any, POINTER(c_char_p)]
    count: Annotated[int, c_size_t]


def _error(code: int, function: str, values: tuple[Any, ...]) -> Error:
    last = error_last()
    said = (last and last.message) or "failed"
    return Error(code, f"{function}(): {said}", last.klass if last else 0)


hold = library.function(release_gil=False)

Path = Annotated[str | os.PathLike[str], c_char_p]
Text = Annotated[str, c_char_p]
TextOrNone = Annotated[str | None, c_char_p]
Repo = Annotated[Repository, c_void_p]
Id = Annotated[Oid, POINTER(Oid)]
ATree = Annotated[Tree, c_void_p]
ACommit = Annotated[Commit, c_void_p]
Entry = Annotated[TreeEntry, c_void_p]
Payload = Annotated[int | None, c_void_p]
Made = Annotated[Oid, c_int, Raises(_error, when="negative")]
Done = Annotated[None, c_int, Raises(_error, when="negative")]
DoneByCallback = Annotated[int, c_int, Raises(_error, when="negative")]
NewOid = Returned(Oid, Oid)
NewBuf = Returned(Buf, Buf)
NewTexts = Returned(StrArray, StrArray)
ABuf = Annotated[Buf, c_int, Raises(_error, when="negative")]
ATexts = Annotated[StrArray, c_int, Raises(_error, when="negative")]

# Of an object that is open already, C returns the same address.
NewCommit = Returned(Commit, c_void_p, Owned(counted=True))
NewTree = Returned(Tree, c_void_p, Owned(counted=True))
NewBlob = Returned(Blob, c_void_p, Owned(counted=True))
OwnedCommit = Annotated[Commit, c_int, Raises(_error, when="negative")]
OwnedTree = Annotated[Tree, c_int, Raises(_error, when="negative")]
OwnedBlob = Annotated[Blob, c_int, Raises(_error, when="negative")]


# fmt: off
@hold
def error_last() -> Annotated[git_error | None, POINTER(git_error), Borrowed]: ...
@library.function
def libgit2_init() -> DoneByCallback: ...
@library.function
def libgit2_version() -> Annotated[
    tuple[int, int, int], c_int, Raises(_error, when="negative"),
    Returned(int, c_int), Returned(int, c_int), Returned(int, c_int),
]: ...
@hold
def buf_dispose(buf: Annotated[Buf, POINTER(Buf)], /) -> None: ...
@hold
def strarray_dispose(array: Annotated[StrArray, POINTER(StrArray)], /) -> None: ...
@hold
def oid_fromstr(text: Annotated[str, NewOid, c_char_p], /) -> Made: ...
@hold
def oid_equal(one: Id, other: Id, /) -> Annotated[bool, c_int]: ...
@library.function
def message_prettify(
    message: Annotated[str, NewBuf, c_char_p], strip_comments: Annotated[bool, c_int],
    comment: Annotated[bytes, c_char], /,
) -> ABuf: ...

@library.function
def repository_init(
    path: Annotated[
        str | os.PathLike[str], Returned(Repository, c_void_p, Owned), c_char_p
    ],
    is_bare: Annotated[bool, c_uint], /,
) -> Annotated[Repository, c_int, Raises(_error, when="negative")]: ...
@library.function
def repository_open(
    path: Annotated[
        str | os.PathLike[str], Returned(Repository, c_void_p, Owned), c_char_p
    ], /,
) -> Annotated[Repository, c_int, Raises(_error, when="negative")]: ...
@library.function
def repository_free(repository: Annotated[Repository, c_void_p, Closes], /) -> None: ...
@hold
def repository_path(repository: Repo, /) -> Text: ...
@hold
def repository_workdir(repository: Repo, /) -> TextOrNone: ...
@hold
def repository_is_bare(repository: Repo, /) -> Annotated[bool, c_int]: ...
@library.function
def repository_head(
    repository: Annotated[Repository, Returned(Reference, c_void_p, Owned), c_void_p], /
) -> Annotated[Reference, c_int, Raises(_error, when="negative")]: ...
@library.function
def repository_config(
    repository: Annotated[Repository, Returned(Config, c_void_p, Owned), c_void_p], /
) -> Annotated[Config, c_int, Raises(_error, when="negative")]: ...

@library.function
def object_free(it: Annotated[Object, c_void_p, Closes], /) -> None: ...
@hold
def object_id(it: Annotated[Object, c_void_p], /) -> Annotated[
    Oid, POINTER(Oid), Borrowed("it")
]: ...
@library.function
def object_owner(it: Annotated[Object, c_void_p], /) -> Annotated[
    Repository, c_void_p, Borrowed("it")
]: ...

@library.function
def blob_create_from_buffer(
    repository: Annotated[Repository, NewOid, c_void_p],
    data: Annotated[Buffer, In(None), Count(c_size_t, "data")], /,
) -> Made: ...
@library.function
def blob_lookup(repository: Annotated[Repository, NewBlob, c_void_p], oid: Id, /) -> (
    OwnedBlob
): ...
@hold
def blob_rawsize(blob: Annotated[Blob, c_void_p], /) -> Annotated[int, ctypes.c_uint64]: ...
@library.function
def blob_rawcontent(blob: Annotated[Blob, c_void_p], /) -> Annotated[
    memoryview, In(None, blob_rawsize), Borrowed("blob")
]: ...

@library.function
def treebuilder_new(
    repository: Annotated[Repository, Returned(TreeBuilder, c_void_p, Owned), c_void_p],
    source: Annotated[Tree | None, c_void_p], /,
) -> Annotated[TreeBuilder, c_int, Raises(_error, when="negative")]: ...
@library.function
def treebuilder_free(builder: Annotated[TreeBuilder, c_void_p, Closes], /) -> None: ...
@library.function
def treebuilder_insert(
    builder: Annotated[TreeBuilder, Constant(c_void_p, None), c_void_p], name: Text, oid: Id,
    mode: Annotated[FileMode, c_uint], /,
) -> Done: ...
@library.function
def treebuilder_write(builder: Annotated[TreeBuilder, NewOid, c_void_p], /) -> Made: ...

@library.function
def tree_lookup(repository: Annotated[Repository, NewTree, c_void_p], oid: Id, /) -> (
    OwnedTree
): ...
@hold
def tree_entrycount(tree: ATree, /) -> Annotated[int, c_size_t]: ...
@hold
def tree_entry_byindex(tree: ATree, at: Annotated[int, c_size_t], /) -> Annotated[
    TreeEntry | None, c_void_p, Borrowed("tree")
]: ...
@library.function
def tree_entry_bypath(
    tree: Annotated[Tree, Returned(TreeEntry, c_void_p, Owned(independent=True)), c_void_p],
    path: Text, /,
) -> Annotated[TreeEntry, c_int, Raises(_error, when="negative")]: ...
@library.function
def tree_entry_free(entry: Annotated[TreeEntry, c_void_p, Closes], /) -> None: ...
@hold
def tree_entry_name(entry: Entry, /) -> Text: ...
@hold
def tree_entry_id(entry: Entry, /) -> Annotated[
    Oid, POINTER(Oid), Borrowed("entry")
]: ...
@hold
def tree_entry_filemode(entry: Entry, /) -> Annotated[FileMode, c_uint]: ...
@Callback.failing_with(-1)
def on_entry(root: Text, entry: Entry, payload: Payload, /) -> Annotated[int, c_int]: ...
@library.function
def tree_walk(
    tree: ATree, mode: Annotated[int, c_uint],
    function: Annotated[Callable[[str, TreeEntry, int | None], int], on_entry],
    payload: Payload, /,
) -> DoneByCallback: ...

@library.function
def signature_new(
    name: Annotated[str, Returned(Signature, c_void_p, Owned), c_char_p], email: Text,
    time: Annotated[int, c_int64], offset: Annotated[int, c_int], /,
) -> Annotated[Signature, c_int, Raises(_error, when="negative")]: ...
@library.function
def signature_free(signature: Annotated[Signature, c_void_p, Closes], /) -> None: ...
@library.function
def commit_create(
    repository: Annotated[Repository, NewOid, c_void_p], update: TextOrNone,
    author: Annotated[Signature, c_void_p], committer: Annotated[Signature, c_void_p],
    message: Annotated[str, Constant(c_char_p, None), c_char_p], tree: ATree,
    parents: Annotated[Sequence[Commit], Count(c_size_t, "parents"), ArrayOf(c_void_p)], /,
) -> Made: ...
@library.function
def commit_lookup(repository: Annotated[Repository, NewCommit, c_void_p], oid: Id, /) -> (
    OwnedCommit
): ...
@hold
def commit_message(commit: ACommit, /) -> Text: ...
@hold
def commit_author(commit: ACommit, /) -> Annotated[
    Signature, c_void_p, Borrowed("commit")
]: ...
@library.function
def commit_owner(commit: ACommit, /) -> Annotated[
    Repository, c_void_p, Borrowed("commit")
]: ...
@hold
def commit_parentcount(commit: ACommit, /) -> Annotated[int, c_uint]: ...
@library.function
def commit_parent(
    commit: Annotated[Commit, NewCommit, c_void_p], number: Annotated[int, c_uint], /
) -> OwnedCommit: ...
@library.function
def commit_tree(commit: Annotated[Commit, NewTree, c_void_p], /) -> OwnedTree: ...

@library.function
def revwalk_new(
    repository: Annotated[Repository, Returned(Walk, c_void_p, Owned), c_void_p], /
) -> Annotated[Walk, c_int, Raises(_error, when="negative")]: ...
@library.function
def revwalk_free(walk: Annotated[Walk, c_void_p, Closes], /) -> None: ...
@library.function
def revwalk_sorting(walk: Annotated[Walk, c_void_p], mode: Annotated[int, c_uint], /) -> (
    Done
): ...
@library.function
def revwalk_push(walk: Annotated[Walk, c_void_p], oid: Id, /) -> Done: ...
@library.function
def revwalk_hide(walk: Annotated[Walk, c_void_p], oid: Id, /) -> Done: ...
@Callback.failing_with(-1)
def on_hide(oid: Id, payload: Payload, /) -> Annotated[int, c_int]: ...
@library.function
def revwalk_add_hide_cb(
    walk: Annotated[Walk, c_void_p],
    function: Annotated[Callable[[Oid, int | None], int], on_hide, Keep("walk")],
    payload: Payload, /,
) -> Done: ...
@library.function
def revwalk_next(walk: Annotated[Walk, NewOid, c_void_p], /) -> Annotated[
    Oid | None, c_int, Raises(_error, when="negative", none=(GIT_ITEROVER,))
]: ...

@library.function
def reference_lookup(
    repository: Annotated[Repository, Returned(Reference, c_void_p, Owned), c_void_p],
    name: Text, /,
) -> Annotated[Reference, c_int, Raises(_error, when="negative")]: ...
@library.function
def reference_free(reference: Annotated[Reference, c_void_p, Closes], /) -> None: ...
@hold
def reference_name(reference: Annotated[Reference, c_void_p], /) -> Text: ...
@hold
def reference_target(reference: Annotated[Reference, c_void_p], /) -> Annotated[
    Oid | None, POINTER(Oid), Borrowed("reference")
]: ...
@library.function
def reference_list(repository: Annotated[Repository, NewTexts, c_void_p], /) -> ATexts: ...
@library.function
def tag_create_lightweight(
    repository: Annotated[Repository, NewOid, c_void_p], name: Text,
    target: Annotated[Object, c_void_p], force: Annotated[bool, c_int], /,
) -> Made: ...
@library.function
def tag_list(repository: Annotated[Repository, NewTexts, c_void_p], /) -> ATexts: ...
@Callback.failing_with(-1)
def on_tag(name: Text, oid: Id, payload: Payload, /) -> Annotated[int, c_int]: ...
@library.function
def tag_foreach(
    repository: Repo, function: Annotated[Callable[[str, Oid, int | None], int], on_tag],
    payload: Payload, /,
) -> DoneByCallback: ...

@library.function
def config_free(config: Annotated[Config, c_void_p, Closes], /) -> None: ...
@library.function
def config_set_string(config: Annotated[Config, c_void_p], name: Text, value: Text, /) -> (
    Done
): ...
@library.function
def config_set_bool(
    config: Annotated[Config, c_void_p], name: Text, value: Annotated[bool, c_int], /
) -> Done: ...
@library.function
def config_get_bool(
    config: Annotated[Config, Returned(bool, c_int), c_void_p], name: Text, /
) -> Annotated[bool, c_int, Raises(_error, when="negative")]: ...
@library.function
def config_get_string_buf(config: Annotated[Config, NewBuf, c_void_p], name: Text, /) -> (
    ABuf
): ...
# fmt: on

libgit2_init()


def text_of(buf: Buf) -> str:
    """The text in a buffer, which is disposed of."""
    try:
        return (buf.ptr or b"").decode()
    finally:
        buf_dispose(buf)


def texts(array: StrArray) -> list[str]:
    """The texts in an array, which is disposed of."""
    try:
        return [array.strings[at].decode() for at in range(array.count)]
    finally:
        strarray_dispose(array)


def person(signature: Signature) -> tuple[str | None, str | None, int, int]:
    """Name, e-mail address, time and time zone of a signature."""
    when = signature.when
    return signature.name, signature.email, when.time, when.offset


def write_tree(repository: Repository, files: Mapping[str, bytes]) -> Tree:
    """A tree of these files."""
    folders: dict[str, dict[str, bytes]] = {}
    with treebuilder_new(repository, None) as builder:
        for path, data in files.items():
            name, slash, inner = path.partition("/")
            if slash:
                folders.setdefault(name, {})[inner] = data
            else:
                oid = blob_create_from_buffer(repository, data)
                treebuilder_insert(builder, name, oid, FileMode.GIT_FILEMODE_BLOB)
        for name, inner_files in folders.items():
            with write_tree(repository, inner_files) as tree:  # of which the name is a part
                mode = FileMode.GIT_FILEMODE_TREE
                treebuilder_insert(builder, name, object_id(tree), mode)
        return tree_lookup(repository, treebuilder_write(builder))


def commit_files(
    repository: Repository,
    files: Mapping[str, bytes],
    message: str,
    author: Signature,
    parents: Sequence[Commit] = (),
) -> Commit:
    """Commit these files, and no others."""
    tree = write_tree(repository, files)
    oid = commit_create(repository, "HEAD", author, author, message, tree, parents)
    return commit_lookup(repository, oid)


def files_of(commit: Commit) -> dict[str, bytes]:
    """The files of a commit."""
    found: dict[str, bytes] = {}
    repository = commit_owner(commit)

    def on_entry(root: str, entry: TreeEntry, _: int | None) -> int:
        if tree_entry_filemode(entry) is not FileMode.GIT_FILEMODE_TREE:
            blob = blob_lookup(repository, tree_entry_id(entry))
            found[root + tree_entry_name(entry)] = bytes(blob_rawcontent(blob))
        return 0

    tree_walk(commit_tree(commit), GIT_TREEWALK_PRE, on_entry, None)
    return found


def history(walk: Walk) -> Iterator[Oid]:
    """The commits of a walk."""
    while oid := revwalk_next(walk):
        yield oid
