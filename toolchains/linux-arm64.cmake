# 64-bit Arm Linux: Debian's cross compiler makes static programs, qemu-aarch64 runs them as the CPU that QEMU_CPU names.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
include(${CMAKE_CURRENT_LIST_DIR}/modules/CrossLinux.cmake)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
