// Pixel kernels over Vec. A tier's Vec header is included first. Loops over bytes have constant steps and are left to
// the compiler, which vectorises them for the tier.
#pragma once

#include "kernels/pixels/pixels.h"

namespace lacuna {
namespace {

constexpr int kLanes = Vec::kLanes;
/// Pixels that are unpacked at once: their floats stay in the first cache.
constexpr int kBlock = 64;

template <int kStep>
inline void unpack_steps(const uint8_t* bytes, int count, float* out) {
  for (int i = 0; i < count; ++i) out[i] = static_cast<float>(bytes[i * kStep]);
}

/// count bytes, `step` apart, to floats.
inline void unpack(const uint8_t* bytes, int step, int count, float* out) {
  switch (step) {
    case 1:
      return unpack_steps<1>(bytes, count, out);
    case 2:
      return unpack_steps<2>(bytes, count, out);
    case 3:
      return unpack_steps<3>(bytes, count, out);
    default:
      return unpack_steps<4>(bytes, count, out);
  }
}

/// Each element twice.
inline void repeat(const float* pairs, int count, float* out) {
  for (int i = 0; i < count; ++i) {
    out[2 * i] = pairs[i];
    out[2 * i + 1] = pairs[i];
  }
}

/// What chroma adds to one colour, of count / 2 pairs, whole Vecs.
inline void add_chroma(const float* u, float u_factor, const float* v, float v_factor, float* out) {
  alignas(64) float pairs[kBlock / 2];
  const Vec by_u = splat(u_factor), by_v = splat(v_factor);
  const Vec none = splat(-128.0f * (u_factor + v_factor));
  for (int i = 0; i < kBlock / 2; i += kLanes) store(pairs + i, fma(load(u + i), by_u, fma(load(v + i), by_v, none)));
  repeat(pairs, kBlock / 2, out);
}

/// Red, green and blue of a block: planes[kColours][kBlock].
inline void unpack_yuv(const PixelRun& run, int at, int count, float* planes) {
  alignas(64) float luma[kBlock] = {}, u[kBlock / 2] = {}, v[kBlock / 2] = {};
  const YuvMatrix& m = run.matrix;
  unpack(run.planes[0] + at * run.step, run.step, count, luma);
  const int pairs = (count + 1) / 2;
  unpack(run.planes[1] + at / 2 * run.chroma_step, run.chroma_step, pairs, u);
  unpack(run.planes[2] + at / 2 * run.chroma_step, run.chroma_step, pairs, v);
  add_chroma(u, 0.0f, v, m.red_v, planes);
  add_chroma(u, m.green_u, v, m.green_v, planes + kBlock);
  add_chroma(u, m.blue_u, v, 0.0f, planes + 2 * kBlock);
  const Vec scale = splat(m.y_scale), offset = splat(-m.y_zero * m.y_scale), most = splat(255.0f);
  for (int i = 0; i < kBlock; i += kLanes) {
    const Vec y = fma(load(luma + i), scale, offset);
    for (int c = 0; c < kColours; ++c) {
      float* at_pixel = planes + c * kBlock + i;
      store(at_pixel, max(min(add(load(at_pixel), y), most), zero()));
    }
  }
}

inline void add_weighted(const float* values, float weight, int count, float* sums) {
  const Vec by = splat(weight);
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) store(sums + i, fma(load(values + i), by, load(sums + i)));
  if (i == count) return;
  const int rest = count - i;
  store_first(sums + i, fma(load_first(values + i, rest), by, load_first(sums + i, rest)), rest);
}

void add_pixels(const PixelRun& run, float weight, float* sums) {
  alignas(64) float planes[kColours * kBlock];
  for (int at = 0; at < run.count; at += kBlock) {
    const int count = run.count - at < kBlock ? run.count - at : kBlock;
    if (run.yuv) {
      unpack_yuv(run, at, count, planes);
    } else {
      for (int c = 0; c < kColours; ++c) unpack(run.planes[c] + at * run.step, run.step, count, planes + c * kBlock);
    }
    for (int c = 0; c < kColours; ++c) add_weighted(planes + c * kBlock, weight, count, sums + c * kSumStride + at);
  }
}

void filter_line(const float* line, const int32_t* first, const float* weights, int taps, int count, float* out) {
  if (taps <= 3) {  // a Vec would be empty for the most part
    for (int i = 0; i < count; ++i) {
      float sum = 0;
      for (int t = 0; t < taps; ++t) sum += weights[i * taps + t] * line[first[i] + t];
      out[i] = sum;
    }
    return;
  }
  for (int i = 0; i < count; ++i) {
    const float* x = line + first[i];
    const float* w = weights + i * taps;
    Vec total = zero();
    int t = 0;
    for (; t + kLanes <= taps; t += kLanes) total = fma(load(w + t), load(x + t), total);
    if (t < taps) total = fma(load_first(w + t, taps - t), load(x + t), total);
    out[i] = sum(total);
  }
}

constexpr PixelKernels kPixelKernels = {add_pixels, filter_line};

}  // namespace
}  // namespace lacuna
