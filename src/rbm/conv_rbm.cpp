#include <fmt/format.h>

#include "fovea/autograd.h"
#include "fovea/init.h"
#include "fovea/operators.h"
#include "rbm/units.h"

namespace fovea::rbm {

ConvRBM::ConvRBM(const Dims& input, int64_t groups, int64_t size, int64_t pool, ConvRBMOptions options)
    : EnergyModel(options.visible, Units::bernoulli), visible_shape_(input), pool_(pool) {
  check(input.size() == 3 && groups >= 1 && size >= 1 && pool >= 1,
        "[rbm] a ConvRBM wants images (C,H,W), groups, size and pool of 1 or more, not {}, {}, {}, {}", input,
        groups, size, pool);
  for (const int64_t side : {input[1], input[2]})
    check(side >= size && (side - size + 1) % pool == 0,
          "[rbm] filters of {} leave {} of a side of {}, which blocks of {} do not divide", size,
          side - size + 1, side, pool);
  weight_ =
      register_parameter("weight", init::normal_(zeros({groups, input[0], size, size}), 0, options.std));
  visible_bias_ = register_parameter("visible_bias", zeros({input[0]}));
  hidden_bias_ = register_parameter("hidden_bias", zeros({groups}));
}

std::string ConvRBM::describe() const {
  return fmt::format("ConvRBM({}, {}, size={}, pool={}{})", visible_shape_, weight_.size(0), weight_.size(2),
                     pool_, visible_units() == Units::bernoulli ? "" : ", visible=gaussian");
}

Dims ConvRBM::hidden_shape() const {
  const int64_t cut = weight_.size(2) - 1;
  return {weight_.size(0), visible_shape_[1] - cut, visible_shape_[2] - cut};
}

/// (N,K,H,W) as (N,K,H/pool,W/pool,pool^2): the units of a block side by side.
Tensor ConvRBM::blocks(const Tensor& x) const {
  const int64_t n = x.size(0), k = x.size(1), h = x.size(2) / pool_, w = x.size(3) / pool_;
  const Tensor cut = permute(reshape(x, {n, k, h, pool_, w, pool_}), {0, 1, 2, 4, 3, 5});
  return reshape(cut, {n, k, h, w, pool_ * pool_});
}
Tensor ConvRBM::unblocked(const Tensor& b) const {
  const int64_t n = b.size(0), k = b.size(1), h = b.size(2), w = b.size(3);
  const Tensor cut = permute(reshape(b, {n, k, h, w, pool_, pool_}), {0, 1, 2, 4, 3, 5});
  return reshape(cut, {n, k, h * pool_, w * pool_});
}

namespace {

Tensor per_channel(const Tensor& bias) { return reshape(bias, {1, -1, 1, 1}); }

}  // namespace

void ConvRBM::set_visible_bias(const Tensor& mean) const {
  check(mean.numel() == visible_shape_.numel(), "[rbm] {} takes the means of {} visible units, not {}",
        describe(), visible_shape_.numel(), mean.describe());
  const NoGrad guard;
  const Tensor each = fovea::mean(mean.reshape({visible_shape_[0], -1}), {1});
  visible_bias_.detach().copy_from(bias_for(visible_units(), each));
}

/// The weights e^input of the units of each block and that of none of them, 1, in units of the largest.
struct ConvRBM::Chances {
  Tensor units;        // (N,K,H,W)
  Tensor none, total;  // (N,K,H',W'); total is the sum of a block
  Tensor largest_log;  // the unit they are in
};

ConvRBM::Chances ConvRBM::chances(const Tensor& input) const {
  const Tensor largest = relu(max_pool2d(input.detach(), {pool_}));
  const Tensor units = exp(input - spread(largest)), none = exp(-largest);
  return {units, none, none + avg_pool2d(units, {pool_}) * double(pool_ * pool_), largest};
}

/// A number of each block, at all of its units.
Tensor ConvRBM::spread(const Tensor& x) const {
  return interpolate(x, {x.size(2) * pool_, x.size(3) * pool_}, "nearest");
}

Tensor ConvRBM::hidden_input(const Tensor& v) const { return conv2d(v, weight_, hidden_bias_); }

Tensor ConvRBM::mean_of_hidden(const Tensor& input) const {
  const Chances c = chances(input);
  return c.units / spread(c.total);
}

/// One uniform number for each block falls into the part of one of its units, or of none.
Tensor ConvRBM::sample_of_hidden(const Tensor& input) const {
  const Tensor upper = cumsum(blocks(mean_of_hidden(input)), 4);
  Dims one = upper.shape();
  one[4] = 1;
  const Tensor u = rand(one, 0, 1, upper.dtype());
  const Tensor below = cast(less(u, upper), upper.dtype());  // from the chosen unit on
  return unblocked(below - concat({zeros(one, upper.dtype()), slice(below, 4, 0, pool_ * pool_ - 1)}, 4));
}

Tensor ConvRBM::pooled(const Tensor& v) const {
  const Chances c = chances(hidden_input(checked(v)));
  return 1 - c.none / c.total;
}

Tensor ConvRBM::visible_input(const Tensor& h) const { return conv_transpose2d(h, weight_, visible_bias_); }

Tensor ConvRBM::visible_energy(const Tensor& v) const {
  return per_example(own_energy(visible_units(), v, per_channel(visible_bias_)));
}

Tensor ConvRBM::hidden_reward(const Tensor& input) const {
  const Chances c = chances(input);
  return per_example(log(c.total) + c.largest_log);
}

Tensor ConvRBM::energy(const Tensor& v, const Tensor& h) const {
  const Tensor x = checked(v), input = hidden_input(x);
  check(h.shape() == input.shape(), "[rbm] the energy of {} examples wants h {}, not {}", x.size(0),
        input.shape(), h.describe());
  const Tensor on = sum(blocks(h), {4});
  const Tensor allowed =
      where(greater(on, full({}, 1, on.dtype())), full({}, INFINITY, on.dtype()), zeros({}, on.dtype()));
  return visible_energy(x) - per_example(input * h) + per_example(allowed);
}

/// With examples and channels exchanged, a convolution of the images by the hidden units sums over the
/// examples.
void ConvRBM::add_gradients(const Tensor& v, const Tensor& h, const Tensor& v_model,
                            const Tensor& h_model) const {
  const auto phase = [](const Tensor& seen, const Tensor& hidden) {
    const auto exchanged = [](const Tensor& x) { return permute(x, {1, 0, 2, 3}); };
    return exchanged(conv2d(exchanged(seen), exchanged(hidden))) * (1.0 / double(seen.size(0)));
  };
  add_gradient(weight_, phase(v_model, h_model) - phase(v, h));
  const auto count = [](const Tensor& hidden) {
    return sum(hidden, {0, 2, 3}) * (1.0 / double(hidden.size(0)));
  };
  add_gradient(hidden_bias_, count(h_model) - count(h));
  const auto total = [&](const Tensor& x) {
    const Tensor each =
        sum(visible_units() == Units::gaussian ? x - per_channel(visible_bias_) : x, {0, 2, 3});
    return each * (1.0 / double(x.size(0)));
  };
  add_gradient(visible_bias_, total(v_model) - total(v));
}

/// On the biases alone, as Lee et al. do.
void ConvRBM::add_sparsity(const Tensor&, const Tensor& h, double target, double cost) const {
  add_gradient(hidden_bias_, (mean(h, {0, 2, 3}) - target) * cost);
}

}  // namespace fovea::rbm
