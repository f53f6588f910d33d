// RNN, LSTM, GRU and their cells against PyTorch: weights load by name, outputs, states and all gradients are
// equal (reference/make_reference.py); and an LSTM that learns to remember.
#include "fovea/nn/recurrent.h"

#include <gtest/gtest.h>

#include <cmath>

#include "fovea/autograd.h"
#include "fovea/init.h"
#include "fovea/nn.h"
#include "fovea/nn/conv_lstm.h"
#include "fovea/operators.h"
#include "fovea/ops.h"
#include "fovea/optim.h"
#include "fovea/random.h"

namespace fovea {
namespace {

using Named = std::map<std::string, Tensor>;

/// The reference tensors of all cases: case, kind (weights, in, out, gradient), name.
const std::map<std::string, std::map<std::string, Named>>& references() {
  static const auto all = [] {
    std::map<std::string, std::map<std::string, Named>> cases;
    for (const auto& [name, tensor] :
         load_safetensors(FOVEA_SOURCE_DIR "/tests/nn/reference/recurrent.safetensors")) {
      const size_t first = name.find('/'), second = name.find('/', first + 1);
      cases[name.substr(0, first)][name.substr(first + 1, second - first - 1)][name.substr(second + 1)] =
          tensor;
    }
    return cases;
  }();
  return all;
}

void expect_near(const Tensor& a, const Tensor& b, double tolerance, const std::string& what) {
  ASSERT_TRUE(a.defined()) << what;
  ASSERT_EQ(a.shape(), b.shape()) << what;
  const auto x = a.detach().to_vector<double>(), y = b.to_vector<double>();
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_NEAR(x[i], y[i], tolerance * (1 + std::abs(y[i]))) << what << " at " << i;
}

/// What a case computes from x and the states, by the names of the reference.
using Run = std::function<Named(const Tensor& x, const nn::RecurrentState&, const Tensor& lengths)>;

struct RecurrentCase {
  nn::AnyModule module;
  Run run;
};

RecurrentCase sequence(const nn::Recurrent& net) {
  return {net, [net](const Tensor& x, const nn::RecurrentState& s, const Tensor& lengths) {
            const auto [y, state] = net.run(x, s, lengths);
            return Named{{"y", y}, {"h", state.h}, {"c", state.c}};
          }};
}
RecurrentCase cell(const nn::RecurrentCell& net) {
  return {net, [net](const Tensor& x, const nn::RecurrentState& s, const Tensor&) {
            const auto state = net.run(x, s);
            return Named{{"h", state.h}, {"c", state.c}};
          }};
}
RecurrentCase conv_sequence(const nn::ConvLSTM& net) {
  return {net, [net](const Tensor& x, const nn::RecurrentState&, const Tensor&) {
            const auto [y, states] = net.run(x);
            return Named{{"y", y}, {"h", states.back().h}, {"c", states.back().c}};
          }};
}

std::map<std::string, RecurrentCase> cases() {
  using namespace nn;
  return {
      {"rnn", sequence(RNN(4, 5))},
      {"rnn_relu", sequence(RNN(4, 5, {.layers = 2}, "relu"))},
      {"rnn_bidirectional", sequence(RNN(4, 5, {.layers = 2, .bidirectional = true}))},
      {"lstm", sequence(LSTM(4, 5))},
      {"lstm_no_bias", sequence(LSTM(4, 8, {.bias = false, .batch_first = true}))},
      {"lstm_layers", sequence(LSTM(4, 5, {.layers = 2}))},
      {"lstm_bidirectional", sequence(LSTM(4, 5, {.layers = 2, .batch_first = true, .bidirectional = true}))},
      {"lstm_one_step", sequence(LSTM(2, 3))},
      {"gru", sequence(GRU(4, 5))},
      {"gru_layers", sequence(GRU(4, 8, {.layers = 2, .batch_first = true}))},
      {"gru_bidirectional", sequence(GRU(4, 5, {.layers = 2, .bidirectional = true}))},
      {"rnn_cell", cell(RNNCell(4, 5, true, "relu"))},
      {"lstm_cell", cell(LSTMCell(4, 5))},
      {"gru_cell", cell(GRUCell(4, 5, false))},
      {"rnn_lengths", sequence(RNN(4, 5))},
      {"lstm_lengths", sequence(LSTM(4, 5, {.layers = 2, .batch_first = true, .bidirectional = true}))},
      {"gru_lengths", sequence(GRU(4, 5, {.layers = 2, .bidirectional = true}))},
      {"conv_lstm", conv_sequence(ConvLSTM(2, 3, 3, {.layers = 2}))}};
}

/// sum over all elements k of each result of cos(k) times the element.
Tensor weighted(const Named& out) {
  Tensor total;
  for (const auto& [name, t] : out) {
    if (!t) continue;
    const Tensor part = sum(t * reshape(cos(arange(0, double(t.numel()), 1, t.dtype())), t.shape()));
    total = total ? total + part : part;
  }
  return total;
}

/// Results and gradients in a precision: f64 by the references of the ops, f32 by their kernels.
void expect_pytorch(DType type, double tolerance) {
  const auto all = cases();
  ASSERT_EQ(all.size(), references().size());
  for (const auto& [name, c] : all) {
    auto r = references().at(name);
    c.module.to(type);
    c.module.load_state_dict(NamedTensors(r["weights"].begin(), r["weights"].end()));
    NamedTensors wanted = c.module.named_parameters();
    nn::RecurrentState state;
    const Tensor lengths = r["in"]["lengths"];
    r["in"].erase("lengths");
    for (auto& [key, t] : r["in"]) {
      t = t.detach().to(type);
      t.set_requires_grad();
      wanted.emplace_back(key, t);
      if (key == "h") state.h = t;
      if (key == "c") state.c = t;
    }
    const Named out = c.run(r["in"].at("x"), state, lengths);
    for (const auto& [key, expected] : r["out"])
      expect_near(out.at(key), expected, tolerance, name + " " + key);
    std::vector<Tensor> leaves;
    for (const auto& [key, t] : wanted) leaves.push_back(t);
    const auto gradients = grad(weighted(out), leaves);
    ASSERT_EQ(wanted.size(), r["gradient"].size()) << name;
    for (size_t i = 0; i < wanted.size(); ++i)
      expect_near(gradients[i], r["gradient"].at(wanted[i].first), tolerance,
                  name + " gradient of " + wanted[i].first);
  }
}

TEST(Recurrent, ResultsAndGradientsArePyTorchs) {
  expect_pytorch(f64, 1e-12);
  expect_pytorch(f32, 1e-5);
}

TEST(Recurrent, ForwardGivesTheOutputsOfRun) {
  const nn::GRU net(3, 4, {.layers = 2, .bidirectional = true});
  const Tensor x = randn({5, 2, 3});
  EXPECT_TRUE(same_bits(net(x), net.run(x).output));
  EXPECT_EQ(net(x).shape(), (Dims{5, 2, 8}));
  const nn::LSTMCell cell(3, 4);
  EXPECT_TRUE(same_bits(cell(x.select(0, 1)), cell.run(x.select(0, 1)).h));
}

TEST(Recurrent, WhatLiesBehindASequenceDoesNotMatter) {
  const nn::LSTM net(3, 4, {.layers = 2, .bidirectional = true});
  const Tensor lengths = tensor({2, 5}, {2}, i64);
  Tensor x = randn({5, 2, 3}), other = x.clone();
  other.narrow(0, 2, 3).select(1, 0).fill(NAN);
  const auto a = net.run(x, {}, lengths), b = net.run(other, {}, lengths);
  EXPECT_TRUE(same_bits(a.output, b.output));
  EXPECT_TRUE(same_bits(a.state.h, b.state.h));
  EXPECT_TRUE(same_bits(a.state.c, b.state.c));
  const auto full = net.run(x, {}, tensor({5, 5}, {2}, i64)), plain = net.run(x);
  EXPECT_TRUE(same_bits(full.output, plain.output));
  EXPECT_TRUE(same_bits(full.state.c, plain.state.c));
  for (const double bad : {0., 6.}) EXPECT_THROW(net.run(x, {}, tensor({2, bad}, {2}, i64)), Error);
  EXPECT_THROW(net.run(x, {}, tensor({2, 2, 2}, {3}, i64)), Error);
  EXPECT_THROW(net.run(x, {}, tensor({2, 2}, {2})), Error);
}

TEST(Recurrent, TruncatedGradientsEndWhereTheStateIsDetached) {
  const nn::GRU net(3, 4);
  const Tensor x = randn({6, 2, 3}).set_requires_grad();
  const auto first = net.run(slice(x, 0, 0, 3));
  const auto whole = net.run(slice(x, 0, 3, 6), first.state),
             cut = net.run(slice(x, 0, 3, 6), first.state.detach());
  EXPECT_TRUE(same_bits(whole.output, cut.output));
  const Tensor through = grad(sum(whole.output), {x})[0], stopped = grad(sum(cut.output), {x})[0];
  EXPECT_GT(max(abs(through.narrow(0, 0, 3))).item(), 0);
  EXPECT_EQ(max(abs(stopped.narrow(0, 0, 3))).item(), 0);
  EXPECT_TRUE(same_bits(through.narrow(0, 3, 3).contiguous(), stopped.narrow(0, 3, 3).contiguous()));
}

TEST(Recurrent, StartsUniformlyWithinOneOverRootHidden) {
  const nn::LSTM net(30, 64);
  for (const auto& [name, t] : net.named_parameters()) {
    EXPECT_LE(max(abs(t)).item(), 0.125) << name;
    EXPECT_GT(max(abs(t)).item(), 0.12) << name;
  }
  EXPECT_EQ(net.num_parameters(), 4 * 64 * (30 + 64 + 2));
}

TEST(Recurrent, DropoutActsBetweenLayersInTrainingOnly) {
  const nn::LSTM net(3, 16, {.layers = 2, .dropout = 0.5}), single(3, 16, {.dropout = 0.5});
  const Tensor x = randn({4, 2, 3});
  EXPECT_FALSE(same_bits(net(x), net(x)));
  EXPECT_TRUE(same_bits(single(x), single(x)));
  net.eval();
  EXPECT_TRUE(same_bits(net(x), net(x)));
}

TEST(Recurrent, DescribeTellsWhatIsNotUsual) {
  EXPECT_EQ(nn::LSTM(28, 128).describe(), "LSTM(28, 128)");
  EXPECT_EQ(nn::GRU(4, 5, {.layers = 2, .bias = false, .bidirectional = true}).describe(),
            "GRU(4, 5, layers=2, bias=false, bidirectional=true)");
  EXPECT_EQ(nn::RNNCell(4, 5).describe(), "RNNCell(4, 5)");
}

TEST(Recurrent, RefusesWhatMakesNoSense) {
  EXPECT_THROW(nn::RNN(4, 5, {}, "sigmoid"), Error);
  EXPECT_THROW(nn::LSTM(0, 5), Error);
  EXPECT_THROW(nn::LSTM(4, 5, {.layers = 0}), Error);
  EXPECT_THROW(nn::LSTM(4, 5, {.layers = 2, .dropout = 1.5}), Error);
  const nn::LSTM lstm(4, 5);
  EXPECT_THROW(lstm(ones({6, 4})), Error);
  EXPECT_THROW(lstm(ones({6, 2, 3})), Error);
  EXPECT_THROW(lstm.run(ones({6, 2, 4}), {.h = ones({2, 5})}), Error);
  EXPECT_THROW(lstm.run(ones({6, 2, 4}), {.c = ones({1, 3, 5})}), Error);
  EXPECT_THROW(nn::GRU(4, 5).run(ones({6, 2, 4}), {.c = ones({1, 2, 5})}), Error);
  EXPECT_THROW(nn::GRUCell(4, 5)(ones({6, 2, 4})), Error);
}

TEST(Recurrent, SecondDerivativesSayThatTheyAreMissing) {
  const nn::LSTM net(2, 3);
  const Tensor x = randn({2, 1, 2}).set_requires_grad();
  const auto first = grad(sum(net(x)), {x}, {.create_graph = true});
  EXPECT_THROW(grad(sum(first[0]), {x}), Error);
}

struct LastStep : nn::Module {
  nn::LSTM lstm;
  nn::Linear head;
  LastStep(int64_t inputs, int64_t hidden, int64_t classes) : lstm(inputs, hidden), head(hidden, classes) {
    register_module("lstm", lstm);
    register_module("head", head);
  }
  Tensor forward(const Tensor& x) const override { return head(squeeze(lstm.run(x).state.h, 0)); }
};

/// The label is the sign of the first of eight numbers; the other seven are noise. The loss after 150 steps.
double loss_of_remembering(uint64_t seed) {
  manual_seed(seed);
  const LastStep net(1, 16, 2);
  optim::Adam adam(net, {.lr = 0.02});
  double last = 1;
  for (int i = 0; i < 150; ++i) {
    const Tensor x = randn({8, 32, 1});
    const Tensor label = cast(greater(reshape(slice(x, 0, 0, 1), {32}), zeros({})), i64);
    const Tensor loss = cross_entropy(net(x), label);
    adam.zero_grad();
    loss.backward();
    adam.step();
    last = 0.9 * last + 0.1 * loss.item();
  }
  return last;
}

/// The mean of several starts: how far a single one gets, 0.06 to 0.6, hangs on the last digits of sums.
TEST(Recurrent, LstmLearnsToRemember) {
  double mean = 0;
  for (const uint64_t seed : {1, 2, 3, 4, 5, 6, 7, 8}) mean += loss_of_remembering(seed) / 8;
  EXPECT_LT(mean, 0.4);  // guessing gives 0.69
}

}  // namespace
}  // namespace fovea
