// Resampling of images: every mode is a sparse matrix per axis, applied along W and then along H; its transpose is the gradient.
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "fovea/kernel.h"
#include "fovea/ops.h"

namespace fovea {
namespace {

/// A sparse matrix by rows: result i is the sum of weight[k] * x[source[k]] for k in [begin[i], begin[i + 1]).
struct Taps {
  std::vector<int64_t> begin{0}, source;
  std::vector<double> weight;

  void add(int64_t from, double w) { source.push_back(from), weight.push_back(w); }
  void end_row() { begin.push_back(int64_t(source.size())); }
  int64_t rows() const { return int64_t(begin.size()) - 1; }
  /// Calls f(source, weight) for the taps of result i.
  template <class F>
  void each(int64_t i, F&& f) const {
    for (auto k = size_t(begin[size_t(i)]); k < size_t(begin[size_t(i) + 1]); ++k) f(source[k], weight[k]);
  }

  Taps transposed(int64_t columns) const {
    std::vector<std::vector<std::pair<int64_t, double>>> by_column{size_t(columns)};
    for (int64_t i = 0; i < rows(); ++i)
      each(i, [&](int64_t from, double w) { by_column[size_t(from)].emplace_back(i, w); });
    Taps t;
    for (const auto& column : by_column) {
      for (const auto& [row, w] : column) t.add(row, w);
      t.end_row();
    }
    return t;
  }
};

Taps nearest_taps(int64_t in, int64_t out) {
  Taps t;
  for (int64_t i = 0; i < out; ++i) t.add(i * in / out, 1), t.end_row();
  return t;
}

double scale_of(int64_t in, int64_t out, bool align_corners) {
  if (!align_corners) return double(in) / double(out);
  return out > 1 ? double(in - 1) / double(out - 1) : 0;
}

Taps linear_taps(int64_t in, int64_t out, bool align_corners) {
  const double scale = scale_of(in, out, align_corners);
  Taps t;
  for (int64_t i = 0; i < out; ++i) {
    const double at = align_corners ? double(i) * scale : std::max(0.0, (double(i) + 0.5) * scale - 0.5);
    const int64_t low = std::min(int64_t(at), in - 1), high = std::min(low + 1, in - 1);
    const double part = at - double(low);
    t.add(low, 1 - part), t.add(high, part), t.end_row();
  }
  return t;
}

/// A triangle as wide as the pixel of the smaller image, normalised at the borders (as Pillow and PyTorch do it).
Taps smooth_taps(int64_t in, int64_t out, bool align_corners) {
  const double scale = scale_of(in, out, align_corners), support = std::max(1.0, scale), narrow = 1 / support;
  Taps t;
  for (int64_t i = 0; i < out; ++i) {
    const double centre = scale * (double(i) + 0.5);
    const int64_t first = std::max<int64_t>(0, int64_t(centre - support + 0.5)),
                  last = std::min(in, int64_t(centre + support + 0.5));
    double total = 0;
    for (int64_t k = first; k < last; ++k) {
      const double w = std::max(0.0, 1 - std::abs((double(k) - centre + 0.5) * narrow));
      t.add(k, w), total += w;
    }
    for (size_t k = size_t(t.begin.back()); k < t.weight.size(); ++k) t.weight[k] /= total;
    t.end_row();
  }
  return t;
}

Taps taps_of(const AttrReader& a, int64_t in, int64_t out) {
  if (a.s("mode") == "nearest") return nearest_taps(in, out);
  return a.b("antialias") ? smooth_taps(in, out, a.b("align_corners")) : linear_taps(in, out, a.b("align_corners"));
}

/// Applies `along_h` after `along_w` to every plane of `lanes` interleaved channels: 1 in plain layout, 8 in blocked.
template <class real, int lanes>
void resample(const Call& c, const Taps& along_h, const Taps& along_w) {
  const Dims &in = c.in(0).shape, &out = c.out().shape;
  const int64_t planes = in[0] * in[1] / lanes, h = in[2], w = in[3], width = out[3], row = width * lanes;
  parallel_for(planes, 1, [&](int64_t begin, int64_t end) {
    std::vector<real> rows(size_t(h * row));
    for (int64_t p = begin; p < end; ++p) {
      const real* x = c.in(0).ptr<real>() + p * h * w * lanes;
      real* y = c.out().ptr<real>() + p * out[2] * row;
      std::fill(rows.begin(), rows.end(), real(0));
      std::fill(y, y + out[2] * row, real(0));
      for (int64_t r = 0; r < h; ++r)
        for (int64_t i = 0; i < width; ++i)
          along_w.each(i, [&](int64_t from, double weight) {
            for (int l = 0; l < lanes; ++l) rows[size_t(r * row + i * lanes + l)] += real(weight) * x[(r * w + from) * lanes + l];
          });
      for (int64_t r = 0; r < out[2]; ++r)
        along_h.each(r, [&](int64_t from, double weight) {
          const real* source = rows.data() + from * row;
#pragma omp simd
          for (int64_t i = 0; i < row; ++i) y[r * row + i] += real(weight) * source[i];
        });
    }
  });
}

template <class real, int lanes>
void forward(const Call& c) {
  const Dims &in = c.in(0).shape, &out = c.out().shape;
  resample<real, lanes>(c, taps_of(c, in[2], out[2]), taps_of(c, in[3], out[3]));
}

template <class real, int lanes>
void backward(const Call& c) {
  const Dims &g = c.in(0).shape, &x = c.out().shape;
  resample<real, lanes>(c, taps_of(c, x[2], g[2]).transposed(x[2]), taps_of(c, x[3], g[3]).transposed(x[3]));
}

template <int lanes>
void run_forward(const Call& c) {
  c.dtype() == f64 ? forward<double, lanes>(c) : forward<float, lanes>(c);
}
template <int lanes>
void run_backward(const Call& c) {
  c.dtype() == f64 ? backward<double, lanes>(c) : backward<float, lanes>(c);
}

void check_mode(const Call& c) {
  const std::string& mode = c.s("mode");
  check(mode == "nearest" || mode == "bilinear", "mode=\"{}\" is neither nearest nor bilinear", mode);
  check(mode == "bilinear" || !(c.b("antialias") || c.b("align_corners")), "align_corners and antialias want mode bilinear");
}

FOVEA_OP(interpolate){
    .signature = "interpolate(x, size: ints, mode=\"bilinear\", align_corners=false, antialias=false)",
    .doc = "Images (N,C,H,W) resampled to `size` {H,W}. Pixels are squares: the centre of pixel i lies at (i + 0.5) / size, "
           "unless align_corners puts the centres of the corner pixels on each other. nearest takes pixel floor(i in / out); "
           "bilinear weighs the 2 x 2 neighbours; with antialias a triangle as wide as the coarser pixel, which is right for "
           "making images smaller (as Pillow and torchvision do).",
    .require = {rank("x", 4), at_least("size", 1), check_mode},
    .shape = [](const Call& c) {
      const Dims &x = c.in(0).shape, size = c.d("size", 2);
      check(x[2] > 0 && x[3] > 0, "[interpolate] x {} has no pixels", x);
      return Specs{{{x[0], x[1], size[0], size[1]}, c.in(0).dtype}};
    },
    .reference = run_forward<1>,
    .vjp = [](const Vjp& v) {
      const Dims& x = v.in(0).shape();
      const Attrs attrs = {Dims{x[2], x[3]}, v.s("mode"), v.b("align_corners"), v.b("antialias")};
      return apply(find_op("interpolate_backward"), {v.g()}, attrs);
    },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3, 5})}, {{"size", Dims{7, 4}}}}, {{f({2, 3, 5, 4})}, {{"size", Dims{3, 8}}, {"align_corners", true}}},
                {{f({1, 8, 9, 7})}, {{"size", Dims{4, 3}}, {"antialias", true}}},
                {{f({2, 8, 3, 5})}, {{"size", Dims{7}}, {"mode", "nearest"}}},
                {{f({1, 2, 3, 4})}, {{"size", Dims{1, 5}}, {"align_corners", true}}}},
    .bad = {{{f({2, 3, 4})}, {{"size", Dims{2}}}}, {{f({1, 2, 3, 4})}, {{"size", Dims{0, 2}}}},
            {{f({1, 2, 3, 4})}, {{"size", Dims{2}}, {"mode", "magic"}}},
            {{f({1, 2, 3, 4})}, {{"size", Dims{2, 2, 2}}}}, {{f({1, 2, 0, 4})}, {{"size", Dims{2}}}}},
};

FOVEA_OP(interpolate_backward){
    .signature = "interpolate_backward(g, size: ints, mode: str, align_corners: bool, antialias: bool)",
    .doc = "The adjoint of interpolate: `size` is that of its input.",
    .shape = [](const Call& c) {
      const Dims &g = c.in(0).shape, &size = c.d("size");
      return Specs{{{g[0], g[1], size[0], size[1]}, c.in(0).dtype}};
    },
    .reference = run_backward<1>,
    .vjp = [](const Vjp& v) {
      const Dims& g = v.in(0).shape();
      return Grads{interpolate(v.g(), {g[2], g[3]}, v.s("mode"), v.b("align_corners"), v.b("antialias"))};
    },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 7, 4})}, {{"size", Dims{3, 5}}, {"mode", "bilinear"}, {"align_corners", false}, {"antialias", false}}},
                {{f({2, 8, 2, 3})}, {{"size", Dims{5, 7}}, {"mode", "bilinear"}, {"align_corners", false}, {"antialias", true}}}},
    .internal = true,
};

const char* refuse_plain(const Call& c) { return c.in(0).layout == Layout::blocked8 ? nullptr : "x is not blocked"; }

Kernel blocked(void (*run)(const Call&)) {
  return {.name = "cpu:blocked", .rank = 10,
          .refuse = refuse_plain,
          .run = run, .inputs = Inputs::own,
          .layouts = [](const Call&, std::vector<Layout>& in, std::vector<Layout>& out) { in[0] = out[0] = Layout::blocked8; }};
}
const RegisterKernel forward_kernel("interpolate", blocked(run_forward<8>));
const RegisterKernel backward_kernel("interpolate_backward", blocked(run_backward<8>));

}  // namespace
}  // namespace fovea
