#include "train/progress_line.h"

#include <fmt/format.h>
#include <algorithm>

#include "base/text.h"

namespace fovea::train {
namespace {

constexpr double redraw_seconds = 0.1, plain_line_seconds = 30;
constexpr int bar_width = 22, least_bar_width = 4;

}  // namespace

bool ProgressLine::due() const {
  return seconds_since(drawn_) >= (terminal_.redraws ? redraw_seconds : plain_line_seconds);
}

void ProgressLine::show(const Progress& p) {
  drawn_ = Clock::now();
  draw(line(p, 0), terminal_.redraws ? "" : "\n");
}

void ProgressLine::end_epoch(const Progress& p, const std::string& result, int width) {
  draw(line(p, width) + result, "\n");
  drawn_ = Clock::now();
}

void ProgressLine::break_off() {
  if (open_) fmt::print(out_, "\n");
}

/// The line with a bar as wide as fits beside `reserved` columns more.
std::string ProgressLine::line(const Progress& p, int reserved) const {
  const double speed = p.seconds > 0 ? double(p.new_examples) / p.seconds : 0;
  const double per_batch = double(p.examples) / double(std::max<int64_t>(p.batch, 1));
  const double left = speed > 0 ? double(p.batches - p.batch) * per_batch / speed : 0;
  const std::string tail = fmt::format("{}/{}  {}  {} {}/s  data {:.0f}%  eta {}", p.batch, p.batches,
                                       p.figures, thousands(int64_t(speed)), unit_,
                                       p.seconds > 0 ? 100 * p.waited / p.seconds : 0, duration(left));
  const int room = terminal_.columns - int(p.head.size() + 1 + tail.size()) - reserved - 2;
  if (!terminal_.redraws || room < least_bar_width) return p.head + " " + tail;
  return p.head + " " + bar(double(p.batch) / double(p.batches), std::min(room, bar_width), terminal_) +
         "  " + tail;
}

void ProgressLine::draw(const std::string& text, const char* end) {
  if (terminal_.redraws) fmt::print(out_, "\r{}\x1b[K{}", text, end);
  else if (!text.empty()) fmt::print(out_, "{}{}", text, end);
  open_ = *end == '\0';
  std::fflush(out_);
}

}  // namespace fovea::train
