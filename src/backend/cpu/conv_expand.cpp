// The two convolutions in the middle of an inverted residual (Sandler et al. 2018, MobileNetV2) in one pass:
// 16 channels of the first, a strip of rows at a time, stay in the second cache for the depthwise one, whose
// results alone go to memory.
#include <cstring>

#include "backend/cpu/conv_1x1.h"
#include "backend/cpu/conv_1x1_tiles.h"
#include "backend/cpu/conv_depthwise_tiles.h"
#include "base/parallel.h"
#include "fovea/kernel.h"

namespace fovea {
namespace {

using conv_1x1::group;

constexpr int64_t cached = 32 * 1024;  // floats of a strip

struct Rows {
  int64_t begin = 0, end = 0;
};

struct Plan {
  explicit Plan(const Call& c) : s(ConvExpand::of(c)) {
    const auto& d = s.depthwise;
    // Few channels: more units of work, all alike, for the price of some rows computed twice.
    if (d.n * groups() < 16) runs = std::clamp<int64_t>(d.out[1] / 8, 1, 2);
    const int64_t source_rows = cached / (group * d.in[2]);
    strip = std::clamp<int64_t>((source_rows - d.k[1]) / d.stride[1] + 1, 1, d.out[1]);
  }

  int64_t groups() const { return (s.expand.o + group - 1) / group; }
  int64_t units() const { return s.expand.n * runs * groups(); }
  int64_t row() const { return s.depthwise.in[2] * 8; }  // floats
  int64_t plane() const { return ((strip - 1) * s.depthwise.stride[1] + s.depthwise.k[1]) * row(); }
  int64_t thread_floats() const { return 2 * plane(); }
  int64_t expand_weights() const { return s.expand.c * s.expand.o; }
  int64_t packed_floats() const { return expand_weights() + s.depthwise.o * s.depthwise.k_size(); }

  /// The rows of the source under rows [begin, end) of results.
  Rows under(int64_t begin, int64_t end) const {
    const auto& d = s.depthwise;
    const auto inside = [&](int64_t row) { return std::clamp<int64_t>(row, 0, d.in[1]); };
    return {inside(begin * d.stride[1] - d.pad[1]), inside((end - 1) * d.stride[1] - d.pad[1] + d.k[1])};
  }

  ConvExpand s;
  int64_t strip = 1;  // rows of results at a time
  int64_t runs = 1;   // of rows of an image, each by one thread
};

depthwise::Run depthwise_of(const Plan& p, const Call& c, const float* weights) {
  const ConvShape& d = p.s.depthwise;
  depthwise::Run r{.images = d.n,
                   .blocks = d.c / 8,
                   .height = d.in[1],
                   .width = d.in[2],
                   .rows = d.out[1],
                   .columns = d.out[2],
                   .k = {d.k[1], d.k[2]},
                   .stride = d.stride[1],
                   .top = d.pad[1],
                   .left = d.pad[2],
                   .weights = weights,
                   .epilogue = {},
                   .y = c.outs.empty() ? nullptr : c.out().ptr<float>()};
  r.epilogue.bias = c.in(4).ptr<float>();
  r.epilogue.low = float(c.f("filter_low")), r.epilogue.high = float(c.f("filter_high"));
  return r;
}

/// To [groups][channels][16], and the filters behind them.
FOVEA_SIMD void pack(const Plan& p, const float* weight, const float* filter, const depthwise::Run& depthwise,
                     float* to) {
  const int64_t channels = p.s.expand.c, results = p.s.expand.o;
  for (int64_t o = 0; o < results; o += group) {
    const int64_t width = std::min(group, results - o);
    for (int64_t c = 0; c < channels; c += 8, to += 8 * width)
      for (int64_t v = 0; v < width; v += 8)
        simd::transpose8(weight + (o + v) * channels + c, channels, to + v, width);
  }
  depthwise::pack(depthwise, filter, to);
}

/// One call, as each thread works on it.
struct Work {
  const Plan& p;
  const float *x, *weights;
  Epilogue epilogue;  // of the first convolution
  depthwise::Run depthwise;
  depthwise::ComputePlane compute_plane;

  /// Rows of group g of image n to `strip`, whose row 0 is row `first` of the image.
  void expand(int64_t n, int64_t g, Rows rows, int64_t first, float* strip) const {
    const ConvShape& e = p.s.expand;
    const int64_t o = g * group, at = rows.begin * p.row();
    const conv_1x1::Results results{strip, epilogue};
    const conv_1x1::Block b{.x = x + n * e.c * e.in_size() + at,
                            .w = weights + o * e.c,
                            .plane = e.in_size() * 8,
                            .channels = e.c,
                            .y = at - first * p.row(),
                            .y_plane = p.plane(),
                            .bias = epilogue.bias ? epilogue.bias + o : nullptr,
                            .first = true,
                            .last = true,
                            .ahead = x,
                            .ahead_planes = 0};
    conv_1x1::multiply(results, b, e.o - o, 0, (rows.end - rows.begin) * e.in[2]);
  }

  void unit(int64_t u, float* strip) const {
    const int64_t n = u / (p.runs * p.groups()), run = u / p.groups() % p.runs, g = u % p.groups(),
                  blocks = std::min<int64_t>(2, depthwise.blocks - 2 * g),
                  end = depthwise.rows * (run + 1) / p.runs;
    Rows there;
    for (int64_t i = depthwise.rows * run / p.runs; i < end; i += p.strip) {
      const int64_t last = std::min(end, i + p.strip);
      const Rows wanted = p.under(i, last);
      const int64_t kept = std::max<int64_t>(0, there.end - wanted.begin);
      for (int64_t b = 0; b < blocks && kept > 0; ++b) {
        float* plane = strip + b * p.plane();
        std::memmove(plane, plane + (wanted.begin - there.begin) * p.row(),
                     size_t(kept * p.row()) * sizeof(float));
      }
      expand(n, g, {wanted.begin + kept, wanted.end}, wanted.begin, strip);
      there = wanted;
      for (int64_t b = 0; b < blocks; ++b)
        compute_plane(depthwise, {strip + b * p.plane(), there.begin}, n * depthwise.blocks + 2 * g + b, i,
                      last);
    }
  }
};

size_t packed_bytes(const Call& c) { return size_t(Plan(c).packed_floats()) * sizeof(float); }

void prepare(const Call& c, char* to) {
  const Plan p(c);
  pack(p, c.in(1).ptr<float>(), c.in(3).ptr<float>(), depthwise_of(p, c, nullptr),
       reinterpret_cast<float*>(to));
}

size_t scratch(const Call& c) {
  const Plan p(c);
  return size_t(p.packed_floats() + num_threads() * p.thread_floats()) * sizeof(float);
}

void run(const Call& c) {
  const Plan p(c);
  float* scratch = reinterpret_cast<float*>(c.scratch);
  if (!c.prepared) prepare(c, c.scratch), scratch += p.packed_floats();
  const auto* weights = reinterpret_cast<const float*>(c.prepared ? c.prepared : c.scratch);
  Epilogue epilogue;
  epilogue.bias = c.in(2).ptr<float>(), epilogue.low = float(c.f("low")), epilogue.high = float(c.f("high"));
  const depthwise::Run depthwise = depthwise_of(p, c, weights + p.expand_weights());
  const Work work{
      p, c.in(0).ptr<float>(), weights, epilogue, depthwise, depthwise::compute_for<false>(depthwise)};
  parallel_for(p.units(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t u = begin; u < end; ++u) work.unit(u, scratch + thread_index() * p.thread_floats());
  });
}

const char* refuse(const Call& c) {
  if (const char* reason = conv_1x1::refuse(c, ConvExpand::of(c).expand)) return reason;
  return refuse_depthwise(c, [](const Call& c) { return ConvExpand::of(c).depthwise; });
}

void layouts(const Call&, std::vector<Layout>& in, std::vector<Layout>& out) {
  in[0] = out[0] = Layout::blocked8;
}

const RegisterKernel kernel("conv2d_expand", {.name = "cpu:expand",
                                              .rank = 40,
                                              .refuse = refuse,
                                              .scratch = scratch,
                                              .run = run,
                                              .inputs = Inputs::own,
                                              .layouts = layouts,
                                              .prepared = packed_bytes,
                                              .prepare = prepare});

}  // namespace
}  // namespace fovea
