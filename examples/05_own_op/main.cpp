// An op of one's own, from outside the library: one record with its meaning, its gradient and its samples;
// and an elementwise one as a single entry. Both are then differentiated, trained through and checked like
// any op of fovea.
#include <cmath>
#include <iostream>

#include "fovea/fovea.h"
#include "fovea/op.h"
#include "fovea/pointwise.h"

using namespace fovea;

namespace {

// Elementwise: forward, first and second derivative as scalar texts.
FOVEA_UNARY(bent_identity, (), (fv_sqrt(x * x + (real)1) - (real)1) / (real)2 + x,
            x / ((real)2 * fv_sqrt(x * x + (real)1)) + (real)1,
            (real)0.5 / ((x * x + (real)1) * fv_sqrt(x * x + (real)1)), .signature = "bent_identity(x)",
            .doc = "(sqrt(x^2 + 1) - 1) / 2 + x.", .samples = {{{f({7})}}});

// With a kernel: the total variation of images, the sum of |difference| of vertical neighbours (a denoising
// prior).
template <class real>
void total_variation(const Call& c) {
  const View& x = c.in(0);
  const int64_t rows = x.size(-2), columns = x.size(-1), planes = x.numel() / (rows * columns);
  real sum = 0;
  for (int64_t p = 0; p < planes; ++p)
    for (int64_t i = 0; i + 1 < rows; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        const real* at = x.ptr<real>() + (p * rows + i) * columns + j;
        sum += std::abs(at[columns] - at[0]);
      }
  *c.out().ptr<real>() = sum;
}

// Its gradient is a program of ops, so it can be differentiated again.
Grads total_variation_vjp(const Vjp& v) {
  const Tensor& x = v.in(0);
  const int64_t rows = x.size(-2);
  const Tensor slope = sign(slice(x, -2, 1, rows) - slice(x, -2, 0, rows - 1)) * v.g();
  return {pad(slope, {0, 0, 1, 0}) - pad(slope, {0, 0, 0, 1})};
}

FOVEA_OP(total_variation){
    .signature = "total_variation(x)",
    .doc = "Sum of the absolute differences of vertical neighbours.",
    .require = {min_rank("x", 2)},
    .shape =
        [](const Call& c) {
          return Specs{{Dims{}, c.dtype()}};
        },
    .reference = FOVEA_FLOATS(total_variation),
    .vjp = total_variation_vjp,
    .samples = {{{f({2, 3, 4})}}},
};

/// Largest difference between the gradient and central differences.
double gradient_error(const std::string& op, const Tensor& at) {
  const Tensor x = at.clone().set_requires_grad();
  sum(call(op, {x})).backward();
  double worst = 0;
  for (int64_t i = 0; i < x.numel(); ++i) {
    auto value = [&](double h) {
      const Tensor moved = at.clone();
      moved.data<double>()[i] += h;
      return sum(call(op, {moved})).item();
    };
    worst = std::max(worst, std::abs((value(1e-5) - value(-1e-5)) / 2e-5 - x.grad().data<double>()[i]));
  }
  return worst;
}

}  // namespace

int main() {
  manual_seed(1);
  const double first = gradient_error("total_variation", randn({3, 4}, 0, 1, f64));
  const double second = gradient_error("bent_identity", randn({3, 4}, 0, 1, f64));
  std::cout << "gradient errors against central differences: " << first << " and " << second << "\n";

  // Denoise a step image by gradient descent on (x - noisy)^2 + 0.3 total_variation(x).
  const Tensor clean = concat({zeros({4, 6}), ones({4, 6})}), noisy = clean + randn({8, 6}, 0, 0.2);
  Tensor x = noisy.clone().set_requires_grad();
  optim::SGD optimizer(NamedTensors{{"x", x}}, {.lr = 0.02});
  for (int i = 0; i < 200; ++i) {
    optimizer.zero_grad();
    (sum(square(x - noisy)) + call("total_variation", {x}) * 0.3).backward();
    optimizer.step();
  }
  const double before = mean(square(noisy - clean)).item(), after = mean(square(x.detach() - clean)).item();
  std::cout << "mean squared error to the clean image: " << before << " -> " << after << "\n";
  try {
    call("total_variation", {tensor({1, 2, 3})});
  } catch (const Error& e) {
    std::cout << "a wrong call says: " << e.what() << "\n";
  }
  return first < 1e-6 && second < 1e-6 && after < before ? 0 : 1;
}
