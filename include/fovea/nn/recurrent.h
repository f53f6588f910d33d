// Recurrent networks over sequences: RNN, LSTM, GRU, and one step of each (the cells). Names, shapes and
// start values of the weights are PyTorch's: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, of the
// second layer ..._l1, of the reverse direction ..._reverse; all uniform in +-1/sqrt(hidden). A sequence is
// (T, N, features), or (N, T, features) with batch_first. Called as a module, a network gives the outputs of
// all steps; run() takes and gives states too.
//   nn::LSTM lstm(28, 128, {.layers = 2, .batch_first = true});
//   Tensor y = lstm(x);                                  // x (N, T, 28), y (N, T, 128)
//   const auto [output, state] = lstm.run(x, before);    // state.h and state.c: (2, N, 128)
//   lstm.run(x, {}, lengths);                            // sequences that end after 1..T steps each
// To learn from a long sequence piece by piece (truncated back-propagation through time, Werbos 1990), carry
// the state on without its history:
//   for (const Tensor& piece : pieces) { auto [y, after] = lstm.run(piece, state); ...; state =
//   after.detach(); }
#pragma once
#include <functional>

#include "fovea/nn/module.h"

namespace fovea::nn {

struct RecurrentOptions {
  int64_t layers = 1;  // each takes the outputs of the one below
  bool bias = true;
  bool batch_first = false;    // x and output are (N, T, ...); states stay (layers, N, H)
  double dropout = 0;          // of the outputs of each layer but the last, in training
  bool bidirectional = false;  // a second set of weights reads the sequence backwards; outputs are joined
};

/// What is handed from step to step. An undefined member stands for zeros.
struct RecurrentState {
  Tensor h = {};
  Tensor c = {};  // of the LSTM alone
  /// The same values without what they were computed from.
  RecurrentState detach() const { return {h ? h.detach() : h, c ? c.detach() : c}; }
};

struct RecurrentResult {
  Tensor output;         // of the last layer, all steps: (T, N, D H), D = 2 if bidirectional
  RecurrentState state;  // after the last step: (layers D, N, H), layer by layer, forward before reverse
};

/// What one layer in one direction gives: the states after every step, (T, N, H).
struct RecurrentSteps {
  Tensor h;
  Tensor c = {};  // undefined if the unit has none
};

/// One kind of recurrent unit: how many rows of weights a hidden unit has, and the op that runs a layer in
/// one direction over x (T, N, I) with states (N, H).
struct RecurrentUnit {
  struct Weights {
    Tensor ih, hh, bias_ih, bias_hh;
  };
  const char* name;
  int64_t gates;
  bool has_cell;  // whether it carries a state c
  std::function<RecurrentSteps(const Tensor& x, const Weights&, const RecurrentState&)> run;
};

/// Layers and directions of one kind of unit; the base of RNN, LSTM and GRU.
class Recurrent : public Module {
 public:
  Recurrent(RecurrentUnit unit, int64_t inputs, int64_t hidden, const RecurrentOptions& options);
  /// The outputs of all steps, from states of zeros.
  Tensor forward(const Tensor& x) const override;
  /// The same with the states before and after. With `lengths`, i64 (N), sequence n has lengths[n] steps, 1
  /// to T, and what lies behind them does not matter: outputs there are 0, states are those after its own
  /// last step, and the reverse direction begins with that step (PyTorch's packed sequences). Throws where x,
  /// a state or lengths have another shape, a length is out of range, or a state c is given to a unit that
  /// has none.
  RecurrentResult run(const Tensor& x, const RecurrentState& state = {}, const Tensor& lengths = {}) const;
  std::string describe() const override;

 private:
  struct Ends;
  RecurrentResult direction(const Tensor& x, size_t index, const RecurrentState& state,
                            const Ends& ends) const;
  RecurrentUnit unit_;
  int64_t inputs_, hidden_, directions_;
  RecurrentOptions options_;
  std::vector<RecurrentUnit::Weights> weights_;  // layer by layer, forward before reverse
  std::shared_ptr<const Module> dropout_;        // null if there is none
};

/// h = tanh(W_ih x + b_ih + W_hh h + b_hh), or "relu" in place of "tanh" (Elman 1990): the op `rnn`.
struct RNN : Recurrent {
  RNN(int64_t inputs, int64_t hidden, const RecurrentOptions& options = {},
      const std::string& nonlinearity = "tanh");
};
/// Long short-term memory (Hochreiter and Schmidhuber 1997), gates in the order i, f, g, o: the op `lstm`.
struct LSTM : Recurrent {
  LSTM(int64_t inputs, int64_t hidden, const RecurrentOptions& options = {});
};
/// Gated recurrent unit (Cho et al. 2014), gates in the order r, z, n: the op `gru`.
struct GRU : Recurrent {
  GRU(int64_t inputs, int64_t hidden, const RecurrentOptions& options = {});
};

/// One step of one layer, for loops that feed outputs back; weights weight_ih, weight_hh, bias_ih, bias_hh.
///   nn::RecurrentState s;   for (const Tensor& x : frames) s = cell.run(x, s);
class RecurrentCell : public Module {
 public:
  RecurrentCell(RecurrentUnit unit, int64_t inputs, int64_t hidden, bool bias);
  /// h after one step from a state of zeros; x (N, I).
  Tensor forward(const Tensor& x) const override;
  /// The state after one step; x (N, I), states (N, H).
  RecurrentState run(const Tensor& x, const RecurrentState& state = {}) const;
  std::string describe() const override;

 private:
  RecurrentUnit unit_;
  RecurrentUnit::Weights weights_;
};

struct RNNCell : RecurrentCell {
  RNNCell(int64_t inputs, int64_t hidden, bool bias = true, const std::string& nonlinearity = "tanh");
};
struct LSTMCell : RecurrentCell {
  LSTMCell(int64_t inputs, int64_t hidden, bool bias = true);
};
struct GRUCell : RecurrentCell {
  GRUCell(int64_t inputs, int64_t hidden, bool bias = true);
};

}  // namespace fovea::nn
