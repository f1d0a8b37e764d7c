// The floating-point mode that kernels run in.
#pragma once

#include <cstdint>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace lacuna {

/// While it lives, this thread rounds to nearest, traps nothing and treats denormals as zero, in operands and results.
/// Then the former state returns, sticky flags included.
class ScopedFpState {
 public:
  ScopedFpState() : saved_(read()) { write(kKernelState); }
  ~ScopedFpState() { write(saved_); }
  ScopedFpState(const ScopedFpState&) = delete;
  ScopedFpState& operator=(const ScopedFpState&) = delete;

 private:
#if defined(__SSE__)
  using Register = uint32_t;
  static constexpr Register kKernelState = 0x1F80 | 0x8000 | 0x0040;  // all exceptions masked, FTZ, DAZ
  static Register read() { return _mm_getcsr(); }
  static void write(Register state) { _mm_setcsr(state); }
#elif defined(__aarch64__)
  using Register = uint64_t;
  static constexpr Register kKernelState = uint64_t{1} << 24;  // FPCR.FZ
  static Register read() {
    Register state;
    __asm__ volatile("mrs %0, fpcr" : "=r"(state));
    return state;
  }
  static void write(Register state) { __asm__ volatile("msr fpcr, %0" : : "r"(state)); }
#elif defined(__arm__) && defined(__ARM_FP)
  using Register = uint32_t;
  static constexpr Register kKernelState = 1u << 24;  // FPSCR.FZ
  static Register read() {
    Register state;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(state));
    return state;
  }
  static void write(Register state) { __asm__ volatile("vmsr fpscr, %0" : : "r"(state)); }
#else
  using Register = uint32_t;
  static constexpr Register kKernelState = 0;
  static Register read() { return 0; }
  static void write(Register) {}
#endif

  Register saved_;
};

}  // namespace lacuna
