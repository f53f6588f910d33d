// The progress line of an epoch: redrawn in place on a terminal, now and then a plain line elsewhere.
#include <fmt/format.h>
#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "fovea/train.h"
#include "train/terminal.h"

namespace fovea::train {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double redraw_seconds = 0.1, plain_line_seconds = 30;
constexpr int bar_width = 22, least_bar_width = 4;
constexpr int val_width = 18;  // of "   val 98.10% *"

std::string val_text(const Metrics& m) {
  return m.task == data::Task::classify ? fmt::format("{:.2f}%", 100 * m.top1()) : m.score_text();
}

class ProgressBar : public Callback {
 public:
  ProgressBar(std::FILE* out, std::string unit)
      : out_(out), unit_(std::move(unit)), terminal_(terminal_of(out)) {}

  void on_step_end(const StepInfo& s) override {
    const auto now = Clock::now();
    const double since = std::chrono::duration<double>(now - drawn_).count();
    if (since < (terminal_.redraws ? redraw_seconds : plain_line_seconds) || s.batch == s.batches) return;
    drawn_ = now;
    draw(line(s, 0), terminal_.redraws ? "" : "\n");
  }

  void on_epoch_end(const EpochInfo& e) override {
    std::string text = line(e.last, e.val ? val_width : 0);
    if (e.val) text += "   val " + val_text(e.val->metrics);
    if (e.best) text += terminal_.color ? " \x1b[32m*\x1b[0m" : " *";
    draw(text, "\n");
    drawn_ = Clock::now();
  }

  void on_fit_end(const FitResult& r) override {
    if (open_ && r.why != Stop::finished) fmt::print(out_, "\n");
  }

 private:
  /// The line with a bar as wide as fits beside `reserved` columns more.
  std::string line(const StepInfo& s, int reserved) const {
    const double speed = s.seconds > 0 ? double(s.new_examples) / s.seconds : 0;
    const double per_batch = double(s.train.examples) / double(std::max<int64_t>(s.batch, 1));
    const double left = speed > 0 ? double(s.batches - s.batch) * per_batch / speed : 0;
    const std::string head = fmt::format("epoch {}/{} ", s.epoch, s.epochs);
    const std::string tail =
        fmt::format("{}/{}  loss {}  {}  {} {}/s  data {:.0f}%  eta {}", s.batch, s.batches,
                    short_number(s.train.loss()), s.train.score_text(), thousands(int64_t(speed)), unit_,
                    s.seconds > 0 ? 100 * s.waited / s.seconds : 0, duration(left));
    const int room = terminal_.columns - int(head.size() + tail.size()) - reserved - 2;
    if (!terminal_.redraws || room < least_bar_width) return head + tail;
    return head + bar(double(s.batch) / double(s.batches), std::min(room, bar_width), terminal_) + "  " +
           tail;
  }

  void draw(const std::string& text, const char* end) {
    if (terminal_.redraws) fmt::print(out_, "\r{}\x1b[K{}", text, end);
    else if (!text.empty()) fmt::print(out_, "{}{}", text, end);
    open_ = *end == '\0';
    std::fflush(out_);
  }

  std::FILE* out_;
  std::string unit_;
  Terminal terminal_;
  Clock::time_point drawn_ = Clock::now();
  bool open_ = false;  // the line on the terminal has no end yet
};

}  // namespace

std::shared_ptr<Callback> progress_bar(std::FILE* out, const std::string& unit) {
  return std::make_shared<ProgressBar>(out, unit);
}

}  // namespace fovea::train
