# How every library of this project is compiled: C11 without extensions, position
# independent, nothing exported but what says so, all warnings on, and no symbol
# left unresolved.

function(example_compile_settings target)
  set_target_properties(${target} PROPERTIES
    C_STANDARD 11
    C_STANDARD_REQUIRED ON
    C_EXTENSIONS OFF
    C_VISIBILITY_PRESET hidden
    POSITION_INDEPENDENT_CODE ON
  )
  if(EXAMPLE_WERROR)
    set_target_properties(${target} PROPERTIES COMPILE_WARNING_AS_ERROR ON)
  endif()
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4)
  else()
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wpedantic)
  endif()
  # A sanitizer's runtime comes with the program, not with the library, so that
  # the library's references to it stay open. Linkers for macOS and Windows need no option.
  if(LINUX AND NOT CMAKE_C_FLAGS MATCHES "-fsanitize=")
    target_link_options(${target} PRIVATE -Wl,--no-undefined)
  endif()
endfunction()
