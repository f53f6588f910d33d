// `fovea pack`: of a run one file that can be given away, with all that is needed to check and to repeat it.
#include <filesystem>

#include "base/file.h"
#include "cli/figure.h"
#include "cli/keys.h"
#include "cli/val_energy.h"
#include "cli/val_generative.h"
#include "cli/validation.h"
#include "fovea/inspect.h"
#include "fovea/zoo.h"
#include "train/run_folder.h"

namespace fovea::cli {
namespace {

struct Keys {
  std::string run, data, out;
  ComputeKeys compute;
};

/// Those that say where a training ran and where it wrote, not what it computed; the set's name stands alone.
bool is_local(const std::string& key) {
  for (const char* local : {"data", "project", "name", "report", "device", "threads", "workers", "cache"})
    if (key == local) return true;
  return false;
}

/// "cifar10" of "cifar10:downloads/cifar".
std::string without_folder(const std::string& data) {
  const size_t colon = data.find(':');
  return colon != data.npos && is_folder(data.substr(colon + 1)) ? data.substr(0, colon) : data;
}

train::Settings recipe_of(const std::string& run, const std::string& data) {
  const std::string file = run + "/args.json";
  check(is_file(file), "{} is no run folder: there is no args.json in it, which says how it was trained",
        run);
  train::Settings recipe{{"data", data}};
  for (const auto& [key, text] : train::load_settings(file))
    if (!is_local(key) && !text.empty()) recipe.emplace_back(key, text);
  return recipe;
}

train::Figure measure(const Trained& trained, data::DataLoader& loader) {
  if (zoo::is_energy_model(trained.checkpoint.card.model))
    return figure_of(energy_scores(trained, loader)[0]);
  if (zoo::is_generative(trained.checkpoint.card.model)) return figure_of(generative_scores(trained, loader));
  return figure_of(train::Trainer({}).validate(trained.net, loader));
}

int run(const Keys& k) {
  use(k.compute);
  const Trained trained = load_trained(k.run, k.compute);
  train::ModelCard card = trained.checkpoint.card;
  const std::string what = k.data.empty() ? card.data : k.data;
  const auto val = open_validation(trained, what), train = open_training(trained, what);
  data::DataLoader loader = validation_loader(trained, val, 64, k.compute.worker_count());
  card.data = without_folder(what);
  card.origin = train::Origin{recipe_of(k.run, card.data), measure(trained, loader),
                              data::fingerprint(*train), data::fingerprint(*val)};
  save_safetensors(k.out, trained.checkpoint.weights, card.to_metadata());
  fmt::print("wrote {}: {}, {}      check it: {} val model={}\n", k.out, card.model,
             text_of(card.origin->figure), program_name(), k.out);
  return 0;
}

}  // namespace

const Command pack_command{
    "pack", "makes one file of a run, to give away: weights, recipe, seed, figure, sums of the data",
    "  fovea pack runs/train/1 out=digits.safetensors\n"
    "  fovea val model=digits.safetensors              # measures the stated figure again\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("run,--run", k->run, "run folder")->required();
      app.add_option("--data", k->data,
                     "where its data set lies now (default: where it lay in the training)");
      app.add_option("--out", k->out, "the file, NAME.safetensors")->required();
      add_compute_keys(app, k->compute);
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli
