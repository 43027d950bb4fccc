# If there is no C compiler, say what to install, since CMake's own error does not. If a compiler,
# a toolchain or an IDE (a generator with its own compiler) is named, CMake handles the error.
if(NOT DEFINED CMAKE_C_COMPILER AND NOT CMAKE_TOOLCHAIN_FILE
    AND "$ENV{CC}$ENV{CMAKE_TOOLCHAIN_FILE}" STREQUAL ""
    AND NOT CMAKE_GENERATOR MATCHES "Visual Studio|Xcode")
  find_program(example_c_compiler NAMES cc gcc clang cl icx NO_CACHE)
  if(NOT example_c_compiler)
    message(NOTICE "libexample is built from C, and no C compiler was found. Install one:
  Debian, Ubuntu   apt install gcc libc6-dev
  Fedora, RHEL     dnf install gcc
  openSUSE         zypper install gcc
  Arch             pacman -S gcc
  Alpine           apk add gcc musl-dev
  macOS            xcode-select --install
  Windows          Visual Studio's Build Tools, \"Desktop development with C++\"
                   (winget install Microsoft.VisualStudio.2022.BuildTools)
  conda            conda install c-compiler
  anywhere         pip install ziglang, then: export CC=\"python-zig cc\"
or name it: CC=/path/to/cc\n")
  endif()
  unset(example_c_compiler)
endif()
