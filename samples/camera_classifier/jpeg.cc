#include "jpeg.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// clang-format off
#include <jpeglib.h>  // wants size_t and FILE before it
// clang-format on

#include "failure.h"

namespace camera {
namespace {

constexpr uint64_t kMaxPixels = uint64_t{1} << 26;

/// Memory of one picture. libjpeg would return it to the system after each; this keeps it for the next.
class PictureMemory {
 public:
  ~PictureMemory() {
    for (const Block& block : blocks_) std::free(block.bytes);
  }

  void* take(size_t bytes) {
    bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    for (; block_ < blocks_.size(); ++block_, used_ = 0) {
      if (blocks_[block_].size - used_ < bytes) continue;
      used_ += bytes;
      return blocks_[block_].bytes + used_ - bytes;
    }
    const size_t size = bytes > kBlockBytes ? bytes : kBlockBytes;
    auto* memory = static_cast<char*>(std::aligned_alloc(kAlignment, size));
    if (memory == nullptr) std::abort();  // libjpeg knows no error here that could be told from a damaged picture
    blocks_.push_back({memory, size});
    used_ = bytes;
    return memory;
  }
  void take_back_all() { block_ = used_ = 0; }

  /// Stands in for libjpeg's allocation for the picture; the few lasting objects stay libjpeg's.
  void serve(j_common_ptr jpeg) {
    jpeg->client_data = this;
    own_ = *jpeg->mem;
    jpeg->mem->alloc_small = [](j_common_ptr j, int pool, size_t bytes) {
      return pool == JPOOL_IMAGE ? of(j).take(bytes) : of(j).own_.alloc_small(j, pool, bytes);
    };
    jpeg->mem->alloc_large = [](j_common_ptr j, int pool, size_t bytes) {
      return pool == JPOOL_IMAGE ? of(j).take(bytes) : of(j).own_.alloc_large(j, pool, bytes);
    };
    jpeg->mem->alloc_sarray = [](j_common_ptr j, int pool, JDIMENSION width, JDIMENSION rows) {
      return pool == JPOOL_IMAGE ? of(j).rows<JSAMPLE>(width, rows) : of(j).own_.alloc_sarray(j, pool, width, rows);
    };
    jpeg->mem->alloc_barray = [](j_common_ptr j, int pool, JDIMENSION width, JDIMENSION rows) {
      return pool == JPOOL_IMAGE ? of(j).rows<JBLOCK>(width, rows) : of(j).own_.alloc_barray(j, pool, width, rows);
    };
    jpeg->mem->free_pool = [](j_common_ptr j, int pool) {
      if (pool == JPOOL_IMAGE) of(j).take_back_all();
      of(j).own_.free_pool(j, pool);
    };
  }

 private:
  struct Block {
    char* bytes;
    size_t size;
  };
  static constexpr size_t kAlignment = 128;  // vector code of libjpeg-turbo writes whole registers behind a row's end
  static constexpr size_t kBlockBytes = size_t{1} << 20;

  static PictureMemory& of(j_common_ptr jpeg) { return *static_cast<PictureMemory*>(jpeg->client_data); }

  template <class Element>
  Element** rows(JDIMENSION width, JDIMENSION count) {
    auto** rows = static_cast<Element**>(take(count * sizeof(Element*)));
    for (JDIMENSION i = 0; i < count; ++i) rows[i] = static_cast<Element*>(take(width * sizeof(Element)));
    return rows;
  }

  std::vector<Block> blocks_;
  size_t block_ = 0, used_ = 0;
  jpeg_memory_mgr own_ = {};
};

struct Errors {
  jpeg_error_mgr manager;
  std::jmp_buf leave;
  char message[JMSG_LENGTH_MAX];

  jpeg_error_mgr* start() {
    jpeg_std_error(&manager);
    manager.error_exit = [](j_common_ptr jpeg) {
      auto* errors = reinterpret_cast<Errors*>(jpeg->err);
      jpeg->err->format_message(jpeg, errors->message);
      std::longjmp(errors->leave, 1);
    };
    manager.output_message = [](j_common_ptr) {};
    return &manager;
  }
};

}  // namespace

struct JpegDecoder::State {
  Errors errors = {};
  jpeg_decompress_struct jpeg = {};
  PictureMemory memory;
};

JpegDecoder::JpegDecoder() : state_(std::make_unique<State>()) {
  state_->jpeg.err = state_->errors.start();
  jpeg_create_decompress(&state_->jpeg);
  state_->memory.serve(reinterpret_cast<j_common_ptr>(&state_->jpeg));
}

JpegDecoder::~JpegDecoder() { jpeg_destroy_decompress(&state_->jpeg); }

const char* JpegDecoder::why() const { return state_->errors.message; }

bool JpegDecoder::decode(const uint8_t* bytes, size_t count, Picture& picture) {
  jpeg_decompress_struct& jpeg = state_->jpeg;
  Errors& errors = state_->errors;
  errors.message[0] = '\0';
  errors.manager.num_warnings = 0;
  if (setjmp(errors.leave) != 0) {
    jpeg_abort_decompress(&jpeg);
    return false;
  }
  jpeg_mem_src(&jpeg, bytes, static_cast<unsigned long>(count));
  jpeg_read_header(&jpeg, TRUE);
  if (uint64_t{jpeg.image_width} * jpeg.image_height > kMaxPixels) {
    std::snprintf(errors.message, sizeof(errors.message), "more than 2^26 pixels");
    jpeg_abort_decompress(&jpeg);
    return false;
  }
  jpeg.out_color_space = JCS_RGB;
  jpeg_start_decompress(&jpeg);
  picture.resize(static_cast<int>(jpeg.output_width), static_cast<int>(jpeg.output_height));
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = picture.row(static_cast<int>(jpeg.output_scanline));
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  if (errors.manager.num_warnings != 0)
    std::snprintf(errors.message, sizeof(errors.message), "it is cut off or damaged");
  return errors.manager.num_warnings == 0;
}

struct JpegEncoder::State {
  Errors errors = {};
  jpeg_compress_struct jpeg = {};
  PictureMemory memory;
  struct Target : jpeg_destination_mgr {
    State* state;
  } target = {};
  std::vector<uint8_t>* bytes = nullptr;
  int quality = 0;

  void grow() {
    const size_t used = bytes->size() - target.free_in_buffer;
    bytes->resize(bytes->size() * 2 + (size_t{64} << 10));
    target.next_output_byte = bytes->data() + used;
    target.free_in_buffer = bytes->size() - used;
  }
};

JpegEncoder::JpegEncoder(int quality) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.quality = quality;
  state.jpeg.err = state.errors.start();
  jpeg_create_compress(&state.jpeg);
  state.memory.serve(reinterpret_cast<j_common_ptr>(&state.jpeg));
  state.jpeg.dest = &state.target;
  state.target.state = &state;
  state.target.init_destination = [](j_compress_ptr) {};
  state.target.term_destination = [](j_compress_ptr) {};
}

JpegEncoder::~JpegEncoder() { jpeg_destroy_compress(&state_->jpeg); }

void JpegEncoder::encode(const Picture& picture, std::vector<uint8_t>& bytes) {
  State& state = *state_;
  jpeg_compress_struct& jpeg = state.jpeg;
  state.bytes = &bytes;
  bytes.resize(bytes.capacity());
  state.target.next_output_byte = bytes.data();
  state.target.free_in_buffer = bytes.size();
  if (bytes.empty()) state.grow();
  state.target.empty_output_buffer = [](j_compress_ptr j) -> boolean {
    State& self = *static_cast<State::Target*>(j->dest)->state;
    self.target.free_in_buffer = 0;  // libjpeg says only that all of it is full
    self.grow();
    return TRUE;
  };
  if (setjmp(state.errors.leave) != 0) {
    jpeg_abort_compress(&jpeg);
    throw Failure(std::string("a picture could not be compressed: ") + state.errors.message);
  }
  jpeg.image_width = static_cast<JDIMENSION>(picture.width);
  jpeg.image_height = static_cast<JDIMENSION>(picture.height);
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, state.quality, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = const_cast<Picture&>(picture).row(static_cast<int>(jpeg.next_scanline));
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  bytes.resize(bytes.size() - state.target.free_in_buffer);
}

}  // namespace camera
