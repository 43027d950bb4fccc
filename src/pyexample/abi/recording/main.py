"""The main function of the recording process: see the package."""

import json
import os
import sys
from typing import Any

from .ctypes_types import keep_types_apart
from .entries import constants_of, functions_of, variables_of, write_structs
from .importing import import_all, run, told
from .lookups import Recorder
from .stand_ins import ModuleStandIns, StandIns
from .writer import Writer

_PACKAGE = __name__.partition(".")[0]


def main(request_file: str, answer_file: str) -> None:
    """Carry out the request that ``model.record`` has written."""
    with open(request_file, encoding="utf-8") as stream:
        request = json.load(stream)
    sys.path[:] = request["path"]
    for name in [each for each in sys.modules if f"{each}.".startswith(f"{_PACKAGE}.")]:
        del sys.modules[name]  # the modules may import their own
    keep_types_apart()
    recorder = Recorder(StandIns(request["without_library"]))
    recorder.install()
    sys.meta_path.insert(0, ModuleStandIns(request["without_module"]))
    writer = Writer()
    answer: dict[str, Any] = {"error": "", "status": 0}
    try:
        if request["run"]:
            answer["status"] = run(request["run"])
        modules = import_all(request["modules"])
    except BaseException as error:  # of any kind, SystemExit included
        answer["error"] = told(error)
    else:
        answer["functions"] = functions_of(recorder, writer)
        write_structs(modules, writer)
        answer["variables"] = variables_of(modules, writer)
        answer["constants"] = constants_of(modules, writer)
        writer.add_bases()
        answer["structs"] = writer.structs
        answer["libraries"] = sorted(recorder.libraries)
        answer["files"] = [each.__file__ for each in modules if getattr(each, "__file__", "")]
        answer["faults"] = writer.faults
    with open(answer_file, "w", encoding="utf-8") as stream:
        json.dump(answer, stream)
    sys.stdout.flush()
    os._exit(0)  # so that loaded libraries do not clean up
