// What the own convolutions share: the source image of a convolution with its border of zeros, and the table
// of taps. A tap is one (channel, window row, window column); its offset is added to the address of a result
// pixel's window.
#pragma once
#include <cstdint>

#include "op/conv_shape.h"

namespace fovea {

/// One image (C,H,W) of a tensor as the kernels read it: with `top`/`left` rows and columns of zeros around,
/// in the layout of the tensor or plain. If nothing changes, the tensor itself is read.
struct ConvSource {
  int64_t channels = 0, height = 0, width = 0;       // of the tensor
  int64_t top = 0, left = 0, rows = 0, columns = 0;  // border before, size with borders
  bool blocked = false;                              // as read
  bool keep = false;                                 // reads the tensor itself
  bool from_blocked = blocked;                       // the tensor

  int64_t step() const { return blocked ? 8 : 1; }  // elements from one pixel of a row to the next
  int64_t plane() const { return rows * columns; }
  int64_t channel_offset(int64_t c) const { return blocked ? c / 8 * plane() * 8 + c % 8 : c * plane(); }
  int64_t pixel_offset(int64_t y, int64_t x) const { return (y * columns + x) * step(); }
  /// Floats of scratch per thread, with slack for vectors that read past the end.
  int64_t scratch() const { return keep ? 0 : (channels * plane() + 64) / 16 * 16; }

  /// Rows [begin, end) of image `n` of `data` with their border, at their place in `scratch` unless `keep`.
  const float* image(const float* data, int64_t n, int64_t begin, int64_t end, float* scratch) const;

 private:
  void unblock(const float* from, float* to, int64_t begin, int64_t end, int64_t copied) const;
};

/// Consecutive taps or rows, [first, last).
struct ConvRange {
  int64_t first = 0, last = 0;
  int64_t count() const { return last - first; }
};

/// Result pixels (y0 + i * step, x0 + j * step) share one set of taps; a gradient with stride s has s * s
/// such phases.
struct ConvPhase {
  int64_t y0 = 0, x0 = 0, rows = 0, columns = 0;
  int64_t first_tap = 0, taps = 0;
  // Its rows of the window: how many, and the row of the source that the first and second of them read.
  int64_t window_rows = 0, row = 0, row_step = 0;
};

/// A product of a convolution seen as "every result pixel sums taps of a source image".
struct ConvPlan {
  static constexpr int max_phases = 16;
  ConvSource source;
  int64_t images = 0, results = 0, height = 0, width = 0;  // result tensor
  int64_t in_step = 1, out_step = 1;
  int64_t k[2] = {1, 1};    // window
  bool transposed = false;  // gradient of the input: taps run over output channels
  int phases = 0;
  ConvPhase phase[max_phases];

  /// conv2d of a source in the given layout.
  static ConvPlan forward(const ConvShape& s, bool blocked, bool keep_allowed);
  /// conv_input_grad; *requires* stride <= 4 in both dimensions.
  static ConvPlan input_grad(const ConvShape& s, bool blocked);

  int64_t taps() const { return source.channels * k[0] * k[1]; }
  /// The taps of all phases.
  int64_t all_taps() const {
    int64_t all = 0;
    for (int i = 0; i < phases; ++i) all += phase[i].taps;
    return all;
  }
  /// Calls f(tap, channel, ky, kx, offset) for every tap: phase by phase, in each ordered by rows of the
  /// window, channels, columns.
  template <class F>
  void for_taps(const ConvShape& s, F&& f) const {
    int64_t t = 0;
    for (int p = 0; p < phases; ++p)
      for (int64_t ky = 0; ky < k[0]; ++ky)
        for (int64_t c = 0; c < source.channels; ++c)
          for (int64_t kx = 0; kx < k[1]; ++kx)
            if (int64_t at; offset(s, phase[p], ky, kx, at))
              f(t++, c, ky, kx, int32_t(at + source.channel_offset(c)));
  }
  /// The taps of a phase (from its first) that row `i` of its results takes from the image: the others lie in
  /// the rows of zeros above and below.
  ConvRange taps_of_row(const ConvPhase& p, int64_t i) const;
  /// The rows of the source that the rows `results` of a phase's results read.
  ConvRange source_rows(const ConvPhase& p, ConvRange results) const;

 private:
  /// Whether window position (ky, kx) reaches this phase, and its offset in the source.
  bool offset(const ConvShape& s, const ConvPhase& p, int64_t ky, int64_t kx, int64_t& at) const;
  void count_taps(const ConvShape& s);
};

}  // namespace fovea
