# 64-bit Arm Linux, the C library musl: static programs that start on any such system.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(LACUNA_ZIG_TARGET aarch64-linux-musl)
set(LACUNA_ZIG_CPU generic)
include(${CMAKE_CURRENT_LIST_DIR}/modules/Musl.cmake)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
