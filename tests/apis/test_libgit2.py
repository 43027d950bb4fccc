"""libgit2.py at work: what it commits, git reads, and the other way round."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import Missing, Tool, check_binding, collect, run

pytest.importorskip("libgit2", exc_type=ImportError)
import libgit2 as git

pytestmark = pytest.mark.usefixtures("declared_anew")

FILES = {"a.txt": b"one\n", "folder/b": b"two\0three", "folder/inner/c": bytes(1000)}
TIME = 1_700_000_000


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[git.Repository]:
    with git.repository_init(tmp_path / "ünter", False) as repository:
        yield repository


@pytest.fixture
def author() -> git.Signature:
    return git.signature_new("Käthe", "kaethe@localhost", TIME, 60)


@pytest.fixture
def theirs(tool: Tool, repository: git.Repository) -> Any:
    """Runs git in the repository."""
    program, folder = tool("git"), git.repository_workdir(repository)
    nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    author = ["-c", "user.name=theirs", "-c", "user.email=theirs@localhost"]
    return lambda *words: run([program, *author, *words], cwd=folder, env=nobody)


def test_it_is_what_the_header_says(tool: Tool, missing: Missing) -> None:
    names = ("errors", "types", "revwalk", "tree")
    report, found = check_binding(
        Path(__file__).with_name("libgit2.py"),
        "git2.h",
        *(f"git2/{name}.h" for name in names),
        compiler=tool("g++"),
        missing=missing,
    )
    assert found == []
    assert report.judged == {"functions": 66, "structs": 6, "fields": 14, "constants": 17}


def test_the_version() -> None:
    major, minor, _ = git.libgit2_version()
    assert f"{major}.{minor}" in git.VERSIONS


def test_what_is_committed_git_reads(
    repository: git.Repository, author: git.Signature, theirs: Any
) -> None:
    first = git.commit_files(repository, FILES, "the first\n", author)
    git.commit_files(repository, {**FILES, "d": b""}, "the second\n", author, [first])
    theirs("fsck", "--strict")
    assert theirs("log", "--format=%s|%an|%ae|%ad", "--date=raw").splitlines() == [
        f"the {name}|Käthe|kaethe@localhost|{TIME} +0100" for name in ("second", "first")
    ]
    assert theirs("ls-tree", "-r", "--name-only", "HEAD").split() == [*sorted([*FILES, "d"])]
    assert theirs("rev-parse", "HEAD^").strip() == str(git.object_id(first))


def test_what_git_commits_is_read(repository: git.Repository, theirs: Any) -> None:
    folder = Path(git.repository_workdir(repository) or "")
    for path, data in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True, parents=True)
        (folder / path).write_bytes(data)
    theirs("add", ".")
    theirs("commit", "--quiet", "--message", "of theirs")
    head = git.repository_head(repository)
    oid = git.reference_target(head)
    assert oid is not None
    commit = git.commit_lookup(repository, oid)
    assert git.files_of(commit) == FILES
    assert git.commit_message(commit) == "of theirs\n"
    assert git.person(git.commit_author(commit))[:2] == ("theirs", "theirs@localhost")
    assert git.reference_name(head).startswith("refs/heads/")


def test_errors_have_the_words_of_the_library(
    repository: git.Repository, tmp_path: Path
) -> None:
    with pytest.raises(git.Error, match=r"^repository_open\(\): failed to resolve") as caught:
        git.repository_open(tmp_path / "none")
    assert (caught.value.code, caught.value.kind) == (git.GIT_ENOTFOUND, git.GIT_ERROR_OS)
    with pytest.raises(git.Error, match="reference 'refs/heads/none' not found") as caught:
        git.reference_lookup(repository, "refs/heads/none")
    assert caught.value.kind == git.GIT_ERROR_REFERENCE
    with pytest.raises(git.Error, match=r"^oid_fromstr\(\): unable to parse OID"):
        git.oid_fromstr("nothing")
    with pytest.raises(git.Error, match="object not found"):
        git.commit_lookup(repository, git.oid_fromstr("0123" * 10))


def test_one_object_is_owned_several_times(
    repository: git.Repository, author: git.Signature
) -> None:
    """libgit2 returns the same address, and counts."""
    commit = git.commit_files(repository, FILES, "message", author)
    again = git.commit_lookup(repository, git.object_id(commit))
    assert (again is commit, again == commit) == (False, True)
    commit.close()
    assert git.commit_message(again) == "message"
    trees = [git.commit_tree(again) for _ in range(2)]
    entry = git.tree_entry_bypath(trees[0], "a.txt")
    blobs = [git.blob_lookup(repository, git.tree_entry_id(entry)) for _ in range(2)]
    trees[0].close()
    blobs[0].close()
    assert git.tree_entrycount(trees[1]) == 2
    assert bytes(git.blob_rawcontent(blobs[1])) == FILES["a.txt"]
    again.close()
    with pytest.raises(ValueError, match=r"'commit' \(Commit \*\) is closed$"):
        git.commit_message(again)


def test_the_owner_is_borrowed(
    repository: git.Repository, author: git.Signature, tmp_path: Path
) -> None:
    commit = git.commit_files(repository, FILES, "message", author)
    assert git.commit_owner(commit) is repository
    assert git.object_owner(commit) is repository
    commit.close()
    assert not repository.closed
    other = git.repository_init(tmp_path / "other", True)
    tree = git.write_tree(other, {"a": b""})
    del other
    collect()
    owner = git.object_owner(tree)
    assert git.repository_is_bare(owner)
    owner.close()  # the tree before it
    assert tree.closed


def test_the_repository_is_closed_last(
    repository: git.Repository, author: git.Signature
) -> None:
    commit = git.commit_files(repository, FILES, "message", author)
    tree = git.commit_tree(commit)
    repository.close()
    assert [commit.closed, tree.closed] == [True, True]


def test_content_is_shown_and_not_copied(repository: git.Repository) -> None:
    oid = git.blob_create_from_buffer(repository, FILES["folder/b"])
    blob = git.blob_lookup(repository, oid)
    content = git.blob_rawcontent(blob)
    assert bytes(content) == FILES["folder/b"]
    assert content.readonly
    del blob
    gc.collect()
    assert content[0] == ord("t"), "it keeps the blob"
    blob = git.blob_lookup(repository, oid)
    content = git.blob_rawcontent(blob)
    blob.close()
    with pytest.raises(ValueError, match="released"):
        content[0]


def test_entries_are_borrowed_or_owned(
    repository: git.Repository, author: git.Signature
) -> None:
    tree = git.commit_tree(git.commit_files(repository, FILES, "message", author))
    borrowed = git.tree_entry_byindex(tree, 0)
    owned = git.tree_entry_bypath(tree, "folder/inner/c")
    assert borrowed is not None
    assert git.tree_entry_byindex(tree, 99) is None
    assert git.tree_entry_name(borrowed) == "a.txt"
    with pytest.raises(ValueError, match="C's to close"):
        git.tree_entry_free(borrowed)
    with pytest.raises(git.Error, match="the path 'no' does not exist"):
        git.tree_entry_bypath(tree, "no")
    tree.close()
    with pytest.raises(ValueError, match="is closed"):
        git.tree_entry_name(borrowed)
    assert git.tree_entry_name(owned) == "c"


def test_history(repository: git.Repository, author: git.Signature) -> None:
    parents: list[git.Commit] = []
    oids: list[git.Oid] = []
    for number in range(5):
        commit = git.commit_files(repository, {"n": b"%d" % number}, "n", author, parents)
        parents = [commit]
        oids.append(git.object_id(commit).copy())
    assert git.commit_parentcount(parents[0]) == 1
    parent = git.commit_parent(parents[0], 0)
    assert git.object_id(parent) == oids[-2]
    walk = git.revwalk_new(repository)
    git.revwalk_sorting(walk, git.GIT_SORT_TOPOLOGICAL | git.GIT_SORT_REVERSE)
    git.revwalk_push(walk, oids[-1])
    assert [*git.history(walk)] == oids
    git.revwalk_push(walk, oids[-1])
    git.revwalk_hide(walk, oids[1])
    assert {*git.history(walk)} == {*oids[2:]}
    hidden: list[str] = []

    def on_hide(oid: git.Oid, _: int | None) -> int:
        hidden.append(str(oid))
        return int(oid == oids[3])

    git.revwalk_add_hide_cb(walk, on_hide, None)
    del on_hide
    gc.collect()
    git.revwalk_push(walk, oids[-1])
    assert [*git.history(walk)] == oids[4:]
    assert str(oids[3]) in hidden


def test_texts_that_c_allocates(
    repository: git.Repository, author: git.Signature, theirs: Any
) -> None:
    commit = git.commit_files(repository, FILES, "message", author)
    for name in ("v1", "v2"):
        git.tag_create_lightweight(repository, name, commit, False)
    with pytest.raises(git.Error, match="tag already exists"):
        git.tag_create_lightweight(repository, "v1", commit, False)
    assert git.texts(git.tag_list(repository)) == ["v1", "v2"] == theirs("tag").split()
    assert "refs/tags/v2" in git.texts(git.reference_list(repository))
    found: dict[str, git.Oid] = {}

    def on_tag(name: str, oid: git.Oid, _: int | None) -> int:
        found[name] = oid.copy()
        return 0

    git.tag_foreach(repository, on_tag, None)
    assert found == dict.fromkeys(["refs/tags/v1", "refs/tags/v2"], git.object_id(commit))
    pretty = git.message_prettify("  one  \n\n\n# no\ntwo", True, b"#")
    assert git.text_of(pretty) == "  one\n\ntwo\n"


def test_callbacks_end_a_walk(repository: git.Repository, author: git.Signature) -> None:
    tree = git.commit_tree(git.commit_files(repository, FILES, "message", author))
    names: list[str] = []
    kept: list[git.TreeEntry] = []

    def skip_folders(root: str, entry: git.TreeEntry, _: int | None) -> int:
        names.append(root + git.tree_entry_name(entry))
        kept.append(entry)
        return int(git.tree_entry_filemode(entry) is git.FileMode.GIT_FILEMODE_TREE)

    git.tree_walk(tree, git.GIT_TREEWALK_PRE, skip_folders, None)
    assert names == ["a.txt", "folder"]
    with pytest.raises(ValueError, match="is closed"):
        git.tree_entry_name(kept[0])

    def fail(*_: Any) -> Any:
        raise ZeroDivisionError("here")

    with pytest.raises(ZeroDivisionError, match=r"^here$"):
        git.tree_walk(tree, git.GIT_TREEWALK_PRE, fail, None)


def test_the_configuration(repository: git.Repository, theirs: Any) -> None:
    config = git.repository_config(repository)
    git.config_set_string(config, "some.name", "wört")
    git.config_set_bool(config, "some.flag", True)
    assert theirs("config", "some.name").strip() == "wört"
    assert git.config_get_bool(config, "some.flag") is True
    assert git.text_of(git.config_get_string_buf(config, "some.name")) == "wört"
    with pytest.raises(git.Error, match=r"value 'some\.other' was not found"):
        git.config_get_bool(config, "some.other")


def test_names_of_objects(repository: git.Repository) -> None:
    text = "0123456789abcdef" * 2 + "01234567"
    oid = git.oid_fromstr(text)
    assert (str(oid), oid.id[0], oid.id[1]) == (text, 0x01, 0x23)
    assert git.oid_equal(oid, oid.copy())
    assert len({oid, oid.copy()}) == 1
