// Gradients of a convolution from a gradient g that is mostly zeros: behind max pooling all but one element
// of a window are zero, and ReLU zeroes more. Each other element adds a window: of x to the weight's
// gradient, of the weight to the input's. Whether that pays is seen in g, image by image, so the bits depend
// on the data alone. A NaN or infinity of x or the weight under a zero of g adds nothing, where zero times it
// would be NaN. For few channels (groups = 1, f32, AVX2); the dense kernels ask here first.
#pragma once
#include "backend/cpu/conv_source.h"
#include "backend/cpu/epilogue.h"

namespace fovea {

/// Whether fewer than `share` of the elements of g are other than zero, by a sample of them.
bool mostly_zero(const float* g, int64_t size, double share);

/// The elements of one channel of g that are not zero: their values, and where their windows begin.
struct SparsePlane {
  float* value = nullptr;
  int32_t* at = nullptr;
  int64_t count = 0;
};

/// The planes of some images of g, in either layout. Lies in scratch of the kernel, one per thread.
class SparseImages {
 public:
  static int64_t scratch(int64_t images, int64_t pixels) { return 10 * (images * pixels + 16); }  // floats
  /// `places`: by pixel of g, where its window begins, from one image to the next `step` further.
  SparseImages(const float* g, Layout layout, const Dims& shape, const int32_t* places, int64_t step,
               float* scratch);
  SparsePlane channel(int64_t o);

 private:
  const float* g_;
  bool blocked_;
  int64_t images_, size_, pixels_;
  const int32_t* places_;
  int64_t step_;
  float* planes_;  // 8 channels of blocked g, plain
  SparsePlane list_;
};

/// The gradient of the weight. Sums are rows of the window, padded to vectors: [o][ky, channel, vector][8].
struct SparseWeightGrad {
  SparseWeightGrad() = default;
  /// `source` is plain and not the tensor itself, whose end a vector may pass. Takes up to `images` at once.
  SparseWeightGrad(const ConvShape& s, const ConvSource& source, Layout g, int64_t images);
  static bool can(const ConvShape& s, const ConvSource& source);

  int64_t sums() const { return s.o * rows() * 8; }  // floats
  int64_t tables() const { return s.out_size() + rows(); }
  int64_t scratch() const { return SparseImages::scratch(images, s.out_size()); }
  /// Fills the tables, once for all images.
  void prepare(int32_t* tables);
  bool pays(const float* g) const { return mostly_zero(g, s.o * s.out_size(), share()); }
  /// Adds `n` images, those of x `x_image` apart, to the sums.
  void add(const float* x, int64_t x_image, const float* g, int64_t n, float* sums, float* scratch) const;
  /// Calls f(o, tap, sums, count) for runs of taps, ordered by rows of the window, channels, columns.
  template <class F>
  void each(const float* sums, F&& f) const {
    const int64_t row = vectors() * 8, rows = s.k[1] * s.c;
    for (int64_t o = 0; o < s.o; ++o)
      for (int64_t r = 0; r < rows; ++r) f(o, r * s.k[2], sums + (o * rows + r) * row, s.k[2]);
  }

  ConvShape s;
  int64_t images = 1;

 private:
  int64_t vectors() const { return (s.k[2] + 7) / 8; }
  int64_t rows() const { return s.k[1] * s.c * vectors(); }
  double share() const { return double(s.k[2]) / double(16 * vectors()); }  // where both cost the same

  ConvSource source;
  Layout layout = Layout::plain;
  const int32_t *places = nullptr, *offsets = nullptr;
};

/// The gradient of the input. The image is built with channels inside, padded to vectors.
struct SparseInputGrad {
  SparseInputGrad() = default;
  SparseInputGrad(const ConvShape& s, Layout g, Layout result);
  static bool can(const ConvShape& s);

  int64_t shared() const { return s.out_size() + s.o * s.k[1] * row() + 16; }  // floats for prepare()
  int64_t scratch() const { return SparseImages::scratch(1, s.out_size()) + built() + 16; }
  /// Fills places and packed weights, once for all images.
  void prepare(const float* weight, float* shared);
  bool pays(const float* g) const { return mostly_zero(g, s.o * s.out_size(), share()); }
  /// Writes image n of the result.
  void image(const float* g, int64_t n, const Epilogue& epilogue, float* dx, float* scratch) const;

 private:
  int64_t lanes() const { return (s.c + 7) / 8 * 8; }
  int64_t row() const { return s.k[2] * lanes(); }  // of the packed window
  int64_t s_rows() const { return s.in[1] + 2 * s.pad[1]; }
  int64_t s_columns() const { return s.in[2] + 2 * s.pad[2]; }
  /// Floats of the image, with slack for tiles that pass its end.
  int64_t built() const { return s_rows() * s_columns() * lanes() + 8 * lanes(); }
  double share() const { return double(s.c) / double(2 * lanes()); }
  void put(const float* image, int64_t n, const Epilogue& epilogue, float* dx) const;

  ConvShape s;
  Layout layout = Layout::plain, result = Layout::plain;
  const int32_t* places = nullptr;
  const float* weights = nullptr;
};

}  // namespace fovea
