"""Write a project of one's own: ``pyexample new``; keep its runtime current: ``vendor``."""


class CannotWriteError(Exception):
    """A project cannot be written, or not be changed: why, and what to do. Nothing was."""
