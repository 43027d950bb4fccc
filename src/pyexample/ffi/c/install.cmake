# Install rules for a shared library with a Python package. A project calls one of these:
#
#   ffi_install_for_c(TARGET FOLDER HEADER...)        headers, CMake package, pkg-config file
#   ffi_install_for_python(FOLDER [TARGET...])        into the package's folder `lib`
#
# Both use the version and description of the project.

include(CheckLinkerFlag)

# Installs for C programs, in these components:
#
#   TARGET_runtime       the shared library
#   TARGET_development   its headers, from FOLDER; link library; CMake package TARGET with the
#                        target TARGET::TARGET; pkg-config file
function(ffi_install_for_c target folder)
  include(GNUInstallDirs)
  include(CMakePackageConfigHelpers)
  set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/${target})
  set(build_dir ${PROJECT_BINARY_DIR}/cmake)

  install(TARGETS ${target} EXPORT ${target}Targets
    RUNTIME COMPONENT ${target}_runtime
    LIBRARY COMPONENT ${target}_runtime NAMELINK_COMPONENT ${target}_development
    ARCHIVE COMPONENT ${target}_development
    # Not a FILE_SET: CMake 3.25 puts the prefix in front of an absolute INCLUDEDIR.
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  )
  ffi_install_headers(${target} ${folder} ${ARGN})
  install(EXPORT ${target}Targets
    NAMESPACE ${target}::
    DESTINATION ${cmake_dir}
    COMPONENT ${target}_development
  )

  file(WRITE ${build_dir}/${target}Config.cmake.in "@PACKAGE_INIT@
include(\"\${CMAKE_CURRENT_LIST_DIR}/${target}Targets.cmake\")
check_required_components(${target})
")
  configure_package_config_file(${build_dir}/${target}Config.cmake.in
    ${build_dir}/${target}Config.cmake
    INSTALL_DESTINATION ${cmake_dir}
  )
  write_basic_package_version_file(${build_dir}/${target}ConfigVersion.cmake
    COMPATIBILITY SameMajorVersion
  )
  install(FILES ${build_dir}/${target}Config.cmake ${build_dir}/${target}ConfigVersion.cmake
    DESTINATION ${cmake_dir}
    COMPONENT ${target}_development
  )

  # The prefix in the .pc file is relative to that file, so that a copied prefix and
  # `cmake --install --prefix` work. With an absolute directory, it is the configured prefix.
  set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(prefix ${CMAKE_INSTALL_PREFIX})
  else()
    file(RELATIVE_PATH up /${pc_dir} /)
    string(REGEX REPLACE "/$" "" up "${up}")
    set(prefix "\${pcfiledir}/${up}")
  endif()
  foreach(kind LIBDIR INCLUDEDIR)
    cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_${kind} BASE_DIRECTORY "\${prefix}"
      OUTPUT_VARIABLE ${kind})
  endforeach()
  get_target_property(definitions ${target} INTERFACE_COMPILE_DEFINITIONS)
  if(definitions)
    list(TRANSFORM definitions PREPEND " -D")
    string(JOIN "" definitions ${definitions})
  else()
    set(definitions "")
  endif()
  # The library's file can have another name in each configuration (CMAKE_DEBUG_POSTFIX).
  file(GENERATE OUTPUT ${build_dir}/pc-$<CONFIG>/${target}.pc CONTENT "prefix=${prefix}
libdir=${LIBDIR}
includedir=${INCLUDEDIR}

Name: ${target}
Description: ${PROJECT_DESCRIPTION}
Version: ${PROJECT_VERSION}
Libs: -L\${libdir} -l$<TARGET_FILE_BASE_NAME:${target}>
Cflags: -I\${includedir}${definitions}
")
  install(FILES ${build_dir}/pc-$<CONFIG>/${target}.pc
    DESTINATION ${pc_dir}
    COMPONENT ${target}_development
  )
endfunction()

# Installs more headers for C programs, from another folder.
function(ffi_install_headers target folder)
  foreach(header ${ARGN})
    cmake_path(GET header PARENT_PATH below)
    install(FILES ${folder}/${header}
      DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${below}
      COMPONENT ${target}_development
    )
  endforeach()
endfunction()

# ELF looks up an exported function at run time, even for a call within its library. So a
# function of the same name in the program, or in a library that was loaded before, would be
# called instead (gABI, chapter 5, "Shared Object Dependencies"). This option binds such calls
# to the library itself. zig's linker has only the option that also binds variables. For
# interposition, set both variables (in project foo: FOO_HAVE_...) to OFF. Windows and macOS do
# not need the option.
function(ffi_bind_own_calls target)
  if(WIN32 OR CYGWIN OR APPLE)
    return()
  endif()
  string(TOUPPER ${PROJECT_NAME} project)
  check_linker_flag(C LINKER:-Bsymbolic-functions ${project}_HAVE_BSYMBOLIC_FUNCTIONS)
  if(${project}_HAVE_BSYMBOLIC_FUNCTIONS)
    target_link_options(${target} PRIVATE LINKER:-Bsymbolic-functions)
    return()
  endif()
  check_linker_flag(C LINKER:-Bsymbolic ${project}_HAVE_BSYMBOLIC)
  if(${project}_HAVE_BSYMBOLIC)
    target_link_options(${target} PRIVATE LINKER:-Bsymbolic)
  endif()
endfunction()

# Since binutils 2.31, GNU ld gives the code pages of its own on x86, and fills the rest of them with
# zeros: up to 12 kB of a small library. With this option, constants and code share pages, as on
# other processors.
function(ffi_pad_no_pages target)
  if(WIN32 OR CYGWIN OR APPLE)
    return()
  endif()
  string(TOUPPER ${PROJECT_NAME} project)
  check_linker_flag(C LINKER:-z,noseparate-code ${project}_HAVE_NOSEPARATE_CODE)
  if(${project}_HAVE_NOSEPARATE_CODE)
    target_link_options(${target} PRIVATE LINKER:-z,noseparate-code)
  endif()
endfunction()

# Installs shared libraries, and nothing else, for the Python package in FOLDER. The loader
# (loading/__init__.py) looks for them in the package's folder `lib`. If the sources of
# libfastcall, which C programs do not use, are beside this file, it is built and installed too.
function(ffi_install_for_python folder)
  # Otherwise, a wheel without its libraries would be built silently.
  if(CMAKE_SKIP_INSTALL_RULES)
    message(FATAL_ERROR "Nothing would be in the Python package: CMAKE_SKIP_INSTALL_RULES is on")
  endif()
  if(DEFINED BUILD_SHARED_LIBS AND NOT BUILD_SHARED_LIBS)
    message(FATAL_ERROR "Python cannot load a static library: BUILD_SHARED_LIBS is off")
  endif()

  cmake_path(GET folder FILENAME package)
  set(targets ${ARGN})
  if(EXISTS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/fastcall.c)
    add_library(${package}_fastcall SHARED ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/fastcall.c)
    set_target_properties(${package}_fastcall PROPERTIES
      OUTPUT_NAME fastcall
      C_STANDARD 11
      C_STANDARD_REQUIRED ON
      C_EXTENSIONS OFF
      C_VISIBILITY_PRESET hidden
      WINDOWS_EXPORT_ALL_SYMBOLS OFF
    )
    if(MINGW AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
      # For MinGW, GCC implements thread-local storage in libgcc, which Windows lacks.
      target_link_options(${package}_fastcall PRIVATE -static-libgcc)
    endif()
    list(APPEND targets ${package}_fastcall)
  endif()

  foreach(target ${targets})
    ffi_bind_own_calls(${target})
    ffi_pad_no_pages(${target})
    # The loader looks for libNAME.so, libNAME.dylib, NAME.dll or libNAME.dll. These properties
    # override variables of the build, or of a parent project, that change such names.
    set_target_properties(${target} PROPERTIES
      POSITION_INDEPENDENT_CODE ON
      UNITY_BUILD OFF # files may have static functions and macros of the same name
      DLL_NAME_WITH_SOVERSION OFF
      FRAMEWORK OFF
    )
    foreach(config ${CMAKE_CONFIGURATION_TYPES} ${CMAKE_BUILD_TYPE})
      string(TOUPPER ${config} config)
      set_target_properties(${target} PROPERTIES ${config}_POSTFIX "")
    endforeach()
    if(APPLE)
      set_target_properties(${target} PROPERTIES PREFIX lib SUFFIX .dylib)
    elseif(NOT WIN32 AND NOT CYGWIN)
      set_target_properties(${target} PROPERTIES PREFIX lib SUFFIX .so)
    endif()
    # An in-place editable install builds in the source tree. ($<1:...> prevents multi-config
    # generators from appending the configuration's name.)
    if(PROJECT_SOURCE_DIR STREQUAL PROJECT_BINARY_DIR)
      set_target_properties(${target} PROPERTIES
        LIBRARY_OUTPUT_DIRECTORY $<1:${PROJECT_SOURCE_DIR}/${folder}/lib>
        RUNTIME_OUTPUT_DIRECTORY $<1:${PROJECT_SOURCE_DIR}/${folder}/lib>
      )
    endif()
  endforeach()

  # Without a component, because scikit-build-core's editable rebuild cannot select one; import
  # libraries are in a component that nobody installs. The libraries have their own folder,
  # because Python would import libNAME.so beside libNAME.py as an extension module.
  install(TARGETS ${targets}
    RUNTIME DESTINATION ${package}/lib
    LIBRARY DESTINATION ${package}/lib
    ARCHIVE DESTINATION ${package}/lib COMPONENT python_unused EXCLUDE_FROM_ALL
  )
endfunction()
