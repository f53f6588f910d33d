#include "fovea/lr_scheduler.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace fovea::lr_scheduler {
namespace {

/// The values of `dict`, which must hold exactly `names`.
std::vector<double> values_of(const NamedTensors& dict, const std::vector<std::string>& names) {
  std::vector<double> values;
  for (const auto& name : names) {
    const auto it =
        std::find_if(dict.begin(), dict.end(), [&](const auto& entry) { return entry.first == name; });
    check(it != dict.end(), "the state of the schedule lacks {}", name);
    values.push_back(it->second.item());
  }
  check(dict.size() == names.size(), "the state of the schedule holds {} entries instead of {}", dict.size(),
        names.size());
  return values;
}

/// From `from` (progress 0) to `to` (progress 1) along half a cosine.
double cosine(double from, double to, double progress) {
  return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * progress));
}

}  // namespace

LRScheduler::LRScheduler(optim::Optimizer& optimizer) : optimizer_(&optimizer) {
  for (auto& group : optimizer.groups())
    if (!group.initial_lr) group.initial_lr = group.lr;
}

std::vector<double> LRScheduler::last_lr() const {
  std::vector<double> rates;
  for (const auto& group : optimizer_->groups()) rates.push_back(group.lr);
  return rates;
}

void Schedule::apply() {
  for (auto& group : optimizer_->groups()) set(group, epoch_);
}

void Schedule::step() {
  ++epoch_;
  apply();
}

NamedTensors Schedule::state_dict() const {
  NamedTensors dict{{"epoch", scalar(double(epoch_), i64)}};
  for (size_t i = 0; i < optimizer_->groups().size(); ++i)
    dict.emplace_back(fmt::format("initial_lr.{}", i), scalar(*optimizer_->groups()[i].initial_lr, f64));
  return dict;
}

void Schedule::load_state_dict(const NamedTensors& dict) {
  std::vector<std::string> names{"epoch"};
  for (size_t i = 0; i < optimizer_->groups().size(); ++i) names.push_back(fmt::format("initial_lr.{}", i));
  const auto values = values_of(dict, names);
  check(values[0] >= 0, "the state of the schedule is after {} epochs", values[0]);
  epoch_ = int64_t(values[0]);
  for (size_t i = 0; i < optimizer_->groups().size(); ++i) optimizer_->groups()[i].initial_lr = values[i + 1];
  apply();
}

LambdaLR::LambdaLR(optim::Optimizer& optimizer, std::function<double(int64_t)> factor)
    : Schedule(optimizer), factor_(std::move(factor)) {
  apply();
}
void LambdaLR::set(Group& group, int64_t epoch) const { group.lr = *group.initial_lr * factor_(epoch); }

StepLR::StepLR(optim::Optimizer& optimizer, int64_t step_size, double gamma)
    : LambdaLR(optimizer, [=](int64_t epoch) {
        check(step_size > 0, "StepLR wants step_size > 0, not {}", step_size);
        return std::pow(gamma, double(epoch / step_size));
      }) {}

MultiStepLR::MultiStepLR(optim::Optimizer& optimizer, std::vector<int64_t> milestones, double gamma)
    : LambdaLR(optimizer, [milestones = std::move(milestones), gamma](int64_t epoch) {
        const auto passed =
            std::count_if(milestones.begin(), milestones.end(), [&](int64_t m) { return m <= epoch; });
        return std::pow(gamma, double(passed));
      }) {}

ExponentialLR::ExponentialLR(optim::Optimizer& optimizer, double gamma)
    : LambdaLR(optimizer, [gamma](int64_t epoch) { return std::pow(gamma, double(epoch)); }) {}

LinearLR::LinearLR(optim::Optimizer& optimizer, double start_factor, double end_factor, int64_t total_iters)
    : LambdaLR(optimizer, [=](int64_t epoch) {
        check(total_iters > 0, "LinearLR wants total_iters > 0, not {}", total_iters);
        const double progress = double(std::min(epoch, total_iters)) / double(total_iters);
        return start_factor + (end_factor - start_factor) * progress;
      }) {}

CosineAnnealingLR::CosineAnnealingLR(optim::Optimizer& optimizer, int64_t t_max, double eta_min)
    : Schedule(optimizer), t_max_(t_max), eta_min_(eta_min) {
  check(t_max > 0, "CosineAnnealingLR wants t_max > 0, not {}", t_max);
  apply();
}
void CosineAnnealingLR::set(Group& group, int64_t epoch) const {
  group.lr = cosine(*group.initial_lr, eta_min_, double(epoch) / double(t_max_));
}

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(optim::Optimizer& optimizer, int64_t t_0,
                                                         int64_t t_mult, double eta_min)
    : Schedule(optimizer), t_0_(t_0), t_mult_(t_mult), eta_min_(eta_min) {
  check(t_0 > 0 && t_mult > 0, "CosineAnnealingWarmRestarts wants t_0 > 0 and t_mult > 0, not {} and {}", t_0,
        t_mult);
  apply();
}
void CosineAnnealingWarmRestarts::set(Group& group, int64_t epoch) const {
  int64_t length = t_0_;
  if (t_mult_ == 1) epoch %= t_0_;
  for (; epoch >= length; length *= t_mult_) epoch -= length;
  group.lr = cosine(*group.initial_lr, eta_min_, double(epoch) / double(length));
}

OneCycleLR::OneCycleLR(optim::Optimizer& optimizer, double max_lr, int64_t total_steps,
                       OneCycleOptions options)
    : Schedule(optimizer), max_lr_(max_lr), total_steps_(total_steps), options_(options) {
  check(total_steps > 1 && options.pct_start > 0 && options.pct_start < 1,
        "OneCycleLR wants total_steps > 1 and pct_start between 0 and 1, not {} and {}", total_steps,
        options.pct_start);
  for (const auto& group : optimizer.groups())
    check(!options.cycle_momentum || group.momentum > 0,
          "OneCycleLR cycles the momentum, but the optimizer has none: set cycle_momentum = false");
  apply();
}

void OneCycleLR::set(Group& group, int64_t epoch) const {
  check(epoch < total_steps_, "OneCycleLR was made for {} steps; this is one more", total_steps_);
  struct Point {
    double step, lr, momentum;
  };
  const double start = max_lr_ / options_.div_factor, top = options_.pct_start * double(total_steps_) - 1;
  std::vector<Point> points{{0, start, options_.max_momentum}, {top, max_lr_, options_.base_momentum}};
  if (options_.three_phase) points.push_back({2 * top, start, options_.max_momentum});
  points.push_back({double(total_steps_ - 1), start / options_.final_div_factor, options_.max_momentum});
  size_t i = 1;
  while (i + 1 < points.size() && double(epoch) > points[i].step) ++i;
  const Point &a = points[i - 1], &b = points[i];
  const double progress = (double(epoch) - a.step) / (b.step - a.step);
  const auto between = [&](double from, double to) {
    return options_.linear ? from + (to - from) * progress : cosine(from, to, progress);
  };
  group.lr = between(a.lr, b.lr);
  if (options_.cycle_momentum) group.momentum = between(a.momentum, b.momentum);
}

SequentialLR::SequentialLR(optim::Optimizer& optimizer, std::vector<std::shared_ptr<Schedule>> schedules,
                           std::vector<int64_t> milestones)
    : Schedule(optimizer), schedules_(std::move(schedules)), milestones_(std::move(milestones)) {
  check(schedules_.size() == milestones_.size() + 1,
        "SequentialLR wants one milestone between each two schedules: {} for {}", milestones_.size(),
        schedules_.size());
  check(std::is_sorted(milestones_.begin(), milestones_.end()),
        "the milestones of SequentialLR must rise: {}", fmt::join(milestones_, ", "));
  apply();
}
void SequentialLR::set(Group& group, int64_t epoch) const {
  const auto next = std::upper_bound(milestones_.begin(), milestones_.end(), epoch);
  const int64_t begun = next == milestones_.begin() ? 0 : *std::prev(next);
  schedules_[size_t(next - milestones_.begin())]->set(group, epoch - begun);
}

ReduceLROnPlateau::ReduceLROnPlateau(optim::Optimizer& optimizer, PlateauOptions options)
    : LRScheduler(optimizer), options_(options), best_(options.maximise ? -INFINITY : INFINITY) {
  check(options.factor > 0 && options.factor < 1, "ReduceLROnPlateau wants a factor between 0 and 1, not {}",
        options.factor);
}

bool ReduceLROnPlateau::better(double metric) const {
  const double sign = options_.maximise ? 1 : -1;
  if (options_.absolute)
    return options_.maximise ? metric > best_ + options_.threshold : metric < best_ - options_.threshold;
  const double bar = best_ * (1 + sign * options_.threshold);
  return options_.maximise ? metric > bar : metric < bar;
}

void ReduceLROnPlateau::step() { fail("ReduceLROnPlateau follows a metric: call step(metric)"); }

void ReduceLROnPlateau::step(double metric) {
  if (better(metric)) best_ = metric, bad_epochs_ = 0;
  else ++bad_epochs_;
  if (cooldown_left_ > 0) --cooldown_left_, bad_epochs_ = 0;
  if (bad_epochs_ <= options_.patience) return;
  for (auto& group : optimizer_->groups()) {
    const double lower = std::max(group.lr * options_.factor, options_.min_lr);
    if (group.lr - lower > options_.eps) group.lr = lower;
  }
  cooldown_left_ = options_.cooldown;
  bad_epochs_ = 0;
}

NamedTensors ReduceLROnPlateau::state_dict() const {
  NamedTensors dict{{"best", scalar(best_, f64)},
                    {"bad_epochs", scalar(double(bad_epochs_), i64)},
                    {"cooldown_left", scalar(double(cooldown_left_), i64)}};
  for (size_t i = 0; i < optimizer_->groups().size(); ++i)
    dict.emplace_back(fmt::format("lr.{}", i), scalar(optimizer_->groups()[i].lr, f64));
  return dict;
}

void ReduceLROnPlateau::load_state_dict(const NamedTensors& dict) {
  std::vector<std::string> names{"best", "bad_epochs", "cooldown_left"};
  for (size_t i = 0; i < optimizer_->groups().size(); ++i) names.push_back(fmt::format("lr.{}", i));
  const auto values = values_of(dict, names);
  best_ = values[0], bad_epochs_ = int64_t(values[1]), cooldown_left_ = int64_t(values[2]);
  for (size_t i = 0; i < optimizer_->groups().size(); ++i) optimizer_->groups()[i].lr = values[i + 3];
}

}  // namespace fovea::lr_scheduler
