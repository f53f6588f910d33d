#include "train/fit.h"

#include <cmath>

#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "train/charts.h"
#include "train/non_finite.h"

namespace fovea::train {
namespace {

/// The last column of results.csv (result_columns).
double second_score(const Evaluation& e) {
  if (e.metrics.task == data::Task::classify) return e.metrics.top5();
  if (e.metrics.task == data::Task::multilabel) return e.mean_average_precision();
  if (e.metrics.task == data::Task::transcribe) return e.metrics.character_error_rate();
  if (e.metrics.task == data::Task::segment) return e.metrics.pixel_accuracy();
  double sum = 0;
  for (size_t k = 0; k < e.metrics.outputs.size(); ++k) sum += e.metrics.mae(k);
  return sum / double(e.metrics.outputs.size());
}

}  // namespace

Fit::Fit(Trainer& trainer, const nn::Module& model, data::DataLoader& train, data::DataLoader* val)
    : trainer_(trainer),
      o_(trainer.options_),
      model_(model),
      train_(train),
      val_(val),
      batches_(limited(train.batches(), o_.limit_train_batches)),
      dtype_(dtype_of_model(model)),
      optimizer_(make_optimizer(o_, model)),
      card_(card_of(o_.model, o_.data, train, val)),
      waited_before_(train.waited()) {
  state_.running = metrics_for(train);
  schedule_ = make_schedule(o_, *optimizer_, optimizer_steps(o_, train.batches()));
  if (o_.ema > 0) ema_.emplace(model, o_.ema);
}

FitResult Fit::run() {
  if (writes()) open_folder();
  optimizer_->zero_grad();
  while (state_.epoch < o_.max_epochs && !must_stop()) {
    train_epoch();
    if (state_.batch < batches_) break;
    end_epoch();
  }
  state_.seconds += seconds_since(started_);
  if (writes() && state_.batch > 0) save_last();
  if (writes()) draw_curves(o_.folder, results_->rows(), o_.model, train_.dataset().task());
  if (drawing_.valid()) drawing_.get();
  const FitResult r = result();
  for (const auto& c : trainer_.callbacks_) c->on_fit_end(r);
  return r;
}

bool Fit::must_stop() {
  if (trainer_.stop_) why_ = Stop::stopped;
  else if (o_.max_steps > 0 && state_.step >= o_.max_steps) why_ = Stop::max_steps;
  else if (o_.patience > 0 && state_.epochs_without_better >= o_.patience) why_ = Stop::patience;
  return why_ != Stop::finished;
}

void Fit::train_epoch() {
  model_.train();
  epoch_started_ = Clock::now();
  resumed_examples_ = state_.running.examples;
  waited_before_epoch_ = train_.waited();
  auto epoch = train_.epoch(state_.epoch, state_.batch);
  for (const data::Batch& batch : epoch) {
    const int64_t in_group = state_.batch % o_.accumulate_grad_batches;
    const int64_t group = std::min(o_.accumulate_grad_batches, batches_ - (state_.batch - in_group));
    if (in_group == 0) seed_step(o_.seed, state_.step);
    learn(batch, in_group, group);
    ++state_.batch;
    if (in_group + 1 < group) continue;
    after_step();
    if (state_.batch == batches_ || must_stop()) break;
  }
}

std::vector<Tensor> Fit::compute(const Tensor& images, const Tensor& labels, int64_t in_group,
                                 int64_t group) {
  const Tensor logits = model_(images), loss = loss_of(o_, train_.dataset().task(), logits, labels);
  refuse_non_finite(loss);
  (group == 1 ? loss : loss / double(group)).backward();
  if (in_group + 1 == group) {
    if (o_.gradient_clip_val > 0) optim::clip_grad_norm_(model_.parameters(), o_.gradient_clip_val);
    optimizer_->step();
    optimizer_->zero_grad();
  }
  return {loss, logits};
}

void Fit::learn(const data::Batch& batch, int64_t in_group, int64_t group) {
  const auto run = [this, in_group, group](const Tensor& images, const Tensor& labels) {
    return compute(images, labels, in_group, group);
  };
  const Tensor images = batch.images.to(dtype_);
  try {
    const auto out =
        o_.compile ? compiled_.try_emplace({in_group, group}, Batch(run)).first->second(images, batch.labels)
                   : run(images, batch.labels);
    state_.running.add(out[0].item(), out[1], batch.labels);
  } catch (const NonFiniteLoss& e) {
    fail_non_finite(batch, e.value);
  }
}

/// The weights have changed.
void Fit::after_step() {
  ++state_.step;
  if (ema_) ema_->update();
  const StepInfo now = info();
  // The schedule has no rate for the step after the last one.
  if (!follows_score() && (state_.batch < batches_ || state_.epoch + 1 < o_.max_epochs)) schedule_->step();
  for (const auto& c : trainer_.callbacks_) c->on_step_end(now);
}

void Fit::fail_non_finite(const data::Batch& batch, double loss) const {
  seed_step(o_.seed, state_.step);
  const Tensor images = batch.images.to(dtype_);
  const std::string where = first_non_finite(
      model_, images, [&] { loss_of(o_, train_.dataset().task(), model_(images), batch.labels); });
  fail(
      "the loss is {} at step {} (epoch {}, batch {} of {}, learning rate {:.3g}): {}. Nothing was saved "
      "since the end "
      "of epoch {}; a smaller lr0 or clip=1 may help",
      loss, state_.step + 1, state_.epoch + 1, state_.batch + 1, batches_, schedule_->last_lr()[0], where,
      state_.epoch);
}

std::optional<Evaluation> Fit::evaluate() const {
  if (!val_) return {};
  const AveragedWeights averaged(ema_ ? &*ema_ : nullptr);
  return trainer_.validate(model_, *val_);
}

void Fit::end_epoch() {
  const StepInfo last = info();
  const std::optional<Evaluation> val = evaluate();
  const double score = val ? val->metrics.score() : state_.running.score();
  const bool best = state_.best_epoch == 0 || score > state_.best + o_.min_delta;
  ++state_.epoch;
  if (writes()) append_results(val, last);
  if (follows_score()) schedule_->step(score);
  last_epoch_ = std::exchange(state_.running, metrics_for(train_));
  state_.batch = 0;
  state_.epochs_without_better = best ? 0 : state_.epochs_without_better + 1;
  if (best) state_.best = score, state_.best_epoch = state_.epoch;
  if (o_.stop_at > 0 && state_.best >= o_.stop_at) why_ = Stop::reached;
  if (best && writes()) save_best();
  if (best && val && val->confusion.classes() > 0 && writes()) {
    if (drawing_.valid()) drawing_.get();
    drawing_ = std::async(std::launch::async, [this, confusion = val->confusion] {
      draw_confusion(o_.folder, confusion, card_.classes);
    });
  }
  if (writes()) save_last();
  for (const auto& c : trainer_.callbacks_)
    c->on_epoch_end({{last.epoch, last.epochs, last.batch, last.batches, last.step, last_epoch_, last.lr,
                      last.seconds, last.new_examples, last.waited},
                     val ? &*val : nullptr,
                     best});
}

StepInfo Fit::info() const {
  return {state_.epoch + 1,
          o_.max_epochs,
          state_.batch,
          batches_,
          state_.step,
          state_.running,
          schedule_->last_lr()[0],
          seconds_since(epoch_started_),
          state_.running.examples - resumed_examples_,
          train_.waited() - waited_before_epoch_};
}

FitResult Fit::result() const {
  return {why_,
          state_.epoch,
          state_.step,
          std::max(0., state_.best),
          state_.best_epoch,
          last_epoch_,
          seconds_since(started_),
          train_.waited() - waited_before_};
}

void Fit::append_results(const std::optional<Evaluation>& val, const StepInfo& last) const {
  const double none = std::nan("");
  results_->append({double(state_.epoch), state_.seconds + seconds_since(started_), schedule_->last_lr()[0],
                    state_.running.loss(), state_.running.score(), val ? val->metrics.loss() : none,
                    val ? val->metrics.score() : none, val ? second_score(*val) : none,
                    last.seconds > 0 ? last.waited / last.seconds : 0});
}

}  // namespace fovea::train
