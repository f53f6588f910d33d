// What the training of networks (fit.h) and of learners without labels (learner_fit.h) share.
#pragma once
#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <filesystem>

#include "fovea/checkpoint.h"
#include "fovea/loader.h"
#include "train/run_folder.h"

namespace fovea::train {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// `batches`, or `limit` of them if that is above 0.
inline int64_t limited(int64_t batches, int64_t limit) {
  return limit > 0 ? std::min(batches, limit) : batches;
}

/// Random ops of step `step` draw from a stream of their own, so that resuming needs no state of theirs; -1
/// is what comes between steps.
void seed_step(uint64_t seed, int64_t step);

/// Thrown by refuse_non_finite().
struct NonFiniteLoss {
  double value;
};
/// Throws NonFiniteLoss, now and in every replay of a compiled step, unless `loss` (0-d) is finite.
void refuse_non_finite(const Tensor& loss);

/// The card of a network called `model`, trained with `train` and validated with `val`, or in want of that
/// with the set's own transforms.
ModelCard card_of(const std::string& model, const std::string& data, const data::DataLoader& train,
                  const data::DataLoader* val);

/// For args.json.
template <class Options>
Settings settings_of(const Options& options) {
  Settings all{{"data", options.data}, {"model", options.model}};
  for_each_setting(options, [&](const char* key, const auto& value, const char*) {
    all.emplace_back(key, fmt::format("{}", value));
  });
  all.insert(all.end(), options.more_settings.begin(), options.more_settings.end());
  return all;
}

/// Makes the folder of options.folder; whether there is a last.safetensors in it to resume from and
/// options.resume wants that. If not, args.json is written.
template <class Options>
bool open_run(const Options& options) {
  std::error_code ignored;
  std::filesystem::create_directories(options.folder, ignored);  // the first file says what is wrong
  if (options.resume && std::filesystem::exists(options.folder + "/last.safetensors")) return true;
  save_settings(options.folder + "/args.json", settings_of(options));
  return false;
}

}  // namespace fovea::train
