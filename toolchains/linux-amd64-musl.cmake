# 64-bit x86 Linux, the C library musl: static programs that start on any such system.
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(LACUNA_ZIG_TARGET x86_64-linux-musl)
set(LACUNA_ZIG_CPU x86_64)
include(${CMAKE_CURRENT_LIST_DIR}/modules/Musl.cmake)
