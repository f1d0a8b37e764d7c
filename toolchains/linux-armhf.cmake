# 32-bit Arm Linux, hard float: Debian's cross compiler makes static programs, qemu-arm runs them as the CPU that QEMU_CPU names.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(CMAKE_C_COMPILER arm-linux-gnueabihf-gcc)
set(CMAKE_CXX_COMPILER arm-linux-gnueabihf-g++)
include(${CMAKE_CURRENT_LIST_DIR}/modules/CrossLinux.cmake)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-arm)
