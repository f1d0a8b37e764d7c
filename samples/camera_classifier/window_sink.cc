// A window by SDL2.
#include <SDL.h>

#include <utility>

#include "failure.h"
#include "sink.h"
#include "stop.h"

namespace camera {
namespace {

constexpr int kPictureSide = 960;

class WindowSink : public Sink {
 public:
  WindowSink() {
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    if (SDL_Init(SDL_INIT_VIDEO) != 0) {
      throw Failure(std::string("no window can be opened: ") + SDL_GetError() +
                    "; --sink web shows the same in a browser");
    }
  }
  ~WindowSink() override {
    if (texture_ != nullptr) SDL_DestroyTexture(texture_);
    if (renderer_ != nullptr) SDL_DestroyRenderer(renderer_);
    if (window_ != nullptr) SDL_DestroyWindow(window_);
    SDL_Quit();
  }

  int picture_side() const override { return kPictureSide; }

  void show(const Report& report, Canvas& canvas) override {
    draw_panel(report, canvas);
    if (canvas.width() != width_ || canvas.height() != height_) resize(canvas.width(), canvas.height());
    SDL_UpdateTexture(texture_, nullptr, canvas.picture().rgb.data(), 3 * width_);
    SDL_RenderClear(renderer_);
    SDL_RenderCopy(renderer_, texture_, nullptr, nullptr);
    SDL_RenderPresent(renderer_);
    SDL_Event event;
    while (SDL_PollEvent(&event) != 0) handle(event);
  }
  bool wants_switch() override { return std::exchange(switch_, false); }

 private:
  void handle(const SDL_Event& event) {
    if (event.type == SDL_QUIT) ask_stop();
    if (event.type != SDL_KEYDOWN) return;
    const SDL_Keycode key = event.key.keysym.sym;
    if (key == SDLK_q || key == SDLK_ESCAPE) ask_stop();
    if (key == SDLK_t || key == SDLK_SPACE) switch_ = true;
  }

  void resize(int width, int height) {
    width_ = width;
    height_ = height;
    if (window_ == nullptr) {
      window_ = SDL_CreateWindow("camera_classifier", SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, width, height,
                                 SDL_WINDOW_RESIZABLE);
      if (window_ != nullptr) renderer_ = SDL_CreateRenderer(window_, -1, 0);
    }
    if (texture_ != nullptr) SDL_DestroyTexture(texture_);
    if (renderer_ != nullptr) {
      SDL_RenderSetLogicalSize(renderer_, width, height);
      texture_ = SDL_CreateTexture(renderer_, SDL_PIXELFORMAT_RGB24, SDL_TEXTUREACCESS_STREAMING, width, height);
    }
    if (renderer_ == nullptr || texture_ == nullptr)
      throw Failure(std::string("the window cannot be drawn: ") + SDL_GetError());
  }

  SDL_Window* window_ = nullptr;
  SDL_Renderer* renderer_ = nullptr;
  SDL_Texture* texture_ = nullptr;
  int width_ = 0, height_ = 0;
  bool switch_ = false;
};

}  // namespace

std::unique_ptr<Sink> open_window() { return std::make_unique<WindowSink>(); }

}  // namespace camera
