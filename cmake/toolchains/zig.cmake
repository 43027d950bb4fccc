# zig as the C compiler (PyPI: ziglang), for the target in EXAMPLE_ZIG_TARGET, such as
# x86_64-linux-gnu.2.17, aarch64-macos.11.0 or x86_64-windows-gnu. EXAMPLE_ZIG is the program.
# tools/build_wheels.py makes the wheels with it.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES EXAMPLE_ZIG EXAMPLE_ZIG_TARGET)
if(NOT EXAMPLE_ZIG_TARGET MATCHES "^([a-z0-9_]+)-(linux|macos|windows)([-.]|$)")
  message(FATAL_ERROR "EXAMPLE_ZIG_TARGET must be PROCESSOR-linux|macos|windows..., not '${EXAMPLE_ZIG_TARGET}'")
endif()
set(CMAKE_SYSTEM_PROCESSOR ${CMAKE_MATCH_1})
set(example_zig_systems_linux Linux)
set(example_zig_systems_macos Darwin)
set(example_zig_systems_windows Windows)
set(CMAKE_SYSTEM_NAME ${example_zig_systems_${CMAKE_MATCH_2}})
if(NOT EXAMPLE_ZIG)
  set(EXAMPLE_ZIG zig)
endif()
set(CMAKE_C_COMPILER ${EXAMPLE_ZIG} cc -target ${EXAMPLE_ZIG_TARGET})
# CMake requires a resource compiler for Windows; there are no resources here.
set(CMAKE_RC_COMPILER ${EXAMPLE_ZIG})
# The linker strips, since this system's `strip` handles only its own processor's files.
set(CMAKE_SHARED_LINKER_FLAGS_INIT -s)
set(CMAKE_STRIP "")
