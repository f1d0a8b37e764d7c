#include "network.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <numeric>

#include "failure.h"

namespace camera {
namespace {

constexpr size_t kMaxDetections = 16;

double now_ms() {
  using namespace std::chrono;
  return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
}

/// Scores that add up to 1: as they are when they do so already.
void to_probabilities(std::vector<float>& scores) {
  const float total = std::accumulate(scores.begin(), scores.end(), 0.0f);
  const auto [least, most] = std::minmax_element(scores.begin(), scores.end());
  if (*least >= 0 && std::fabs(total - 1) < 1e-2f) return;
  const float largest = *most;
  float sum = 0;
  for (float& score : scores) sum += score = std::exp(score - largest);
  for (float& score : scores) score /= sum;
}

}  // namespace

Network::Network(const std::string& path, const NetworkOptions& options) : options_(options) {
  lacuna_error error = {};
  model_ = lacuna::Model::open_file(path.c_str(), &error);
  if (!model_) throw Failure(path + ": " + error.message);
  lacuna::SessionOptions session_options;
  session_options.threads = options.threads;
  session_options.isa = options.isa.empty() ? nullptr : options_.isa.c_str();
  session_ = lacuna::Session::make(*model_, session_options, &error);
  if (!session_) throw Failure(path + ": " + error.message);

  name_ = path.substr(path.find_last_of('/') + 1);
  if (name_.size() > 4 && name_.compare(name_.size() - 4, 4, ".lcn") == 0) name_.resize(name_.size() - 4);
  if (model_->input_count() != 1)
    throw Failure(path + ": has not one input but " + std::to_string(model_->input_count()));
  input_ = *session_->input(0);
  for (size_t i = 0; i < model_->output_count(); ++i) {
    outputs_.emplace_back(model_->output(i)->bytes / sizeof(float));
  }
  uint64_t weights = 0, nonzeros = 0;
  for (size_t i = 0; i < session_->step_count(); ++i) {
    const lacuna_step step = *session_->step(i);
    weights += step.weights;
    nonzeros += step.nonzeros;
  }
  density_ = weights == 0 ? 1 : static_cast<double>(nonzeros) / static_cast<double>(weights);
  find_kind(path);
  read_labels(path);
}

void Network::find_kind(const std::string& path) {
  lacuna_preprocessing wanted = {};
  wanted.struct_bytes = sizeof(wanted);
  knows_pictures_ = lacuna_model_preprocessing(model_->get(), &wanted, nullptr) == LACUNA_OK;
  const int64_t side = input_.rank == 4 ? input_.shape[2] : 0;  // of a square picture, in either layout
  if (outputs_.size() == 2) {
    for (size_t i = 0; i < 2; ++i) {
      const lacuna_tensor boxes = *model_->output(i), scores = *model_->output(1 - i);
      if (boxes.rank != 3 || scores.rank != 3 || boxes.shape[1] != scores.shape[1] || scores.shape[2] != 1) continue;
      const DetectorKind* kind = find_detector(side, boxes.shape[1], boxes.shape[2]);
      if (kind == nullptr) continue;
      detector_.emplace(*kind, static_cast<int>(boxes.shape[2]));
      coordinates_ = i;
      logits_ = 1 - i;
      return;
    }
  }
  if (outputs_.size() != 1)
    throw Failure(path + ": is neither a classifier nor one of the detectors that are known here");
  if (!knows_pictures_) {
    throw Failure(path +
                  ": does not say how it wants its pictures; convert it with, for example, --image "
                  "'mean=127,127,127;std=128,128,128;resize=256;labels=names.txt'");
  }
  scores_.resize(outputs_[0].size());
  smoothed_.clear();
  smoothed_.reserve(scores_.size());
}

void Network::read_labels(const std::string& path) {
  if (options_.labels.empty()) {
    for (size_t i = 0; const char* label = lacuna_model_label(model_->get(), i); ++i) labels_.emplace_back(label);
  } else {
    std::ifstream file(options_.labels);
    if (!file) throw Failure(options_.labels + ": cannot be read");
    for (std::string line; std::getline(file, line);) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      labels_.push_back(line);
    }
    if (!is_detector() && labels_.size() != scores_.size()) {
      throw Failure(options_.labels + ": has " + std::to_string(labels_.size()) + " lines, but " + path + " has " +
                    std::to_string(scores_.size()) + " classes");
    }
  }
  for (size_t i = labels_.size(); i < scores_.size(); ++i) labels_.push_back("class " + std::to_string(i));
}

const std::string& Network::label(size_t index) const { return labels_[index]; }

lacuna_image_transform Network::transform_for(const lacuna_image& image, const Orientation& orientation) const {
  lacuna_error error = {};
  lacuna_image_transform transform;
  if (knows_pictures_) {
    if (lacuna_image_transform_for_model(model_->get(), &image, orientation.rotation, &transform, &error) !=
        LACUNA_OK) {
      throw Failure(error.message);
    }
  } else {  // a detector: MediaPipe's own way
    const bool turned = orientation.rotation % 180 != 0;
    const auto width = static_cast<float>(turned ? image.height : image.width);
    const auto height = static_cast<float>(turned ? image.width : image.height);
    transform = lacuna_image_transform_default();
    transform.rotation = orientation.rotation;
    transform.crop_width = transform.crop_height = std::max(width, height);
    transform.crop_x = (width - transform.crop_width) / 2;
    transform.crop_y = (height - transform.crop_height) / 2;
    for (int c = 0; c < 3; ++c) {
      transform.mean[c] = 127.5f;
      transform.scale[c] = 1 / 127.5f;
    }
  }
  transform.mirror = orientation.mirror ? 1 : 0;
  return transform;
}

void Network::look(const lacuna_image& image, const Orientation& orientation, Sight& sight) {
  const double start = now_ms();
  const lacuna_image_transform transform = transform_for(image, orientation);
  lacuna_error error = {};
  if (lacuna_image_to_tensor(&image, &transform, &input_, &error) != LACUNA_OK) throw Failure(error.message);
  const double prepared = now_ms();
  session_->run();
  sight.prepare_ms = prepared - start;
  sight.run_ms = now_ms() - prepared;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    session_->get_output(i, outputs_[i].data(), outputs_[i].size() * sizeof(float));
  }
  sight.top.clear();
  sight.detections.clear();
  if (is_detector()) {
    detect(image, transform, sight);
  } else {
    classify(sight);
  }
}

void Network::classify(Sight& sight) {
  std::copy(outputs_[0].begin(), outputs_[0].end(), scores_.begin());
  to_probabilities(scores_);
  if (smoothed_.empty()) smoothed_.assign(scores_.begin(), scores_.end());
  for (size_t i = 0; i < scores_.size(); ++i) {
    smoothed_[i] = options_.smooth * smoothed_[i] + (1 - options_.smooth) * scores_[i];
    // Insertion into the few best; of equal ones the first.
    if (sight.top.size() == options_.top && smoothed_[i] <= sight.top.back().score) continue;
    if (sight.top.size() == options_.top) sight.top.pop_back();
    size_t at = sight.top.size();
    sight.top.push_back({i, smoothed_[i]});
    for (; at > 0 && sight.top[at - 1].score < smoothed_[i]; --at) std::swap(sight.top[at - 1], sight.top[at]);
  }
}

void Network::detect(const lacuna_image& image, const lacuna_image_transform& transform, Sight& sight) {
  sight.detections.reserve(kMaxDetections);
  detector_->decode(outputs_[coordinates_].data(), outputs_[logits_].data(), sight.detections);
  const bool turned = transform.rotation % 180 != 0;
  const auto width = static_cast<float>(turned ? image.height : image.width);
  const auto height = static_cast<float>(turned ? image.width : image.height);
  const bool whole = transform.crop_width == 0;
  const float crop_width = whole ? width : transform.crop_width, crop_height = whole ? height : transform.crop_height;
  const auto to_x = [&](float x) { return (transform.crop_x + x * crop_width) / width; };
  const auto to_y = [&](float y) { return (transform.crop_y + y * crop_height) / height; };
  for (Detection& d : sight.detections) {
    d.left = to_x(d.left);
    d.right = to_x(d.right);
    d.top = to_y(d.top);
    d.bottom = to_y(d.bottom);
    for (int k = 0; k < d.keypoints; ++k) {
      d.x[k] = to_x(d.x[k]);
      d.y[k] = to_y(d.y[k]);
    }
  }
}

}  // namespace camera
