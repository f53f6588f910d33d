// Convolutions 3x3 and 5x5 by Winograd's filters: forward, and the gradient of the input, which is the same
// with the filter turned round. Tiles go through in groups that stay in the cache: transform of the input, 36
// or 16 products (tiles x channels) (channels x 16 results), transform of the output.
// Where tiles are fewer than results, the weight goes through instead, 16 results at a time, so that its
// transform never leaves the cache.
#include "backend/cpu/winograd.h"

#include <algorithm>

#include "backend/cpu/epilogue.h"
#include "backend/cpu/tiles.h"
#include "backend/cpu/wide.h"
#include "base/parallel.h"
#include "fovea/kernel.h"

namespace fovea {
namespace winograd {
namespace {

using simd::load;
using simd::store;

/// The patch of one block of channels whose first pixel is (y, x); pixels outside the image are zero.
template <int P>
FOVEA_SIMD_INLINE const float* patch_of(const Tiles& tiles, const float* plane, int64_t y, int64_t x,
                                        float* copy, int64_t& row) {
  row = tiles.width * 8;
  if (y >= 0 && x >= 0 && y + P <= tiles.height && x + P <= tiles.width) return plane + y * row + x * 8;
  for (int64_t i = 0; i < P; ++i)
    for (int64_t j = 0; j < P; ++j) {
      const bool inside = y + i >= 0 && y + i < tiles.height && x + j >= 0 && x + j < tiles.width;
      store(copy + (i * P + j) * 8, inside ? load(plane + (y + i) * row + (x + j) * 8) : Vec{});
    }
  row = P * 8;
  return copy;
}

/// Plane by plane: tiles side by side share pixels, and lines of the result.
template <class Input, int P>
FOVEA_SIMD void transform_patches(const Tiles& tiles, const float* x, int64_t begin, int64_t end, float* to,
                                  Strides stride) {
  const int64_t plane = tiles.height * tiles.width * 8, tile = tiles.filter.tile();
  float copy[P * P * 8];
  for (int64_t c = 0; c < tiles.channels / 8; ++c, to += stride.plane)
    for (int64_t t = begin; t < end; ++t) {
      const auto at = tiles.at(t);
      const float* from = x + (at.image * tiles.channels / 8 + c) * plane;
      if (at.y + P + tile <= tiles.height)
        prefetch(from + ((at.y + P) * tiles.width + at.x) * 8, tiles.width * 8, tile, tile);
      int64_t row;
      const float* p = patch_of<P>(tiles, from, at.y - tiles.top, at.x - tiles.left, copy, row);
      both_ways<Input, P, P>(Pixels{p, row}, Frequencies<P>{to + (t - begin) * 8, stride.frequency});
    }
}

}  // namespace

void transform_input(const Tiles& tiles, const float* x, int64_t begin, int64_t end, float* to,
                     Strides stride) {
  (tiles.filter.patch == 4 ? transform_patches<Input4, 4> : transform_patches<Input6, 6>)(tiles, x, begin,
                                                                                          end, to, stride);
}

void prefetch(const float* pixels, int64_t row, int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; j += 2) __builtin_prefetch(pixels + i * row + j * 8);
}

const char* refuse(const Call& c, const ConvShape& s, Size size) {
  if (!cpu_has_avx2()) return "this processor has no AVX2 and FMA";
  if (c.dtype() != f32) return "computes in f32 only";
  if (c.in(0).rank() != 4) return "two spatial dimensions only";
  if (s.groups != 1) return "groups = 1 only";
  if (s.k[1] != s.k[2] || (s.k[1] != 3 && s.k[1] != 5)) return "3x3 and 5x5 only";
  if (s.k[1] == 5 && size == Size::small) return "3x3 only";
  if (s.stride[1] != 1 || s.stride[2] != 1 || s.dilation[1] != 1 || s.dilation[2] != 1)
    return "stride 1 and dilation 1 only";
  if (s.pad[1] >= s.k[1] || s.pad[2] >= s.k[2]) return "padding less than the window only";
  if (s.c % 8 != 0 || s.o % 8 != 0) return "channels are no multiple of 8";
  if (s.n == 0) return "no images";
  if (size == Size::large && precision() == Precision::highest) return "precision is highest";
  return nullptr;
}

const char* slower_than_direct(const Tiles& tiles) {
  return tiles.count() < 16 ? "fewer than 16 tiles of results" : nullptr;
}

namespace {

struct Plan {
  Tiles tiles;  // of the source
  int64_t results, height, width;
  bool turned;      // the weight is (source channels, results) and its window is turned round
  bool by_results;  // tiles are transformed once, weights block by block
  int64_t group;    // tiles that go through together

  int64_t frequencies() const { return tiles.filter.frequencies(); }
  Strides source() const { return strides(group, tiles.channels); }
  int64_t product_stride() const { return group * 16 + 16; }
  int64_t blocks() const { return (results + 15) / 16; }
  /// Floats from one frequency of a block's weights, [channel][width], to the next.
  int64_t weight_stride(int64_t width) const { return tiles.channels * width + 16; }
  int64_t block_size() const { return frequencies() * weight_stride(16); }
  // Floats of scratch: what all threads share, what each has.
  int64_t shared() const { return by_results ? frequencies() * source().frequency : blocks() * block_size(); }
  int64_t thread() const {
    return frequencies() * ((by_results ? weight_stride(16) : source().frequency) + product_stride());
  }
};

Plan plan_of(const ConvShape& s, bool grad, Size size) {
  Plan p;
  p.turned = grad;
  p.results = grad ? s.c : s.o;
  const auto &in = grad ? s.out : s.in, &out = grad ? s.in : s.out;
  const Filter filter = filter_of(s, size);
  const int64_t last = filter.window - 1, tile = filter.tile();
  p.tiles = {.filter = filter,
             .images = s.n,
             .channels = grad ? s.o : s.c,
             .height = in[1],
             .width = in[2],
             .top = grad ? last - s.pad[1] : s.pad[1],
             .left = grad ? last - s.pad[2] : s.pad[2],
             .rows = (out[1] + tile - 1) / tile,
             .columns = (out[2] + tile - 1) / tile};
  p.height = out[1], p.width = out[2];
  const int64_t share = (p.tiles.count() + num_threads() - 1) / num_threads();
  const int64_t cached = std::clamp<int64_t>(3072 / p.tiles.channels / 6 * 6, 24, 48);
  p.by_results = 2 * p.tiles.count() <= p.results;
  p.group = p.by_results ? p.tiles.count() : std::clamp<int64_t>((share + 5) / 6 * 6, 6, cached);
  return p;
}

/// Of one block of 16 results, or 8 at the end: to[frequency][channel][width] = G w G^T.
template <class F>
FOVEA_SIMD void transform_weight(const Plan& p, const float* weight, float* to, int64_t block) {
  constexpr int size = F::window * F::window;
  const int64_t channels = p.tiles.channels, first = block * 16,
                width = std::min<int64_t>(16, p.results - first);
  const int64_t result_step = (p.turned ? 1 : channels) * size,
                channel_step = (p.turned ? p.results : 1) * size;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t v = 0; v < width; v += 8) {
      alignas(32) float w[size][8];
      for (int64_t r = 0; r < 8; ++r) {
        const float* from = weight + (first + v + r) * result_step + c * channel_step;
        for (int i = 0; i < size; ++i) w[p.turned ? size - 1 - i : i][r] = from[i];
      }
      both_ways<typename F::Weight, F::window, F::patch>(
          Pixels{w[0], F::window * 8}, Frequencies<F::patch>{to + c * width + v, p.weight_stride(width)});
    }
}

void transform_weight(const Plan& p, const float* weight, float* to, int64_t block) {
  with(p.tiles.filter, [&](auto f) { transform_weight<decltype(f)>(p, weight, to, block); });
}

/// The factors of one frequency: product[tile][16] = source[channel / 8][tile][8] * weight[channel][width].
struct Factors {
  int64_t channels, plane;
  const float *source, *weight;
  float* product;
};

/// Of T tiles and OV * 8 results.
template <int OV>
struct Multiply {
  template <int T>
  FOVEA_SIMD static void run(const Factors& f) {
    const float *source = f.source, *weight = f.weight;
    Vec acc[T][OV];
#pragma GCC unroll 6
    for (int t = 0; t < T; ++t)
#pragma GCC unroll 2
      for (int v = 0; v < OV; ++v) acc[t][v] = Vec{};
    for (int64_t c = 0; c < f.channels; c += 8, source += f.plane)
      for (int k = 0; k < 8; ++k, weight += OV * 8) {
        __builtin_prefetch(weight + f.channels * OV * 8, 0, 2);
        const Vec w0 = load(weight), w1 = OV > 1 ? load(weight + 8) : Vec{};
#pragma GCC unroll 6
        for (int t = 0; t < T; ++t) {
          const float value = source[t * 8 + k];
          acc[t][0] += value * w0;
          if (OV > 1) acc[t][OV - 1] += value * w1;
        }
      }
#pragma GCC unroll 6
    for (int t = 0; t < T; ++t)
#pragma GCC unroll 2
      for (int v = 0; v < OV; ++v) store(f.product + t * 16 + v * 8, acc[t][v]);
  }
};

struct WideMultiply {
  template <int T>
  FOVEA_WIDE static void run(const Factors& f) {
    wide::Vec acc[T] = {};
    wide::multiply<T>(acc, f.source, f.plane, f.weight, f.channels);
#pragma GCC unroll 28
    for (int t = 0; t < T; ++t) wide::store(f.product + t * 16, acc[t]);
  }
};

using MultiplyTiles = void (*)(const Factors&);
/// For 1, 2 ... tiles of `width` results, and the most of them.
std::pair<const MultiplyTiles*, int64_t> multiply_for(int64_t width) {
  if (width < 16) return {wide::tiles_of<Multiply<1>, 6>.data(), 6};
  if (!cpu_has_avx512()) return {wide::tiles_of<Multiply<2>, 6>.data(), 6};
  return {wide::tiles_of<WideMultiply>.data(), wide::most_rows};
}

void multiply(const Plan& p, int64_t tiles, int64_t width, const float* source, const float* weight,
              float* product) {
  const auto [some, most] = multiply_for(width);
  const Strides stride = p.source();
  for (int64_t f = 0; f < p.frequencies(); ++f) {
    const float *s = source + f * stride.frequency, *w = weight + f * p.weight_stride(width);
    float* m = product + f * p.product_stride();
    for_tiles(tiles, most, [&, some = some](int64_t t, int64_t count) {
      some[count - 1]({p.tiles.channels, stride.plane, s + t * 8, w, m + t * 16});
    });
  }
}

struct Data {
  const float *x, *weight;
  Epilogue epilogue;
  float* y;
  const float* prepared = nullptr;  // all transforms of the weight
};

/// Where one tile of 8 results goes, clipped to the rows and columns that exist. The epilogue is a copy, so
/// that no store can change it for the compiler.
struct Clipped {
  Epilogue epilogue;
  float* y;
  int64_t at, row, rows, columns;
  Vec bias;
  FOVEA_SIMD_INLINE void operator()(int i, int j, Vec v) const {
    if (i >= rows || j >= columns) return;
    const int64_t to = at + i * row + j * 8;
    store(y + to, epilogue(v + bias, to));
  }
};

/// A^T m A of the tiles [begin, end).
template <class F>
FOVEA_SIMD void output_group(const Plan& p, const Data& d, int64_t begin, int64_t end, int64_t first,
                             int64_t width, float* product) {
  const int64_t plane = p.height * p.width * 8;
  for (int64_t t = begin; t < end; ++t) {
    const auto at = p.tiles.at(t);
    for (int64_t v = 0; v < width; v += 8)
      both_ways<typename F::Output, F::patch, F::tile>(
          Frequencies<F::patch>{product + (t - begin) * 16 + v, p.product_stride()},
          Clipped{d.epilogue, d.y,
                  (at.image * p.results + first + v) / 8 * plane + (at.y * p.width + at.x) * 8, p.width * 8,
                  p.height - at.y, p.width - at.x,
                  d.epilogue.bias ? load(d.epilogue.bias + first + v) : Vec{}});
  }
}

/// Asks for the lines that the tiles' results will be written to, before the products are computed.
void prefetch_output(const Plan& p, int64_t begin, int64_t end, int64_t first, int64_t width,
                     const float* y) {
  const int64_t plane = p.height * p.width * 8;
  for (int64_t t = begin; t < end; ++t) {
    const auto at = p.tiles.at(t);
    const int64_t rows = std::min(p.tiles.filter.tile(), p.height - at.y),
                  columns = std::min(p.tiles.filter.tile(), p.width - at.x);
    for (int64_t v = 0; v < width; v += 8)
      prefetch(y + (at.image * p.results + first + v) / 8 * plane + (at.y * p.width + at.x) * 8, p.width * 8,
               rows, columns);
  }
}

template <bool grad>
ConvShape shape_of(const Call& c) {
  return grad ? ConvShape::of_input_grad(c) : ConvShape::of_forward(c);
}

/// One block of results of the tiles [begin, end), from their transforms and that of the weight.
void compute_block(const Plan& p, const Data& d, int64_t begin, int64_t end, int64_t block,
                   const float* source, const float* weights, float* product) {
  const int64_t first = block * 16, width = std::min<int64_t>(16, p.results - first);
  prefetch_output(p, begin, end, first, width, d.y);
  multiply(p, end - begin, width, source, weights, product);
  with(p.tiles.filter, [&](auto f) { output_group<decltype(f)>(p, d, begin, end, first, width, product); });
}

void transform_weights(const Plan& p, const float* weight, float* to) {
  parallel_for(p.blocks(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) transform_weight(p, weight, to + b * p.block_size(), b);
  });
}

void run_by_tiles(const Plan& p, const Data& d, float* shared, float* scratch) {
  const float* weights = d.prepared ? d.prepared : shared;
  if (!d.prepared) transform_weights(p, d.weight, shared);
  parallel_for(p.tiles.count(), p.group, [&](int64_t begin, int64_t end) {
    float *source = scratch + thread_index() * p.thread(),
          *product = source + p.frequencies() * p.source().frequency;
    transform_input(p.tiles, d.x, begin, end, source, p.source());
    for (int64_t b = 0; b < p.blocks(); ++b)
      compute_block(p, d, begin, end, b, source, weights + b * p.block_size(), product);
  });
}

void run_by_results(const Plan& p, const Data& d, float* source, float* scratch) {
  parallel_for(p.tiles.count(), 6, [&](int64_t begin, int64_t end) {
    transform_input(p.tiles, d.x, begin, end, source + begin * 8, p.source());
  });
  parallel_for(p.blocks(), 1, [&](int64_t begin, int64_t end) {
    float *weights = scratch + thread_index() * p.thread(), *product = weights + p.block_size();
    for (int64_t b = begin; b < end; ++b) {
      if (!d.prepared) transform_weight(p, d.weight, weights, b);
      compute_block(p, d, 0, p.tiles.count(), b, source,
                    d.prepared ? d.prepared + b * p.block_size() : weights, product);
    }
  });
}

template <bool grad, Size size>
Plan plan_for(const Call& c) {
  return plan_of(shape_of<grad>(c), grad, size);
}

template <bool grad, Size size>
void run(const Call& c) {
  const Plan p = plan_for<grad, size>(c);
  const Data d{c.in(0).ptr<float>(), c.in(1).ptr<float>(), Epilogue::of(c), c.out().ptr<float>(),
               reinterpret_cast<const float*>(c.prepared)};
  float* shared = reinterpret_cast<float*>(c.scratch);
  (p.by_results ? run_by_results : run_by_tiles)(p, d, shared, shared + p.shared());
}

template <bool grad, Size size>
const char* refuse_call(const Call& c) {
  return refuse(c, shape_of<grad>(c), size);
}

/// Whether the large transforms of a constant weight would be most of what is read.
bool mostly_weight(const Call& c, const Plan& large) {
  constexpr int64_t cached = 4 << 20;  // bytes that stay in the last cache from one prediction to the next
  return c.constant_weight && large.tiles.filter.window == 3 && large.tiles.count() < 8 &&
         large.blocks() * large.block_size() * int64_t(sizeof(float)) > cached;
}

template <bool grad, Size size>
const char* slower(const Call& c) {
  const Plan large = plan_for<grad, Size::large>(c);
  const bool prefer_small = precision() == Precision::highest || mostly_weight(c, large);
  if (size == Size::large && prefer_small) return "its weights are more to read than those of F(2x2, 3x3)";
  if (size == Size::small && !prefer_small) return "F(4x4, 3x3) takes fewer products";
  if (c.constant_weight) return large.tiles.count() < 4 ? "fewer than 4 tiles of results" : nullptr;
  return slower_than_direct(large.tiles);
}

template <bool grad, Size size>
size_t scratch(const Call& c) {
  const Plan p = plan_for<grad, size>(c);
  return size_t(p.shared() + num_threads() * p.thread()) * sizeof(float);
}

/// All transforms of the weight.
template <bool grad, Size size>
size_t prepared(const Call& c) {
  const Plan p = plan_for<grad, size>(c);
  return size_t(p.blocks() * p.block_size()) * sizeof(float);
}

template <bool grad, Size size>
void prepare(const Call& c, char* to) {
  transform_weights(plan_for<grad, size>(c), c.in(1).ptr<float>(), reinterpret_cast<float*>(to));
}

void layouts(const Call& c, std::vector<Layout>& in, std::vector<Layout>& out) {
  in[0] = out[0] = Layout::blocked8;
  epilogue_as_result(c, in, out);
}

template <bool grad, Size size>
constexpr Kernel kernel() {
  return {.name = size == Size::large ? "cpu:winograd" : "cpu:winograd-2x2",
          .rank = size == Size::large ? 40 : 39,
          .refuse = refuse_call<grad, size>,
          .scratch = scratch<grad, size>,
          .run = run<grad, size>,
          .inputs = Inputs::own,
          .layouts = layouts,
          .slower = slower<grad, size>,
          .tolerance = size == Size::large ? 1e-4 : 0,
          .prepared = prepared<grad, size>,
          .prepare = prepare<grad, size>};
}

template <bool grad>
struct Register {
  explicit Register(const char* op)
      : large(op, kernel<grad, Size::large>()), small(op, kernel<grad, Size::small>()) {}
  RegisterKernel large, small;
};

const Register<false> forward("conv2d"), fused("conv2d_fused");
const Register<true> input_grad("conv_input_grad"), fused_input_grad("conv_input_grad_fused");

}  // namespace
}  // namespace winograd
}  // namespace fovea
