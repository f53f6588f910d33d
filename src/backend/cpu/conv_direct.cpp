// Direct convolution on AVX2, forward and gradient of the input (f32, groups = 1), in two forms:
//   channels  result blocked8: 6 pixels x 16 channels in registers, pixels broadcast; any stride, x in either
//   layout pixels    result plain: 6 channels x 16 pixels in registers, weights broadcast; stride 1; for
//   channels not divisible by 8
// Gradients that are mostly zeros go another way (conv_sparse.h).
#include <algorithm>

#include "backend/cpu/conv_direct_tiles.h"
#include "backend/cpu/conv_sparse.h"
#include "backend/cpu/tiles.h"
#include "base/parallel.h"
#include "fovea/kernel.h"

namespace fovea {
namespace {

using namespace direct;

/// Weights as the tiles read them, and the table of offsets behind them.
int64_t packed_floats(const ConvPlan& p) { return p.all_taps() * (p.results + 1) + 32; }

/// Everything one call needs, laid out in its scratch.
struct Run {
  ConvPlan plan;
  bool channels;         // the form
  int64_t group;         // result channels per register tile
  const float* weights;  // group by group, [tap of all phases][width of the group]
  const int32_t* offsets;
  float* images;  // space of the threads
  const float* x;
  Epilogue epilogue;
  float* y;
  bool may_be_sparse;
  SparseInputGrad sparse;

  const float* bias(int64_t g) const { return epilogue.bias ? epilogue.bias + g * group : nullptr; }
  int64_t groups() const { return (plan.results + group - 1) / group; }
  /// Floats of scratch: for all threads, and for each one: its bordered image, or what a sparse one needs.
  int64_t shared() const {
    return (packed_floats(plan) + (may_be_sparse ? sparse.shared() : 0) + 31) / 16 * 16;
  }
  int64_t space() const { return std::max(plan.source.scratch(), may_be_sparse ? sparse.scratch() : 0); }
  int64_t width(int64_t g) const { return std::min(group, plan.results - g * group); }
};

ConvPlan plan_of(const Call& c, const ConvShape& s, bool grad, bool channels) {
  const bool from_blocked = c.in(0).layout == Layout::blocked8, blocked = channels && from_blocked;
  ConvPlan p = grad ? ConvPlan::input_grad(s, blocked) : ConvPlan::forward(s, blocked, channels);
  p.source.from_blocked = from_blocked;
  return p;
}

void point_at_packed(Run& r, const float* packed) {
  r.weights = packed;
  r.offsets = reinterpret_cast<const int32_t*>(packed + r.plan.all_taps() * r.plan.results);
}

/// The weights of one group of results.
void pack_group(const Run& r, const ConvShape& s, const float* weight, int64_t g, float* packed) {
  const int64_t window = s.k[1] * s.k[2], width = r.width(g), channels = r.plan.transposed ? s.c : 1,
                results = r.plan.transposed ? 1 : s.c;
  const float* first = weight + g * r.group * results * window;
  float* to = packed + g * r.group * r.plan.all_taps();
  r.plan.for_taps(s, [&](int64_t t, int64_t channel, int64_t ky, int64_t kx, int32_t) {
    const float* from = first + channel * channels * window + ky * s.k[2] + kx;
    for (int64_t i = 0; i < width; ++i) to[t * width + i] = from[i * results * window];
  });
}

void pack(const Run& r, const ConvShape& s, const float* weight, float* packed) {
  const int64_t taps = r.plan.all_taps();
  auto* offsets = reinterpret_cast<int32_t*>(packed + taps * r.plan.results);
  r.plan.for_taps(s, [&](int64_t t, int64_t, int64_t, int64_t, int32_t offset) { offsets[t] = offset; });
  parallel_for(r.groups(), std::max<int64_t>(1, 4096 / taps), [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g) pack_group(r, s, weight, g, packed);
  });
}

void channels_phase(const Run& r, const ConvPhase& p, const float* image, int64_t n, ConvRange rows,
                    ConvRange groups) {
  const auto& plan = r.plan;
  const int64_t plane = plan.height * plan.width * 8, x_step = plan.in_step * plan.source.step(),
                y_step = plan.out_step * 8, taps = plan.all_taps();
  for (int64_t g = groups.first; g < groups.last; ++g) {
    const int64_t width = r.width(g);
    const auto [runs, most] = runs_for(x_step, width);
    const float* w = r.weights + g * r.group * taps + p.first_tap * width;
    const Result base{r.epilogue, r.y, (n * plan.results + g * r.group) * plan.height * plan.width};
    for (int64_t i = rows.first; i < rows.last; ++i) {
      const ConvRange t = plan.taps_of_row(p, i);
      const float* x = image + plan.source.pixel_offset(i * plan.in_step, 0);
      const Result y = base + ((p.y0 + i * plan.out_step) * plan.width + p.x0) * 8;
      for_runs(p.columns, most, [&, runs = runs](int64_t j, int64_t size, int64_t count) {
        runs[size - 1](count, x + j * x_step, x_step, r.offsets + p.first_tap + t.first, t.count(),
                       w + t.first * width, r.bias(g), y + j * y_step, y_step, plane);
      });
    }
  }
}

void pixels_phase(const Run& r, const ConvPhase& p, const float* image, int64_t n, ConvRange rows,
                  ConvRange groups) {
  const auto& plan = r.plan;
  const int64_t plane = plan.height * plan.width, taps = plan.all_taps();
  for (int64_t g = groups.first; g < groups.last; ++g) {
    const int64_t width = r.width(g);
    const float* w = r.weights + g * r.group * taps;
    const Result base{r.epilogue, r.y, (n * plan.results + g * r.group) * plane};
    for (int64_t i = rows.first; i < rows.last; ++i) {
      const ConvRange t = plan.taps_of_row(p, i);
      pixels_rows[width - 1](p.columns, image + plan.source.pixel_offset(i, 0), r.offsets + t.first,
                             t.count(), w + t.first * width, r.bias(g), base + i * plan.width, plane);
    }
  }
}

/// How the work is shared out: an image each, or where these are few, bands of rows; parts of the results
/// where the weights are much more to read than the image.
struct Shares {
  int64_t bands = 1, parts = 1;
};
Shares shares_of(const ConvPlan& p) {
  if (p.images >= 8) return {};
  if (p.all_taps() * p.results > 4 * p.source.channels * p.source.plane()) return {.bands = 1, .parts = 4};
  return {.bands = std::clamp<int64_t>(p.phase[0].rows, 1, 8), .parts = 1};
}

/// One of the bands of rows of image `n`, the results of one part.
void run_share(const Run& r, const Shares& shares, int64_t unit, float* scratch) {
  const int64_t n = unit / (shares.bands * shares.parts), band = unit / shares.parts % shares.bands,
                part = unit % shares.parts, bands = shares.bands;
  const ConvRange groups{r.groups() * part / shares.parts, r.groups() * (part + 1) / shares.parts};
  const auto rows_of = [&](const ConvPhase& p) {
    return ConvRange{p.rows * band / bands, p.rows * (band + 1) / bands};
  };
  if (r.may_be_sparse) {
    const float* g = r.x + n * r.plan.source.channels * r.plan.source.height * r.plan.source.width;
    if (r.sparse.pays(g)) return r.sparse.image(g, n, r.epilogue, r.y, scratch);
  }
  ConvRange needed{r.plan.source.rows, 0};
  for (int i = 0; i < r.plan.phases; ++i) {
    const ConvRange rows = r.plan.source_rows(r.plan.phase[i], rows_of(r.plan.phase[i]));
    if (rows.count() > 0) needed = {std::min(needed.first, rows.first), std::max(needed.last, rows.last)};
  }
  const float* image =
      r.plan.source.image(r.x, n, needed.first, std::max(needed.first, needed.last), scratch);
  for (int i = 0; i < r.plan.phases; ++i) {
    const ConvPhase& p = r.plan.phase[i];
    (r.channels ? channels_phase : pixels_phase)(r, p, image, n, rows_of(p), groups);
  }
}

ConvShape shape_of(const Call& c, bool grad) {
  return grad ? ConvShape::of_input_grad(c) : ConvShape::of_forward(c);
}

Run run_of(const Call& c, bool grad, bool channels) {
  const ConvShape s = shape_of(c, grad);
  Run r{.plan = plan_of(c, s, grad, channels),
        .channels = channels,
        .group = channels ? 16 : 6,
        .weights = nullptr,
        .offsets = nullptr,
        .images = nullptr,
        .x = c.in(0).ptr<float>(),
        .epilogue = Epilogue::of(c),
        .y = nullptr,
        .may_be_sparse = false,
        .sparse = {}};
  const Shares shares = shares_of(r.plan);
  r.may_be_sparse = grad && shares.bands == 1 && shares.parts == 1 && SparseInputGrad::can(s);
  if (r.may_be_sparse)
    r.sparse = SparseInputGrad(s, c.in(0).layout, channels ? Layout::blocked8 : Layout::plain);
  return r;
}

void run(const Call& c, bool grad, bool channels) {
  Run r = run_of(c, grad, channels);
  r.y = c.out().ptr<float>();
  float* packed = reinterpret_cast<float*>(c.scratch);
  r.images = packed + r.shared();
  const float* weight = c.in(1).ptr<float>();
  if (!c.prepared) pack(r, shape_of(c, grad), weight, packed);
  if (r.may_be_sparse) r.sparse.prepare(weight, packed + packed_floats(r.plan));
  point_at_packed(r, c.prepared ? reinterpret_cast<const float*>(c.prepared) : packed);
  const Shares shares = shares_of(r.plan);
  parallel_for(r.plan.images * shares.bands * shares.parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit)
      run_share(r, shares, unit, r.images + thread_index() * r.space());
  });
}

const char* refuse_common(const Call& c, bool grad) {
  if (!cpu_has_avx2()) return "this processor has no AVX2 and FMA";
  if (c.dtype() != f32) return "computes in f32 only";
  if (c.in(0).rank() != 4) return "two spatial dimensions only";
  if (c.i("groups") != 1) return "groups = 1 only";
  const ConvShape s = shape_of(c, grad);
  if (s.stride[1] != s.stride[2] || s.stride[1] > 4) return "equal strides up to 4 only";
  if (s.c * s.in_size() > (int64_t{1} << 26) || s.o * s.out_size() > (int64_t{1} << 26))
    return "images up to 2^26 values only";
  return nullptr;
}

template <bool grad>
int64_t result_channels(const Call& c) {
  return grad ? c.d("shape")[1] : c.in(1).size(0);
}

template <bool grad>
const char* refuse_channels(const Call& c) {
  if (const char* reason = refuse_common(c, grad)) return reason;
  return result_channels<grad>(c) % 8 == 0 ? nullptr : "result channels are no multiple of 8";
}

template <bool grad>
const char* refuse_pixels(const Call& c) {
  if (const char* reason = refuse_common(c, grad)) return reason;
  return c.d("stride", 2) == Dims{1, 1} ? nullptr : "stride 1 only";
}

template <bool grad, bool channels>
size_t scratch(const Call& c) {
  const Run r = run_of(c, grad, channels);
  return size_t(r.shared() + num_threads() * r.space() + 64) * sizeof(float);
}

template <bool grad, bool channels>
size_t prepared(const Call& c) {
  return size_t(packed_floats(plan_of(c, shape_of(c, grad), grad, channels))) * sizeof(float);
}

template <bool grad, bool channels>
void prepare(const Call& c, char* to) {
  pack(run_of(c, grad, channels), shape_of(c, grad), c.in(1).ptr<float>(), reinterpret_cast<float*>(to));
}

template <bool grad, bool channels>
void run_form(const Call& c) {
  run(c, grad, channels);
}

/// The image is taken in either layout; weights and bias are always plain.
void pixels_layouts(const Call& c, std::vector<Layout>& in, std::vector<Layout>& out) {
  in[0] = c.in(0).layout;
  epilogue_as_result(c, in, out);
}

void channels_layouts(const Call& c, std::vector<Layout>& in, std::vector<Layout>& out) {
  in[0] = c.in(0).layout;
  out[0] = Layout::blocked8;
  epilogue_as_result(c, in, out);
}

template <bool grad>
constexpr Kernel channels_kernel() {
  return {.name = "cpu:direct-channels",
          .rank = 30,
          .refuse = refuse_channels<grad>,
          .scratch = scratch<grad, true>,
          .run = run_form<grad, true>,
          .inputs = Inputs::own,
          .layouts = channels_layouts,
          .prepared = prepared<grad, true>,
          .prepare = prepare<grad, true>};
}
template <bool grad>
constexpr Kernel pixels_kernel() {
  return {.name = "cpu:direct-pixels",
          .rank = 20,
          .refuse = refuse_pixels<grad>,
          .scratch = scratch<grad, false>,
          .run = run_form<grad, false>,
          .inputs = Inputs::own,
          .layouts = pixels_layouts,
          .prepared = prepared<grad, false>,
          .prepare = prepare<grad, false>};
}

const RegisterKernel forward_channels("conv2d", channels_kernel<false>());
const RegisterKernel forward_pixels("conv2d", pixels_kernel<false>());
const RegisterKernel fused_channels("conv2d_fused", channels_kernel<false>());
const RegisterKernel fused_pixels("conv2d_fused", pixels_kernel<false>());
const RegisterKernel grad_channels("conv_input_grad", channels_kernel<true>());
const RegisterKernel grad_pixels("conv_input_grad", pixels_kernel<true>());
const RegisterKernel fused_grad_channels("conv_input_grad_fused", channels_kernel<true>());
const RegisterKernel fused_grad_pixels("conv_input_grad_fused", pixels_kernel<true>());

}  // namespace
}  // namespace fovea
