// The pictures of a folder, in the order of their names.
#include <dirent.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <vector>

#include "failure.h"
#include "file.h"
#include "jpeg.h"
#include "source.h"
#include "stop.h"

namespace camera {
namespace {

bool ends_with(const std::string& name, const char* ending) {
  const size_t length = std::strlen(ending);
  return name.size() > length && std::equal(name.end() - static_cast<ptrdiff_t>(length), name.end(), ending,
                                            [](char a, char b) { return std::tolower(a) == b; });
}

class ImagesSource : public Source {
 public:
  ImagesSource(const std::string& folder, bool loop) : folder_(folder), loop_(loop) {
    DIR* listing = ::opendir(folder.c_str());
    if (listing == nullptr) throw Failure(folder + ": cannot be opened as a folder: " + std::strerror(errno));
    errno = 0;
    while (const dirent* entry = ::readdir(listing)) {
      const std::string name = entry->d_name;
      for (const char* ending : {".jpg", ".jpeg", ".ppm"}) {
        if (ends_with(name, ending)) names_.push_back(name);
      }
    }
    const int error = errno;
    ::closedir(listing);
    if (error != 0) throw Failure(folder + ": cannot be listed: " + std::strerror(error));
    if (names_.empty()) throw Failure(folder + ": has no .jpg, .jpeg or .ppm files");
    std::sort(names_.begin(), names_.end());
    size_t longest = 0;
    for (const std::string& name : names_) longest = std::max(longest, name.size());
    path_.reserve(folder.size() + longest + 2);
  }

  bool next(Frame& frame) override {
    if (at_ == names_.size() && loop_) at_ = 0;
    if (at_ == names_.size() || stop_asked()) return false;
    const std::string& name = names_[at_++];
    path_.assign(folder_).append("/").append(name);
    if (const int error = read_file(path_.c_str(), bytes_); error != 0) {
      throw Failure(path_ + ": cannot be read: " + std::strerror(error));
    }
    uint32_t mirror;
    lacuna_image_orientation(bytes_.data(), bytes_.size(), &frame.orientation.rotation, &mirror);
    frame.orientation.mirror = mirror != 0;
    if (ends_with(name, ".ppm")) {
      frame.image = ppm();
    } else {
      if (!decoder_.decode(bytes_.data(), bytes_.size(), picture_)) {
        throw Failure(path_ + ": is no whole JPEG: " + decoder_.why());
      }
      frame.image = picture_.image();
    }
    frame.name = name.c_str();
    return true;
  }
  bool is_video() const override { return false; }
  std::string describe() const override { return std::to_string(names_.size()) + " pictures of " + folder_; }

 private:
  lacuna_image ppm() const {
    const char* text = reinterpret_cast<const char*>(bytes_.data());
    unsigned width = 0, height = 0, most = 0;
    int header = 0;
    char head[64] = {};
    std::memcpy(head, text, std::min(bytes_.size(), sizeof(head) - 1));
    const bool good = std::sscanf(head, "P6 %6u %6u %6u%n", &width, &height, &most, &header) == 3 && most == 255;
    const size_t at = static_cast<size_t>(header) + 1;
    lacuna_image image;
    lacuna_error error = {};
    if (!good || at > bytes_.size() ||
        lacuna_image_describe(LACUNA_IMAGE_RGB24, width, height, bytes_.data() + at, bytes_.size() - at, &image,
                              &error) != LACUNA_OK) {
      throw Failure(path_ + ": is no whole binary PPM of 8 bits: " + error.message);
    }
    return image;
  }

  std::string folder_;
  bool loop_;
  std::vector<std::string> names_;
  size_t at_ = 0;
  std::string path_;
  std::vector<uint8_t> bytes_;
  JpegDecoder decoder_;
  Picture picture_;
};

}  // namespace

std::unique_ptr<Source> open_images(const std::string& folder, const SourceOptions& options) {
  return std::make_unique<ImagesSource>(folder, options.loop);
}

}  // namespace camera
