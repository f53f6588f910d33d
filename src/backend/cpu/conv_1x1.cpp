// Convolution 1x1 on blocked8 tensors, forward and gradient of the input (the same with the weight
// transposed): per image a product (pixels x channels) (channels x results). A band of pixels and a block of
// channels stay in the second cache while all results pass over them, 6 pixels x 16 results in registers.
#include "backend/cpu/conv_1x1.h"

#include <algorithm>

#include "backend/cpu/tiles.h"
#include "backend/cpu/wide.h"
#include "base/parallel.h"
#include "fovea/kernel.h"

namespace fovea::conv_1x1 {
namespace {

using simd::load;
using simd::store;
using Vec = simd::V<float>;

constexpr int64_t group = 16;  // results in a register tile

struct Plan {
  int64_t images = 0, pixels = 0, channels = 0, results = 0;
  bool transposed = false;  // the weight is (channels, results)
  int64_t depth = 0;        // channels at a time
  int64_t bands = 0;        // of pixels, one at a time
  int64_t runs = 1;         // of bands of an image, each by one thread
  int64_t part = 0;         // results of one unit of work, whole groups
  bool heavy = false;       // the weights are more to read than an image: a thread keeps to its part of them

  int64_t band_begin(int64_t b) const { return pixels * b / bands; }
  int64_t parts() const { return (results + part - 1) / part; }
  int64_t units() const { return images * runs * parts(); }
  /// Where the packed weights of channels from c and results from o begin: [channels /
  /// depth][groups][depth][16].
  int64_t packed(int64_t c, int64_t o) const { return c * results + o * std::min(depth, channels - c); }
};

Plan plan_of(const ConvShape& s, bool grad) {
  Plan p{.images = s.n,
         .pixels = s.out_size(),
         .channels = grad ? s.o : s.c,
         .results = grad ? s.c : s.o,
         .transposed = grad};
  p.depth = std::min<int64_t>(p.channels, 1024);
  constexpr int64_t cached = 24 * 1024;  // floats of a band
  const int64_t band = std::clamp<int64_t>(cached / p.depth / 12 * 12, 56, 1152);
  p.bands = (p.pixels + band - 1) / band;
  p.part = p.results;
  // Few images: several units for each, all alike.
  p.runs = std::min(p.bands, std::max<int64_t>(1, 8 / std::max<int64_t>(1, p.images)));
  p.bands = (p.bands + p.runs - 1) / p.runs * p.runs;
  while (p.units() < 8 && p.part > 2 * group) p.part = (p.part / 2 + group - 1) / group * group;
  p.heavy = p.results > p.pixels;
  return p;
}

/// The weights of results [o, o + 16) for all channels.
FOVEA_SIMD void pack_group(const Plan& p, const float* weight, int64_t o, float* to) {
  const int64_t width = std::min(group, p.results - o);
  for (int64_t c = 0; c < p.channels; ++c) {
    float* row = to + p.packed(c / p.depth * p.depth, o) + c % p.depth * width;
    if (p.transposed)
      for (int64_t v = 0; v < width; v += 8) store(row + v, load(weight + c * p.results + o + v));
    else if (c % 8 == 0)
      for (int64_t v = 0; v < width; v += 8)
        simd::transpose8(weight + (o + v) * p.channels + c, p.channels, row + v, width);
  }
}

void pack(const Plan& p, const float* weight, float* to) {
  const int64_t groups = (p.results + group - 1) / group;
  parallel_for(groups, std::max<int64_t>(1, 32768 / (p.channels * group)), [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g) pack_group(p, weight, g * group, to);
  });
}

struct Data {
  const float *x, *weights;
  float* y;
  Epilogue epilogue;
};

/// One step of the sums of a register tile.
struct Block {
  const float *x, *w;  // of the first pixel; [channel][OV * 8]
  int64_t plane, channels;
  int64_t y, y_plane;  // floats from the start of the result; to the next 8 results
  const float* bias;
  bool first, last;  // starts the sums, or adds to what lies in y; finishes them
  // Asked for meanwhile: the same pixels of the next band in some planes.
  const float* ahead;
  int64_t ahead_planes;
};

/// Asks for the lines of PX pixels of some planes of 8 channels.
template <int PX>
FOVEA_SIMD_INLINE void ask_for(const float* pixels, int64_t plane, int64_t planes) {
  for (int64_t i = 0; i < planes; ++i, pixels += plane)
#pragma GCC unroll 14
    for (int line = 0; line < (PX + 1) / 2; ++line) __builtin_prefetch(pixels + line * 16, 0, 2);
}

template <int PX, int OV>
FOVEA_SIMD_INLINE void tile(const Data& d, const Block& b, int64_t pixel) {
  const float *x = b.x + pixel * 8, *w = b.w;
  ask_for<PX>(d.y + b.y + pixel * 8, b.y_plane, OV);
  if (b.last && d.epilogue.add) ask_for<PX>(d.epilogue.add + b.y + pixel * 8, b.y_plane, OV);
  ask_for<PX>(b.ahead + pixel * 8, b.plane, b.ahead_planes);
  Vec acc[PX][OV];
#pragma GCC unroll 12
  for (int i = 0; i < PX; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < OV; ++v) {
      if (b.first) acc[i][v] = b.bias ? load(b.bias + v * 8) : Vec{};
      else acc[i][v] = load(d.y + b.y + v * b.y_plane + (pixel + i) * 8);
    }
  for (int64_t c = 0; c < b.channels; c += 8, x += b.plane)
    for (int k = 0; k < 8; ++k, w += OV * 8) {
      __builtin_prefetch(w + b.channels * OV * 8, 0, 2);
      const Vec w0 = load(w), w1 = OV > 1 ? load(w + 8) : Vec{};
#pragma GCC unroll 12
      for (int i = 0; i < PX; ++i) {
        const float value = x[i * 8 + k];
        acc[i][0] += value * w0;
        if (OV > 1) acc[i][OV - 1] += value * w1;
      }
    }
#pragma GCC unroll 12
  for (int i = 0; i < PX; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < OV; ++v) {
      const int64_t at = b.y + v * b.y_plane + (pixel + i) * 8;
      const Vec value = b.last ? d.epilogue(acc[i][v], at) : acc[i][v];
      store(d.y + at, value);
    }
}

/// `count` <= MOST pixels from `begin`.
template <int OV, int MOST>
FOVEA_SIMD_INLINE void some(const Data& d, const Block& b, int64_t begin, int64_t count) {
  if (count == MOST) return tile<MOST, OV>(d, b, begin);
  if constexpr (MOST > 1) some<OV, MOST - 1>(d, b, begin, count);
}

/// Pixels [begin, end) in tiles of MOST, the last two alike.
template <int OV, int MOST>
FOVEA_SIMD void tiles(const Data& d, const Block& b, int64_t begin, int64_t end) {
  for (; end - begin >= 2 * MOST; begin += MOST) tile<MOST, OV>(d, b, begin);
  const int64_t left = end - begin, half = left > MOST ? (left + 1) / 2 : left;
  for (; begin < end; begin += half) some<OV, MOST>(d, b, begin, std::min(half, end - begin));
}

/// The same for 16 results side by side in one register.
struct WideTile {
  template <int PX>
  FOVEA_WIDE static void run(const Data& d, const Block& b, int64_t pixel) {
    const float* x = b.x + pixel * 8;
    float* y = d.y + b.y + pixel * 8;
    ask_for<PX>(y, b.y_plane, 2);
    if (b.last && d.epilogue.add) ask_for<PX>(d.epilogue.add + b.y + pixel * 8, b.y_plane, 2);
    ask_for<PX>(b.ahead + pixel * 8, b.plane, b.ahead_planes);
    wide::Vec acc[PX];
#pragma GCC unroll 28
    for (int i = 0; i < PX; ++i)
      acc[i] = !b.first ? wide::join(load(y + i * 8), load(y + b.y_plane + i * 8))
               : b.bias ? wide::load(b.bias)
                        : wide::Vec{};
    wide::multiply<PX>(acc, x, b.plane, b.w, b.channels);
#pragma GCC unroll 28
    for (int i = 0; i < PX; ++i) {
      const int64_t at = b.y + (pixel + i) * 8;
      Vec low = wide::low(acc[i]), high = wide::high(acc[i]);
      if (b.last) low = d.epilogue(low, at), high = d.epilogue(high, at + b.y_plane);
      store(d.y + at, low), store(d.y + at + b.y_plane, high);
    }
  }
};

void wide_tiles(const Data& d, const Block& b, int64_t begin, int64_t end) {
  for_tiles(end - begin, wide::most_rows, [&](int64_t i, int64_t pixels) {
    wide::tiles_of<WideTile>[size_t(pixels - 1)](d, b, begin + i);
  });
}

/// The results [o_begin, o_end) of one band.
void compute_band(const Plan& p, const Data& d, int64_t n, int64_t band, int64_t o_begin, int64_t o_end) {
  const int64_t begin = p.band_begin(band), end = p.band_begin(band + 1),
                groups = (o_end - o_begin + group - 1) / group;
  for (int64_t c = 0; c < p.channels; c += p.depth)
    for (int64_t o = o_begin, g = 0; o < o_end; o += group, ++g) {
      const int64_t depth = std::min(p.depth, p.channels - c), planes = depth / 8,
                    first = planes * g / groups;
      const float* x = d.x + (n * p.channels + c) * p.pixels;
      const Block b{.x = x,
                    .w = d.weights + p.packed(c, o),
                    .plane = p.pixels * 8,
                    .channels = depth,
                    .y = (n * p.results + o) * p.pixels,
                    .y_plane = p.pixels * 8,
                    .bias = d.epilogue.bias ? d.epilogue.bias + o : nullptr,
                    .first = c == 0,
                    .last = c + p.depth >= p.channels,
                    .ahead = x + first * p.pixels * 8 + (end - begin) * 8,
                    .ahead_planes = planes * (g + 1) / groups - first};
      (o_end - o < group ? tiles<1, 12> : cpu_has_avx512() ? wide_tiles : tiles<2, 6>)(d, b, begin, end);
    }
}

void compute(const Plan& p, const Data& d, int64_t unit) {
  // Image by image, in each part by part or run by run.
  const int64_t n = unit / (p.runs * p.parts()), at = unit % (p.runs * p.parts()),
                run = p.heavy ? at % p.runs : at / p.parts(),
                o = (p.heavy ? at / p.runs : at % p.parts()) * p.part;
  for (int64_t band = p.bands * run / p.runs; band < p.bands * (run + 1) / p.runs; ++band)
    compute_band(p, d, n, band, o, std::min(p.results, o + p.part));
}

template <bool grad>
ConvShape shape_of(const Call& c) {
  return grad ? ConvShape::of_input_grad(c) : ConvShape::of_forward(c);
}

template <bool grad>
const char* refuse_call(const Call& c) {
  return refuse(c, shape_of<grad>(c));
}

template <bool grad>
size_t packed_bytes(const Call& c) {
  return size_t(shape_of<grad>(c).w_shape.numel()) * sizeof(float);
}

template <bool grad>
void prepare(const Call& c, char* to) {
  pack(plan_of(shape_of<grad>(c), grad), c.in(1).ptr<float>(), reinterpret_cast<float*>(to));
}

template <bool grad>
size_t scratch(const Call& c) {
  return packed_bytes<grad>(c) + size_t(gathered_floats(shape_of<grad>(c))) * sizeof(float);
}

template <bool grad>
void run(const Call& c) {
  const ConvShape s = shape_of<grad>(c);
  const Plan p = plan_of(s, grad);
  const Epilogue epilogue = Epilogue::of(c);
  float* gathered = reinterpret_cast<float*>(c.scratch + packed_bytes<grad>(c));
  if (!c.prepared) prepare<grad>(c, c.scratch);
  Data d{c.in(0).ptr<float>(), reinterpret_cast<const float*>(c.prepared ? c.prepared : c.scratch),
         c.out().ptr<float>(), epilogue};
  if (strided(s) && grad) d.y = gathered, d.epilogue = Epilogue();
  if (strided(s) && !grad) gather(s, d.x, gathered), d.x = gathered;
  parallel_for(p.units(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t u = begin; u < end; ++u) compute(p, d, u);
  });
  if (strided(s) && grad) scatter(s, gathered, epilogue, c.out().ptr<float>());
}

void layouts(const Call& c, std::vector<Layout>& in, std::vector<Layout>& out) {
  in[0] = out[0] = Layout::blocked8;
  epilogue_as_result(c, in, out);
}

template <bool grad>
constexpr Kernel kernel() {
  return {.name = "cpu:1x1",
          .rank = 40,
          .refuse = refuse_call<grad>,
          .scratch = scratch<grad>,
          .run = run<grad>,
          .inputs = Inputs::own,
          .layouts = layouts,
          .prepared = packed_bytes<grad>,
          .prepare = prepare<grad>};
}

const RegisterKernel forward("conv2d", kernel<false>());
const RegisterKernel fused("conv2d_fused", kernel<false>());
const RegisterKernel input_grad("conv_input_grad", kernel<true>());
const RegisterKernel fused_input_grad("conv_input_grad_fused", kernel<true>());

}  // namespace
}  // namespace fovea::conv_1x1
