"""What PyInstaller cannot see in the code of the package, and is to put into a program."""

from PyInstaller.utils.hooks import collect_dynamic_libs, collect_submodules, copy_metadata

binaries = collect_dynamic_libs("pyexample")  # loaded by their paths
hiddenimports = collect_submodules("pyexample.ffi")  # some by name, when they are needed
datas = copy_metadata("pyexample")  # the version
