#include "converter/cli/npy.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "converter/cli/input_file.h"
#include "converter/ir/error.h"
#include "sdk/base/half.h"

namespace lacuna {
namespace {

constexpr char kMagic[] = "\x93NUMPY";
constexpr size_t kMagicBytes = sizeof(kMagic) - 1;
constexpr size_t kAlignBytes = 64;  // of the array in the file

bool is_big_endian_host() {
  const uint16_t one = 1;
  unsigned char first;
  std::memcpy(&first, &one, 1);
  return first == 0;
}

struct Header {
  char kind = 0;          ///< f, i, u or b
  size_t item_bytes = 0;  ///< of one element
  bool swapped = false;   ///< bytes of an element are not in this machine's order
  bool fortran_order = false;
  Shape shape;
};

/// Reads the header's Python dictionary, {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}, keys in any order.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Header parse() {
    expect('{');
    while (!accept('}')) {
      parse_entry();
      if (!accept(',') && peek() != '}') fail("entries are not separated by commas");
    }
    if (!seen_descr_ || !seen_order_ || !seen_shape_) fail("it lacks descr, fortran_order or shape");
    return header_;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    malformed(name_ + ": the .npy header cannot be read: " + what + "; save it again with numpy.save");
  }

  void parse_entry() {
    const std::string key = parse_string();
    expect(':');
    if (key == "descr" && !seen_descr_) {
      seen_descr_ = true;
      parse_descr();
    } else if (key == "fortran_order" && !seen_order_) {
      seen_order_ = true;
      header_.fortran_order = parse_bool();
    } else if (key == "shape" && !seen_shape_) {
      seen_shape_ = true;
      parse_shape();
    } else {
      fail("unknown or repeated key");
    }
  }

  void parse_descr() {
    if (peek() == '[') malformed(name_ + ": is an array of records; give one of plain numbers");
    const std::string descr = parse_string();
    const bool has_order = !descr.empty() && std::strchr("<>=|", descr[0]) != nullptr;
    const std::string type = descr.substr(has_order ? 1 : 0);
    static constexpr const char* kTypes[] = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"};
    if (std::find(std::begin(kTypes), std::end(kTypes), type) == std::end(kTypes)) {
      malformed(name_ + ": has elements of type '" + descr.substr(0, 40) +
                "'; give floats, integers or bools, such as array.astype('float32')");
    }
    header_.kind = type[0];
    header_.item_bytes = static_cast<size_t>(type[1] - '0');
    header_.swapped = has_order && (descr[0] == '<' || descr[0] == '>') && (descr[0] == '>') != is_big_endian_host();
  }

  bool parse_bool() {
    for (const std::string_view word : {"True", "False"}) {
      skip_space();
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      return word == "True";
    }
    fail("fortran_order is neither True nor False");
  }

  void parse_shape() {
    expect('(');
    while (!accept(')')) {
      if (header_.shape.rank == kMaxRank) malformed(name_ + ": has more than 8 dimensions");
      header_.shape.push_back(parse_dim());
      if (!accept(',') && peek() != ')') fail("the shape is not a tuple of integers");
    }
  }

  int64_t parse_dim() {
    skip_space();
    const size_t start = at_;
    int64_t dim = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (__builtin_mul_overflow(dim, int64_t{10}, &dim) || __builtin_add_overflow(dim, text_[at_] - '0', &dim)) {
        fail("a dimension is too large");
      }
    }
    if (at_ == start) fail("a dimension is not a number");
    return dim;
  }

  std::string parse_string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail("a text is missing its quotes");
    const size_t end = text_.find(quote, ++at_);
    if (end == std::string_view::npos) fail("a text does not end");
    std::string text(text_.substr(at_, end - at_));
    at_ = end + 1;
    return text;
  }

  void skip_space() {
    while (at_ < text_.size() && std::strchr(" \t\n\r", text_[at_]) != nullptr && text_[at_] != '\0') ++at_;
  }
  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(std::string("'") + c + "' is missing");
  }

  std::string_view text_;
  const std::string& name_;
  size_t at_ = 0;
  Header header_;
  bool seen_descr_ = false;
  bool seen_order_ = false;
  bool seen_shape_ = false;
};

/// Elements of the array, of which none lies behind the end of `bytes`.
size_t checked_count(const Header& header, size_t bytes, const std::string& name) {
  uint64_t n = 1;
  for (const int64_t dim : header.shape) {
    if (dim == 0) malformed(name + ": is an empty array");
    if (__builtin_mul_overflow(n, static_cast<uint64_t>(dim), &n)) n = UINT64_MAX;  // stays too large: no dim is 0
    if (n == UINT64_MAX) break;
  }
  if (n > bytes / header.item_bytes) {
    malformed(name + ": is cut short: its header promises more elements than the file has; save it again");
  }
  return static_cast<size_t>(n);
}

template <class T>
T load(const unsigned char* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

/// One element of any type, in this machine's byte order.
float to_float(const Header& header, const unsigned char* item) {
  switch (header.kind << 4 | static_cast<int>(header.item_bytes)) {
    case 'f' << 4 | 2:
      return float_from_half(load<uint16_t>(item));
    case 'f' << 4 | 4:
      return load<float>(item);
    case 'f' << 4 | 8:
      return static_cast<float>(load<double>(item));
    case 'i' << 4 | 1:
      return static_cast<float>(load<int8_t>(item));
    case 'i' << 4 | 2:
      return static_cast<float>(load<int16_t>(item));
    case 'i' << 4 | 4:
      return static_cast<float>(load<int32_t>(item));
    case 'i' << 4 | 8:
      return static_cast<float>(load<int64_t>(item));
    case 'u' << 4 | 1:
      return static_cast<float>(load<uint8_t>(item));
    case 'u' << 4 | 2:
      return static_cast<float>(load<uint16_t>(item));
    case 'u' << 4 | 4:
      return static_cast<float>(load<uint32_t>(item));
    case 'u' << 4 | 8:
      return static_cast<float>(load<uint64_t>(item));
    default:
      return load<uint8_t>(item) != 0 ? 1.0f : 0.0f;  // bool
  }
}

std::vector<float> read_elements(const Header& header, const unsigned char* data, size_t n) {
  std::vector<float> elements(n);
  unsigned char item[8];
  for (size_t i = 0; i < n; ++i, data += header.item_bytes) {
    std::memcpy(item, data, header.item_bytes);
    if (header.swapped) std::reverse(item, item + header.item_bytes);
    elements[i] = to_float(header, item);
  }
  return elements;
}

/// Row-major elements from column-major ones.
std::vector<float> from_fortran_order(const Shape& shape, const std::vector<float>& elements) {
  std::vector<float> result(elements.size());
  int64_t index[kMaxRank] = {};
  for (float& element : result) {
    int64_t from = 0;
    for (int i = shape.rank - 1; i >= 0; --i) from = from * shape[i] + index[i];
    element = elements[static_cast<size_t>(from)];
    for (int i = shape.rank - 1; i >= 0 && ++index[i] == shape[i]; --i) index[i] = 0;
  }
  return result;
}

}  // namespace

Tensor parse_npy(const unsigned char* data, size_t bytes, const std::string& name) {
  if (bytes < kMagicBytes + 2 || std::memcmp(data, kMagic, kMagicBytes) != 0) {
    malformed(name + ": is not an .npy file; make one with numpy.save");
  }
  const int version = data[kMagicBytes];
  if (version < 1 || version > 3) malformed(name + ": is an .npy file of version " + std::to_string(version));
  const size_t length_bytes = version == 1 ? 2 : 4;
  const size_t header_start = kMagicBytes + 2 + length_bytes;
  if (bytes < header_start) malformed(name + ": is cut short inside the .npy header; save it again");
  size_t header_bytes = 0;
  for (size_t i = length_bytes; i-- > 0;) header_bytes = header_bytes << 8 | data[kMagicBytes + 2 + i];
  if (header_bytes > bytes - header_start) malformed(name + ": is cut short inside the .npy header; save it again");

  const std::string_view text(reinterpret_cast<const char*>(data) + header_start, header_bytes);
  const Header header = HeaderParser(text, name).parse();
  const size_t start = header_start + header_bytes;
  const size_t n = checked_count(header, bytes - start, name);
  std::vector<float> elements = read_elements(header, data + start, n);
  if (header.fortran_order) elements = from_fortran_order(header.shape, elements);
  return Tensor(header.shape, std::move(elements));
}

Tensor read_npy(const std::string& path) {
  const InputFile file(path);
  return parse_npy(file.data(), file.bytes(), path);
}

std::string format_npy(const Shape& shape, const float* elements) {
  std::string dims;
  for (const int64_t dim : shape) dims += std::to_string(dim) + ", ";
  if (shape.rank > 1) dims.resize(dims.size() - 2);  // a tuple of one keeps its comma
  std::string header = std::string("{'descr': '") + (is_big_endian_host() ? '>' : '<') +
                       "f4', 'fortran_order': False, 'shape': (" + dims + "), }";
  const size_t unpadded = kMagicBytes + 4 + header.size() + 1;
  header.append((kAlignBytes - unpadded % kAlignBytes) % kAlignBytes, ' ');
  header += '\n';
  std::string file = std::string(kMagic) + '\x01' + '\0';
  file += static_cast<char>(header.size() & 0xff);
  file += static_cast<char>(header.size() >> 8);
  file += header;
  file.append(reinterpret_cast<const char*>(elements), static_cast<size_t>(count(shape)) * sizeof(float));
  return file;
}

}  // namespace lacuna
