# cmake -DNM=nm -DLIBRARY=liblacuna.a [-DSANITIZED=...] -P undefined_symbols_test.cmake
#
# The library may need the symbols below and its own, no others: above all nothing of libstdc++ and no allocator.
# Objects of an instruction set (x86_*, arm_*) export no weak symbol: the linker could take it for all CPUs.
set(allowed
  # memory and text
  bcmp memchr memcmp memcpy memmove memset strcmp strlen strncmp strerror snprintf vsnprintf abort __assert_fail
  __errno_location __error
  # compilers put these in for fortified or protected builds
  __memcpy_chk __memmove_chk __memset_chk __snprintf_chk __vsnprintf_chk __stack_chk_fail _GLOBAL_OFFSET_TABLE_
  # mathematics
  ceil ceilf cos cosf erf erff exp expf exp2f expm1f floor floorf fmaxf fminf fmod fmodf ldexp ldexpf log logf log1pf log2f lrintf nearbyint nearbyintf
  pow powf rint rintf round roundf roundeven roundevenf sin sinf sqrt sqrtf tanh tanhf trunc truncf
  # files, clock, threads, processor
  open open64 close read fstat fstat64 __fstat_time64 mmap mmap64 munmap mprotect madvise sysconf clock_gettime __clock_gettime64
  pthread_create pthread_join pthread_mutex_init pthread_mutex_destroy pthread_mutex_lock pthread_mutex_unlock
  pthread_cond_init pthread_cond_destroy pthread_cond_wait pthread_cond_broadcast
  getauxval)

if(SANITIZED)
  message("the sanitizer's runtime is not the library's need: nothing to check")
  return()
endif()

execute_process(COMMAND ${NM} -A ${LIBRARY} OUTPUT_VARIABLE listing ERROR_QUIET RESULT_VARIABLE failed)
if(failed OR listing STREQUAL "")
  message(FATAL_ERROR "${NM} cannot list ${LIBRARY}")
endif()
string(REPLACE ";" " " listing "${listing}")
string(REPLACE "\n" ";" lines "${listing}")

set(needed)
set(defined)
set(weak)
foreach(line IN LISTS lines)
  if(line MATCHES " U ([^ ]+)$")
    list(APPEND needed ${CMAKE_MATCH_1})
  elseif(line MATCHES " ([A-Za-z]) ([^ ]+)$")
    set(kind ${CMAKE_MATCH_1})
    set(symbol ${CMAKE_MATCH_2})
    list(APPEND defined ${symbol})
    if(kind MATCHES "^[WVu]$" AND line MATCHES "[:/]((x86|arm)_[a-z0-9]+)\\.cc\\.o(bj)?:")
      list(APPEND weak "${CMAKE_MATCH_1}: ${symbol}")
    endif()
  endif()
endforeach()

list(REMOVE_DUPLICATES needed)
list(REMOVE_ITEM needed ${defined} ${allowed})
# 32-bit Arm: arithmetic that takes several instructions and the tables of functions, from the compiler's own library.
list(FILTER needed EXCLUDE REGEX "^(__aeabi_[a-z0-9_]+|__ctzdi2)$")
if(needed)
  list(JOIN needed "\n  " text)
  message(FATAL_ERROR "symbols that the library must not need:\n  ${text}")
endif()
if(weak)
  list(JOIN weak "\n  " text)
  message(FATAL_ERROR "weak symbols in objects of an instruction set:\n  ${text}")
endif()
list(LENGTH defined count)
if(count LESS 10)
  message(FATAL_ERROR "only ${count} symbols found in ${LIBRARY}: this test does not see what it should")
endif()
message("${count} symbols defined, none too many needed")
