// Energy models: restricted Boltzmann machines (Smolensky 1986), their convolutional sisters and deep belief
// networks. An energy E(v, h) of visible and hidden units makes probabilities p(v, h) = e^-E / Z. The models
// are modules: parameters by name, state_dict(), any optimizer. Random numbers come from the default
// generator: the same seed gives the same bits, whatever the number of threads.
//   rbm::RBM model(784, 500);
//   optim::SGD optimizer(model, {.lr = 0.05, .momentum = 0.5});
//   rbm::ContrastiveDivergence cd(model, {.k = 1});
//   auto step = compile([&](const Tensor& images) {
//     const Tensor error = cd.backward(images);  // fills the gradients
//     optimizer.step();
//     optimizer.zero_grad();
//     return error;
//   });
// Data: Bernoulli units take numbers in [0, 1] (those between 0 and 1 are probabilities) and refuse others;
// Gaussian units have variance 1, so data for them is normalised.
// Threads: as nn::Module; one ContrastiveDivergence belongs to one thread.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fovea/nn.h"

namespace fovea::rbm {

/// - bernoulli: 0 or 1, p(1) = sigmoid(input)
/// - gaussian: normal around the input with variance 1
/// - relu (hidden only): max(0, input + noise of variance sigmoid(input)), which stands for infinitely many
///   Bernoulli units of shifted biases (Nair and Hinton 2010)
enum class Units : uint8_t { bernoulli, gaussian, relu };
/// Throws with the nearest name for others.
Units units_named(const std::string& name);
const char* name_of(Units units);

/// What the learning, sampling and measuring below need of a model. Shapes are those of one example; every
/// tensor has a dimension of N examples before them. Visible tensors may come in any shape of that size.
class EnergyModel : public nn::Module {
 public:
  virtual const Dims& visible_shape() const = 0;
  virtual Dims hidden_shape() const = 0;
  virtual const Tensor& visible_bias() const = 0;
  virtual const Tensor& hidden_bias() const = 0;
  /// Visible biases that give each unit its mean in the data by themselves, as Hinton (2010) starts:
  /// log(p / (1 - p)) of Bernoulli units, the mean of Gaussian ones. `mean` holds that of each visible unit;
  /// units that share a bias get that of their common mean.
  virtual void set_visible_bias(const Tensor& mean) const = 0;
  Units visible_units() const { return visible_; }
  Units hidden_units() const { return hidden_; }

  /// The expected hidden units, features of v: what calling the module gives.
  Tensor forward(const Tensor& v) const override { return hidden_mean(v); }
  Tensor hidden_mean(const Tensor& v) const { return mean_of_hidden(hidden_input(checked(v))); }
  Tensor sample_hidden(const Tensor& v) const { return sample_of_hidden(hidden_input(checked(v))); }
  Tensor visible_mean(const Tensor& h) const;
  Tensor sample_visible(const Tensor& h) const;

  /// -log of the sum of e^-E(v, h) over all h, for each example: (N). p(v) = e^-F(v) / Z. Throws for relu
  /// hidden units, which have no closed form.
  Tensor free_energy(const Tensor& v) const;
  /// The expected visible units given the expected hidden units of v.
  Tensor reconstruct(const Tensor& v) const { return visible_mean(hidden_mean(v)); }
  /// Mean squared difference between v and reconstruct(v), over units and examples: 0-d.
  Tensor reconstruction_error(const Tensor& v) const;
  /// `steps` times hidden units given v, then v given these; the last visible ones are their means if `mean`.
  Tensor gibbs(const Tensor& v, int64_t steps, bool mean = false) const;
  /// `count` visible examples to start a chain from: fair coins, or normal numbers.
  Tensor noise(int64_t count) const;

  // The parts of the above, without a check of the data.
  /// What the hidden units of v sum up, bias included.
  virtual Tensor hidden_input(const Tensor& v) const = 0;
  virtual Tensor mean_of_hidden(const Tensor& input) const = 0;
  virtual Tensor sample_of_hidden(const Tensor& input) const = 0;
  /// The same of visible units.
  virtual Tensor visible_input(const Tensor& h) const = 0;
  Tensor mean_of_visible(const Tensor& input) const;
  Tensor sample_of_visible(const Tensor& input) const;
  /// The energy of v alone (N); the free energy is this - the reward that the hidden units add.
  virtual Tensor visible_energy(const Tensor& v) const = 0;
  virtual Tensor hidden_reward(const Tensor& input) const = 0;
  /// Adds to the gradients of the parameters those of the mean of E(v, h) less that of E(v_model, h_model).
  virtual void add_gradients(const Tensor& v, const Tensor& h, const Tensor& v_model,
                             const Tensor& h_model) const = 0;
  /// Adds to the gradients those of a sparsity penalty (ContrastiveOptions).
  virtual void add_sparsity(const Tensor& v, const Tensor& h, double target, double cost) const = 0;
  /// v as the model takes it, (N, visible_shape). Throws if it has another size or, for Bernoulli units,
  /// numbers outside of [0, 1].
  Tensor checked(const Tensor& v) const;

 protected:
  EnergyModel(Units visible, Units hidden);

 private:
  Units visible_, hidden_;
};

struct RBMOptions {
  Units visible = Units::bernoulli, hidden = Units::bernoulli;
  double std = 0.01;  // of the first weights, which are normal; biases start at 0 (Hinton 2010)
};

/// E(v, h) = -h W v - visible_bias v - hidden_bias h. For Gaussian units the term with their bias b is
/// (u - b)^2 / 2 instead. Parameters: weight (hidden, visible), visible_bias, hidden_bias.
/// At most one side is Gaussian: with two, E has no lower bound once W grows.
class RBM : public EnergyModel {
 public:
  RBM(int64_t visible, int64_t hidden, RBMOptions options = {});
  const Tensor& weight() const { return weight_; }
  const Tensor& visible_bias() const override { return visible_bias_; }
  const Tensor& hidden_bias() const override { return hidden_bias_; }
  std::string describe() const override;

  /// E(v, h) for each pair: (N).
  Tensor energy(const Tensor& v, const Tensor& h) const;
  /// log p(v) summed over bits, each given the others, estimated as V log p(bit i | others) with one random i
  /// for each example: scikit-learn's BernoulliRBM.score_samples. (N). *Requires* Bernoulli visible units.
  Tensor pseudo_likelihood(const Tensor& v) const;
  /// The sum itself, over all bits: V times the work. (N)
  Tensor exact_pseudo_likelihood(const Tensor& v) const;
  void set_visible_bias(const Tensor& mean) const override;

  const Dims& visible_shape() const override { return visible_shape_; }
  Dims hidden_shape() const override { return {weight_.size(0)}; }
  Tensor hidden_input(const Tensor& v) const override;
  Tensor mean_of_hidden(const Tensor& input) const override;
  Tensor sample_of_hidden(const Tensor& input) const override;
  Tensor visible_input(const Tensor& h) const override;
  Tensor visible_energy(const Tensor& v) const override;
  Tensor hidden_reward(const Tensor& input) const override;
  void add_gradients(const Tensor& v, const Tensor& h, const Tensor& v_model,
                     const Tensor& h_model) const override;
  void add_sparsity(const Tensor& v, const Tensor& h, double target, double cost) const override;

 private:
  void wants_bits(const char* what) const;
  Dims visible_shape_;
  Tensor weight_, visible_bias_, hidden_bias_;
};

struct ConvRBMOptions {
  Units visible = Units::bernoulli;
  double std = 0.01;
};

/// The convolutional RBM with probabilistic max pooling (Lee et al. 2009): `groups` filters of size x size
/// share their weights over the image, the hidden units of a group lie in blocks of pool x pool of which at
/// most one is on, and a pooling unit is on if one of its block is.
/// E(v, h) = -sum over k of h_k . (W_k * v + hidden_bias_k) - sum over c of visible_bias_c sum(v_c), with
/// (v_c - b)^2 / 2 for Gaussian v; * is the cross-correlation without borders. Parameters: weight (groups, C,
/// size, size), visible_bias (C), hidden_bias (groups). Calling it gives p(pooling unit on), as pooled().
class ConvRBM : public EnergyModel {
 public:
  /// `input` (C,H,W). *Requires* (H - size + 1) and (W - size + 1) to be multiples of `pool`.
  ConvRBM(const Dims& input, int64_t groups, int64_t size, int64_t pool = 2, ConvRBMOptions options = {});
  const Tensor& weight() const { return weight_; }
  const Tensor& visible_bias() const override { return visible_bias_; }
  const Tensor& hidden_bias() const override { return hidden_bias_; }
  void set_visible_bias(const Tensor& mean) const override;
  int64_t pool() const { return pool_; }
  std::string describe() const override;

  Tensor forward(const Tensor& v) const override { return pooled(v); }
  /// The probability that each block has a unit on: (N, groups, H', W').
  Tensor pooled(const Tensor& v) const;
  /// E(v, h) for each pair (N); infinite where two units of a block are on.
  Tensor energy(const Tensor& v, const Tensor& h) const;

  const Dims& visible_shape() const override { return visible_shape_; }
  Dims hidden_shape() const override;
  Tensor hidden_input(const Tensor& v) const override;
  Tensor mean_of_hidden(const Tensor& input) const override;
  Tensor sample_of_hidden(const Tensor& input) const override;
  Tensor visible_input(const Tensor& h) const override;
  Tensor visible_energy(const Tensor& v) const override;
  Tensor hidden_reward(const Tensor& input) const override;
  void add_gradients(const Tensor& v, const Tensor& h, const Tensor& v_model,
                     const Tensor& h_model) const override;
  void add_sparsity(const Tensor& v, const Tensor& h, double target, double cost) const override;

 private:
  struct Chances;
  Chances chances(const Tensor& input) const;
  Tensor spread(const Tensor& x) const;
  Tensor blocks(const Tensor& x) const;
  Tensor unblocked(const Tensor& b) const;
  Dims visible_shape_;
  int64_t pool_;
  Tensor weight_, visible_bias_, hidden_bias_;
};

struct ContrastiveOptions {
  int64_t k = 1;            // Gibbs steps
  bool persistent = false;  // chains go on from step to step (Tieleman 2008) instead of starting at the data
  int64_t chains = 100;     // how many, if they persist
  double sparsity_target = 0, sparsity_cost = 0;  // pulls the mean q of each hidden unit over the batch to
                                                  // the target p: the gradient of its input grows by cost
                                                  // (q - p) (Hinton 2010, section 11)
};

/// Contrastive divergence (Hinton 2002): the gradient of -log p(v), with the expectation over the model
/// replaced by k steps of Gibbs sampling.
class ContrastiveDivergence {
 public:
  explicit ContrastiveDivergence(const EnergyModel& model, ContrastiveOptions options = {});
  /// Adds the mean gradient of the batch v to that of the parameters. Gives the mean squared difference
  /// between v and its reconstruction (0-d): from the sampled hidden units with CD, the expected ones with
  /// persistent chains. Can be part of a compiled step. The model must outlive this.
  Tensor backward(const Tensor& v) const;
  /// Hidden units of the persistent chains, (chains, hidden_shape); undefined without.
  const Tensor& chains() const { return chains_; }
  const ContrastiveOptions& options() const { return options_; }

 private:
  const EnergyModel& model_;
  ContrastiveOptions options_;
  Tensor chains_;
};

/// EnergyModel::gibbs() compiled, for hundreds of steps; not to be used within a compiled step.
Tensor run_chain(const EnergyModel& model, const Tensor& v, int64_t steps, bool mean = false);
/// Expected visible units of `count` Gibbs chains after `steps` steps from noise.
Tensor sample(const EnergyModel& model, int64_t count, int64_t steps);

constexpr int64_t most_exact_units = 20;
/// log Z by summing over all states of the smaller side of Bernoulli units, in f64. *Requires* at most
/// most_exact_units of them.
double exact_log_z(const RBM& model);

struct AISOptions {
  int64_t runs = 100, steps = 1000;  // chains, and temperatures of each
  Tensor data_mean = {};  // (V): the chains start from independent units of these means; from the visible
                          // biases if left out
};
struct LogZ {
  double log_z = 0, standard_error = 0;  // of log_z, from the spread of the runs
};
/// log Z by annealed importance sampling (Neal 2001, Salakhutdinov and Murray 2008): chains go from
/// independent units to the model by raising the weights in steps. The error is right if the runs have found
/// all that counts; more steps make it smaller. Throws for relu hidden units.
LogZ ais_log_z(const RBM& model, const AISOptions& options = {});

/// A deep belief network (Hinton, Osindero and Teh 2006): RBMs on top of each other, each trained on what the
/// one below makes of the data. Modules "rbm1", "rbm2" ...
class DBN : public nn::Module {
 public:
  /// sizes {784, 500, 500, 2000}: visible units, then those of each layer. `options.visible` holds for the
  /// first layer; all other units are Bernoulli.
  explicit DBN(const std::vector<int64_t>& sizes, RBMOptions options = {});
  /// That of these RBMs, whose weights it shares. Throws unless each can stand on the one before.
  static DBN of(const std::vector<RBM>& layers);
  int size() const { return int(layers_.size()); }
  const RBM& operator[](int i) const { return layers_.at(size_t(i)); }
  using nn::Module::operator();
  /// Expected hidden units of the topmost layer.
  Tensor forward(const Tensor& v) const override { return up(v, size()); }
  /// What `layers` layers make of v: the input of the next one.
  Tensor up(const Tensor& v, int layers) const;
  /// The way back: what the lowest `layers` make of visible units x of the next one; sampled, but for the
  /// visible units themselves, which are their means.
  Tensor down(const Tensor& x, int layers) const;
  /// Expected visible units: `steps` of Gibbs sampling in the topmost RBM from noise, then down.
  Tensor sample(int64_t count, int64_t steps) const;
  /// The network of sigmoid layers with these weights and a new linear layer for the classes, for
  /// back-propagation: zoo::mlp(sizes, "sigmoid") in structure and names. Weights are copies.
  nn::Sequential unrolled(int64_t classes) const;
  std::string describe() const override;

 private:
  DBN() = default;
  void add(const RBM& layer);
  std::vector<RBM> layers_;
};

}  // namespace fovea::rbm
