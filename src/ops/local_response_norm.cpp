// Local response normalisation (Krizhevsky et al. 2012): bright neighbours in other channels dim a response.
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "fovea/op.h"
#include "fovea/ops.h"

namespace fovea {
namespace {

/// Calls f(offset, first, last, step) for each element of x: its window is the elements first, first + step ... last.
template <class F>
void for_windows(const Call& c, int64_t below, int64_t above, F&& f) {
  const Dims& x = c.in(0).shape;
  const int64_t channels = x[1], plane = x[2] * x[3];
  parallel_for(x[0] * channels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      const int64_t low = std::max<int64_t>(0, k % channels - below) - k % channels;
      const int64_t high = std::min(channels - 1, k % channels + above) - k % channels;
      for (int64_t i = k * plane; i < (k + 1) * plane; ++i) f(i, i + low * plane, i + high * plane, plane);
    }
  });
}

template <class real>
void forward(const Call& c) {
  const int64_t size = c.i("size");
  const real *x = c.in(0).ptr<real>(), alpha = real(c.f("alpha") / double(size)), beta = real(c.f("beta")), k = real(c.f("k"));
  for_windows(c, size / 2, (size - 1) / 2, [&](int64_t at, int64_t first, int64_t last, int64_t step) {
    real sum = 0;
    for (int64_t i = first; i <= last; i += step) sum += x[i] * x[i];
    c.out().ptr<real>()[at] = x[at] * std::pow(k + alpha * sum, -beta);
  });
}

template <class real>
void window_sum(const Call& c) {
  const int64_t size = c.i("size"), before = size / 2, after = (size - 1) / 2;
  const bool flip = c.b("flip");
  for_windows(c, flip ? after : before, flip ? before : after, [&](int64_t at, int64_t first, int64_t last, int64_t step) {
    real sum = 0;
    for (int64_t i = first; i <= last; i += step) sum += c.in(0).ptr<real>()[i];
    c.out().ptr<real>()[at] = sum;
  });
}

Tensor channel_window_sum(const Tensor& x, int64_t size, bool flip) {
  return call("channel_window_sum", {x}, {{"size", size}, {"flip", flip}});
}

FOVEA_OP(channel_window_sum){
    .signature = "channel_window_sum(x, size=5, flip=false)",
    .doc = "Sum over the channels c - size/2 ... c + (size-1)/2 of (N,C,H,W), zero beyond the ends; flip exchanges before "
           "and after.",
    .require = {rank("x", 4), at_least("size", 1)},
    .shape = same_as(0),
    .reference = FOVEA_FLOATS(window_sum),
    .vjp = [](const Vjp& v) { return Grads{channel_window_sum(v.g(), v.i("size"), !v.b("flip"))}; },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3, 5})}}, {{f({1, 3, 2, 2})}, {{"size", 4}, {"flip", true}}}},
    .bad = {{{f({8, 5})}}},
    .internal = true,
};

FOVEA_OP(local_response_norm){
    .signature = "local_response_norm(x, size=5, alpha=1e-4, beta=0.75, k=1.0)",
    .doc = "x / (k + alpha/size * s)^beta, where s is the sum of squares over `size` neighbouring channels of (N,C,H,W), zero "
           "beyond the ends (Krizhevsky et al. 2012). alpha is divided by size as in PyTorch and Caffe; the paper and TensorFlow do "
           "not, so their alpha is ours divided by size.",
    .require = {rank("x", 4), at_least("size", 1)},
    .shape = same_as(0),
    .reference = FOVEA_FLOATS(forward),
    .vjp = [](const Vjp& v) {
      const Tensor &x = v.in(0), &g = v.g();
      const int64_t size = v.i("size");
      const double alpha = v.f("alpha") / double(size), beta = v.f("beta");
      const Tensor base = affine(channel_window_sum(square(x), size, false), alpha, v.f("k"));
      const Tensor direct = mul(g, exp(affine(log(base), -beta)));
      const Tensor spread = channel_window_sum(div(mul(direct, x), base), size, true);
      return Grads{sub(direct, affine(mul(x, spread), 2 * alpha * beta))};
    },
    .samples = {{{f({2, 8, 5, 5})}, {{"alpha", 0.5}}}, {{f({1, 3, 4, 4})}, {{"size", 4}, {"alpha", 1.0}, {"k", 2.0}}}},
    .bad = {{{f({8, 5})}}, {{f({1, 3, 4, 4})}, {{"size", 0}}}},
};

}  // namespace
}  // namespace fovea
