#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "train/energy_fit.h"
#include "train/fit.h"
#include "train/recipe.h"

namespace fovea::train {
namespace {

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
  check(o.schedule == "constant" || o.schedule == "linear", "schedule={} is neither constant nor linear",
        o.schedule);
  check(o.sparsity == 0 || o.sparsity_cost > 0,
        "sparsity={} pulls nothing there while sparsity_cost is 0: try sparsity_cost=0.1", o.sparsity);
}

}  // namespace

EnergyTrainer::EnergyTrainer(EnergyOptions options) : options_(std::move(options)) {
  check_options(options_);
}

EnergyResult EnergyTrainer::fit(const nn::Module& model, data::DataLoader& train, data::DataLoader* val) {
  const EnergyResult result = EnergyFit(*this, model, train, val).run();
  stop_ = false;  // for the next one; a stop() that came before this one began has had its effect
  return result;
}

std::vector<EnergyScores> EnergyTrainer::measure(const nn::Module& model, data::DataLoader& loader) const {
  const EnergyLayers layers(model);
  std::vector<EnergyScores> all;
  for (int i = 0; i < layers.size(); ++i)
    all.push_back(scores_of(layers, i, loader, options_.limit_val_batches, options_));
  return all;
}

EnergyScores scores_of(const EnergyLayers& layers, int i, data::DataLoader& loader, int64_t limit,
                       const EnergyOptions& options) {
  const NoGrad guard;
  const rbm::EnergyModel& model = layers[i];
  const auto* rbm = dynamic_cast<const rbm::RBM*>(&model);
  const bool closed = model.hidden_units() != rbm::Units::relu;
  const bool has_pseudo = rbm && closed && model.visible_units() == rbm::Units::bernoulli;
  const DType dtype = dtype_of_model(layers.model());
  const std::function<std::vector<Tensor>(const Tensor&)> measure = [&](const Tensor& images) {
    const Tensor v = layers.up(images, i);
    std::vector<Tensor> means{model.reconstruction_error(v)};
    if (closed) means.push_back(mean(model.free_energy(v)));
    if (has_pseudo) means.push_back(mean(rbm->pseudo_likelihood(v)));
    return means;
  };
  Compiled compiled(measure);
  EnergyScores s{.pseudo_likelihood = has_pseudo ? 0 : NAN, .free_energy = closed ? 0 : NAN};
  int64_t batches = 0;
  for (const data::Batch& batch : loader.epoch(0)) {
    const Tensor images = batch.images.to(dtype);
    const std::vector<Tensor> means = options.compile ? compiled(images) : measure(images);
    const auto n = double(images.size(0));
    s.reconstruction += means[0].item() * n;
    if (closed) s.free_energy += means[1].item() * n;
    if (has_pseudo) s.pseudo_likelihood += means[2].item() * n;
    s.examples += images.size(0);
    if (++batches == limit) break;
  }
  for (double* sum : {&s.reconstruction, &s.free_energy, &s.pseudo_likelihood}) *sum /= double(s.examples);
  return s;
}

}  // namespace fovea::train
