#include "kernels/dwconv/plan.h"

#include <algorithm>
#include <cstring>

#include "sdk/base/align.h"

namespace lacuna {
namespace {

/// The part of a plane that a strip reads stays in L1.
constexpr int64_t kStripBytes = 16 << 10;
/// Strips below this many rows read their border more often than their rows.
constexpr int64_t kMinStripRows = 4;
/// Rows that the kernels of kRows filter at once.
constexpr int64_t kRowsAtOnce = 4;
constexpr int64_t kLineFloats = kAlignment / sizeof(float);

/// Visits the phases that taps read: visit(number, remainder of the stride). Returns how many there are.
/// A tap's phase is kx * dilation modulo stride; remainders repeat after at most `kernel` taps.
template <class Visit>
int64_t for_each_phase(const Window& w, Visit visit) {
  int64_t phases = 0;
  for (int64_t kx = 0; kx < w.kernel; ++kx) {
    const int64_t phase = kx * w.dilation % w.stride;
    if (kx > 0 && phase == 0) break;
    visit(phases++, phase);
  }
  return phases;
}

/// Floats of one bordered phase: the outputs, shifted by up to the reach of the taps.
int64_t phase_floats(const Window& w) { return w.out + (w.kernel - 1) * w.dilation / w.stride; }

/// From one phase of a bordered row to the next: readable past its end by a vector.
int64_t phase_stride(const Window& w) { return ceil_div(phase_floats(w) + kLineFloats, kLineFloats) * kLineFloats; }

int64_t bordered_row_floats(const Window& w) {
  return for_each_phase(w, [](int64_t, int64_t) {}) * phase_stride(w);
}

/// Input rows under `out_rows` output rows.
int64_t rows_under(const Window& height, int64_t out_rows) {
  return (out_rows - 1) * height.stride + (height.kernel - 1) * height.dilation + 1;
}

int64_t choose_strip_rows(const Window& height, int64_t row_floats) {
  // NOLINTNEXTLINE(clang-analyzer-core.DivideZero): a row has floats
  const int64_t rows = kStripBytes / static_cast<int64_t>(sizeof(float)) / row_floats;
  const int64_t out_rows = (rows - rows_under(height, 1)) / height.stride + 1;
  const int64_t most = std::clamp(out_rows, std::min(kMinStripRows, height.out), height.out);
  return ceil_div(height.out, ceil_div(height.out, most));
}

int64_t strip_rows_of(DwconvMethod method, const Window& height, const Window& width) {
  if (method == DwconvMethod::kFlat) return height.out;
  if (method == DwconvMethod::kBordered) return choose_strip_rows(height, bordered_row_floats(width));
  return std::min(ceil_div(choose_strip_rows(height, width.in), kRowsAtOnce) * kRowsAtOnce, height.out);
}

/// Bytes of bits that cover `positions` and the margins: a whole number of words.
int64_t inside_bytes(int64_t positions) { return ceil_div(2 * kInsideMargin + positions, int64_t{64}) * 8; }

/// What the bits of kRows cover: what the outputs of a row read.
int64_t row_positions(const Window& width) { return std::max(width.in, width.out * width.stride); }

/// A row outside the plane, and what vectors read behind it.
int64_t zero_bytes(const Window& width) {
  return width.in * static_cast<int64_t>(sizeof(float)) + static_cast<int64_t>(kOverreadBytes);
}

/// Of the tables of kRows.
int64_t row_table_bytes(const Window& width) { return inside_bytes(row_positions(width)) + zero_bytes(width); }

int64_t mask_count(DwconvMethod method, const Window& height, const Window& width) {
  if (method != DwconvMethod::kFlat) return 0;
  return ceil_div(height.out * width.out, kMaskOutputs) * height.kernel * width.kernel;
}

int64_t shift_count(DwconvMethod method, const Window& height, const Window& width) {
  if (method == DwconvMethod::kRows) return 0;
  return method == DwconvMethod::kFlat ? height.kernel * width.kernel : width.kernel;
}

bool inside(const Window& w, int64_t o, int64_t k) {
  const int64_t position = w.position(o, k);
  return position >= 0 && position < w.in;
}

void mark_rows(const Window& width, uint8_t* tables, DwconvPlan* plan) {
  const int64_t bytes = inside_bytes(row_positions(width));
  std::memset(tables, 0, static_cast<size_t>(bytes + zero_bytes(width)));
  for (int64_t i = kInsideMargin; i < kInsideMargin + width.in; ++i) {
    tables[i / 8] = static_cast<uint8_t>(tables[i / 8] | 1 << i % 8);
  }
  plan->inside = tables;
  plan->zeros = reinterpret_cast<const float*>(tables + bytes);
}

void mask_pixels(const Window& height, const Window& width, uint32_t* masks) {
  const int64_t pixels = height.out * width.out;
  for (int64_t ky = 0; ky < height.kernel; ++ky) {
    for (int64_t kx = 0; kx < width.kernel; ++kx) {
      for (int64_t first = 0; first < pixels; first += kMaskOutputs) {
        uint32_t bits = 0;
        for (int64_t p = first; p < std::min(first + kMaskOutputs, pixels); ++p) {
          if (inside(height, p / width.out, ky) && inside(width, p % width.out, kx)) bits |= 1u << (p - first);
        }
        *masks++ = bits;
      }
    }
  }
}

void shift_taps(const Window& height, const Window& width, int64_t* shifts) {
  for (int64_t ky = 0; ky < height.kernel; ++ky) {
    for (int64_t kx = 0; kx < width.kernel; ++kx) {
      *shifts++ = height.position(0, ky) * width.in + width.position(0, kx);
    }
  }
}

/// Fills phases and the shifts of taps in a bordered row. Returns the number of phases.
int64_t describe_phases(const Window& w, DwconvPhase* phases, int64_t* shifts) {
  const int64_t n = for_each_phase(w, [&](int64_t i, int64_t phase) {
    phases[i] = {{w.in, phase_floats(w), 1, w.stride, 1, w.pad - phase}, i * phase_stride(w)};
  });
  for (int64_t kx = 0; kx < w.kernel; ++kx) shifts[kx] = phases[kx % n].offset + kx * w.dilation / w.stride;
  return n;
}

}  // namespace

DwconvMethod choose_dwconv_method(const Window& height, const Window& width) {
  const int64_t kernel = width.kernel, stride = width.stride;
  const bool square = height.kernel == kernel && height.stride == stride && height.dilation == 1 && width.dilation == 1;
  const bool fixed = ((kernel == 3 || kernel == 5) && stride <= 2) || (kernel == 7 && stride == 1);
  if (square && fixed && height.pad < kernel && width.pad < kernel) return DwconvMethod::kRows;
  return height.stride == 1 && stride == 1 && width.in == width.out ? DwconvMethod::kFlat : DwconvMethod::kBordered;
}

size_t dwconv_table_bytes(const Window& height, const Window& width) {
  const DwconvMethod method = choose_dwconv_method(height, width);
  if (method == DwconvMethod::kRows) return static_cast<size_t>(row_table_bytes(width));
  const int64_t phases = method == DwconvMethod::kBordered ? width.kernel : 0;
  return static_cast<size_t>(phases) * sizeof(DwconvPhase) +
         static_cast<size_t>(shift_count(method, height, width)) * sizeof(int64_t) +
         static_cast<size_t>(mask_count(method, height, width)) * sizeof(uint32_t);
}

size_t dwconv_scratch_bytes(const Window& height, const Window& width) {
  const DwconvMethod method = choose_dwconv_method(height, width);
  if (method != DwconvMethod::kBordered) return 0;
  const int64_t rows = rows_under(height, strip_rows_of(method, height, width));
  int64_t floats;
  if (__builtin_mul_overflow(rows, bordered_row_floats(width), &floats) || floats > (INT64_MAX >> 3)) return SIZE_MAX;
  return static_cast<size_t>(floats) * sizeof(float);
}

DwconvPlan plan_dwconv(const Window& height, const Window& width, void* tables) {
  DwconvPlan plan = {};
  plan.method = choose_dwconv_method(height, width);
  plan.height = height;
  plan.width = width;
  plan.strip_rows = strip_rows_of(plan.method, height, width);
  const bool bordered = plan.method == DwconvMethod::kBordered;
  auto* phases = static_cast<DwconvPhase*>(tables);
  auto* shifts = reinterpret_cast<int64_t*>(phases + (bordered ? width.kernel : 0));
  auto* masks = reinterpret_cast<uint32_t*>(shifts + shift_count(plan.method, height, width));
  plan.phases = phases;
  plan.shifts = shifts;
  plan.masks = masks;
  if (plan.method == DwconvMethod::kRows || !is_built(BuiltWindow{})) {
    mark_rows(width, static_cast<uint8_t*>(tables), &plan);
  } else if (plan.method == DwconvMethod::kFlat) {
    mask_pixels(height, width, masks);
    shift_taps(height, width, shifts);
  } else {
    plan.phase_count = describe_phases(width, phases, shifts);
    plan.row_stride = bordered_row_floats(width);
  }
  return plan;
}

}  // namespace lacuna
