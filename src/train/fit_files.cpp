// The files of a run: opening its folder, saving, resuming.
#include "train/charts.h"
#include "train/fit.h"

namespace fovea::train {

void Fit::open_folder() {
  const bool resumes = open_run(o_);
  if (resumes) load(file("last.safetensors"));
  check(state_.epoch < o_.max_epochs, "{} has finished its {} epochs: there is nothing to resume", o_.folder,
        o_.max_epochs);
  results_.emplace(file("results.csv"), result_columns(train_.dataset().task()), resumes ? state_.epoch : -1);
}

void Fit::load(const std::string& path) {
  const NamedTensors all = load_safetensors(path);
  try {
    state_ = load_state(path);
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
  std::vector<Part> parts{{"optimizer/", optimizer_->state_dict()}, {"schedule/", schedule_->state_dict()}};
  if (ema_) parts.emplace_back("ema/", ema_->state_dict());
  TrainState state = state_;
  state.seconds += seconds_since(started_);
  save_resumable(file("last.safetensors"), model_.state_dict(), parts, card_, state);
}

void Fit::save_best() const {
  save_safetensors(file("best.safetensors"), ema_ ? ema_->state_dict() : model_.state_dict(),
                   card_.to_metadata());
}

}  // namespace fovea::train
