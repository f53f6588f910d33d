// Energy models by contrastive divergence, a deep belief network layer by layer.
#include <cmath>
#include <optional>

#include "fovea/autograd.h"
#include "fovea/energy.h"
#include "fovea/operators.h"
#include "train/energy_pictures.h"
#include "train/fit.h"
#include "train/recipe.h"
#include "train/terminal.h"
#include "train/unsupervised.h"

namespace fovea::train {
namespace {

constexpr double first_momentum = 0.5;           // Hinton 2010, section 9
constexpr int64_t examples_for_biases = 10'000;  // to measure the means of the visible units

class EnergyLearner : public Learner {
 public:
  EnergyLearner(const EnergyOptions& options, const nn::Module& model) : o_(options), layers_(model) {}

  const nn::Module& model() const override { return layers_.model(); }
  int64_t stages() const override { return layers_.size(); }
  std::string stage_name() const override { return "layer"; }
  void open_stage(int64_t i) override;
  void look_at(data::DataLoader& train) const override;
  void set_rates(int64_t epoch, double part) override;
  Rates rates() const override { return {optimizer_->groups()[0].lr, optimizer_->groups()[0].momentum}; }

  std::vector<Tensor> step(const Tensor& x) override;
  std::vector<std::string> step_scores() const override { return {"reconstruction"}; }
  void run_again(const Tensor& x) const override { cd_->backward(layers_.up(x, layer_)); }
  std::string advice() const override {
    return "a smaller lr0 may help: gaussian and relu units want 0.001 or so";
  }
  std::vector<Tensor> measure(int64_t i, const Tensor& x) const override;
  std::vector<Measured> measured() const override {
    return {{"reconstruction"}, {"pseudo_likelihood"}, {"free_energy", true}};
  }

  std::string text(const Scores& running) const override {
    return "reconstruction " + short_number(running["reconstruction"]);
  }
  std::string text(const Scores& val, const Scores& train) const override;

  std::vector<Part> state() const override;
  void load_state(const NamedTensors& all) override;

  void draw_into(const std::string& folder, const ModelCard& card) override {
    pictures_.emplace(folder, layers_, card);
  }
  void draw(const Tensor& x, bool stage_ends) const override;
  void draw_curves(const std::vector<std::string>&, const std::vector<std::vector<double>>& rows,
                   const std::string& title) const override {
    draw_energy_curves(pictures_->folder(), rows, title);
  }

 private:
  const EnergyOptions& o_;
  const EnergyLayers layers_;
  int layer_ = 0;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::optional<rbm::ContrastiveDivergence> cd_;
  std::optional<EnergyPictures> pictures_;
};

void EnergyLearner::open_stage(int64_t i) {
  layer_ = int(i);
  const rbm::EnergyModel& model = layers_[layer_];
  cd_.emplace(model, rbm::ContrastiveOptions{.k = o_.k,
                                             .persistent = o_.persistent,
                                             .chains = o_.chains,
                                             .sparsity_target = o_.sparsity,
                                             .sparsity_cost = o_.sparsity_cost});
  optimizer_ = std::make_unique<optim::SGD>(optim::parameter_groups(model, o_.weight_decay),
                                            optim::SGDOptions{.lr = o_.lr0, .momentum = o_.momentum});
}

/// The biases that a layer starts with.
void EnergyLearner::look_at(data::DataLoader& train) const {
  const rbm::EnergyModel& model = layers_[layer_];
  const NoGrad guard;
  if (max(abs(model.visible_bias())).item() > 0) return;  // trained before
  const DType dtype = dtype_of_model(model);
  Tensor total;
  int64_t examples = 0;
  for (const data::Batch& batch : train.epoch(0)) {
    const Tensor v = model.checked(layers_.up(batch.images.to(dtype), layer_)), part = sum(v, {0});
    total = total ? total + part : part;
    if ((examples += v.size(0)) >= examples_for_biases) break;
  }
  model.set_visible_bias(total / double(examples));
  if (o_.sparsity > 0 && o_.sparsity < 1)
    model.hidden_bias().detach().fill(std::log(o_.sparsity / (1 - o_.sparsity)));
}

/// When the momentum rises, lr / (1 - momentum), what a steady gradient moves in the end, stays.
void EnergyLearner::set_rates(int64_t epoch, double) {
  const double low = std::min(first_momentum, o_.momentum);
  const double momentum = epoch < o_.momentum_epochs ? low : o_.momentum;
  const double part = double(epoch) / double(o_.max_epochs);
  const double lr = o_.lr0 * (1 - momentum) / (1 - low) * schedule_factor(o_.schedule, part);
  for (auto& group : optimizer_->groups()) group.momentum = momentum, group.lr = lr;
}

std::vector<Tensor> EnergyLearner::step(const Tensor& x) {
  const NoGrad guard;
  const Tensor error = cd_->backward(layers_.up(x, layer_));
  refuse_non_finite(error);
  optimizer_->step();
  optimizer_->zero_grad();
  return {error};
}

std::vector<Tensor> EnergyLearner::measure(int64_t i, const Tensor& x) const {
  const rbm::EnergyModel& model = layers_[int(i)];
  const auto* rbm = dynamic_cast<const rbm::RBM*>(&model);
  const bool closed = model.hidden_units() != rbm::Units::relu;
  const bool has_pseudo = rbm && closed && model.visible_units() == rbm::Units::bernoulli;
  const Tensor v = layers_.up(x, int(i)), none = full({}, NAN);
  return {model.reconstruction_error(v), has_pseudo ? mean(rbm->pseudo_likelihood(v)) : none,
          closed ? mean(model.free_energy(v)) : none};
}

std::string EnergyLearner::text(const Scores& val, const Scores& train) const {
  std::string text = short_number(val["reconstruction"]);
  if (!std::isnan(val["pseudo_likelihood"])) text += fmt::format("  PL {:.2f}", val["pseudo_likelihood"]);
  const double gap = val["free_energy"] - train["free_energy"];
  return std::isnan(gap) ? text : text + fmt::format("  gap {:.2f}", gap);
}

std::vector<Part> EnergyLearner::state() const {
  std::vector<Part> parts{{"optimizer/", optimizer_->state_dict()}};
  if (o_.persistent) parts.push_back({"chains/", {{"hidden", cd_->chains()}}});
  return parts;
}

void EnergyLearner::load_state(const NamedTensors& all) {
  optimizer_->load_state_dict(only_prefix("optimizer/", all));
  if (!o_.persistent) return;
  const NamedTensors chains = only_prefix("chains/", all);
  check(chains.size() == 1 && chains[0].second.shape() == cd_->chains().shape(), "it lacks its chains");
  cd_->chains().copy_from(chains[0].second);
}

/// Filters and reconstructions; at the end of a layer also what it dreams.
void EnergyLearner::draw(const Tensor& x, bool stage_ends) const {
  if (!pictures_->drawable()) return;
  pictures_->filters(layer_);
  pictures_->reconstructions(layer_, x);
  if (!stage_ends) return;
  pictures_->samples(layer_, cd_->chains());
  pictures_->fantasies(layer_, x);
}

}  // namespace

void check_options(const EnergyOptions& o) {
  check_count("epochs", o.max_epochs, 1);
  check_count("cd", o.k, 1);
  check_count("chains", o.chains, 1);
  for (const auto& [key, value] : {std::pair{"max_steps", o.max_steps},
                                   {"momentum_epochs", o.momentum_epochs},
                                   {"limit_train", o.limit_train_batches},
                                   {"limit_val", o.limit_val_batches}})
    check_count(key, value, 0);
  check_range("lr0", o.lr0, 0, 1e6);
  check_range("momentum", o.momentum, 0, 0.9999);
  check_range("weight_decay", o.weight_decay, 0, 1e6);
  check_range("sparsity", o.sparsity, 0, 1);
  check_range("sparsity_cost", o.sparsity_cost, 0, 1e6);
  check_schedule(o.schedule, {"constant", "linear"});
  check(o.sparsity == 0 || o.sparsity_cost > 0,
        "sparsity={} pulls nothing there while sparsity_cost is 0: try sparsity_cost=0.1", o.sparsity);
}

std::unique_ptr<Learner> make_learner(const EnergyOptions& options, const nn::Module& model) {
  return std::make_unique<EnergyLearner>(options, model);
}

template class UnsupervisedTrainer<EnergyOptions>;

}  // namespace fovea::train
