// The progress line of an epoch: redrawn in place on a terminal, now and then a plain line elsewhere.
#include <fmt/format.h>
#include <algorithm>
#include <chrono>

#include "data/text.h"
#include "fovea/train.h"
#include "train/terminal.h"

namespace fovea::train {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double redraw_seconds = 0.1, plain_line_seconds = 30;
constexpr int bar_width = 22, narrow_columns = 110, narrow_bar_width = 8;

class ProgressBar : public Callback {
 public:
  explicit ProgressBar(std::FILE* out) : out_(out), terminal_(terminal_of(out)) {}

  void on_step_end(const StepInfo& s) override {
    const auto now = Clock::now();
    const double since = std::chrono::duration<double>(now - drawn_).count();
    if (since < (terminal_.redraws ? redraw_seconds : plain_line_seconds) || s.batch == s.batches) return;
    drawn_ = now;
    draw(line(s), terminal_.redraws ? "" : "\n");
  }

  void on_epoch_end(const EpochInfo& e) override {
    std::string text = line(e.last);
    if (e.val) text += fmt::format("   val {:.2f}%", 100 * e.val->metrics.top1());
    if (e.best) text += terminal_.color ? " \x1b[32m*\x1b[0m" : " *";
    draw(text, "\n");
    drawn_ = Clock::now();
  }

  void on_fit_end(const FitResult& r) override {
    if (open_ && r.why != Stop::finished) draw("", "\n");
  }

 private:
  std::string line(const StepInfo& s) const {
    const double speed = s.seconds > 0 ? double(s.new_examples) / s.seconds : 0;
    const double per_batch = double(s.train.examples) / double(std::max<int64_t>(s.batch, 1));
    const double left = speed > 0 ? double(s.batches - s.batch) * per_batch / speed : 0;
    const int width = terminal_.columns < narrow_columns ? narrow_bar_width : bar_width;
    const std::string drawn =
        terminal_.redraws ? bar(double(s.batch) / double(s.batches), width, terminal_) + "  " : "";
    return fmt::format("epoch {}/{} {}{}/{}  loss {}  top1 {:.1f}%  {} img/s  eta {}", s.epoch, s.epochs,
                       drawn, s.batch, s.batches, short_number(s.train.loss()), 100 * s.train.top1(),
                       data::thousands(int64_t(speed)), duration(left));
  }

  void draw(const std::string& text, const char* end) {
    if (terminal_.redraws) fmt::print(out_, "\r{}\x1b[K{}", text, end);
    else if (!text.empty()) fmt::print(out_, "{}{}", text, end);
    open_ = *end == '\0';
    std::fflush(out_);
  }

  std::FILE* out_;
  Terminal terminal_;
  Clock::time_point drawn_ = Clock::now();
  bool open_ = false;  // the line on the terminal has no end yet
};

}  // namespace

std::shared_ptr<Callback> progress_bar(std::FILE* out) { return std::make_shared<ProgressBar>(out); }

}  // namespace fovea::train
