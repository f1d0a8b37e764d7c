# What a build for some models has, from the file that `lacuna convert --ops-list` writes: names of operators, and variants
# of kernels as "Packing/SparseRows", "Tile/SparsePlanes", "UnaryKind/Clamp", "BinaryKind/Add", "Dtype/F16", "Depthwise/3x3s1p1" or
# "Resize/2", one a line.

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
  file(STRINGS ${list} ops REGEX "^[^/]+$")
  list(TRANSFORM ops REPLACE "(.+)" " | uint64_t{1} << static_cast<int>(fbs::OpAttrs::\\1)")
  list(JOIN ops "" ops)
  file(STRINGS ${list} variants REGEX "/")
  foreach(mask Packing Tile UnaryKind BinaryKind Dtype Depthwise Resize)
    set(${mask} "0")
    if(NOT variants)
      set(${mask} "~uint64_t{0}")
    endif()
  endforeach()
  foreach(variant IN LISTS variants)
    if(variant MATCHES "^(Packing|UnaryKind|BinaryKind|Dtype)/([A-Za-z0-9]+)$")
      string(APPEND ${CMAKE_MATCH_1} " | uint64_t{1} << static_cast<int>(fbs::${CMAKE_MATCH_1}::${CMAKE_MATCH_2})")
    elseif(variant MATCHES "^Tile/([A-Za-z]+)$")
      string(APPEND Tile " | uint64_t{1} << static_cast<int>(TileKind::k${CMAKE_MATCH_1})")
    elseif(variant MATCHES "^Depthwise/([0-9]+)x[0-9]+s([0-9]+)p([0-9]+)$")
      string(APPEND Depthwise " | BuiltWindow{${CMAKE_MATCH_1}, ${CMAKE_MATCH_2}, ${CMAKE_MATCH_3}}.bits()")
    elseif(variant MATCHES "^Depthwise/(Narrow|Residual)$")
      string(APPEND Depthwise " | uint64_t{1} << static_cast<int>(DepthwiseTrait::k${CMAKE_MATCH_1})")
    elseif(variant STREQUAL "Depthwise/any")
      string(APPEND Depthwise " | BuiltWindow{}.bits()")
    elseif(variant MATCHES "^Resize/(Stretch|Reduce)$")
      string(APPEND Resize " | uint64_t{1} << static_cast<int>(ResizeTrait::k${CMAKE_MATCH_1})")
    elseif(variant MATCHES "^Resize/(any|1|2)$")
      string(REPLACE any 0 taps ${CMAKE_MATCH_1})
      string(APPEND Resize " | uint64_t{1} << ${taps}")
    else()
      message(FATAL_ERROR "${list}: no such variant: ${variant}")
    endif()
  endforeach()
  file(CONFIGURE OUTPUT ${out} CONTENT "// The variants of ${list}.
namespace lacuna {
constexpr uint64_t kBuiltOps = 0${ops};
constexpr uint64_t kBuiltPackings = ${Packing};
constexpr uint64_t kBuiltUnaryKinds = ${UnaryKind};
constexpr uint64_t kBuiltBinaryKinds = ${BinaryKind};
constexpr uint64_t kBuiltTileKinds = ${Tile};
constexpr uint64_t kBuiltDtypes = ${Dtype};
constexpr uint64_t kBuiltWindows = ${Depthwise};
constexpr uint64_t kBuiltResizes = ${Resize};
}  // namespace lacuna
" @ONLY)
  set(${definition_var} "LACUNA_BUILT_VARIANTS=\"${out}\"" PARENT_SCOPE)
endfunction()
