# What builds with the C library musl share: compiler, C library and C++ library of the Python package ziglang, which
# `./dev build` installs. Programs are static and start on any Linux. Libraries and headers come from the folder
# CMAKE_FIND_ROOT_PATH alone, which the presets name and `./dev build` fills: this machine's are of another C library.
set(CMAKE_SYSTEM_NAME Linux)
set(LACUNA_MUSL ON)
get_filename_component(venv ${CMAKE_CURRENT_LIST_DIR}/../../build/venv/zig ABSOLUTE)
file(GLOB LACUNA_ZIG ${venv}/lib/python3*/site-packages/ziglang)
if(NOT LACUNA_ZIG)
  message(FATAL_ERROR "the compiler for musl is not installed: ./dev build with a musl preset does so")
endif()
# Programs by the names that CMake and ccache know. The options are always the same, since zig makes a C and C++ library for
# each set of them (a few minutes); it adds traps for undefined behaviour that nobody asked for. Without a GCC in sight,
# atomics on 64-bit Arm are inline: the helpers are not of libc.
get_filename_component(tools ${CMAKE_PARENT_LIST_FILE} NAME_WE)
set(tools ${venv}/${tools})
set(options "--target=${LACUNA_ZIG_TARGET} -mcpu=${LACUNA_ZIG_CPU} -static -s -O2 -fno-lto -fno-sanitize=undefined --gcc-toolchain=/nonexistent")
foreach(tool IN ITEMS "clang=cc ${options}" "clang++=c++ ${options}" "ar=ar" "ranlib=ranlib")
  string(REGEX MATCH "^([^=]+)=(.*)$" tool ${tool})
  set(script "#!/bin/sh
export ZIG_GLOBAL_CACHE_DIR=${venv}/cache ZIG_LOCAL_CACHE_DIR=${tools}/objects
exec ${LACUNA_ZIG}/zig ${CMAKE_MATCH_2} \"$@\"
")
  file(CONFIGURE OUTPUT ${tools}/${CMAKE_MATCH_1} CONTENT "${script}" @ONLY)
  file(CHMOD ${tools}/${CMAKE_MATCH_1} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endforeach()
set(CMAKE_C_COMPILER ${tools}/clang)
set(CMAKE_CXX_COMPILER ${tools}/clang++)
set(CMAKE_AR ${tools}/ar CACHE FILEPATH "")
set(CMAKE_RANLIB ${tools}/ranlib CACHE FILEPATH "")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
