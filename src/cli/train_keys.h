// The keys of `fovea train`, and how a run that is resumed gets its own back.
#pragma once
#include "cli/setup.h"
#include "fovea/energy.h"
#include "fovea/generative_trainer.h"
#include "train/run_folder.h"

namespace fovea::cli {

struct TrainKeys {
  std::string data = "mnist", model, resume, pretrained, finetune;
  int64_t batch = 64, imgsz = 0;
  FileKeys files;
  std::string augment = "false", normalize = "set";
  std::string cache = "false";
  int64_t cache_side = -1;
  std::string project = "runs/train", name;
  bool exist_ok = false, report = true;
  double val = 0.1, mixup = 0, cutmix = 0;
  std::string sampler = "shuffle", task, watch;
  ComputeKeys compute;
  train::TrainerOptions options;
  train::EnergyOptions energy;          // what `options` has of it too stands there
  train::GenerativeOptions generative;  // likewise
};

void define_keys(KeySet& app, TrainKeys& keys);
/// Throws UsageError where a key was given that the kind of model called `model` does not know: energy
/// models, generative networks and networks that classify are trained in their own ways.
void check_keys(const KeySet& app, const std::string& model);
/// Settings of the run in `folder` take the place of those not given; others than free ones may not be given.
void restore_settings(KeySet& app, const std::string& folder);
/// The options of an energy model.
train::EnergyOptions energy_options(const TrainKeys& keys);
/// The options of a generative network.
train::GenerativeOptions generative_options(const TrainKeys& keys);
/// All keys but those that belong to this process or to the trainer of `model`, for args.json.
train::Settings settings_of(const KeySet& app, const std::string& model);

}  // namespace fovea::cli
