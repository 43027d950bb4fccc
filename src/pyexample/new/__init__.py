"""Create projects (``pyexample new``) and update their runtime (``pyexample vendor``)."""


class CannotWriteError(Exception):
    """A project could not be written or changed, and is as it was. The message says why."""
