#include "train/learner_fit.h"

#include <cmath>
#include <numbers>

#include "fovea/autograd.h"
#include "nn/eval_mode.h"
#include "train/fit.h"
#include "train/non_finite.h"

namespace fovea::train {

double Scores::operator[](const std::string& name) const {
  for (const auto& [known, value] : values)
    if (known == name) return value;
  fail("there is no score called {}", name);
}

void check_schedule(const std::string& schedule, const std::vector<std::string>& known) {
  check(std::find(known.begin(), known.end(), schedule) != known.end(), "schedule={} is neither {}", schedule,
        fmt::join(known, " nor "));
}

double schedule_factor(const std::string& schedule, double part) {
  if (schedule == "linear") return 1 - part;
  return schedule == "cosine" ? (1 + std::cos(std::numbers::pi * part)) / 2 : 1;
}

Scores scores_of(const Learner& learner, int64_t i, data::DataLoader& loader, int64_t limit, bool compile) {
  const NoGrad guard;
  const nn::EvalMode eval(learner.model());
  const DType dtype = dtype_of_model(learner.model());
  const std::function<std::vector<Tensor>(const Tensor&)> measure = [&](const Tensor& x) {
    return learner.measure(i, x);
  };
  Compiled compiled(measure);
  Scores s;
  for (const auto& m : learner.measured()) s.values.emplace_back(m.name, 0);
  int64_t batches = 0;
  for (const data::Batch& batch : loader.epoch(0)) {
    const Tensor x = batch.images.to(dtype);
    const std::vector<Tensor> means = compile ? compiled(x) : measure(x);
    for (size_t k = 0; k < means.size(); ++k) s.values[k].second += means[k].item() * double(x.size(0));
    s.examples += x.size(0);
    if (++batches == limit) break;
  }
  for (auto& [name, value] : s.values) value /= double(s.examples);
  return s;
}

LearnerFit::LearnerFit(LoopOptions options, Learner& learner, const std::atomic<bool>& stop,
                       const Callbacks& callbacks, data::DataLoader& train, data::DataLoader* val)
    : o_(std::move(options)),
      learner_(learner),
      stop_(stop),
      callbacks_(callbacks),
      train_(train),
      val_(val),
      batches_(limited(train.batches(), o_.limit_train_batches)),
      dtype_(dtype_of_model(learner.model())),
      card_(card_of(o_.model, o_.data, train, val)),
      waited_before_(train.waited()) {
  if (writes()) learner_.draw_into(o_.folder, card_);
}

LearningResult LearnerFit::run() {
  if (writes()) open_folder();
  while (state_.epoch < epochs() && !must_stop()) {
    if (between_stages()) open_stage(), learner_.look_at(train_);
    train_epoch();
    if (state_.batch < batches_) break;
    end_epoch();
  }
  state_.seconds += seconds_since(started_);
  if (writes() && state_.batch > 0) save();
  if (writes()) learner_.draw_curves(columns(), results_->rows(), o_.model);
  result_.epochs = state_.epoch, result_.steps = state_.step;
  result_.seconds = seconds_since(started_), result_.waited = train_.waited() - waited_before_;
  for (const auto& c : callbacks_) c->on_fit_end(result_);
  return result_;
}

bool LearnerFit::must_stop() {
  if (stop_) result_.why = Stop::stopped;
  else if (o_.max_steps > 0 && state_.step >= o_.max_steps) result_.why = Stop::max_steps;
  return result_.why != Stop::finished;
}

void LearnerFit::open_stage() {
  learner_.open_stage(stage());
  compiled_.emplace([this](const Tensor& x) { return learner_.step(x); });
}

void LearnerFit::train_epoch() {
  learner_.model().train();
  epoch_started_ = Clock::now();
  resumed_examples_ = state_.running.examples;
  waited_before_epoch_ = train_.waited();
  auto epoch = train_.epoch(state_.epoch, state_.batch);
  for (const data::Batch& batch : epoch) {
    seed_step(o_.seed, state_.step);
    const double done = double(epoch_of_stage() * batches_ + state_.batch);
    learner_.set_rates(epoch_of_stage(), done / double(o_.max_epochs * batches_));
    learn(batch);
    ++state_.batch, ++state_.step;
    const LearningStep now = info();
    for (const auto& c : callbacks_) c->on_step_end(now);
    if (state_.batch == batches_ || must_stop()) break;
  }
}

void LearnerFit::learn(const data::Batch& batch) {
  const Tensor x = batch.images.to(dtype_);
  try {
    const std::vector<Tensor> scores = o_.compile ? (*compiled_)(x) : learner_.step(x);
    state_.sums.resize(scores.size());
    for (size_t i = 0; i < scores.size(); ++i) state_.sums[i] += scores[i].item() * double(x.size(0));
    state_.running.examples += x.size(0);
  } catch (const NonFiniteLoss& e) {
    fail_non_finite(batch, e.value);
  }
}

void LearnerFit::fail_non_finite(const data::Batch& batch, double loss) const {
  seed_step(o_.seed, state_.step);
  const Tensor x = batch.images.to(dtype_);
  const std::string where = first_non_finite(learner_.model(), x, [&] { learner_.run_again(x); });
  fail(
      "the loss is {} at step {} (epoch {}, batch {} of {}, learning rate {:.3g}): {}. Nothing was saved "
      "since "
      "the end of epoch {}; {}",
      loss, state_.step + 1, state_.epoch + 1, state_.batch + 1, batches_, learner_.rates().lr, where,
      state_.epoch, learner_.advice());
}

void LearnerFit::end_epoch() {
  const LearningStep last = info();
  const int64_t ended = stage();
  seed_step(o_.seed, -1);  // epochs are measured by the same bits
  std::optional<Scores> val, train;
  if (val_) {
    const int64_t limit = limited(val_->batches(), o_.limit_val_batches);
    val = scores_of(learner_, ended, *val_, limit, o_.compile);
    for (const auto& m : learner_.measured())
      if (m.on_train && !train)
        train = scores_of(learner_, ended, train_, std::min(batches_, limit), o_.compile);
    result_.val = *val;
  }
  const Scores *v = val ? &*val : nullptr, *t = train ? &*train : nullptr;
  result_.train = last.scores;
  ++state_.epoch, state_.batch = 0, state_.running = {}, state_.sums.clear();
  if (writes()) {
    results_->append(row(last, v, t));
    auto shown = (val_ ? *val_ : train_).epoch(0);
    const nn::EvalMode eval(learner_.model());
    learner_.draw((*shown.begin()).images.to(dtype_), epoch_of_stage() == 0);
    save();
  }
  for (const auto& c : callbacks_) c->on_epoch_end({last, v, t, v ? learner_.text(*v, t ? *t : *v) : ""});
}

/// Means of scores of the epoch come first, then each score of the validation, some with that of the
/// training.
std::vector<std::string> LearnerFit::columns() const {
  std::vector<std::string> all{"epoch"};
  if (const std::string stage = learner_.stage_name(); !stage.empty()) all.push_back(stage);
  all.insert(all.end(), {"seconds", "lr", "momentum"});
  for (const auto& name : learner_.step_scores()) all.push_back("train/" + name);
  for (const auto& m : learner_.measured()) {
    if (m.on_train) all.push_back("train/" + m.name);
    all.push_back("val/" + m.name);
  }
  all.emplace_back("data_wait");
  return all;
}

std::vector<double> LearnerFit::row(const LearningStep& last, const Scores* val, const Scores* train) const {
  std::vector<double> all{double(state_.epoch)};
  if (!learner_.stage_name().empty()) all.push_back(double(last.stage));
  all.insert(all.end(), {state_.seconds + seconds_since(started_), last.lr, last.momentum});
  for (const auto& [name, value] : last.scores.values) all.push_back(value);
  for (const auto& m : learner_.measured()) {
    if (m.on_train) all.push_back(train ? (*train)[m.name] : NAN);
    all.push_back(val ? (*val)[m.name] : NAN);
  }
  all.push_back(last.seconds > 0 ? last.waited / last.seconds : 0);
  return all;
}

Scores LearnerFit::running() const {
  Scores s{.examples = state_.running.examples};
  const auto names = learner_.step_scores();
  for (size_t i = 0; i < state_.sums.size(); ++i)
    s.values.emplace_back(names[i], state_.sums[i] / double(s.examples));
  return s;
}

LearningStep LearnerFit::info() const {
  const auto [lr, momentum] = learner_.rates();
  Scores scores = running();
  std::string text = learner_.text(scores);
  return {stage() + 1,
          learner_.stages(),
          epoch_of_stage() + 1,
          o_.max_epochs,
          state_.batch,
          batches_,
          state_.step,
          std::move(scores),
          std::move(text),
          lr,
          momentum,
          seconds_since(epoch_started_),
          state_.running.examples - resumed_examples_,
          train_.waited() - waited_before_epoch_};
}

void LearnerFit::open_folder() {
  const bool resumes = open_run(o_);
  if (resumes) load();
  check(state_.epoch < epochs(), "{} has finished its {} epochs: there is nothing to resume", o_.folder,
        epochs());
  results_.emplace(o_.folder + "/results.csv", columns(), resumes ? state_.epoch : -1);
}

void LearnerFit::load() {
  const NamedTensors all = load_safetensors(last_file());
  try {
    state_ = load_state(last_file());
    check(state_.batch < batches_, "it stopped at batch {} of an epoch, which now has {}", state_.batch,
          batches_);
    learner_.model().load_state_dict(only_weights(all));
    if (between_stages() || state_.epoch >= epochs()) return;
    open_stage();
    learner_.load_state(all);
  } catch (const Error& e) {
    fail("cannot resume from {}: {}", last_file(), e.what());
  }
}

void LearnerFit::save() const {
  TrainState state = state_;
  state.seconds += seconds_since(started_);
  save_resumable(last_file(), learner_.model().state_dict(), learner_.state(), card_, state);
}

}  // namespace fovea::train
