// Convolution 1x1 on blocked8 tensors, forward and gradient of the input (the same with the weight
// transposed): per image a product (pixels x channels) (channels x results). A band of pixels and a block of
// channels stay in the second cache while all results pass over them, 6 pixels x 16 results in registers.
#include "backend/cpu/conv_1x1.h"

#include <algorithm>

#include "backend/cpu/conv_1x1_tiles.h"
#include "base/parallel.h"
#include "fovea/kernel.h"

namespace fovea::conv_1x1 {
namespace {

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
  Results to;
};

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
                    .bias = d.to.epilogue.bias ? d.to.epilogue.bias + o : nullptr,
                    .first = c == 0,
                    .last = c + p.depth >= p.channels,
                    .ahead = x + first * p.pixels * 8 + (end - begin) * 8,
                    .ahead_planes = planes * (g + 1) / groups - first};
      multiply(d.to, b, o_end - o, begin, end);
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
  Data d{c.in(0).ptr<float>(),
         reinterpret_cast<const float*>(c.prepared ? c.prepared : c.scratch),
         {c.out().ptr<float>(), epilogue}};
  if (strided(s) && grad) d.to = {gathered, Epilogue()};
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
