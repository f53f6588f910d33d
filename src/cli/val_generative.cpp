#include "cli/val_generative.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "cli/figure.h"
#include "cli/keys.h"
#include "fovea/autograd.h"
#include "fovea/compile.h"
#include "fovea/generative_trainer.h"
#include "fovea/operators.h"
#include "fovea/random.h"
#include "train/generative_pictures.h"

namespace fovea::cli {
namespace {

/// The mean over all examples.
double log_likelihood(const generative::VAE& model, data::DataLoader& loader, int64_t samples) {
  auto measure = compile([&](const Tensor& x) { return mean(model.log_likelihood(x, samples)); });
  double total = 0;
  int64_t examples = 0;
  for (const data::Batch& batch : loader.epoch(0)) {
    const Tensor x = batch.images.to(model.parameters()[0].dtype());
    total += measure(x).item() * double(x.size(0)), examples += x.size(0);
  }
  return total / double(examples);
}

void print_json(const train::Scores& scores, std::optional<double> likelihood) {
  nlohmann::ordered_json all{{"examples", scores.examples}};
  for (const auto& [name, value] : scores.values) all[name] = value;
  if (likelihood) all["log_likelihood"] = *likelihood;
  fmt::print("{}\n", all.dump(2));
}

void print_table(const train::Scores& scores, std::optional<double> likelihood, const GenerativeValKeys& k) {
  for (const auto& [name, value] : scores.values) fmt::print("{:<15}  {:>11.5f}\n", name, value);
  if (likelihood)
    fmt::print("{:<15}  {:>11.5f}  nats, from below, by importance sampling of {}\n", "log-likelihood",
               *likelihood, k.importance);
  fmt::print("val  {} examples\n", thousands(scores.examples));
}

void write_sheet(const GenerativeValKeys& k, const generative::Model& model, const train::ModelCard& card,
                 data::DataLoader& loader) {
  check(card.input.size() == 3, "sheet= draws images, but this network was trained on numbers {}",
        card.input);
  const NoGrad guard;
  const train::GenerativePictures pictures("", model, card);
  if (model.prior() > 0) {
    image::write(k.sheet, train::ExamplePictures::sheet(pictures.samples(train::most_pictures),
                                                        train::pictures_across));
  } else {
    auto shown = loader.epoch(0);
    const Tensor x = (*shown.begin()).images.to(model.parameters()[0].dtype());
    image::write(k.sheet, train::ExamplePictures::below(
                              pictures.reconstructions(x, train::with_noise(x, k.noise, k.noise_type))));
  }
  fmt::print(stderr, "wrote {}\n", k.sheet);
}

}  // namespace

void add_generative_keys(KeySet& app, GenerativeValKeys& k) {
  app.add_option("--noise", k.noise, "of an autoencoder's input, as in its training (0: none)")
      ->check(at_least(0));
  app.add_option("--noise_type", k.noise_type, "mask or gaussian")->check(one_of({"mask", "gaussian"}));
  app.add_option("--importance", k.importance, "of a vae: the likelihood by so many samples for each example")
      ->check(at_least(0));
  app.add_option("--sheet", k.sheet,
                 "of generative networks: picture to write, of samples or reconstructions");
}

void check_not_generative(const GenerativeValKeys& k, const Trained& trained) {
  const char* key = k.noise > 0        ? "noise"
                    : k.importance > 0 ? "importance"
                    : !k.sheet.empty() ? "sheet"
                                       : nullptr;
  check(!key, "{}= is for generative networks like vae:400-20, but {} holds {}", key ? key : "",
        trained.checkpoint.file, trained.checkpoint.card.model);
}

train::Scores generative_scores(const Trained& trained, data::DataLoader& loader,
                                const GenerativeValKeys& k) {
  const auto& model = dynamic_cast<const generative::Model&>(*trained.net.ptr());
  check(k.noise == 0 || model.encodes(), "noise= is for autoencoders, but {} holds {}",
        trained.checkpoint.file, trained.checkpoint.card.model);
  manual_seed(0);
  return train::GenerativeTrainer({.noise = k.noise, .noise_type = k.noise_type}).measure(model, loader)[0];
}

int val_generative(const Trained& trained, data::DataLoader& loader, const GenerativeValKeys& k, bool json) {
  const auto& model = dynamic_cast<const generative::Model&>(*trained.net.ptr());
  const auto* vae = dynamic_cast<const generative::VAE*>(&model);
  check(k.importance == 0 || vae, "importance= estimates the likelihood of a vae, but {} holds {}",
        trained.checkpoint.file, trained.checkpoint.card.model);
  const train::Scores scores = generative_scores(trained, loader, k);
  std::optional<double> likelihood;
  if (k.importance > 0) likelihood = log_likelihood(*vae, loader, k.importance);
  if (json) print_json(scores, likelihood);
  else print_table(scores, likelihood, k);
  if (!json && k.noise == 0) print_compared(trained.checkpoint.card, figure_of(scores), loader.dataset());
  if (!k.sheet.empty()) write_sheet(k, model, trained.checkpoint.card, loader);
  return 0;
}

}  // namespace fovea::cli
