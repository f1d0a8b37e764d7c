# cmake -DSIZE=size -DLIBRARY=liblacuna.so -DMOST_BYTES=120000 -P text_test.cmake
#
# Code and constants of the library take at most so many bytes.
execute_process(COMMAND ${SIZE} ${LIBRARY} OUTPUT_VARIABLE listing RESULT_VARIABLE failed)
if(failed OR NOT listing MATCHES "\n *([0-9]+)")
  message(FATAL_ERROR "${SIZE} cannot read ${LIBRARY}")
endif()
set(bytes ${CMAKE_MATCH_1})
message("${bytes} bytes of text, ${MOST_BYTES} allowed")
if(bytes LESS 1000)
  message(FATAL_ERROR "so few that nothing of the library can be there")
endif()
if(bytes GREATER MOST_BYTES)
  message(FATAL_ERROR "too many")
endif()
