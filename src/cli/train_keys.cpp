#include "cli/train_keys.h"

#include <algorithm>
#include <filesystem>

#include "cli/keys.h"
#include "fovea/zoo.h"

namespace fovea::cli {
namespace {

using Names = std::vector<std::string>;

/// Keys that say where and how to run, not what to compute: the only ones that may change on resuming.
const Names free_keys{"resume", "device", "threads", "workers", "max_steps", "report"};
/// Keys that belong to this process, or are put into args.json by the trainer.
const Names own_keys{"data", "model", "resume", "exist_ok", "finetune"};
/// Those that only networks with targets know, beside settings of their trainer.
const Names network_keys{"mixup", "cutmix", "report", "watch"};

bool holds(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <class Options>
Names settings_in(const Options& options) {
  Names all;
  for_each_setting(options, [&](const char* key, const auto&, const char*) { all.emplace_back(key); });
  return all;
}

Names settings_of_kind(const std::string& model) {
  if (zoo::is_energy_model(model)) return settings_in(train::EnergyOptions{});
  if (zoo::is_generative(model)) return settings_in(train::GenerativeOptions{});
  Names all = settings_in(train::TrainerOptions{});
  all.insert(all.end(), network_keys.begin(), network_keys.end());
  return all;
}

/// Settings of trainers of all kinds.
Names all_settings() {
  Names all = network_keys;
  for (const Names& names : {settings_in(train::TrainerOptions{}), settings_in(train::EnergyOptions{}),
                             settings_in(train::GenerativeOptions{})})
    all.insert(all.end(), names.begin(), names.end());
  return all;
}

/// `o` with what trainers of all kinds have.
template <class Options>
Options with_shared(Options o, const train::TrainerOptions& shared) {
  o.max_epochs = shared.max_epochs, o.max_steps = shared.max_steps;
  o.lr0 = shared.lr0, o.momentum = shared.momentum, o.weight_decay = shared.weight_decay;
  o.limit_train_batches = shared.limit_train_batches, o.limit_val_batches = shared.limit_val_batches;
  o.schedule = shared.schedule, o.compile = shared.compile, o.seed = shared.seed;
  return o;
}

/// Keys that the trainer of `model` does not know.
Names foreign_keys(const std::string& model) {
  const Names own = settings_of_kind(model);
  Names foreign;
  for (const auto& name : all_settings())
    if (!holds(own, name)) foreign.push_back(name);
  if (model.starts_with("dcgan")) foreign.insert(foreign.end(), {"noise", "noise_type"});
  return foreign;
}

/// What `key` is for instead.
std::string why_foreign(const std::string& key, const std::string& model) {
  if (holds(settings_in(train::EnergyOptions{}), key) && !zoo::is_energy_model(model))
    return fmt::format("{}= is for energy models like rbm:500, not for {}", key, model);
  if (key.starts_with("noise"))
    return fmt::format("{}= is for autoencoders like vae:400-20, not for {}", key, model);
  if (zoo::is_energy_model(model))
    return fmt::format("{}= is not for energy models like {}, which learn by contrastive divergence", key,
                       model);
  return fmt::format("{}= is not for generative networks like {}, which learn without labels", key, model);
}

}  // namespace

void define_keys(KeySet& app, TrainKeys& k) {
  app.add_option("--data", k.data, "name, name:folder, folder with one folder per class, or synthetic set");
  app.add_option("--model", k.model,
                 fmt::format("{}, mlp:SIZES, or an energy model: rbm:HIDDEN[:VISIBLE[:HIDDEN]], "
                             "crbm:GROUPS-SIZE-POOL, dbn:SIZES; or a generative network: "
                             "autoencoder[:SIZES], vae:SIZES, dcgan[:WIDTH]",
                             fmt::join(zoo::names(), ", ")));
  app.add_option("--batch", k.batch, "examples per batch")->check(at_least(1));
  app.add_option("--imgsz", k.imgsz, "side of the images that the network sees (0: as they are)")
      ->check(at_least(0));
  add_file_keys(app, k.files);
  app.add_option("--augment", k.augment,
                 "true: flips and crops as suit the data set; or transforms: \"usual, RandAugment(2)\"");
  app.add_option("--normalize", k.normalize,
                 "set: mean and deviation of the training set; before it a range that becomes 0..1: "
                 "range:0..4095, window:40/400, percentiles:1..99; or none, or mean:..,std:..");
  app.add_option("--cache", k.cache, "of decoded images: ram, disk (packed into a file, also for later runs)")
      ->check(one_of({"false", "ram", "disk", "true"}));
  app.add_option("--cache_side", k.cache_side,
                 "larger cached images are scaled to this shorter side (0: never; -1: twice what is seen)")
      ->check(at_least(-1));
  app.add_option("--task", k.task,
                 "of a table: classify, multilabel, regress or transcribe (default: by its columns)")
      ->check(one_of({"classify", "multilabel", "regress"}));
  app.add_option("--val", k.val, "part of the examples for validation, where the set has none of its own")
      ->check(between(0.001, 0.999));
  app.add_option("--sampler", k.sampler,
                 "shuffle, balanced (classes come equally often) or weighted (by a table's column weight)")
      ->check(one_of({"shuffle", "balanced", "weighted"}));
  app.add_option("--mixup", k.mixup, "alpha of MixUp, such as 0.2: batches are blended (0: off)")
      ->check(at_least(0));
  app.add_option("--cutmix", k.cutmix, "alpha of CutMix, such as 1: rectangles are swapped (0: off)")
      ->check(at_least(0));
  const auto add = [&](const char* key, auto& field, const char* help) {
    if (!app.find(key)) app.add_option(fmt::format("--{}", key), field, help);
  };
  train::for_each_setting(k.options, add);
  train::for_each_setting(k.energy, add);
  train::for_each_setting(k.generative, add);
  app.add_option("--watch", k.watch, "units: count dead and saturated ones after each epoch (units.csv)")
      ->check(one_of({"units"}));
  add_compute_keys(app, k.compute);
  app.add_option("--pretrained", k.pretrained,
                 "weights to start from: a run folder, .safetensors file, or lenet5@mnist");
  app.add_option(
      "--finetune", k.finetune,
      "run folder of a dbn or rbm: the network of its layers learns the classes by back-propagation");
  app.add_option("--project", k.project, "folder of the run folders");
  app.add_option("--name", k.name, "of the run folder (default: the first free number)");
  app.add_flag("--exist_ok", k.exist_ok, "write into an existing run folder of that name");
  app.add_option("--report", k.report, "write report.html at the end");
  app.add_option("--resume", k.resume, "run folder to continue, to the same bits as without the break");
}

void check_keys(const KeySet& app, const std::string& model) {
  for (const auto& key : foreign_keys(model))
    if (given(app, key)) throw UsageError(why_foreign(key, model));
}

void restore_settings(KeySet& app, const std::string& folder) {
  const std::string file = folder + "/args.json";
  check(std::filesystem::exists(file), "resume={} is no run folder: there is no args.json in it", folder);
  for (const auto& [key, text] : train::load_settings(file)) {
    const Key* known = app.find(key);
    check(known, "{} holds the unknown key {}", file, key);
    if (known->given() && !holds(free_keys, key) && known->text() != text)
      throw UsageError(fmt::format("{} cannot change on resuming: the run has {}={}", key, key, text));
    if (!text.empty()) set_default(app, key, text);
  }
}

train::EnergyOptions energy_options(const TrainKeys& k) { return with_shared(k.energy, k.options); }

train::GenerativeOptions generative_options(const TrainKeys& k) {
  train::GenerativeOptions o = with_shared(k.generative, k.options);
  o.optimizer = k.options.optimizer;
  return o;
}

train::Settings settings_of(const KeySet& app, const std::string& model) {
  Names skipped = own_keys;
  for (const Names& names : {settings_in(train::TrainerOptions{}), settings_in(train::EnergyOptions{}),
                             settings_in(train::GenerativeOptions{}), foreign_keys(model)})
    skipped.insert(skipped.end(), names.begin(), names.end());
  train::Settings all;
  for (const Key& key : app.all())
    if (!holds(skipped, key.name())) all.emplace_back(key.name(), key.text());
  return all;
}

}  // namespace fovea::cli
