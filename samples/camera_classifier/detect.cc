#include "detect.h"

#include <algorithm>
#include <cmath>

namespace camera {
namespace {

constexpr DetectorKind kKinds[] = {
    {"face", 192, {{4, 1}, {0, 0}, {0, 0}}, 0.6f, {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}}, false},
    {"pose", 224, {{8, 2}, {16, 2}, {32, 6}}, 0.5f, {{0, 2}, {-1, -1}, {-1, -1}, {-1, -1}}, true},
};
constexpr float kMaxOverlap = 0.3f;  ///< intersection over union above which two boxes show the same thing
constexpr size_t kMaxCandidates = 512;

int64_t anchors_of(const DetectorKind& kind) {
  int64_t count = 0;
  for (const auto& cell : kind.cells) {
    if (cell.stride == 0) break;
    const int64_t side = kind.input_size / cell.stride;
    count += side * side * cell.per_cell;
  }
  return count;
}

float overlap(const Detection& a, const Detection& b) {
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const auto area = [](const Detection& d) { return (d.right - d.left) * (d.bottom - d.top); };
  const float both = width * height, either = area(a) + area(b) - both;
  return either > 0 ? both / either : 0;
}

void add_weighted(const Detection& one, Detection& sum) {
  const float w = one.score;
  sum.left += w * one.left;
  sum.top += w * one.top;
  sum.right += w * one.right;
  sum.bottom += w * one.bottom;
  for (int k = 0; k < one.keypoints; ++k) {
    sum.x[k] += w * one.x[k];
    sum.y[k] += w * one.y[k];
  }
}

void divide(Detection& sum, float weight) {
  for (float* part : {&sum.left, &sum.top, &sum.right, &sum.bottom}) *part /= weight;
  for (int k = 0; k < sum.keypoints; ++k) {
    sum.x[k] /= weight;
    sum.y[k] /= weight;
  }
}

}  // namespace

const DetectorKind* find_detector(int64_t input_size, int64_t rows, int64_t row_numbers) {
  for (const DetectorKind& kind : kKinds) {
    const bool fits = row_numbers >= 4 && row_numbers % 2 == 0 && row_numbers <= 4 + 2 * kMaxKeypoints;
    if (fits && kind.input_size == input_size && anchors_of(kind) == rows) return &kind;
  }
  return nullptr;
}

Detector::Detector(const DetectorKind& kind, int row_numbers) : kind_(kind), row_numbers_(row_numbers) {
  for (const auto& cell : kind.cells) {
    if (cell.stride == 0) break;
    const int side = kind.input_size / cell.stride;
    for (int i = 0; i < side * side * cell.per_cell; ++i) {
      const int at = i / cell.per_cell;
      anchor_x_.push_back((static_cast<float>(at % side) + 0.5f) / static_cast<float>(side));
      anchor_y_.push_back((static_cast<float>(at / side) + 0.5f) / static_cast<float>(side));
    }
  }
  candidates_.reserve(kMaxCandidates);
}

void Detector::decode(const float* coordinates, const float* logits, std::vector<Detection>& found) {
  candidates_.clear();
  found.clear();
  const float unit = 1.0f / static_cast<float>(kind_.input_size);
  const float min_logit = std::log(kind_.min_score / (1 - kind_.min_score));
  for (size_t i = 0; i < anchor_x_.size() && candidates_.size() < kMaxCandidates; ++i) {
    if (!(logits[i] >= min_logit)) continue;
    const float* row = coordinates + i * static_cast<size_t>(row_numbers_);
    const float x = anchor_x_[i] + row[0] * unit, y = anchor_y_[i] + row[1] * unit;
    const float half_width = row[2] * unit / 2, half_height = row[3] * unit / 2;
    Detection d;
    d.score = 1 / (1 + std::exp(-logits[i]));
    d.left = x - half_width;
    d.right = x + half_width;
    d.top = y - half_height;
    d.bottom = y + half_height;
    d.keypoints = (row_numbers_ - 4) / 2;
    for (int k = 0; k < d.keypoints; ++k) {
      d.x[k] = anchor_x_[i] + row[4 + 2 * k] * unit;
      d.y[k] = anchor_y_[i] + row[5 + 2 * k] * unit;
    }
    candidates_.push_back({d, false});
  }
  std::sort(candidates_.begin(), candidates_.end(),
            [](const Candidate& a, const Candidate& b) { return a.at.score > b.at.score; });

  // MediaPipe's weighted suppression: the doubles of the best one vote for its place with their scores.
  for (size_t best = 0; best < candidates_.size() && found.size() < found.capacity(); ++best) {
    if (candidates_[best].used) continue;
    Detection sum;
    sum.score = candidates_[best].at.score;
    sum.keypoints = candidates_[best].at.keypoints;
    float weight = 0;
    for (size_t i = best; i < candidates_.size(); ++i) {
      Candidate& other = candidates_[i];
      if (other.used || (i != best && overlap(candidates_[best].at, other.at) <= kMaxOverlap)) continue;
      other.used = true;
      add_weighted(other.at, sum);
      weight += other.at.score;
    }
    divide(sum, weight);
    found.push_back(sum);
  }
}

}  // namespace camera
