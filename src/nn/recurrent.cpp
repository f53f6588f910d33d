#include "fovea/nn/recurrent.h"

#include <cmath>
#include <tuple>

#include "fovea/init.h"
#include "fovea/nn/norm.h"
#include "fovea/op.h"
#include "fovea/ops.h"

namespace fovea::nn {
namespace {

using Weights = RecurrentUnit::Weights;

RecurrentUnit rnn_unit(const std::string& nonlinearity) {
  check(nonlinearity == "tanh" || nonlinearity == "relu",
        "the nonlinearity of an RNN is tanh or relu, not {}", nonlinearity);
  return {"RNN", 1, false, [nonlinearity](const Tensor& x, const Weights& w, const RecurrentState& s) {
            return RecurrentSteps{std::get<0>(rnn(x, w.ih, w.hh, w.bias_ih, w.bias_hh, s.h, nonlinearity))};
          }};
}
RecurrentUnit lstm_unit() {
  return {"LSTM", 4, true, [](const Tensor& x, const Weights& w, const RecurrentState& s) {
            const Tensor bias = w.bias_ih ? add(w.bias_ih, w.bias_hh) : Tensor();
            const auto out = apply(find_op("lstm_sequence"), {x, w.ih, w.hh, bias, s.h, s.c});
            return RecurrentSteps{out[0], out[1]};
          }};
}
RecurrentUnit gru_unit() {
  return {"GRU", 3, false, [](const Tensor& x, const Weights& w, const RecurrentState& s) {
            return RecurrentSteps{std::get<0>(gru(x, w.ih, w.hh, w.bias_ih, w.bias_hh, s.h))};
          }};
}

Weights new_weights(const RecurrentUnit& unit, int64_t inputs, int64_t hidden, bool bias) {
  check(inputs >= 1 && hidden >= 1, "{} wants at least one input and one hidden unit, not {} and {}",
        unit.name, inputs, hidden);
  const int64_t rows = unit.gates * hidden;
  Weights w{Tensor::empty({rows, inputs}), Tensor::empty({rows, hidden}), {}, {}};
  if (bias) w.bias_ih = Tensor::empty({rows}), w.bias_hh = Tensor::empty({rows});
  const double bound = 1 / std::sqrt(double(hidden));
  for (const Tensor& t : {w.ih, w.hh, w.bias_ih, w.bias_hh})
    if (t) init::uniform_(t, -bound, bound);
  return w;
}

/// Calls f(name, tensor) for each of the four.
template <class F>
void each(const Weights& w, const std::string& suffix, F&& f) {
  f("weight_ih" + suffix, w.ih), f("weight_hh" + suffix, w.hh);
  f("bias_ih" + suffix, w.bias_ih), f("bias_hh" + suffix, w.bias_hh);
}

void check_state(const RecurrentUnit& unit, const RecurrentState& s, const Dims& shape) {
  check(!s.c || unit.has_cell, "{} has no cell state c, only h", unit.name);
  for (const Tensor& t : {s.h, s.c})
    check(!t || t.shape() == shape, "{} wants states {}, not {}", unit.name, shape, t ? t.shape() : Dims{});
}

Tensor last_of(const Tensor& steps) {
  return steps ? squeeze(slice(steps, 0, -1, steps.size(0)), 0) : Tensor();
}

/// Entry `index` of the states of all layers.
Tensor part(const Tensor& states, int64_t index) {
  if (!states) return {};
  return squeeze(slice(states, 0, index, index + 1), 0);
}

}  // namespace

/// Where sequences end, if they are not all as long as the tensor (T,N,...).
struct Recurrent::Ends {
  Ends(const Tensor& lengths, int64_t steps) {
    if (!lengths) return;
    mask = unsqueeze(sequence_mask(lengths, steps), 2);
    turn = call("sequence_reverse_index", {lengths}, {{"steps", steps}});
    last = call("sequence_last_index", {lengths}, {{"steps", steps}});
  }
  /// Zeros behind the ends, whatever was there.
  Tensor cut(const Tensor& x) const { return mask ? where(mask, x, scalar(0, x.dtype())) : x; }
  Tensor reversed(const Tensor& x) const {
    return turn ? reshape(index_select(rows(x), turn), x.shape()) : flip(x, {0});
  }
  Tensor state(const Tensor& steps) const {
    return steps && last ? index_select(rows(steps), last) : last_of(steps);
  }

 private:
  static Tensor rows(const Tensor& x) { return reshape(x, {x.size(0) * x.size(1), x.size(2)}); }
  Tensor mask, turn, last;
};

Recurrent::Recurrent(RecurrentUnit unit, int64_t inputs, int64_t hidden, const RecurrentOptions& options)
    : unit_(std::move(unit)),
      inputs_(inputs),
      hidden_(hidden),
      directions_(options.bidirectional ? 2 : 1),
      options_(options) {
  check(options.layers >= 1, "{} wants at least one layer, not {}", unit_.name, options.layers);
  for (int64_t layer = 0; layer < options.layers; ++layer)
    for (int64_t d = 0; d < directions_; ++d) {
      weights_.push_back(new_weights(unit_, layer ? directions_ * hidden : inputs, hidden, options.bias));
      each(weights_.back(), fmt::format("_l{}{}", layer, d ? "_reverse" : ""),
           [&](const std::string& name, const Tensor& t) { register_parameter(name, t); });
    }
  if (options.dropout > 0 && options.layers > 1)
    dropout_ = std::make_shared<Dropout>(register_module("dropout", Dropout(options.dropout)));
}

RecurrentResult Recurrent::direction(const Tensor& x, size_t index, const RecurrentState& state,
                                     const Ends& ends) const {
  const bool reverse = index % size_t(directions_) == 1;
  const RecurrentSteps s = unit_.run(reverse ? ends.reversed(x) : x, weights_[index],
                                     {part(state.h, int64_t(index)), part(state.c, int64_t(index))});
  const Tensor y = ends.cut(s.h);
  return {reverse ? ends.reversed(y) : y, {ends.state(s.h), ends.state(s.c)}};
}

RecurrentResult Recurrent::run(const Tensor& x, const RecurrentState& state, const Tensor& lengths) const {
  const auto turned = [&](const Tensor& t) { return options_.batch_first ? transpose(t, 0, 1) : t; };
  check(x.rank() == 3 && x.size(2) == inputs_, "{} wants a sequence ({}, {}), not {}", unit_.name,
        options_.batch_first ? "N, T" : "T, N", inputs_, x.shape());
  Tensor y = turned(x);
  check_state(unit_, state, {int64_t(weights_.size()), y.size(1), hidden_});
  check(!lengths || (lengths.dtype() == i64 && lengths.shape() == Dims{y.size(1)}),
        "{} wants lengths i64 ({}), one for each sequence, not {}", unit_.name, y.size(1),
        lengths ? lengths.describe() : "");
  const Ends ends(lengths, y.size(0));
  y = ends.cut(y);
  std::vector<Tensor> h, c;
  for (size_t at = 0; at < weights_.size();) {
    if (at && dropout_) y = (*dropout_)(y);
    std::vector<Tensor> outputs;
    for (int64_t d = 0; d < directions_; ++d, ++at) {
      const RecurrentResult r = direction(y, at, state, ends);
      outputs.push_back(r.output), h.push_back(r.state.h);
      if (r.state.c) c.push_back(r.state.c);
    }
    y = directions_ == 1 ? outputs[0] : concat(outputs, 2);
  }
  return {turned(y), {stack(h), c.empty() ? Tensor() : stack(c)}};
}

Tensor Recurrent::forward(const Tensor& x) const { return run(x).output; }

std::string Recurrent::describe() const {
  return fmt::format("{}({}, {}{}{}{}{}{})", unit_.name, inputs_, hidden_,
                     options_.layers == 1 ? "" : fmt::format(", layers={}", options_.layers),
                     options_.bias ? "" : ", bias=false", options_.batch_first ? ", batch_first=true" : "",
                     options_.dropout == 0 ? "" : fmt::format(", dropout={}", options_.dropout),
                     options_.bidirectional ? ", bidirectional=true" : "");
}

RNN::RNN(int64_t inputs, int64_t hidden, const RecurrentOptions& options, const std::string& nonlinearity)
    : Recurrent(rnn_unit(nonlinearity), inputs, hidden, options) {}
LSTM::LSTM(int64_t inputs, int64_t hidden, const RecurrentOptions& options)
    : Recurrent(lstm_unit(), inputs, hidden, options) {}
GRU::GRU(int64_t inputs, int64_t hidden, const RecurrentOptions& options)
    : Recurrent(gru_unit(), inputs, hidden, options) {}

RecurrentCell::RecurrentCell(RecurrentUnit unit, int64_t inputs, int64_t hidden, bool bias)
    : unit_(std::move(unit)), weights_(new_weights(unit_, inputs, hidden, bias)) {
  each(weights_, "", [&](const std::string& name, const Tensor& t) { register_parameter(name, t); });
}

RecurrentState RecurrentCell::run(const Tensor& x, const RecurrentState& state) const {
  check(x.rank() == 2 && x.size(1) == weights_.ih.size(1), "{}Cell wants x (N, {}), not {}", unit_.name,
        weights_.ih.size(1), x.shape());
  check_state(unit_, state, {x.size(0), weights_.hh.size(1)});
  const RecurrentSteps s = unit_.run(unsqueeze(x, 0), weights_, state);
  return {last_of(s.h), last_of(s.c)};
}

Tensor RecurrentCell::forward(const Tensor& x) const { return run(x).h; }

std::string RecurrentCell::describe() const {
  return fmt::format("{}Cell({}, {}{})", unit_.name, weights_.ih.size(1), weights_.hh.size(1),
                     weights_.bias_ih ? "" : ", bias=false");
}

RNNCell::RNNCell(int64_t inputs, int64_t hidden, bool bias, const std::string& nonlinearity)
    : RecurrentCell(rnn_unit(nonlinearity), inputs, hidden, bias) {}
LSTMCell::LSTMCell(int64_t inputs, int64_t hidden, bool bias)
    : RecurrentCell(lstm_unit(), inputs, hidden, bias) {}
GRUCell::GRUCell(int64_t inputs, int64_t hidden, bool bias)
    : RecurrentCell(gru_unit(), inputs, hidden, bias) {}

}  // namespace fovea::nn
