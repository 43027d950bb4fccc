# What `cmake --install` installs, by component:
#
#   example_runtime       the shared library
#   example_development   header, link library, CMake package, pkg-config file

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(example_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/example)

install(TARGETS example EXPORT exampleTargets
  RUNTIME COMPONENT example_runtime
  LIBRARY COMPONENT example_runtime NAMELINK_COMPONENT example_development
  ARCHIVE COMPONENT example_development
  # Not a FILE_SET: CMake 3.25 puts the prefix in front of an absolute INCLUDEDIR.
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
)
install(FILES src/c/include/example.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT example_development
)
install(EXPORT exampleTargets
  NAMESPACE example::
  DESTINATION ${example_cmake_dir}
  COMPONENT example_development
)

configure_package_config_file(cmake/exampleConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/exampleConfig.cmake
  INSTALL_DESTINATION ${example_cmake_dir}
)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/exampleConfigVersion.cmake
  COMPATIBILITY SameMajorVersion
)
install(
  FILES
    ${PROJECT_BINARY_DIR}/cmake/exampleConfig.cmake
    ${PROJECT_BINARY_DIR}/cmake/exampleConfigVersion.cmake
  DESTINATION ${example_cmake_dir}
  COMPONENT example_development
)

# pkg-config: relative to the .pc file itself, so that it survives both a copied
# prefix and `cmake --install --prefix`. A directory that is configured absolute
# cannot move; then the prefix is the configured one.
set(example_pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(example_pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
  file(RELATIVE_PATH example_pc_up /${example_pc_dir} /)
  string(REGEX REPLACE "/$" "" example_pc_up "${example_pc_up}")
  set(example_pc_prefix "\${pcfiledir}/${example_pc_up}")
endif()
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY "\${prefix}"
  OUTPUT_VARIABLE example_pc_libdir)
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_INCLUDEDIR BASE_DIRECTORY "\${prefix}"
  OUTPUT_VARIABLE example_pc_includedir)
get_target_property(example_pc_definitions example INTERFACE_COMPILE_DEFINITIONS)
if(example_pc_definitions)
  list(TRANSFORM example_pc_definitions PREPEND " -D")
  string(JOIN "" example_pc_definitions ${example_pc_definitions})
else()
  set(example_pc_definitions "")
endif()
# The library's file can have another name in each configuration (CMAKE_DEBUG_POSTFIX).
configure_file(cmake/example.pc.in ${PROJECT_BINARY_DIR}/cmake/example.pc @ONLY)
file(GENERATE
  OUTPUT ${PROJECT_BINARY_DIR}/cmake/pc-$<CONFIG>/example.pc
  INPUT ${PROJECT_BINARY_DIR}/cmake/example.pc
)
install(FILES ${PROJECT_BINARY_DIR}/cmake/pc-$<CONFIG>/example.pc
  DESTINATION ${example_pc_dir}
  COMPONENT example_development
)
