# 32-bit Arm Linux, hard float, the C library musl: a library for programs that start on any such system.
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(LACUNA_MUSL_PRESET linux-armhf-musl)
set(LACUNA_MUSL_GNU arm-linux-gnueabihf)
set(LACUNA_MUSL arm-linux-musleabihf)
include(${CMAKE_CURRENT_LIST_DIR}/modules/Musl.cmake)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-arm)
