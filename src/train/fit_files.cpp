// The files of a run: opening its folder, saving, resuming.
#include <fmt/format.h>
#include <filesystem>

#include "train/charts.h"
#include "train/fit.h"

namespace fovea::train {
namespace {

Settings settings_of(const TrainerOptions& options) {
  Settings all{{"data", options.data}, {"model", options.model}};
  for_each_setting(options, [&](const char* key, const auto& value, const char*) {
    all.emplace_back(key, fmt::format("{}", value));
  });
  all.insert(all.end(), options.more_settings.begin(), options.more_settings.end());
  return all;
}

}  // namespace

void Fit::open_folder() {
  std::error_code ignored;
  std::filesystem::create_directories(o_.folder, ignored);  // write_file below says what is wrong
  const std::string last = file("last.safetensors");
  const bool resumes = o_.resume && std::filesystem::exists(last);
  if (resumes) load(last);
  else save_settings(file("args.json"), settings_of(o_));
  check(state_.epoch < o_.max_epochs, "{} has finished its {} epochs: there is nothing to resume", o_.folder,
        o_.max_epochs);
  results_.emplace(file("results.csv"), result_columns(train_.dataset().task()), resumes ? state_.epoch : -1);
}

void Fit::load(const std::string& path) {
  const NamedTensors all = load_safetensors(path);
  const Metadata metadata = safetensors_metadata(path);
  const auto state = metadata.find("state");
  check(state != metadata.end(), "{} holds weights but no state to resume from", path);
  try {
    state_ = state_from_json(state->second, path);
    state_.running.task = train_.dataset().task(), state_.running.scale = train_.targets().std;
    check(state_.batch < batches_, "it stopped at batch {} of an epoch, which now has {}", state_.batch,
          batches_);
    model_.load_state_dict(only_weights(all));
    optimizer_->load_state_dict(only_prefix("optimizer/", all));
    schedule_->load_state_dict(only_prefix("schedule/", all));
    if (ema_) ema_->load_state_dict(only_prefix("ema/", all));
  } catch (const Error& e) {
    fail("cannot resume from {}: {}", path, e.what());
  }
}

void Fit::save_last() const {
  NamedTensors all = model_.state_dict();
  const auto add = [&](const char* prefix, const NamedTensors& tensors) {
    const NamedTensors named = with_prefix(prefix, tensors);
    all.insert(all.end(), named.begin(), named.end());
  };
  add("optimizer/", optimizer_->state_dict());
  add("schedule/", schedule_->state_dict());
  if (ema_) add("ema/", ema_->state_dict());
  Metadata metadata = card_.to_metadata();
  TrainState state = state_;
  state.seconds += std::chrono::duration<double>(Clock::now() - started_).count();
  metadata["state"] = to_json(state);
  save_safetensors(file("last.safetensors"), all, metadata);
}

void Fit::save_best() const {
  save_safetensors(file("best.safetensors"), ema_ ? ema_->state_dict() : model_.state_dict(),
                   card_.to_metadata());
}

}  // namespace fovea::train
