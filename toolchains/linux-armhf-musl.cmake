# 32-bit Arm Linux, hard float, the C library musl: static programs that start on any such system.
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(LACUNA_ZIG_TARGET arm-linux-musleabihf)
# Debian's armhf: Armv7 with vector floating point in 16 registers.
set(LACUNA_ZIG_CPU cortex_a9-neon-fp16-d32-vfp3-vfp3sp)
include(${CMAKE_CURRENT_LIST_DIR}/modules/Musl.cmake)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-arm)
