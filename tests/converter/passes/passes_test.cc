#include <algorithm>

#include "converter/passes/permutation.h"
#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

using fbs::BinaryKind;
using fbs::UnaryKind;

TEST_CASE("run_passes: a residual block becomes its convolutions") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = net.conv(net.input({1, 3, 8, 8}), 4, 3, 1);
  const ValueId y = b.unary(fbs::Activation(UnaryKind::Clamp, 0, 6), net.affine(net.conv(x, 4, 3, 1)));
  const ValueId z = net.affine(net.conv(y, 4, 3, 1));
  net.output(b.binary(BinaryKind::Max, b.binary(BinaryKind::Add, z, x), net.scalar(0)));
  check_all_passes(net.graph());
  CHECK(net.graph().nodes.size() == 3);
  CHECK(net.graph().nodes.back().attrs.AsConv()->activation.kind() == UnaryKind::Clamp);
}

TEST_CASE("run_passes: a second run changes nothing") {
  TestNet net;
  const ValueId x = net.b().transpose(net.input({1, 8, 8, 3}), {0, 3, 1, 2});
  net.output(net.b().transpose(net.affine(net.conv(x, 4, 3, 1)), {0, 2, 3, 1}));
  check_all_passes(net.graph());
  const size_t nodes = net.graph().nodes.size();
#define LACUNA_PASS(name) CHECK_FALSE(name(net.graph()));
#include "converter/passes/passes.inc"
#undef LACUNA_PASS
  CHECK(net.graph().nodes.size() == nodes);
}

/// Adds random nodes to a graph; each reads values that are there.
class RandomNet : public TestNet {
 public:
  explicit RandomNet(uint32_t seed) : TestNet(seed), rng_(seed) {
    values_.push_back(input({1, 4, 6, 5}));
    values_.push_back(input({1, 6, 5, 4}));
    const int nodes = 4 + draw(20);
    for (int i = 0; i < nodes; ++i) add_node();
    const int outputs = 1 + draw(3);
    for (int i = 0; i < outputs; ++i) output(pick());
    output(values_.back());
  }

 private:
  int draw(int n) { return static_cast<int>(rng_() % static_cast<uint32_t>(n)); }
  /// Mostly one of the last values, so that nodes follow each other.
  ValueId pick() {
    const int n = static_cast<int>(values_.size());
    return values_[static_cast<size_t>(draw(3) == 0 ? draw(n) : n - 1 - draw(std::min(n, 3)))];
  }
  const Shape& shape(ValueId id) { return graph().shape(id); }

  Perm random_perm(int rank) {
    static const Perm kLast = {0, 2, 3, 1};
    static const Perm kFirst = {0, 3, 1, 2};
    if (rank == 4 && draw(3) != 0) return draw(2) == 0 ? kLast : kFirst;
    Perm perm = identity_perm(rank);
    std::shuffle(perm.begin(), perm.end(), rng_);
    return perm;
  }

  fbs::Activation random_function() {
    switch (draw(5)) {
      case 0:
        return {UnaryKind::Clamp, 0, 6};
      case 1:
        return {UnaryKind::Sigmoid, 0, 0};
      case 2:
        return {UnaryKind::Tanh, 0, 0};
      case 3:
        return {UnaryKind::LeakyRelu, 0.1f, 0};
      default:
        return {UnaryKind::Identity, 0, 0};
    }
  }

  ValueId random_constant(const Shape& like) {
    Shape dims = like;
    for (int i = 0; i < dims.rank; ++i) {
      if (draw(2) == 0) dims[i] = 1;
    }
    return draw(3) == 0 ? scalar(0.5 + draw(3)) : constant(dims);
  }

  ValueId random_binary(ValueId x) {
    static const BinaryKind kKinds[] = {BinaryKind::Add, BinaryKind::Sub, BinaryKind::Mul, BinaryKind::Max,
                                        BinaryKind::Prelu};
    ValueId other = pick();
    if (draw(2) == 0 || shape(other) != shape(x)) other = random_constant(shape(x));
    const bool swapped = draw(2) == 0;
    const BinaryKind kind = kKinds[draw(5)];
    return b().binary(kind, swapped ? other : x, swapped ? x : other,
                      draw(3) == 0 ? random_function() : fbs::Activation());
  }

  ValueId random_reshape(ValueId x) {
    const Shape& dims = shape(x);
    Shape merged;
    const int at = draw(std::max(dims.rank - 1, 1));
    for (int i = 0; i < dims.rank; ++i) {
      if (i == at + 1) {
        merged[merged.rank - 1] *= dims[i];
      } else {
        merged.push_back(dims[i]);
      }
    }
    if (merged.rank < 4 && draw(2) == 0) merged.push_back(1);
    return b().reshape(x, merged);
  }

  /// What needs a value of rank 4; another value otherwise.
  ValueId random_spatial(ValueId x) {
    const Shape& dims = shape(x);
    if (dims.rank != 4 || dims[2] < 2 || dims[3] < 2 || dims[2] > 30 || dims[3] > 30)
      return b().unary(random_function(), x);
    switch (draw(5)) {
      case 0:
        return conv(x, dims[1], 1);
      case 1:
        return conv(x, dims[1], 3, 1, draw(2) == 0 ? 1 : dims[1]);
      case 2:
        return pool(draw(2) == 0 ? fbs::PoolKind::Max : fbs::PoolKind::Average, x, 2, static_cast<uint32_t>(draw(2)));
      case 3:
        return affine(x);
      default:
        return b().pad(fbs::PadMode::Constant, x, {0, 0, 1, 0}, {0, 0, draw(2), 1});
    }
  }

  void add_node() {
    const ValueId x = pick();
    const int rank = shape(x).rank;
    ValueId y = kNoValue;
    switch (draw(12)) {
      case 0:
      case 1:
        y = b().transpose(x, random_perm(rank));
        break;
      case 2:
      case 3:
        y = random_spatial(x);
        break;
      case 4:
      case 5:
        y = random_binary(x);
        break;
      case 6:
        y = b().unary(random_function(), x);
        break;
      case 7:
        y = random_reshape(x);
        break;
      case 8:
        y = b().reduce(draw(2) == 0 ? fbs::ReduceKind::Mean : fbs::ReduceKind::Max, x,
                       {static_cast<uint32_t>(draw(rank))}, rank <= 2 || draw(3) != 0);
        break;
      case 9:
        y = count(shape(x)) < 4000 ? b().concat({x, x}, draw(rank)) : softmax(x, static_cast<uint32_t>(draw(rank)));
        break;
      case 10:
        y = fully_connected(x, 3 + draw(3), draw(2) == 0);
        break;
      default:
        y = b().binary(BinaryKind::Mul, x, b().unary(UnaryKind::Sigmoid, x));
        break;
    }
    if (std::find(values_.begin(), values_.end(), y) == values_.end()) values_.push_back(y);
  }

  std::mt19937 rng_;
  std::vector<ValueId> values_;
};

TEST_CASE("run_passes: random graphs keep their outputs") {
  const uint32_t first = std::random_device()();
  for (uint32_t seed = first; seed != first + 150; ++seed) {
    CAPTURE(seed);
    RandomNet net(seed);
    check_all_passes(net.graph());
#define LACUNA_PASS(name) CHECK_FALSE(name(net.graph()));
#include "converter/passes/passes.inc"
#undef LACUNA_PASS
  }
}

}  // namespace
}  // namespace lacuna
