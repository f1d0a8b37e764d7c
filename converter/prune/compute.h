// The loops that take nearly all of the time of pruning: matrix products and depthwise windows on the desktop's CPU.
// Results depend on the CPU's instruction set, but not on threads.
#pragma once

#include <cstdint>
#include <vector>

namespace lacuna {

/// A matrix anywhere in memory: element (i, j) is data[i * row_stride + j * column_stride]. Borrowed.
struct MatrixView {
  const float* data;
  int64_t row_stride;
  int64_t column_stride;
};

/// Row-major, `columns` wide.
inline MatrixView rows_of(const float* data, int64_t columns) { return {data, columns, 1}; }
/// The transpose of a row-major matrix that is `columns` wide.
inline MatrixView transpose_of(const float* data, int64_t columns) { return {data, 1, columns}; }

/// Memory that calls reuse; one for each thread.
using Scratch = std::vector<float>;

/// c[m, n] = a[m, k] b[k, n], or c += that. `c` is row-major, `n` wide, and overlaps neither.
void multiply(int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b, float* c, bool accumulate, Scratch& scratch);

/// A window that slides over one plane: zeros around, outputs [out_height, out_width].
struct PlaneWindow {
  int64_t height, width;          ///< of the input plane
  int64_t out_height, out_width;  ///< of the output plane
  int64_t kernel_height, kernel_width;
  int64_t stride_y, stride_x;
  int64_t dilation_y, dilation_x;
  int64_t pad_top, pad_left;
};

/// A window with what it reads and writes found once, for all planes.
class SlidingWindow {
 public:
  explicit SlidingWindow(const PlaneWindow& window);

  /// y = window(x) with the kernel w [kernel_height, kernel_width], plus bias.
  void forward(const float* x, const float* w, float bias, float* y, Scratch& scratch) const;

  /// Gradients of that: adds to dx and dw, each of which may be null.
  void backward(const float* x, const float* w, const float* dy, float* dx, float* dw, Scratch& scratch) const;

  /// A weight of the kernel, and how far from the output's place it reads or writes.
  struct Tap {
    int64_t shift;
    int64_t weight;
  };
  using Taps = std::vector<Tap>;

 private:
  PlaneWindow window_;
  Taps reads_;
  std::vector<Taps> writes_;  ///< by phase of the input plane
};

/// Columns of windows over `channels` planes: [channels * kernel_height * kernel_width, out_height * out_width].
void unfold(const PlaneWindow& window, int64_t channels, const float* x, float* columns);

/// Adds columns back to where unfold took them from.
void fold(const PlaneWindow& window, int64_t channels, const float* columns, float* x);

/// Sum of n products, and of n numbers.
float dot(const float* a, const float* b, int64_t n);
float sum(const float* a, int64_t n);

/// Sum of what a - b + c has above `threshold`, over n numbers of each.
float sum_above(const float* a, const float* b, const float* c, const float* threshold, int64_t n);

/// y += x, n numbers.
void add_to(float* y, const float* x, int64_t n);

/// Gradient of y = clamp(x, low, high): dx = dy inside, 0 outside, or dx += that. `dx` and `dy` may be the same.
void clamp_backward(const float* y, float low, float high, const float* dy, float* dx, bool accumulate, int64_t n);

/// One step of Adam (Kingma and Ba, 2015) for n numbers. `rate` has the corrections of both moments' bias in it.
void adam_step(float* w, const float* gradient, float* mean, float* square, float rate, float beta1, float beta2,
               float epsilon, int64_t n);

}  // namespace lacuna
