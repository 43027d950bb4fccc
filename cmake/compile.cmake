# The compile settings of every library of this project: C11 without extensions, position
# independent code, hidden visibility, all warnings, no unresolved symbols, and calls of its own
# functions that no other library can intercept.

function(example_compile_settings target)
  set_target_properties(${target} PROPERTIES
    C_STANDARD 11
    C_STANDARD_REQUIRED ON
    C_EXTENSIONS OFF
    C_VISIBILITY_PRESET hidden
    WINDOWS_EXPORT_ALL_SYMBOLS OFF
    POSITION_INDEPENDENT_CODE ON
    # Some files have static functions and macros of the same name.
    UNITY_BUILD OFF
  )
  if(EXAMPLE_WERROR)
    set_target_properties(${target} PROPERTIES COMPILE_WARNING_AS_ERROR ON)
  endif()
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4)
  else()
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wpedantic)
  endif()
  ffi_bind_own_calls(${target})
  # A sanitizer's runtime is in the program, not in the library, so the library's
  # references to it are unresolved. Linkers for macOS and Windows need no option.
  if(LINUX AND NOT CMAKE_C_FLAGS MATCHES "-fsanitize=")
    target_link_options(${target} PRIVATE -Wl,--no-undefined)
  endif()
endfunction()
