// What `fovea bench` measures: training steps and predictions of networks on constant random data.
//   auto step = bench::make_step({.net = "lenet5", .batch = 64});
//   step();                                               // builds nothing more, but captures
//   const auto times = bench::measure(step, 1.0);         // seconds of each step, for a second
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fovea/zoo.h"

namespace fovea::bench {

struct Workload {
  std::string net = {};  // a name of the zoo, or xor: 2-2-1 with tanh
  int64_t batch = 1;
  bool training = true;    // else prediction
  zoo::Options size = {};  // of a network of the zoo; its own where unset
};

/// Those of the race against other frameworks (docs/benchmarks.md).
std::vector<Workload> race();

/// A loss of what a network gives: the cross-entropy of scores (N, classes); of the steps of a string
/// (N, T, 1 + classes) the CTC loss of strings of one character. `labels` i64 (N) are below classes.
Tensor loss_of(const Tensor& y, const Tensor& labels);

/// One step of it per call: loss_of (xor: mean squared error) and SGD with momentum and weight decay
/// (xor: momentum), or the forward pass in eval mode with weights that stay; compiled. Throws for unknown
/// networks.
std::function<void()> make_step(const Workload& workload);

/// Multiply-accumulates of its forward pass.
int64_t forward_macs(const Workload& workload);

/// The seconds of each step, taken until `seconds` have passed; at least one, at most `max_steps`.
std::vector<double> measure(const std::function<void()>& step, double seconds);
inline constexpr size_t max_steps = 10000;

/// The part `q` of 0..1 of `values` is below it: 0.5 is the median. *Requires* values.
double quantile(std::vector<double> values, double q);

/// Most memory that this process has had, in bytes; 0 where the system does not tell.
int64_t peak_rss();

}  // namespace fovea::bench
