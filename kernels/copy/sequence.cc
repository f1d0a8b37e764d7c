#include "kernels/copy/sequence.h"

#include <algorithm>
#include <cstring>

namespace lacuna {
namespace {

/// A position that knows how many elements lie ahead in one stride.
class Cursor {
 public:
  Cursor(const Sequence& sequence, int64_t element) : sequence_(sequence), at_(sequence.data) {
    for (int i = 0; i < sequence.dims.rank; ++i) {
      index_[i] = element % sequence.dims[i];
      at_ += index_[i] * sequence.strides[i];
      element /= sequence.dims[i];
    }
  }
  float* at() const { return at_; }
  int64_t stride() const { return sequence_.strides[0]; }
  int64_t run() const { return sequence_.dims[0] - index_[0]; }

  /// Moves on by n elements, at most run().
  void advance(int64_t n) {
    index_[0] += n;
    at_ += n * stride();
    for (int i = 0; i + 1 < sequence_.dims.rank && index_[i] == sequence_.dims[i]; ++i) {
      at_ += sequence_.strides[i + 1] - index_[i] * sequence_.strides[i];
      index_[i] = 0;
      ++index_[i + 1];
    }
  }

 private:
  const Sequence& sequence_;
  float* at_;
  int64_t index_[kMaxRank] = {};
};

void copy_run(const Cursor& from, const Cursor& to, int64_t n) {
  if (from.stride() == 1 && to.stride() == 1) {
    memcpy(to.at(), from.at(), static_cast<size_t>(n) * sizeof(float));
    return;
  }
  for (int64_t i = 0; i < n; ++i) to.at()[i * to.stride()] = from.at()[i * from.stride()];
}

}  // namespace

Sequence make_sequence(const TensorView& view) {
  Sequence sequence;
  sequence.data = view.data;
  for (int i = view.shape.rank - 1; i >= 0; --i) {
    if (view.shape[i] == 1) continue;
    const int last = sequence.dims.rank - 1;
    if (last >= 0 && view.strides[i] == sequence.strides[last] * sequence.dims[last]) {
      sequence.dims[last] *= view.shape[i];
    } else {
      sequence.dims.push_back(view.shape[i]);
      sequence.strides.push_back(view.strides[i]);
    }
  }
  if (sequence.dims.rank == 0) {  // one element
    sequence.dims.push_back(1);
    sequence.strides.push_back(1);
  }
  return sequence;
}

bool operator==(const Sequence& a, const Sequence& b) {
  return a.data == b.data && a.dims == b.dims && a.strides == b.strides;
}

void copy_sequence(const Sequence& source, const Sequence& target, int64_t begin, int64_t end) {
  Cursor from(source, begin);
  Cursor to(target, begin);
  while (begin < end) {
    const int64_t n = std::min({from.run(), to.run(), end - begin});
    copy_run(from, to, n);
    from.advance(n);
    to.advance(n);
    begin += n;
  }
}

}  // namespace lacuna
