"""Write the function that refuses other versions of the library, with other structs."""

from ..headers.c_model import spell
from ..headers.processes import CannotJudgeError
from .context import Context
from .names import CHECK

_TEXT = '''

def {check}(cdll: ctypes.CDLL) -> str | None:
    """What is wrong with this version of the library: its structs may be others."""
    if not hasattr(cdll, "{function}"):
        return "it has no {function}(), and this binding is for version {begins}*"
    function = cdll["{function}"]
    function.argtypes, function.restype = [], ctypes.c_char_p
    found = str(function().decode())
    if found.startswith("{begins}"):
        return None
    return f"it is version {{found}}, and this binding is for version {begins}*"


'''


def version_check(context: Context) -> list[str]:
    """The lines of that function; none if the spec names no version.

    Raises CannotJudgeError if the spec's function returns no text.
    """
    if context.spec.version is None:
        return []
    name, begins = context.spec.version
    declared = context.function(name).type
    if spell(declared.result) != "const char *" or declared.parameters:
        raise CannotJudgeError(
            f"{context.spec.file}: version: {name}() takes no arguments, and returns a text:"
            f" this one is {spell(declared, name)}"
        )
    return _TEXT.format(check=CHECK, function=name, begins=begins).splitlines()
