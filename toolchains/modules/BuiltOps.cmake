# What a build for some models has, from the file that `lacuna convert --ops-list` writes: names of operators, and variants
# of kernels as "Packing/SparseRows", "UnaryKind/Clamp", "BinaryKind/Add" or "Depthwise/3x3s1", one a line.

# lacuna_built_ops(<list> <out> <definition_var>): the lines of kernels/ops/ops.inc that such a build has, and the
# definition under which kernels/op.cc reads them.
function(lacuna_built_ops list out definition_var)
  file(STRINGS ${list} wanted REGEX "^[^/]+$")
  file(STRINGS ${PROJECT_SOURCE_DIR}/kernels/ops/ops.inc lines REGEX "^LACUNA_OP")
  set(text "// The operators of ${list}.\n")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^LACUNA_OP\\(([A-Za-z0-9]+),.*" "\\1" name "${line}")
    if(name IN_LIST wanted)
      list(REMOVE_ITEM wanted ${name})
      string(APPEND text "${line}\n")
    endif()
  endforeach()
  if(wanted)
    message(FATAL_ERROR "${list}: no such operators: ${wanted}")
  endif()
  file(CONFIGURE OUTPUT ${out} CONTENT "${text}" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
  set(${definition_var} "LACUNA_BUILT_OPS=\"${out}\"" PARENT_SCOPE)
endfunction()

# lacuna_built_variants(<list> <out> <definition_var>): the masks of kernels/built.h, all kernels for a list of operators
# alone, and the definition under which it reads them.
function(lacuna_built_variants list out definition_var)
  file(STRINGS ${list} variants REGEX "/")
  foreach(mask Packing UnaryKind BinaryKind Depthwise)
    set(${mask} "0")
    if(NOT variants)
      set(${mask} "~uint64_t{0}")
    endif()
  endforeach()
  foreach(variant IN LISTS variants)
    if(variant MATCHES "^(Packing|UnaryKind|BinaryKind)/([A-Za-z0-9]+)$")
      string(APPEND ${CMAKE_MATCH_1} " | uint64_t{1} << static_cast<int>(fbs::${CMAKE_MATCH_1}::${CMAKE_MATCH_2})")
    elseif(variant MATCHES "^Depthwise/([0-9]+)x[0-9]+s([0-9]+)$")
      string(APPEND Depthwise " | uint64_t{1} << (2 * ${CMAKE_MATCH_1} + ${CMAKE_MATCH_2})")
    elseif(variant STREQUAL "Depthwise/any")
      string(APPEND Depthwise " | 1")
    else()
      message(FATAL_ERROR "${list}: no such variant: ${variant}")
    endif()
  endforeach()
  file(CONFIGURE OUTPUT ${out} CONTENT "// The variants of ${list}.
namespace lacuna {
constexpr uint64_t kBuiltPackings = ${Packing};
constexpr uint64_t kBuiltUnaryKinds = ${UnaryKind};
constexpr uint64_t kBuiltBinaryKinds = ${BinaryKind};
constexpr uint64_t kBuiltWindows = ${Depthwise};
}  // namespace lacuna
" @ONLY)
  set(${definition_var} "LACUNA_BUILT_VARIANTS=\"${out}\"" PARENT_SCOPE)
endfunction()
