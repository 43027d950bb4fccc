"""What the README shows is what happens."""

import doctest

from support import ROOT


def test_python_examples() -> None:
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert results.attempted >= 6
    assert results.failed == 0
