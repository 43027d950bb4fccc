"""The place from which pip installed this pyexample, as PEP 610 records it."""

import json
import os
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from . import CannotWriteError


def version() -> str:
    """The version of this pyexample. Raises CannotWriteError if pip did not install it."""
    try:
        return distribution("pyexample").version
    except PackageNotFoundError:
        raise CannotWriteError(
            "the version of this pyexample is not known: install it by pip"
        ) from None


def requirement() -> str | None:
    """The requirement by which pip installs this same pyexample; None if not recorded.

    The package index has no pyexample, so its name alone is not enough.
    """
    text = distribution("pyexample").read_text("direct_url.json")
    if text is None:
        return None
    record: dict[str, Any] = json.loads(text)
    url = str(record["url"])
    # PEP 610: "vcs_info" for a repository, "archive_info" for a file, "dir_info" for a folder.
    if "vcs_info" in record:
        url = f"{record['vcs_info']['vcs']}+{url}@{record['vcs_info']['commit_id']}"
    if "subdirectory" in record:
        url += f"#subdirectory={record['subdirectory']}"
    if is_local(url) and not os.path.exists(url2pathname(urlsplit(url).path)):
        return None
    return f"pyexample @ {url}"


def is_local(url: str) -> bool:
    """Whether a URL, or a requirement with one, works on this machine only."""
    return "file://" in url
