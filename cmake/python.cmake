# What `cmake --install` installs for the Python package: its libraries, and nothing else.
# By no component, since scikit-build-core's editable rebuild cannot ask for one.

# A wheel without libexample would be made silently, and fail where it is used.
if(DEFINED BUILD_SHARED_LIBS AND NOT BUILD_SHARED_LIBS)
  message(FATAL_ERROR "Python cannot load a static library: BUILD_SHARED_LIBS is off")
endif()

# The package holds them under their plain names, without import libraries: ARCHIVE goes to
# a component that nobody installs. They have a folder of their own: beside libexample.py,
# Python would take libexample.so for an extension module.
install(TARGETS example example_fastcall
  RUNTIME DESTINATION pyexample/lib
  LIBRARY DESTINATION pyexample/lib
  ARCHIVE DESTINATION pyexample/lib COMPONENT python_unused EXCLUDE_FROM_ALL
)
