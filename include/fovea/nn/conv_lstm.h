// Long short-term memory whose states are images (Shi et al. 2015), for sequences of frames; without the
// paper's peepholes, as it is mostly built.
//   nn::ConvLSTM net(3, 16, 3, {.layers = 2});
//   Tensor y = net(frames);                           // (T, N, 3, H, W) becomes (T, N, 16, H, W)
//   const auto [output, states] = net.run(frames);    // states[layer].h and .c: (N, 16, H, W)
#pragma once
#include "fovea/nn/layer.h"
#include "fovea/nn/recurrent.h"

namespace fovea::nn {

/// One step: of conv(x) + conv(h), 4 * hidden channels in the order i, f, g, o:
/// c = sigmoid(f) c + sigmoid(i) tanh(g), h = sigmoid(o) tanh(c). Weights conv_ih.weight, conv_ih.bias,
/// conv_hh.weight. *Requires* an odd kernel; the size of the frames stays.
class ConvLSTMCell : public Module {
 public:
  ConvLSTMCell(int64_t in_channels, int64_t hidden, int64_t kernel);
  /// h after one step from a state of zeros; x (N, C, H, W).
  Tensor forward(const Tensor& x) const override;
  /// The state after one step.
  RecurrentState run(const Tensor& x, const RecurrentState& state = {}) const;
  std::string describe() const override;

 private:
  friend class ConvLSTM;
  RecurrentState step(const Tensor& from_x, const RecurrentState& state) const;
  Conv2d ih_, hh_;
  int64_t inputs_, hidden_, kernel_;
};

struct ConvLSTMOptions {
  int64_t layers = 1;  // each takes the outputs of the one below
};

struct ConvLSTMResult {
  Tensor output;                       // of the last layer, all steps: (T, N, hidden, H, W)
  std::vector<RecurrentState> states;  // of each layer after the last step
};

class ConvLSTM : public Module {
 public:
  ConvLSTM(int64_t in_channels, int64_t hidden, int64_t kernel, const ConvLSTMOptions& options = {});
  /// The outputs of all steps, from states of zeros; x (T, N, C, H, W).
  Tensor forward(const Tensor& x) const override;
  /// The same with the states before (none, or one for each layer) and after.
  ConvLSTMResult run(const Tensor& x, const std::vector<RecurrentState>& states = {}) const;
  std::string describe() const override;

 private:
  std::vector<ConvLSTMCell> cells_;
};

}  // namespace fovea::nn
