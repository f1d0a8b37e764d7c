# 64-bit Android from API level 21 on, without its NDK: clang for the triple, the cross compiler's C and C++ headers, and
# libc.so and libm.so that are empty but for the names of what is used (docs/embedding-android.md says why that is sound).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(LACUNA_ANDROID ON)
set(CMAKE_C_COMPILER clang-16)
set(CMAKE_CXX_COMPILER clang++-16)
set(CMAKE_C_COMPILER_TARGET aarch64-linux-android21)
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-android21)
set(CMAKE_AR llvm-ar-16)
set(CMAKE_RANLIB llvm-ranlib-16)
set(CMAKE_NM llvm-nm-16)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)  # nothing can be linked before the stubs are there
set(headers /usr/aarch64-linux-gnu/include)
file(GLOB libstdcxx LIST_DIRECTORIES ON ${headers}/c++/*)
list(GET libstdcxx -1 libstdcxx)
# Atomics inline: the helpers are not of libc. errno is found by a function of another name there.
set(CMAKE_C_FLAGS_INIT "-isystem ${CMAKE_CURRENT_LIST_DIR}/android-include -isystem ${headers} -D__errno_location=__errno -mno-outline-atomics -fno-stack-protector")
set(CMAKE_CXX_FLAGS_INIT "${CMAKE_C_FLAGS_INIT} -nostdinc++ -isystem ${libstdcxx} -isystem ${libstdcxx}/aarch64-linux-gnu")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
