// A model with its session, and what it sees in a picture.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "detect.h"
#include "lacuna/lacuna.hpp"
#include "lacuna/lacuna_image.h"
#include "picture.h"

namespace camera {

struct ClassScore {
  size_t index;
  float score;
};

/// What was seen. Vectors keep their capacity.
struct Sight {
  std::vector<ClassScore> top;        ///< best first
  std::vector<Detection> detections;  ///< best first, in fractions of the upright picture
  double prepare_ms = 0;              ///< from pixels to the input
  double run_ms = 0;                  ///< of the network
};

struct NetworkOptions {
  uint32_t threads = 1;
  std::string isa;     ///< empty: the best one
  std::string labels;  ///< file with a class name a line; empty: those in the model
  size_t top = 3;
  float smooth = 0;  ///< how much of the last picture's scores stays, 0 to below 1
};

class Network {
 public:
  /// Throws Failure.
  Network(const std::string& path, const NetworkOptions& options);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// Replaces `sight`. Throws Failure for a picture that cannot be used.
  void look(const lacuna_image& image, const Orientation& orientation, Sight& sight);

  const std::string& name() const { return name_; }
  const std::string& label(size_t index) const;
  bool is_detector() const { return detector_.has_value(); }
  const DetectorKind& detector_kind() const { return detector_->kind(); }
  /// The part of the weights that is not zero.
  double density() const { return density_; }
  bool is_dense() const { return density_ > 0.99; }
  const char* isa() const { return session_->isa(); }

 private:
  void find_kind(const std::string& path);
  void read_labels(const std::string& path);
  lacuna_image_transform transform_for(const lacuna_image& image, const Orientation& orientation) const;
  void classify(Sight& sight);
  void detect(const lacuna_image& image, const lacuna_image_transform& transform, Sight& sight);

  std::string name_;
  NetworkOptions options_;
  std::optional<lacuna::Model> model_;
  std::optional<lacuna::Session> session_;
  lacuna_tensor input_ = {};
  std::vector<std::vector<float>> outputs_;
  bool knows_pictures_ = false;  ///< the model says how it wants them
  std::optional<Detector> detector_;
  size_t coordinates_ = 0, logits_ = 0;  ///< outputs of a detector
  std::vector<std::string> labels_;
  std::vector<float> scores_, smoothed_;
  double density_ = 1;
};

}  // namespace camera
