// Reads the outputs of MediaPipe's detectors of faces and persons: anchors, boxes, keypoints, suppression of doubles.
//
// Both are single-shot detectors (Liu et al., SSD, ECCV 2016) whose anchors have a centre and no size of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace camera {

constexpr int kMaxKeypoints = 8;

/// Something found. Coordinates are fractions, x to the right and y down; what of is said where they are made.
struct Detection {
  float score = 0;
  float left = 0, top = 0, right = 0, bottom = 0;
  int keypoints = 0;
  float x[kMaxKeypoints] = {}, y[kMaxKeypoints] = {};
};

/// What one network's output means.
struct DetectorKind {
  const char* name;
  int input_size;
  struct {
    int stride, per_cell;
  } cells[3];  ///< in the order of the output; stride 0 ends them
  float min_score;
  /// Keypoint pairs that are joined by a line; -1 ends them.
  int lines[4][2];
  /// Whether the second keypoint lies on a circle round the first one that holds the person.
  bool circle;
};

/// The kind with that many rows of that many numbers for a square input; null when there is none.
const DetectorKind* find_detector(int64_t input_size, int64_t rows, int64_t row_numbers);

/// Decodes without allocating.
class Detector {
 public:
  Detector(const DetectorKind& kind, int row_numbers);

  const DetectorKind& kind() const { return kind_; }

  /// Replaces `found`, of the capacity it has, with the best first, in fractions of the input. `coordinates`: a row for
  /// each anchor: the box's centre and size, then keypoints, in pixels of the input from the anchor's centre. `logits`:
  /// one for each anchor.
  void decode(const float* coordinates, const float* logits, std::vector<Detection>& found);

 private:
  struct Candidate {
    Detection at;
    bool used;
  };
  const DetectorKind& kind_;
  int row_numbers_;
  std::vector<float> anchor_x_, anchor_y_;
  std::vector<Candidate> candidates_;
};

}  // namespace camera
