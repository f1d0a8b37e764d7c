# cmake -DSOURCE=<tree> -DBUILD=<folder> -DTOOLCHAIN=<file> -DCOMPILER=<g++> -DSIZE=<size> -P text_test.cmake
#
# Builds a library from the list of pose_detection. Code and constants that it brings into an application take at most so
# many bytes; what is there must not grow.
set(most_pose_detection 120000)
set(most_no 40000)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(failed)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
endfunction()

set(list ${CMAKE_CURRENT_LIST_DIR}/pose_detection_ops.txt)
run(${CMAKE_COMMAND} -G Ninja -S ${SOURCE} -B ${BUILD} --toolchain ${TOOLCHAIN} -DCMAKE_BUILD_TYPE=Release
  "-DCMAKE_CXX_FLAGS_RELEASE=-O3 -DNDEBUG" -DLACUNA_BUILD_CONVERTER=OFF -DLACUNA_BUILD_TESTS=OFF -DLACUNA_BUILD_SAMPLES=OFF
  -DLACUNA_OPS_LIST=${list})
run(${CMAKE_COMMAND} --build ${BUILD} --target lacuna)

# An op.cc that knows no operator, in front of the library's.
file(WRITE ${BUILD}/no_ops.inc "")
run(${COMPILER} -std=c++17 -Os -fno-exceptions -fno-rtti -fPIC -fno-asynchronous-unwind-tables "-DLACUNA_BUILT_OPS=\"${BUILD}/no_ops.inc\""
  -I${SOURCE} -I${SOURCE}/sdk/include -I${BUILD}/sdk/lacuna_schema -c ${SOURCE}/kernels/op.cc -o ${BUILD}/no_ops.o)

file(STRINGS ${SOURCE}/sdk/include/lacuna/lacuna.h roots REGEX "^LACUNA_API")
list(TRANSFORM roots REPLACE "^LACUNA_API.*[ *](lacuna_[a-z_]+)\\(.*" "-Wl,--undefined=\\1")
foreach(name pose_detection no)
  set(objects)
  if(name STREQUAL "no")
    set(objects ${BUILD}/no_ops.o)
  endif()
  run(${COMPILER} -r -nostdlib -Wl,--gc-sections ${roots} ${objects} ${BUILD}/sdk/liblacuna.a -o ${BUILD}/${name}.o)
  execute_process(COMMAND ${SIZE} ${BUILD}/${name}.o OUTPUT_VARIABLE listing RESULT_VARIABLE failed)
  if(failed OR NOT listing MATCHES "\n *([0-9]+)")
    message(FATAL_ERROR "${SIZE} cannot read ${name}.o")
  endif()
  set(bytes ${CMAKE_MATCH_1})
  message("${name}: ${bytes} bytes of text, ${most_${name}} allowed")
  if(bytes LESS 1000)
    message(FATAL_ERROR "so few that nothing of the library can be there")
  endif()
  if(bytes GREATER most_${name})
    message(FATAL_ERROR "too many")
  endif()
endforeach()
