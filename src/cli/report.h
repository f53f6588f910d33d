// What `fovea train` and `fovea report` put into the report of a run.
#pragma once
#include "fovea/train.h"
#include "train/run_folder.h"

namespace fovea::cli {

/// The command line that repeats a training with these settings: the keys that differ from their defaults.
std::string command_to_repeat(const train::Settings& settings);

/// Measures `model` and writes report.html into the run folder.
void write_report(const std::string& folder, const nn::Module& model, data::DataLoader& val,
                  const train::Trainer& trainer);

}  // namespace fovea::cli
