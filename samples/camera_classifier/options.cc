#include "options.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>

#include "failure.h"

namespace camera {
namespace {

constexpr char kHelp[] = R"(camera_classifier --model M.lcn --source SOURCE --sink SINK [options]

Shows what a network sees: classes, or boxes and keypoints of faces and persons.

  --model FILE       converted by `lacuna convert --image ...`
  --source SOURCE    v4l2:/dev/video0   a camera
                     images:DIR         .jpg and .ppm files in the order of their names
                     mjpeg:FILE         pictures one behind the other
                     y4m:FILE           uncompressed video, 4:2:0
                     pattern            a moving test picture
  --sink SINK        window             needs SDL2
                     web[:ADDR:PORT]    a page at http://127.0.0.1:8080/
                     jsonl              a line of JSON for each picture on standard output
                     frames:DIR         a .jpg for each picture
                     none               nothing, for timing
  --labels FILE      class names, one a line, in place of those in the model
  --twin FILE        a second network; T in the window or a button on the page changes over
  --top N            classes shown (3)
  --smooth X         how much of the last scores stays, 0 to below 1 (0.6; 0 for images)
  --rotate DEGREES   turn pictures clockwise by 90, 180 or 270
  --mirror           swap left and right
  --size WxH         size asked of a camera (640x480)
  --format NAME      format asked of a camera: YUYV, NV12, I420, RGB24, MJPEG ... (the best)
  --frames N         end after N pictures
  --fps X            at most X pictures a second
  --loop             start files again at their end
  --threads N        threads of the network (1)
  --isa NAME         highest instruction set, as `lacuna doctor` lists them

  camera_classifier --model classes.lcn --source v4l2:/dev/video0 --sink web
  camera_classifier --model face_sparse.lcn --twin face_dense.lcn --source pattern --sink window
)";

size_t whole(const std::string& name, const std::string& text, size_t least, size_t most) {
  const bool digits = !text.empty() && text.size() <= 12 && text.find_first_not_of("0123456789") == std::string::npos;
  const size_t number = digits ? static_cast<size_t>(std::strtoull(text.c_str(), nullptr, 10)) : most + 1;
  if (number < least || number > most) {
    throw UsageFailure(name + " " + text + ": give a whole number from " + std::to_string(least) + " to " +
                       std::to_string(most));
  }
  return number;
}

double real(const std::string& name, const std::string& text, double least, double most) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(number >= least && number <= most)) {
    throw UsageFailure(name + " " + text + ": give a number from " + std::to_string(least) + " to " +
                       std::to_string(most));
  }
  return number;
}

void set_size(const std::string& text, SourceOptions& input) {
  const size_t x = text.find('x');
  input.width = static_cast<int>(whole("--size", text.substr(0, x), 2, 8192));
  input.height = static_cast<int>(whole("--size", x == std::string::npos ? "" : text.substr(x + 1), 2, 8192));
}

}  // namespace

Options parse_options(int count, char** arguments) {
  Options options;
  using Set = std::function<void(const std::string&)>;
  const std::map<std::string, Set> with_value = {
      {"--model", [&](const std::string& v) { options.model = v; }},
      {"--twin", [&](const std::string& v) { options.twin = v; }},
      {"--source", [&](const std::string& v) { options.source = v; }},
      {"--sink", [&](const std::string& v) { options.sink = v; }},
      {"--labels", [&](const std::string& v) { options.network.labels = v; }},
      {"--isa", [&](const std::string& v) { options.network.isa = v; }},
      {"--top", [&](const std::string& v) { options.network.top = whole("--top", v, 1, 20); }},
      {"--smooth",
       [&](const std::string& v) {
         options.network.smooth = static_cast<float>(real("--smooth", v, 0, 0.999));
         options.smooth_given = true;
       }},
      {"--rotate",
       [&](const std::string& v) {
         options.orientation.rotation = static_cast<uint32_t>(whole("--rotate", v, 0, 270));
         if (options.orientation.rotation % 90 != 0) throw UsageFailure("--rotate " + v + ": give 0, 90, 180 or 270");
       }},
      {"--format", [&](const std::string& v) { options.input.format = v; }},
      {"--size", [&](const std::string& v) { set_size(v, options.input); }},
      {"--frames", [&](const std::string& v) { options.frames = whole("--frames", v, 1, 1000000000); }},
      {"--fps", [&](const std::string& v) { options.fps = real("--fps", v, 0.01, 1000); }},
      {"--threads",
       [&](const std::string& v) { options.network.threads = static_cast<uint32_t>(whole("--threads", v, 1, 64)); }},
  };
  const std::map<std::string, std::function<void()>> flags = {
      {"--mirror", [&] { options.orientation.mirror = true; }},
      {"--loop", [&] { options.input.loop = true; }},
      {"--help",
       [] {
         std::fputs(kHelp, stdout);
         std::exit(0);
       }},
      {"-h",
       [] {
         std::fputs(kHelp, stdout);
         std::exit(0);
       }},
  };
  for (int i = 1; i < count; ++i) {
    std::string name = arguments[i];
    if (const auto flag = flags.find(name); flag != flags.end()) {
      flag->second();
      continue;
    }
    const size_t equals = name.find('=');
    const bool joined = name.compare(0, 2, "--") == 0 && equals != std::string::npos;
    const std::string joined_value = joined ? name.substr(equals + 1) : "";
    if (joined) name.resize(equals);
    const auto option = with_value.find(name);
    if (option == with_value.end()) throw UsageFailure("no option " + name + "; --help lists them");
    if (!joined && i + 1 == count) throw UsageFailure(name + " lacks its value");
    option->second(joined ? joined_value : arguments[++i]);
  }
  for (const auto& [name, value] :
       {std::pair{"--model", &options.model}, {"--source", &options.source}, {"--sink", &options.sink}}) {
    if (value->empty()) throw UsageFailure(std::string(name) + " is missing; --help lists the options");
  }
  return options;
}

}  // namespace camera
