# 64-bit x86 Linux, the C library musl: a library for programs that start on any such system.
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(LACUNA_MUSL_PRESET linux-amd64-musl)
set(LACUNA_MUSL_GNU x86_64-linux-gnu)
set(LACUNA_MUSL x86_64-linux-musl)
include(${CMAKE_CURRENT_LIST_DIR}/modules/Musl.cmake)
