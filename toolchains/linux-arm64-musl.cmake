# 64-bit Arm Linux, the C library musl: a library for programs that start on any such system.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(LACUNA_MUSL_PRESET linux-arm64-musl)
set(LACUNA_MUSL_GNU aarch64-linux-gnu)
set(LACUNA_MUSL aarch64-linux-musl)
include(${CMAKE_CURRENT_LIST_DIR}/modules/Musl.cmake)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
