// What the progress lines of networks say, and those of training without labels.
#include <fmt/format.h>

#include "fovea/unsupervised.h"
#include "train/progress_line.h"

namespace fovea::train {
namespace {

constexpr int val_width = 18;           // of "   val 98.10% *"
constexpr int string_val_width = 34;    // of "   val strings 98.1%  CER 0.31% *"
constexpr int learning_val_width = 40;  // of "   val 0.0213  PL -85.21  gap 0.42"

std::string val_text(const Metrics& m) {
  return m.task == data::Task::classify ? fmt::format("{:.2f}%", 100 * m.top1()) : m.score_text();
}

std::string train_text(const Metrics& m) {
  if (m.task != data::Task::segment) return m.score_text();
  return fmt::format("{}  pixels {:.1f}%", m.score_text(), 100 * m.pixel_accuracy());
}

class ProgressBar : public Callback {
 public:
  ProgressBar(std::FILE* out, const std::string& unit) : line_(out, unit) {}

  void on_step_end(const StepInfo& s) override {
    if (s.batch < s.batches && line_.due()) line_.show(progress_of(s));
  }
  void on_epoch_end(const EpochInfo& e) override {
    const std::string val = e.val ? "   val " + val_text(e.val->metrics) : "";
    const char* best = !e.best ? "" : line_.terminal().color ? " \x1b[32m*\x1b[0m" : " *";
    line_.end_epoch(progress_of(e.last), val + best,
                    !e.val                                          ? 0
                    : e.val->metrics.task == data::Task::transcribe ? string_val_width
                                                                    : val_width);
  }
  void on_fit_end(const FitResult& r) override {
    if (r.why != Stop::finished) line_.break_off();
  }

 private:
  static Progress progress_of(const StepInfo& s) {
    return {fmt::format("epoch {}/{}", s.epoch, s.epochs),
            fmt::format("loss {}  {}", short_number(s.train.loss()), train_text(s.train)),
            s.batch,
            s.batches,
            s.train.examples,
            s.new_examples,
            s.seconds,
            s.waited};
  }
  ProgressLine line_;
};

class LearningProgress : public LearningCallback {
 public:
  LearningProgress(std::FILE* out, const std::string& unit) : line_(out, unit) {}

  void on_step_end(const LearningStep& s) override {
    if (s.batch < s.batches && line_.due()) line_.show(progress_of(s));
  }
  void on_epoch_end(const LearningEpoch& e) override {
    line_.end_epoch(progress_of(e.last), e.val ? "   val " + e.text : "", e.val ? learning_val_width : 0);
  }
  void on_fit_end(const LearningResult& r) override {
    if (r.why != Stop::finished) line_.break_off();
  }

 private:
  static Progress progress_of(const LearningStep& s) {
    return {
        fmt::format("{}epoch {}/{}", s.stages > 1 ? fmt::format("rbm{} ", s.stage) : "", s.epoch, s.epochs),
        s.text,
        s.batch,
        s.batches,
        s.scores.examples,
        s.new_examples,
        s.seconds,
        s.waited};
  }
  ProgressLine line_;
};

}  // namespace

std::shared_ptr<Callback> progress_bar(std::FILE* out, const std::string& unit) {
  return std::make_shared<ProgressBar>(out, unit);
}

std::shared_ptr<LearningCallback> learning_progress(std::FILE* out, const std::string& unit) {
  return std::make_shared<LearningProgress>(out, unit);
}

}  // namespace fovea::train
