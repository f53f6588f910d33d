#include "fovea/nn/conv_lstm.h"

#include "fovea/operators.h"
#include "fovea/ops.h"

namespace fovea::nn {

ConvLSTMCell::ConvLSTMCell(int64_t in_channels, int64_t hidden, int64_t kernel)
    : ih_(in_channels, 4 * hidden, kernel, {.padding = kernel / 2}),
      hh_(hidden, 4 * hidden, kernel, {.padding = kernel / 2, .bias = false}),
      inputs_(in_channels),
      hidden_(hidden),
      kernel_(kernel) {
  check(kernel % 2 == 1, "ConvLSTM wants an odd kernel, so that frames keep their size, not {}", kernel);
  register_module("conv_ih", ih_);
  register_module("conv_hh", hh_);
}

/// `from_x`: conv_ih(x).
RecurrentState ConvLSTMCell::step(const Tensor& from_x, const RecurrentState& state) const {
  const Tensor gates = state.h ? from_x + hh_(state.h) : from_x;
  const auto gate = [&](int64_t k) { return slice(gates, 1, k * hidden_, (k + 1) * hidden_); };
  const Tensor fresh = sigmoid(gate(0)) * tanh(gate(2));
  const Tensor c = state.c ? sigmoid(gate(1)) * state.c + fresh : fresh;
  return {sigmoid(gate(3)) * tanh(c), c};
}

RecurrentState ConvLSTMCell::run(const Tensor& x, const RecurrentState& state) const {
  check(x.rank() == 4 && x.size(1) == inputs_, "ConvLSTMCell wants x (N, {}, H, W), not {}", inputs_,
        x.shape());
  const Dims wanted{x.size(0), hidden_, x.size(2), x.size(3)};
  for (const Tensor& t : {state.h, state.c})
    check(!t || t.shape() == wanted, "ConvLSTMCell wants states {}, not {}", wanted, t ? t.shape() : Dims{});
  return step(ih_(x), state);
}

Tensor ConvLSTMCell::forward(const Tensor& x) const { return run(x).h; }

std::string ConvLSTMCell::describe() const {
  return fmt::format("ConvLSTMCell({}, {}, kernel={})", inputs_, hidden_, kernel_);
}

ConvLSTM::ConvLSTM(int64_t in_channels, int64_t hidden, int64_t kernel, const ConvLSTMOptions& options) {
  check(options.layers >= 1, "ConvLSTM wants at least one layer, not {}", options.layers);
  for (int64_t layer = 0; layer < options.layers; ++layer)
    cells_.push_back(register_module(fmt::format("cell_l{}", layer),
                                     ConvLSTMCell(layer ? hidden : in_channels, hidden, kernel)));
}

ConvLSTMResult ConvLSTM::run(const Tensor& x, const std::vector<RecurrentState>& states) const {
  check(x.rank() == 5 && x.size(2) == cells_[0].inputs_ && x.size(0) >= 1,
        "ConvLSTM wants frames (T, N, {}, H, W), not {}", cells_[0].inputs_, x.shape());
  check(states.empty() || states.size() == cells_.size(), "ConvLSTM has {} layers, but {} states were given",
        cells_.size(), states.size());
  const int64_t steps = x.size(0), batch = x.size(1), height = x.size(3), width = x.size(4);
  ConvLSTMResult result{x, states};
  result.states.resize(cells_.size());
  for (size_t layer = 0; layer < cells_.size(); ++layer) {
    const ConvLSTMCell& cell = cells_[layer];
    RecurrentState& state = result.states[layer];
    const Tensor frames = reshape(result.output, {steps * batch, cell.inputs_, height, width});
    const Tensor from_x = cell.ih_(frames);  // of all steps at once
    std::vector<Tensor> outputs;
    for (int64_t t = 0; t < steps; ++t) {
      state = cell.step(slice(from_x, 0, t * batch, (t + 1) * batch), state);
      outputs.push_back(state.h);
    }
    result.output = stack(outputs);
  }
  return result;
}

Tensor ConvLSTM::forward(const Tensor& x) const { return run(x).output; }

std::string ConvLSTM::describe() const {
  const ConvLSTMCell& first = cells_[0];
  return fmt::format("ConvLSTM({}, {}, kernel={}{})", first.inputs_, first.hidden_, first.kernel_,
                     cells_.size() == 1 ? "" : fmt::format(", layers={}", cells_.size()));
}

}  // namespace fovea::nn
