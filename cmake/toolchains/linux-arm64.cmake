# The GNU cross compiler (Debian: gcc-aarch64-linux-gnu). With qemu-user installed,
# ctest runs the tests.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
find_program(EXAMPLE_QEMU NAMES qemu-aarch64 qemu-aarch64-static)
if(EXAMPLE_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${EXAMPLE_QEMU} -L /usr/aarch64-linux-gnu)
endif()
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
