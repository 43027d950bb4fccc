"""For PyInstaller, which asks the entry point ``pyinstaller40`` where a package's hooks are."""

import os


def hook_dirs() -> list[str]:
    """The folder of hook-pyexample.py."""
    return [os.path.dirname(__file__)]
