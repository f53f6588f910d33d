// The progress line of an epoch: redrawn in place on a terminal, now and then a plain line elsewhere.
#pragma once
#include <cstdio>
#include <string>

#include "train/fit_parts.h"
#include "train/terminal.h"

namespace fovea::train {

/// Where an epoch stands.
struct Progress {
  std::string head;     // "epoch 1/5"
  std::string figures;  // "loss 0.21  top1 93.9%"
  int64_t batch, batches, examples, new_examples;
  double seconds, waited;
};

class ProgressLine {
 public:
  /// `unit` is what examples are called.
  ProgressLine(std::FILE* out, std::string unit)
      : out_(out), unit_(std::move(unit)), terminal_(terminal_of(out)) {}

  const Terminal& terminal() const { return terminal_; }
  /// Whether it is time to show a step.
  bool due() const;
  void show(const Progress& p);
  /// Ends the epoch's line with `result` behind it, for which `width` columns are kept.
  void end_epoch(const Progress& p, const std::string& result, int width);
  /// Ends an epoch that was broken off.
  void break_off();

 private:
  std::string line(const Progress& p, int reserved) const;
  void draw(const std::string& text, const char* end);

  std::FILE* out_;
  std::string unit_;
  Terminal terminal_;
  Clock::time_point drawn_ = Clock::now();
  bool open_ = false;  // the line on the terminal has no end yet
};

}  // namespace fovea::train
