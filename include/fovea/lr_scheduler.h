// Learning rate schedules by PyTorch's names and formulas. step() belongs after the optimizer's epoch (or
// after each batch: OneCycleLR). A schedule is a function of the steps made so far, so its state is one
// number and it resumes to the same bits.
//   lr_scheduler::SequentialLR schedule(optimizer, {5}, lr_scheduler::LinearLR(optimizer, 0.1, 1, 5),
//                                       lr_scheduler::CosineAnnealingLR(optimizer, 95));
//   for (int epoch = 0; epoch < 100; ++epoch) { train(); schedule.step(); }
// The optimizer must outlive its schedules.
#pragma once
#include <concepts>
#include <functional>
#include <memory>
#include <vector>

#include "fovea/optim.h"

namespace fovea::lr_scheduler {

class LRScheduler {
 public:
  virtual ~LRScheduler() = default;
  /// Sets the learning rates of the next epoch (or batch).
  virtual void step() = 0;
  /// The same where there is a metric to follow; only ReduceLROnPlateau reads it.
  virtual void step(double) { step(); }
  /// The learning rate of each group now.
  std::vector<double> last_lr() const;
  virtual NamedTensors state_dict() const = 0;
  /// Restores what state_dict() gave and sets the learning rates; throws if it is another schedule's.
  virtual void load_state_dict(const NamedTensors& dict) = 0;

 protected:
  explicit LRScheduler(optim::Optimizer& optimizer);
  optim::Optimizer* optimizer_;
};

/// A schedule that is a function of the number of steps alone.
class Schedule : public LRScheduler {
 public:
  using Group = optim::Optimizer::Group;
  using LRScheduler::step;
  void step() override;
  int64_t last_epoch() const { return epoch_; }
  /// Sets lr (and momentum, if it is scheduled) of `group` as they are after `epoch` steps.
  virtual void set(Group& group, int64_t epoch) const = 0;
  NamedTensors state_dict() const override;
  void load_state_dict(const NamedTensors& dict) override;

 protected:
  using LRScheduler::LRScheduler;
  /// Sets every group for the current epoch; constructors end with it.
  void apply();

 private:
  int64_t epoch_ = 0;
};

/// lr = initial * factor(epoch).
class LambdaLR : public Schedule {
 public:
  LambdaLR(optim::Optimizer& optimizer, std::function<double(int64_t epoch)> factor);
  void set(Group& group, int64_t epoch) const override;

 private:
  std::function<double(int64_t)> factor_;
};

/// Times gamma every `step_size` epochs.
struct StepLR : LambdaLR {
  StepLR(optim::Optimizer& optimizer, int64_t step_size, double gamma = 0.1);
};

/// Times gamma at each milestone.
struct MultiStepLR : LambdaLR {
  MultiStepLR(optim::Optimizer& optimizer, std::vector<int64_t> milestones, double gamma = 0.1);
};

/// Times gamma every epoch.
struct ExponentialLR : LambdaLR {
  ExponentialLR(optim::Optimizer& optimizer, double gamma);
};

/// Warm-up: times start_factor at first, then linearly to end_factor within total_iters steps, which then
/// stays.
struct LinearLR : LambdaLR {
  explicit LinearLR(optim::Optimizer& optimizer, double start_factor = 1.0 / 3, double end_factor = 1,
                    int64_t total_iters = 5);
};

/// Half a cosine from the initial rate to eta_min within t_max epochs (Loshchilov and Hutter 2017), and back
/// up after that.
class CosineAnnealingLR : public Schedule {
 public:
  CosineAnnealingLR(optim::Optimizer& optimizer, int64_t t_max, double eta_min = 0);
  void set(Group& group, int64_t epoch) const override;

 private:
  int64_t t_max_;
  double eta_min_;
};

/// Half cosines of t_0, t_0 t_mult, t_0 t_mult^2 ... epochs, each from the initial rate (SGDR).
class CosineAnnealingWarmRestarts : public Schedule {
 public:
  CosineAnnealingWarmRestarts(optim::Optimizer& optimizer, int64_t t_0, int64_t t_mult = 1,
                              double eta_min = 0);
  void set(Group& group, int64_t epoch) const override;

 private:
  int64_t t_0_, t_mult_;
  double eta_min_;
};

struct OneCycleOptions {
  double pct_start = 0.3;      // part of the steps in which the rate rises
  bool linear = false;         // anneal linearly instead of by cosines
  bool cycle_momentum = true;  // momentum falls while the rate rises, and the other way round
  double base_momentum = 0.85, max_momentum = 0.95;
  double div_factor = 25;         // the rate starts at max_lr / div_factor
  double final_div_factor = 1e4;  // and ends at max_lr / div_factor / final_div_factor
  bool three_phase = false;       // fall as long as the rise took, then to the final rate
};
/// Super-convergence (Smith and Topin 2018): up to max_lr and down again within total_steps batches; the
/// initial rate of the optimizer is not used. Throws after total_steps.
class OneCycleLR : public Schedule {
 public:
  OneCycleLR(optim::Optimizer& optimizer, double max_lr, int64_t total_steps, OneCycleOptions options = {});
  void set(Group& group, int64_t epoch) const override;

 private:
  double max_lr_;
  int64_t total_steps_;
  OneCycleOptions options_;
};

/// Schedules one after the other: the i-th begins, counting from 0, after milestones[i - 1] steps.
class SequentialLR : public Schedule {
 public:
  template <std::derived_from<Schedule>... S>
  SequentialLR(optim::Optimizer& optimizer, std::vector<int64_t> milestones, S... schedules)
      : SequentialLR(optimizer,
                     std::vector<std::shared_ptr<Schedule>>{std::make_shared<S>(std::move(schedules))...},
                     std::move(milestones)) {}
  SequentialLR(optim::Optimizer& optimizer, std::vector<std::shared_ptr<Schedule>> schedules,
               std::vector<int64_t> milestones);
  void set(Group& group, int64_t epoch) const override;

 private:
  std::vector<std::shared_ptr<Schedule>> schedules_;
  std::vector<int64_t> milestones_;
};

struct PlateauOptions {
  bool maximise = false;  // the metric should grow (accuracy) instead of fall (loss)
  double factor = 0.1;
  int64_t patience = 10;    // epochs without improvement that are borne
  double threshold = 1e-4;  // what counts as improvement: relative, or absolute if `absolute`
  bool absolute = false;
  int64_t cooldown = 0;           // epochs after a reduction in which nothing is counted
  double min_lr = 0, eps = 1e-8;  // no reduction below min_lr or by less than eps
};
/// Times factor when the metric given to step() has not improved for more than `patience` epochs.
class ReduceLROnPlateau : public LRScheduler {
 public:
  explicit ReduceLROnPlateau(optim::Optimizer& optimizer, PlateauOptions options = {});
  /// Throws: this schedule wants a metric.
  void step() override;
  void step(double metric) override;
  NamedTensors state_dict() const override;
  void load_state_dict(const NamedTensors& dict) override;

 private:
  bool better(double metric) const;
  PlateauOptions options_;
  double best_;
  int64_t bad_epochs_ = 0, cooldown_left_ = 0;
};

}  // namespace fovea::lr_scheduler
