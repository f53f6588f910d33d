// Batch normalisation over channels whose elements lie in rows: one channel a row in plain layout, eight in
// blocked8. Statistics are taken per short piece in f32, about the mean of the piece, and merged in f64
// (Chan, Golub and LeVeque 1983).
#include <algorithm>
#include <cmath>

#include "backend/cpu/epilogue.h"
#include "base/parallel.h"
#include "fovea/kernel.h"
#include "op/pointwise_run.h"

namespace fovea {
namespace {

using F = simd::V<float>;
constexpr int width = 8;          // floats in a vector
constexpr int64_t piece = 2048;   // floats summed in f32
constexpr int64_t grain = 16384;  // floats a thread takes at a time

/// x as batch x groups rows; a unit of work is a group (one or eight channels) over some images.
struct Rows {
  explicit Rows(const View& x) : batch(x.size(0)) {
    int64_t inner = 1;
    for (int i = 2; i < x.rank(); ++i) inner *= x.size(i);
    blocked = x.layout == Layout::blocked8 || (inner == 1 && x.size(1) % width == 0);  // (N,C) is both
    lanes = blocked ? width : 1;
    groups = x.size(1) / lanes;
    length = inner * lanes;
    images = std::clamp<int64_t>(grain / std::max<int64_t>(1, length), 1, std::max<int64_t>(1, batch));
    pieces = (batch + images - 1) / images;
  }
  int64_t units() const { return groups * pieces; }
  int64_t group(int64_t unit) const { return unit / pieces; }
  int64_t first_image(int64_t unit) const { return unit % pieces * images; }
  int64_t last_image(int64_t unit) const { return std::min(batch, first_image(unit) + images); }
  int64_t offset(int64_t image, int64_t group) const { return (image * groups + group) * length; }
  /// Values per channel in a unit.
  double count(int64_t unit) const {
    return double((last_image(unit) - first_image(unit)) * (length / lanes));
  }
  template <class Body>
  void each_unit(Body&& body) const {
    const int64_t together = std::max<int64_t>(1, grain / std::max<int64_t>(1, images * length));
    parallel_for(units(), together, [&](int64_t begin, int64_t end) {
      for (int64_t u = begin; u < end; ++u) body(u);
    });
  }

  int64_t batch, groups, length, images, pieces;  // length in floats
  bool blocked;
  int lanes;
};

/// Per lane; in plain layout all lanes hold the same.
struct Moments {
  double n = 0, mean[width] = {}, m2[width] = {};
  void merge(double other_n, const float* other_mean, const float* other_m2) {
    const double total = n + other_n, share = other_n / total, cross = n * share;
    for (int k = 0; k < width; ++k) {
      const double delta = double(other_mean[k]) - mean[k];
      mean[k] += delta * share;
      m2[k] += double(other_m2[k]) + delta * delta * cross;
    }
    n = total;
  }
  void merge(const Moments& o) {
    const double total = n + o.n, share = o.n / total, cross = n * share;
    for (int k = 0; k < width; ++k) {
      const double delta = o.mean[k] - mean[k];
      mean[k] += delta * share;
      m2[k] += o.m2[k] + delta * delta * cross;
    }
    n = total;
  }
};

/// The sum of all lanes in every lane (plain), or the lanes as they are (blocked).
FOVEA_SIMD_INLINE F joined(F v, bool blocked) { return blocked ? v : F{} + simd::sum<float>(v); }

FOVEA_SIMD_INLINE F constant(const float* p, int64_t group, bool blocked) {
  return blocked ? simd::load(p + group * width) : F{} + p[group];
}

/// Mean and squared deviations of n floats at x, n a multiple of 8 if blocked.
FOVEA_SIMD_INLINE void moments_of(const float* x, int64_t n, bool blocked, Moments& m) {
  const float inverse = 1.0f / float(blocked ? n / width : n);
  F a{}, b{}, c{}, d{};
  int64_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width) {
    a += simd::load(x + i), b += simd::load(x + i + width);
    c += simd::load(x + i + 2 * width), d += simd::load(x + i + 3 * width);
  }
  for (; i + width <= n; i += width) a += simd::load(x + i);
  for (; i < n; ++i) b[0] += x[i];
  const F mean = joined((a + b) + (c + d), blocked) * inverse;
  a = b = c = d = F{};
  for (i = 0; i + 4 * width <= n; i += 4 * width) {
    const F p = simd::load(x + i) - mean, q = simd::load(x + i + width) - mean;
    const F r = simd::load(x + i + 2 * width) - mean, s = simd::load(x + i + 3 * width) - mean;
    a += p * p, b += q * q, c += r * r, d += s * s;
  }
  for (; i + width <= n; i += width) {
    const F p = simd::load(x + i) - mean;
    a += p * p;
  }
  for (; i < n; ++i) b[0] += (x[i] - mean[0]) * (x[i] - mean[0]);
  const F m2 = joined((a + b) + (c + d), blocked);
  m.merge(double(blocked ? n / width : n), reinterpret_cast<const float*>(&mean),
          reinterpret_cast<const float*>(&m2));
}

FOVEA_SIMD Moments moments_of_unit(const Rows& rows, const float* x, int64_t unit) {
  Moments m;
  for (int64_t image = rows.first_image(unit); image < rows.last_image(unit); ++image) {
    const float* row = x + rows.offset(image, rows.group(unit));
    for (int64_t i = 0; i < rows.length; i += piece)
      moments_of(row + i, std::min(piece, rows.length - i), rows.blocked, m);
  }
  return m;
}

/// y = epilogue((x - mean) scale + shift)
FOVEA_SIMD void normalise_unit(const Rows& rows, const float* x, const float* mean, const float* scale,
                               const float* shift, const Epilogue& epilogue, float* y, int64_t unit) {
  const int64_t group = rows.group(unit);
  const F zero{}, m = mean ? constant(mean, group, rows.blocked) : zero,
                  a = constant(scale, group, rows.blocked);
  const F b = shift ? constant(shift, group, rows.blocked) : zero;
  for (int64_t image = rows.last_image(unit); image-- > rows.first_image(unit);) {
    const int64_t at = rows.offset(image, group);
    int64_t i = at;
    for (; i + width <= at + rows.length; i += width)
      simd::store(y + i, epilogue((simd::load(x + i) - m) * a + b, i));
    for (; i < at + rows.length; ++i) y[i] = epilogue((x[i] - m[0]) * a[0] + b[0], i);
  }
}

size_t train_scratch(const Call& c) {
  const Rows rows(c.in(0));
  return size_t(rows.units()) * sizeof(Moments) + size_t(c.in(0).size(1)) * sizeof(float);
}

void train(const Call& c) {
  const Rows rows(c.in(0));
  const float *x = c.in(0).ptr<float>(), *weight = c.in(1).ptr<float>(), *bias = c.in(2).ptr<float>();
  float *mean = c.out(1).ptr<float>(), *rstd = c.out(2).ptr<float>();
  auto* moments = reinterpret_cast<Moments*>(c.scratch);
  auto* scale = reinterpret_cast<float*>(moments + rows.units());
  rows.each_unit([&](int64_t u) { moments[u] = moments_of_unit(rows, x, u); });
  for (int64_t group = 0; group < rows.groups; ++group) {
    Moments all;
    for (int64_t u = group * rows.pieces; u < (group + 1) * rows.pieces; ++u) all.merge(moments[u]);
    for (int lane = 0; lane < rows.lanes; ++lane) {
      const int64_t k = group * rows.lanes + lane;
      mean[k] = float(all.mean[lane]);
      rstd[k] = float(1 / std::sqrt(all.m2[lane] / all.n + c.f("eps")));
      scale[k] = weight ? rstd[k] * weight[k] : rstd[k];
    }
  }
  const Epilogue epilogue = Epilogue::of(c);
  const int64_t last = rows.units() - 1;  // backwards: what was read last is still in the cache
  rows.each_unit([&](int64_t u) {
    normalise_unit(rows, x, mean, scale, bias, epilogue, c.out(0).ptr<float>(), last - u);
  });
}

/// sum(g) and sum(g (x - mean)) of a unit, 8 lanes each.
struct Sums {
  double g[width] = {}, product[width] = {};
};

/// Which gradients count: those of results (x - mean) scale + shift between low and high. Null: all.
struct Passed {
  const float *scale = nullptr, *shift = nullptr;
  float low = 0, high = 0;
};
/// The same for one group of channels.
struct GroupPassed {
  F scale, shift, low, high;
  GroupPassed() = default;
  FOVEA_SIMD_INLINE GroupPassed(const Passed& p, int64_t group, bool blocked)
      : scale(constant(p.scale, group, blocked)),
        shift(p.shift ? constant(p.shift, group, blocked) : F{}),
        low(F{} + p.low),
        high(F{} + p.high) {}
  FOVEA_SIMD_INLINE F operator()(F g, F centred) const {
    const F y = centred * scale + shift;
    return (y > low) & (y < high) ? g : F{};
  }
  FOVEA_SIMD_INLINE float operator()(float g, float centred) const {
    const float y = centred * scale[0] + shift[0];
    return y > low[0] && y < high[0] ? g : 0.f;
  }
};
struct AllPassed {
  FOVEA_SIMD_INLINE F operator()(F g, F) const { return g; }
  FOVEA_SIMD_INLINE float operator()(float g, float) const { return g; }
};

template <class Gate>
FOVEA_SIMD_INLINE Sums sums_of_unit(const Rows& rows, const float* x, const float* g, const float* mean,
                                    const Gate& gate, int64_t unit) {
  Sums sums;
  const int64_t group = rows.group(unit);
  const F m = constant(mean, group, rows.blocked);
  for (int64_t image = rows.first_image(unit); image < rows.last_image(unit); ++image)
    for (int64_t from = rows.offset(image, group), end = from + rows.length; from < end; from += piece) {
      const int64_t to = std::min(from + piece, end);
      F a{}, b{}, p{}, q{};
      int64_t i = from;
      for (; i + 2 * width <= to; i += 2 * width) {
        const F x0 = simd::load(x + i) - m, x1 = simd::load(x + i + width) - m;
        const F g0 = gate(simd::load(g + i), x0), g1 = gate(simd::load(g + i + width), x1);
        a += g0, b += g1;
        p += g0 * x0, q += g1 * x1;
      }
      for (; i + width <= to; i += width) {
        const F x0 = simd::load(x + i) - m, g0 = gate(simd::load(g + i), x0);
        a += g0, p += g0 * x0;
      }
      for (; i < to; ++i) {
        const float passed = gate(g[i], x[i] - m[0]);
        b[0] += passed, q[0] += passed * (x[i] - m[0]);
      }
      const F total = joined(a + b, rows.blocked), product = joined(p + q, rows.blocked);
      for (int k = 0; k < width; ++k) sums.g[k] += double(total[k]), sums.product[k] += double(product[k]);
    }
  return sums;
}

/// dx = a g + b (x - mean) + d, with a, b, d per channel.
struct Slopes {
  const float *mean, *a, *b, *d;
};

template <class Gate>
FOVEA_SIMD_INLINE void gradient_unit(const Rows& rows, const float* x, const float* g, const Slopes& s,
                                     const Gate& gate, float* dx, int64_t unit) {
  const int64_t group = rows.group(unit);
  const F m = constant(s.mean, group, rows.blocked), a = constant(s.a, group, rows.blocked);
  const F b = constant(s.b, group, rows.blocked), d = constant(s.d, group, rows.blocked);
  for (int64_t image = rows.last_image(unit); image-- > rows.first_image(unit);) {
    const int64_t at = rows.offset(image, group);
    int64_t i = at;
    for (; i + width <= at + rows.length; i += width) {
      const F centred = simd::load(x + i) - m;
      simd::store(dx + i, a * gate(simd::load(g + i), centred) + (b * centred + d));
    }
    for (; i < at + rows.length; ++i) dx[i] = a[0] * gate(g[i], x[i] - m[0]) + (b[0] * (x[i] - m[0]) + d[0]);
  }
}

FOVEA_SIMD Sums sums_of(const Rows& rows, const float* x, const float* g, const float* mean,
                        const Passed& passed, int64_t unit) {
  if (!passed.scale) return sums_of_unit(rows, x, g, mean, AllPassed(), unit);
  return sums_of_unit(rows, x, g, mean, GroupPassed(passed, rows.group(unit), rows.blocked), unit);
}
FOVEA_SIMD void gradients_of(const Rows& rows, const float* x, const float* g, const Slopes& s,
                             const Passed& passed, float* dx, int64_t unit) {
  if (!passed.scale) return gradient_unit(rows, x, g, s, AllPassed(), dx, unit);
  gradient_unit(rows, x, g, s, GroupPassed(passed, rows.group(unit), rows.blocked), dx, unit);
}

size_t backward_scratch(const Call& c) {
  const Rows rows(c.in(0));
  return size_t(rows.units()) * sizeof(Sums) + 4 * size_t(c.in(0).size(1)) * sizeof(float);
}

void backward(const Call& c) {
  const Rows rows(c.in(0));
  const float *x = c.in(0).ptr<float>(), *g = c.in(1).ptr<float>(), *mean = c.in(2).ptr<float>();
  const float *rstd = c.in(3).ptr<float>(), *weight = c.in(4).ptr<float>();
  const int64_t channels = c.in(0).size(1);
  auto* sums = reinterpret_cast<Sums*>(c.scratch);
  float *a = reinterpret_cast<float*>(sums + rows.units()), *b = a + channels, *d = b + channels;
  Passed passed;
  if (c.op().parsed.attr_index("low") >= 0) {
    float* scale = d + channels;
    for (int64_t k = 0; k < channels; ++k) scale[k] = weight ? rstd[k] * weight[k] : rstd[k];
    passed = {scale, c.in(5).ptr<float>(), float(c.f("low")), float(c.f("high"))};
  }
  rows.each_unit([&](int64_t u) { sums[u] = sums_of(rows, x, g, mean, passed, u); });
  const double n = double(rows.batch * (rows.length / rows.lanes));
  for (int64_t k = 0; k < channels; ++k) {
    const int64_t group = k / rows.lanes, lane = k % rows.lanes;
    double sum = 0, product = 0;
    for (int64_t u = group * rows.pieces; u < (group + 1) * rows.pieces; ++u)
      sum += sums[u].g[lane], product += sums[u].product[lane];
    const double r = double(rstd[k]), scale = weight ? r * double(weight[k]) : r;
    a[k] = float(scale), b[k] = float(-scale * r * r * product / n), d[k] = float(-scale * sum / n);
    c.out(1).ptr<float>()[k] = float(product * r);
    c.out(2).ptr<float>()[k] = float(sum);
  }
  const int64_t last = rows.units() - 1;
  rows.each_unit([&](int64_t u) {
    gradients_of(rows, x, g, {mean, a, b, d}, passed, c.out(0).ptr<float>(), last - u);
  });
}

void affine(const Call& c) {
  const Rows rows(c.in(0));
  const float *x = c.in(0).ptr<float>(), *scale = c.in(1).ptr<float>(), *shift = c.in(2).ptr<float>();
  rows.each_unit([&](int64_t u) {
    normalise_unit(rows, x, nullptr, scale, shift, Epilogue(), c.out().ptr<float>(), u);
  });
}

const char* refuse(const Call& c) {
  if (const char* reason = refuse_avx2(c)) return reason;
  if (c.dtype() != f32) return "it computes in f32 only";
  return c.in(0).numel() == 0 || Rows(c.in(0)).length < width ? "channels with less than 8 elements in a row"
                                                              : nullptr;
}

/// All of the shape of x in its layout, the vectors plain.
void layouts(const Call& c, std::vector<Layout>& in, std::vector<Layout>& out) {
  for (size_t i = 0; i < in.size(); ++i)
    if (c.ins[i].shape == c.in(0).shape) in[i] = c.in(0).layout;
  out[0] = c.in(0).layout;
}

constexpr Kernel kernel(size_t (*scratch)(const Call&), void (*run)(const Call&)) {
  return {.name = "cpu:rows",
          .rank = 10,
          .refuse = refuse,
          .scratch = scratch,
          .run = run,
          .inputs = Inputs::own,
          .layouts = layouts};
}

const RegisterKernel train_kernel("batch_norm_train", kernel(train_scratch, train));
const RegisterKernel fused_kernel("batch_norm_fused", kernel(train_scratch, train));
const RegisterKernel backward_kernel("batch_norm_backward", kernel(backward_scratch, backward));
const RegisterKernel fused_backward_kernel("batch_norm_fused_backward", kernel(backward_scratch, backward));
const RegisterKernel affine_kernel("channel_affine", kernel(nullptr, affine));

}  // namespace
}  // namespace fovea
