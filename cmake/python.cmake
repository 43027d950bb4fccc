# What `cmake --install` installs for the Python package: its libraries, and nothing else.
# By no component, since scikit-build-core's editable rebuild cannot ask for one.

# A wheel without libexample would be made silently, and fail where it is used.
if(CMAKE_SKIP_INSTALL_RULES)
  message(FATAL_ERROR "Nothing would be in the Python package: CMAKE_SKIP_INSTALL_RULES is on")
endif()
if(DEFINED BUILD_SHARED_LIBS AND NOT BUILD_SHARED_LIBS)
  message(FATAL_ERROR "Python cannot load a static library: BUILD_SHARED_LIBS is off")
endif()

# libfastcall, the fast way to call C from Python, is of no use to C programs.
add_library(example_fastcall SHARED src/pyexample/ffi/c/fastcall.c)
example_compile_settings(example_fastcall)
set_target_properties(example_fastcall PROPERTIES OUTPUT_NAME fastcall)

# An in-place editable install builds in the source tree: the libraries then go
# where the Python package looks for them. ($<1:...> keeps multi-config generators from
# appending the configuration's name.)
if(PROJECT_SOURCE_DIR STREQUAL PROJECT_BINARY_DIR)
  set_target_properties(example example_fastcall PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY $<1:${PROJECT_SOURCE_DIR}/src/pyexample/lib>
    RUNTIME_OUTPUT_DIRECTORY $<1:${PROJECT_SOURCE_DIR}/src/pyexample/lib>
  )
endif()

# The loader looks for libNAME.so, libNAME.dylib, NAME.dll or libNAME.dll, whatever variables
# that name libraries were set for the whole of a build, or by a project around this one.
foreach(example_target example example_fastcall)
  foreach(example_config ${CMAKE_CONFIGURATION_TYPES} ${CMAKE_BUILD_TYPE})
    string(TOUPPER ${example_config} example_config)
    set_target_properties(${example_target} PROPERTIES ${example_config}_POSTFIX "")
  endforeach()
  set_target_properties(${example_target} PROPERTIES
    DLL_NAME_WITH_SOVERSION OFF
    FRAMEWORK OFF
  )
  if(APPLE)
    set_target_properties(${example_target} PROPERTIES PREFIX lib SUFFIX .dylib)
  elseif(NOT WIN32 AND NOT CYGWIN)
    set_target_properties(${example_target} PROPERTIES PREFIX lib SUFFIX .so)
  endif()
endforeach()

# The package holds them under their plain names, without import libraries: ARCHIVE goes to
# a component that nobody installs. They have a folder of their own: beside libexample.py,
# Python would take libexample.so for an extension module.
install(TARGETS example example_fastcall
  RUNTIME DESTINATION pyexample/lib
  LIBRARY DESTINATION pyexample/lib
  ARCHIVE DESTINATION pyexample/lib COMPONENT python_unused EXCLUDE_FROM_ALL
)
