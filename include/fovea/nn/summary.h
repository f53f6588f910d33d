// What a network consists of: the shape, parameters and work of every layer.
#pragma once
#include <iosfwd>

#include "fovea/nn/linear_chain.h"

namespace fovea::nn {

struct SummaryRow {
  std::string path, layer;                                // "layer1.0.conv1", "Conv2d(16, 16, kernel=3, ...)"
  Dims output;                                            // with the batch dimension
  std::string arithmetic;                                 // "6*1*5*5 + 6 = 156", empty without parameters
  std::vector<std::string> weight_factors, bias_factors;  // {"6*1*5*5"}, {"6"}
  int64_t weights = 0, biases = 0;
  int64_t macs = 0;  // multiply-accumulates of convolutions and matrix products
};

struct Summary {
  Dims input;
  std::vector<SummaryRow> rows;     // one per layer call, in the order of execution
  int64_t weights = 0, biases = 0;  // each parameter once, even if two layers share it
  int64_t macs = 0;
  std::vector<LinearChain> chains;  // of layers that are one linear function together
  int64_t parameters() const { return weights + biases; }
  /// "61,706 parameters (61,470 weights + 236 biases)  0.42 MMAC"
  std::string totals() const;
  /// "3*4 + 4*2 = 20 weights, 4 + 2 = 6 biases"; empty if it would be long, or if layers share parameters.
  std::string arithmetic() const;
};

/// Runs `module` once on zeros of shape `input` (batch first), in eval mode and without gradients; mode,
/// generator and running statistics stay as they were.
Summary summary(const Module& module, const Dims& input, DType dtype = f32);

/// A table with one line per layer, the totals, and a warning for each chain of linear layers.
std::ostream& operator<<(std::ostream& out, const Summary& s);

}  // namespace fovea::nn
