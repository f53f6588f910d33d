// Layers with no non-linearity between them are one linear function, however many they are: where a network
// has such chains, and which function each is.
//   nn::Sequential net(nn::Linear(3, 4), nn::Linear(4, 2));
//   for (const auto& chain : nn::linear_chains(net, {1, 3})) fmt::print("{}\n", chain.describe());
#pragma once
#include "fovea/nn/module.h"

namespace fovea::nn {

/// Two or more linear layers (Linear, convolutions) with nothing between them but what is linear in
/// predictions: Flatten, Dropout, BatchNorm, average pooling.
struct LinearChain {
  std::vector<std::string> layers;  // paths, from the first linear layer to the last
  Dims input, output;               // of one example
  int64_t parameters = 0;           // of all its layers
  int64_t width = 0;                // features or channels where it is narrowest
  /// y = weight x + bias for flattened x and y: (outputs, inputs), (outputs); undefined beyond 2048 inputs or
  /// a million weights.
  Tensor weight, bias;

  /// Whether it is narrower inside than at both ends: a layer of low rank, written as two with fewer weights.
  bool low_rank() const;
  /// "fc1, fc2 have no non-linearity between them: together one linear function of 3 inputs, ...", with the
  /// weight and the bias if it is small.
  std::string describe() const;
};

/// A line "warning: ..." for each chain that gains nothing by being several layers, and one for all narrow
/// ones.
std::string warnings(const std::vector<LinearChain>& chains);

/// The chains of a network, found by running it once on zeros of shape `input` (batch first) in eval mode;
/// modes and statistics stay as they were.
std::vector<LinearChain> linear_chains(const Module& module, const Dims& input, DType dtype = f32);

}  // namespace fovea::nn
