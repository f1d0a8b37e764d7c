#include "converter/cost/layer.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "converter/cost/sweep.h"

namespace lacuna {
namespace {

double at(const TermCounts& counts, Term term) { return counts[static_cast<size_t>(term)]; }

TermCounts counts_of(const Layer& layer, double density, fbs::Packing packing) {
  const PackedAttrs attrs(layer.attrs);
  const Tensor weight = random_weights(layer.weight, density, 11);
  return count_terms(layer, size_of(host_op(layer.attrs.type).pack(attrs.table(), weight, nullptr, packing)));
}

TEST_CASE("kinds of layers") {
  CHECK(kind_of(make_conv(8, 16, 1, 1, 7)) == LayerKind::kPointwise);
  CHECK(kind_of(make_conv(8, 16, 1, 2, 7)) == LayerKind::kWindow);
  CHECK(kind_of(make_conv(8, 16, 3, 1, 7)) == LayerKind::kWindow);
  CHECK(kind_of(make_conv(8, 16, 1, 1, 1)) == LayerKind::kOnePixel);
  CHECK(kind_of(make_conv(8, 8, 3, 1, 7, 8)) == LayerKind::kDepthwise);
  CHECK(kind_of(make_conv(8, 16, 1, 1, 7, 2)) == LayerKind::kPointwise);
  CHECK(kind_of(make_fully_connected(8, 16, 1)) == LayerKind::kOnePixel);
  CHECK(kind_of(make_fully_connected(8, 16, 2)) == LayerKind::kRows);
}

TEST_CASE("products are spared in dense windows of three taps, many rows and many pixels") {
  const auto is_spared = [](const Layer& layer, fbs::Packing packing = fbs::Packing::DenseRows8) {
    return kind_of(layer, packing) == LayerKind::kSpared;
  };
  CHECK(is_spared(make_conv(8, 16, 3, 1, 28)));
  CHECK(is_spared(make_conv(3, 64, 7, 2, 224)));
  CHECK_FALSE(is_spared(make_conv(8, 16, 3, 1, 28), fbs::Packing::SparseRows));
  CHECK_FALSE(is_spared(make_conv(8, 16, 1, 1, 28)));
  CHECK_FALSE(is_spared(make_conv(8, 16, 3, 2, 56)));
  CHECK_FALSE(is_spared(make_conv(8, 15, 3, 1, 28)));
  CHECK_FALSE(is_spared(make_conv(8, 16, 3, 1, 7)));
  CHECK_FALSE(is_spared(make_conv(8, 8, 3, 1, 28, 8)));
}

TEST_CASE("a 7x7 plane is four vectors and one tile") {
  const TermCounts counts = counts_of(make_conv(32, 16, 1, 1, 7), 1, fbs::Packing::DenseRows8);
  CHECK(at(counts, Term::kEntryVectors) == 32 * 16 * 4);
  CHECK(at(counts, Term::kEntryTiles) == 32 * 16);
  CHECK(at(counts, Term::kEntryPixels) == doctest::Approx(32 * 16 * 49 / 16.0));
  CHECK(at(counts, Term::kCopiedVectors) == 0);
  CHECK(at(counts, Term::kInputBytes) == 32 * 49 * 4);
  CHECK(at(counts, Term::kOutputBytes) == 16 * 49 * 4);
}

TEST_CASE("zeros that a dense packing stores count, those that a sparse one skips do not") {
  const Layer layer = make_conv(32, 12, 1, 1, 8);
  CHECK(at(counts_of(layer, 0, fbs::Packing::DenseRows8), Term::kEntryTiles) == 32 * 16);  // blocks of 8 rows
  CHECK(at(counts_of(layer, 0, fbs::Packing::SparseRows), Term::kEntryTiles) == 0);
}

TEST_CASE("windows are copied, and strided ones count apart") {
  const TermCounts plain = counts_of(make_conv(8, 8, 3, 1, 16), 1, fbs::Packing::DenseRows8);
  CHECK(at(plain, Term::kCopiedVectors) == 8 * 9 * 16);
  CHECK(at(plain, Term::kStridedVectors) == 0);
  const TermCounts strided = counts_of(make_conv(8, 8, 3, 2, 16), 1, fbs::Packing::DenseRows8);
  CHECK(at(strided, Term::kCopiedVectors) == 0);
  CHECK(at(strided, Term::kStridedVectors) == 8 * 9 * 4);
}

TEST_CASE("an estimate is close to the weights that it stands for") {
  for (const Layer& layer : {make_conv(256, 512, 1, 1, 14), make_conv(64, 128, 3, 1, 14), make_conv(64, 32, 3, 1, 8),
                             make_conv(64, 64, 3, 2, 28, 2), make_fully_connected(512, 1000, 1)}) {
    for (const double density : {0.0, 0.1, 1.0}) {
      for (const fbs::Packing packing : packings_of(layer)) {
        CAPTURE(name_of(layer));
        CAPTURE(density);
        const TermCounts exact = counts_of(layer, density, packing), estimate = estimate_terms(layer, density, packing);
        for (size_t i = 0; i < kTerms; ++i) {
          CAPTURE(name_of(static_cast<Term>(i)));
          CHECK(estimate[i] == doctest::Approx(exact[i]).epsilon(0.1));
        }
      }
    }
  }
}

TEST_CASE("random weights have their density and repeat") {
  const Tensor weights = random_weights(make_shape({100, 100}), 0.3, 2);
  CHECK(weights.f32 == random_weights(make_shape({100, 100}), 0.3, 2).f32);
  const auto kept = std::count_if(weights.f32.begin(), weights.f32.end(), [](float w) { return w != 0; });
  CHECK(kept > 2700);
  CHECK(kept < 3300);
  const Tensor none = random_weights(make_shape({10}), 0, 2), all = random_weights(make_shape({10}), 1, 2);
  CHECK(std::count(none.f32.begin(), none.f32.end(), 0.0f) == 10);
  CHECK(std::count(all.f32.begin(), all.f32.end(), 0.0f) == 0);
}

}  // namespace
}  // namespace lacuna
