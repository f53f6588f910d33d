#include "fovea/init.h"

#include <cmath>
#include <utility>

#include "fovea/ops.h"
#include "fovea/random.h"

namespace fovea::init {
namespace {

thread_local bool skipping = false;

/// The dtype random ops draw in for a tensor of this one.
DType drawn(const Tensor& t) { return t.dtype() == f64 ? f64 : f32; }

double fan(const Tensor& t, Fan mode) {
  const Fans f = fans(t);
  return double(mode == Fan::in ? f.in : f.out);
}

double kaiming_std(const Tensor& t, const KaimingOptions& o) {
  return gain(o.nonlinearity, o.a) / std::sqrt(fan(t, o.mode));
}

/// Makes the rows of the row-major matrix orthonormal, one after the other; twice, which leaves rounding
/// errors only (Kahan: "twice is enough").
void orthonormalise(std::vector<double>& m, int64_t rows, int64_t columns) {
  const auto row = [&](int64_t i) { return m.data() + i * columns; };
  const auto dot = [&](const double* a, const double* b) {
    double sum = 0;
    for (int64_t k = 0; k < columns; ++k) sum += a[k] * b[k];
    return sum;
  };
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < 2 * i; ++j) {
      const double* other = row(j % i);
      const double d = dot(row(i), other);
      for (int64_t k = 0; k < columns; ++k) row(i)[k] -= d * other[k];
    }
    const double norm = std::sqrt(dot(row(i), row(i)));
    for (int64_t k = 0; k < columns; ++k) row(i)[k] /= norm;
  }
}

}  // namespace

Skip::Skip() : before_(std::exchange(skipping, true)) {}
Skip::~Skip() { skipping = before_; }

Fans fans(const Tensor& weight) {
  check(weight.rank() >= 2, "fan in and fan out want a weight of 2 or more dimensions, not {}",
        weight.describe());
  int64_t kernel = 1;
  for (int i = 2; i < weight.rank(); ++i) kernel *= weight.size(i);
  return {weight.size(1) * kernel, weight.size(0) * kernel};
}

double gain(const std::string& nonlinearity, double a) {
  if (nonlinearity == "linear" || nonlinearity == "conv" || nonlinearity == "sigmoid") return 1;
  if (nonlinearity == "tanh") return 5.0 / 3;
  if (nonlinearity == "relu") return std::sqrt(2.0);
  if (nonlinearity == "leaky_relu") return std::sqrt(2 / (1 + a * a));
  if (nonlinearity == "selu") return 0.75;
  const auto close =
      nearest(nonlinearity, {"linear", "conv", "sigmoid", "tanh", "relu", "leaky_relu", "selu"});
  fail("no gain is known for nonlinearity '{}'{}", nonlinearity,
       close.empty() ? "" : fmt::format(": did you mean {}?", close));
}

Tensor constant_(const Tensor& t, double value) {
  t.fill(value);
  return t;
}
Tensor zeros_(const Tensor& t) { return constant_(t, 0); }
Tensor ones_(const Tensor& t) { return constant_(t, 1); }

Tensor uniform_(const Tensor& t, double low, double high) {
  if (skipping) return t;
  t.copy_from(rand(t.shape(), low, high, drawn(t)));
  return t;
}

Tensor normal_(const Tensor& t, double mean, double std) {
  if (skipping) return t;
  t.copy_from(randn(t.shape(), mean, std, drawn(t)));
  return t;
}

Tensor trunc_normal_(const Tensor& t, double mean, double std, double low, double high) {
  check(std > 0 && low < high && low < mean + 4 * std && high > mean - 4 * std,
        "trunc_normal_ wants an interval within 4 standard deviations of the mean, not [{}, {}] for {} +- {}",
        low, high, mean, std);
  if (skipping) return t;
  Generator& g = default_generator();
  std::vector<double> values(size_t(t.numel()));
  for (double& x : values) {
    x = mean + std * double(g.normal());
    while (x < low || x > high) x = mean + std * double(g.normal());
  }
  t.copy_from(Tensor::of<double>(values).reshape(t.shape()));
  return t;
}

Tensor xavier_uniform_(const Tensor& t, double gain) {
  const auto [in, out] = fans(t);
  const double bound = gain * std::sqrt(6.0 / double(in + out));
  return uniform_(t, -bound, bound);
}

Tensor xavier_normal_(const Tensor& t, double gain) {
  const auto [in, out] = fans(t);
  return normal_(t, 0, gain * std::sqrt(2.0 / double(in + out)));
}

Tensor kaiming_uniform_(const Tensor& t, const KaimingOptions& options) {
  const double bound = std::sqrt(3.0) * kaiming_std(t, options);
  return uniform_(t, -bound, bound);
}

Tensor kaiming_normal_(const Tensor& t, const KaimingOptions& options) {
  return normal_(t, 0, kaiming_std(t, options));
}

Tensor orthogonal_(const Tensor& t, double gain) {
  check(t.rank() >= 2 && t.numel() > 0, "orthogonal_ wants 2 or more dimensions and elements, not {}",
        t.describe());
  if (skipping) return t;
  const int64_t rows = t.size(0), columns = t.numel() / rows;
  const bool tall = rows > columns;
  const int64_t vectors = tall ? columns : rows, length = tall ? rows : columns;
  auto m = randn({t.numel()}, 0, 1, f64).to_vector<double>();
  orthonormalise(m, vectors, length);
  for (double& v : m) v *= gain;
  Tensor q = Tensor::of<double>(m, {vectors, length});
  if (tall) q = q.permute({1, 0});
  t.copy_from(q.contiguous().reshape(t.shape()));
  return t;
}

Tensor eye_(const Tensor& t) {
  check(t.rank() == 2, "eye_ wants a matrix, not {}", t.describe());
  t.fill(0);
  for (int64_t i = 0; i < std::min(t.size(0), t.size(1)); ++i) t.detach().select(0, i).select(0, i).fill(1);
  return t;
}

Tensor dirac_(const Tensor& t) {
  check(t.rank() >= 3, "dirac_ wants a convolution's weight, not {}", t.describe());
  t.fill(0);
  for (int64_t i = 0; i < std::min(t.size(0), t.size(1)); ++i) {
    Tensor kernel = t.detach().select(0, i).select(0, i);
    while (kernel.rank() > 0) kernel = kernel.select(0, kernel.size(0) / 2);
    kernel.fill(1);
  }
  return t;
}

}  // namespace fovea::init
