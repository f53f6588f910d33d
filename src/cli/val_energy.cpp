#include "cli/val_energy.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "cli/figure.h"
#include "cli/keys.h"
#include "fovea/autograd.h"
#include "fovea/energy.h"
#include "fovea/operators.h"
#include "fovea/random.h"

namespace fovea::cli {
namespace {

using train::Scores;

struct Likelihood {
  rbm::LogZ z;
  std::optional<double> exact_z;  // where one side is small enough to be enumerated
  double mean = 0;                // log-likelihood of an example, by the exact Z if there is one
};

Tensor mean_of(const rbm::RBM& model, data::DataLoader& loader) {
  const NoGrad guard;
  Tensor total = zeros(model.visible_bias().shape(), model.weight().dtype());
  int64_t examples = 0;
  for (const data::Batch& batch : loader.epoch(0)) {
    total = total + sum(model.checked(batch.images.to(total.dtype())), {0});
    examples += batch.images.size(0);
  }
  return total / double(examples);
}

bool is_small(const rbm::RBM& model) {
  const auto small = [](rbm::Units units, const Tensor& bias) {
    return units == rbm::Units::bernoulli && bias.size(0) <= rbm::most_exact_units;
  };
  return small(model.hidden_units(), model.hidden_bias()) ||
         small(model.visible_units(), model.visible_bias());
}

Likelihood likelihood_of(const Trained& trained, data::DataLoader& loader, const EnergyValKeys& k,
                         double free_energy) {
  const auto* model = dynamic_cast<const rbm::RBM*>(trained.net.ptr().get());
  check(model, "ais=true estimates the likelihood of an rbm, but {} holds {}", trained.checkpoint.file,
        trained.checkpoint.card.model);
  manual_seed(0);
  Likelihood l{rbm::ais_log_z(*model, {k.ais_runs, k.ais_steps, mean_of(*model, loader)}), {}};
  if (is_small(*model)) l.exact_z = rbm::exact_log_z(*model);
  l.mean = -free_energy - l.exact_z.value_or(l.z.log_z);
  return l;
}

void print_json(const std::vector<Scores>& layers, const std::optional<Likelihood>& l) {
  nlohmann::ordered_json all{{"examples", layers[0].examples}, {"layers", nlohmann::ordered_json::array()}};
  for (const Scores& s : layers)
    all["layers"].push_back({{"reconstruction", s["reconstruction"]},
                             {"pseudo_likelihood", s["pseudo_likelihood"]},
                             {"free_energy", s["free_energy"]}});
  if (l) {
    all["log_z"] = l->z.log_z, all["log_z_error"] = l->z.standard_error;
    if (l->exact_z) all["exact_log_z"] = *l->exact_z;
    all["log_likelihood"] = l->mean;
  }
  fmt::print("{}\n", all.dump(2));
}

void print_table(const std::vector<Scores>& layers, const std::optional<Likelihood>& l,
                 const EnergyValKeys& k) {
  const auto cell = [](double x) { return std::isnan(x) ? std::string("-") : fmt::format("{:.3f}", x); };
  fmt::print("layer  reconstruction  pseudo-likelihood  free energy\n");
  for (size_t i = 0; i < layers.size(); ++i)
    fmt::print("{:<5}  {:>14.5f}  {:>17}  {:>11}\n", i + 1, layers[i]["reconstruction"],
               cell(layers[i]["pseudo_likelihood"]), cell(layers[i]["free_energy"]));
  if (l) {
    fmt::print("log Z  {:.3f} +- {:.3f} by annealed importance sampling, {} chains through {} temperatures\n",
               l->z.log_z, l->z.standard_error, k.ais_runs, k.ais_steps);
    if (l->exact_z) fmt::print("log Z  {:.3f} exactly\n", *l->exact_z);
    fmt::print("log-likelihood  {:.3f} nats for an example\n", l->mean);
  }
  fmt::print("val  {} examples\n", thousands(layers[0].examples));
}

}  // namespace

void add_energy_keys(KeySet& app, EnergyValKeys& k) {
  app.add_flag("--ais", k.ais, "of an rbm: log Z by annealed importance sampling, and the likelihood");
  app.add_option("--ais_steps", k.ais_steps, "temperatures: more of them are more exact")->check(at_least(1));
  app.add_option("--ais_runs", k.ais_runs, "chains")->check(at_least(2));
}

std::vector<train::Scores> energy_scores(const Trained& trained, data::DataLoader& loader) {
  manual_seed(0);
  return train::EnergyTrainer({}).measure(trained.net, loader);
}

int val_energy(const Trained& trained, data::DataLoader& loader, const EnergyValKeys& k, bool json) {
  const auto layers = energy_scores(trained, loader);
  std::optional<Likelihood> likelihood;
  if (k.ais) likelihood = likelihood_of(trained, loader, k, layers[0]["free_energy"]);
  if (json) print_json(layers, likelihood);
  else print_table(layers, likelihood, k);
  if (!json) print_compared(trained.checkpoint.card, figure_of(layers[0]), loader.dataset());
  return 0;
}

}  // namespace fovea::cli
