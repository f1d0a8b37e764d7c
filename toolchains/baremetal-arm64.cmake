# 64-bit Arm without an operating system, such as QEMU's machine `virt`. The compiler is Debian's for Linux; what it takes
# of the C library asks nothing of a kernel (samples/minimal_static/baremetal).
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_ASM_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_FLAGS_INIT "-fno-pie -fno-stack-protector")
set(CMAKE_CXX_FLAGS_INIT "-fno-pie -fno-stack-protector")
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
list(APPEND CMAKE_INCLUDE_PATH /usr/include)  # the schema compiler's headers are the host's
