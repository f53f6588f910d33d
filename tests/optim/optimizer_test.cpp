// Optimizers against PyTorch's values (reference/make_reference.py), their state, groups and gradient
// clipping.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "../files.h"
#include "fovea/nn.h"
#include "fovea/operators.h"
#include "fovea/optim.h"
#include "fovea/random.h"

namespace fovea {
namespace {

using optim::ParameterGroup;
using test::error_of;

struct Case {
  Tensor a = tensor({1, -0.5, 0.25}, {}, f64).set_requires_grad(),
         b = tensor({2, -1}, {}, f64).set_requires_grad();
  std::vector<ParameterGroup> groups{{{{"a", a}}}, {{{"b", b}}, 0.03, 0.0}};

  void set_gradients() const {
    for (const Tensor& p : {a, b}) p.set_grad(sin(p.detach() * 4) + p.detach() / 2);
  }
  std::vector<double> values() const {
    auto all = a.detach().to_vector<double>();
    for (const double v : b.detach().to_vector<double>()) all.push_back(v);
    return all;
  }
};

using Make = std::function<std::unique_ptr<optim::Optimizer>(const optim::Parameters&)>;
template <class Algorithm, class Options>
Make with(Options options) {
  return [=](const optim::Parameters& p) { return std::make_unique<Algorithm>(p, options); };
}

const std::map<std::string, Make>& cases() {
  using namespace optim;
  static const std::map<std::string, Make> all{
      {"sgd", with<SGD>(SGDOptions{.lr = 0.1})},
      {"sgd_decay", with<SGD>(SGDOptions{.lr = 0.1, .weight_decay = 0.05})},
      {"sgd_momentum",
       with<SGD>(SGDOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.05})},
      {"sgd_nesterov", with<SGD>(SGDOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true})},
      {"adam", with<Adam>(AdamOptions{.lr = 0.1})},
      {"adam_decay",
       with<Adam>(AdamOptions{.lr = 0.1, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-4, .weight_decay = 0.05})},
      {"adamw", with<AdamW>(AdamOptions{.lr = 0.1, .weight_decay = 0.01})},
      {"rmsprop", with<RMSprop>(RMSpropOptions{.lr = 0.02})},
      {"rmsprop_momentum",
       with<RMSprop>(RMSpropOptions{.lr = 0.02, .alpha = 0.9, .weight_decay = 0.05, .momentum = 0.8})},
      {"adagrad", with<Adagrad>(AdagradOptions{.lr = 0.1, .lr_decay = 0.1, .weight_decay = 0.05})},
      {"adadelta", with<Adadelta>(AdadeltaOptions{.lr = 1, .rho = 0.8, .weight_decay = 0.05})}};
  return all;
}

TEST(Optimizer, EveryStepIsPyTorchs) {
  std::ifstream file(FOVEA_SOURCE_DIR "/tests/optim/reference/optimizers.json");
  const auto reference = nlohmann::json::parse(file);
  ASSERT_EQ(reference.size(), cases().size());
  for (const auto& [name, make] : cases()) {
    const Case c;
    const auto optimizer = make(c.groups);
    for (const auto& expected : reference.at(name)) {
      c.set_gradients();
      optimizer->step();
      const auto values = c.values();
      for (size_t i = 0; i < values.size(); ++i)
        EXPECT_NEAR(values[i], expected[i].get<double>(), 1e-12) << name;
    }
  }
}

TEST(Optimizer, ResumesToTheSameBits) {
  for (const auto& [name, make] : cases()) {
    const Case whole, part;
    const auto optimizer = make(whole.groups), first = make(part.groups), second = make(part.groups);
    for (int i = 0; i < 6; ++i) {
      if (i == 3) second->load_state_dict(first->state_dict());
      for (const auto& [c, o] :
           {std::pair{&whole, optimizer.get()}, {&part, i < 3 ? first.get() : second.get()}}) {
        c->set_gradients();
        o->groups()[0].lr = i == 2 ? 0.07 : o->groups()[0].lr;
        o->step();
      }
    }
    EXPECT_EQ(whole.values(), part.values()) << name;
    EXPECT_EQ(second->groups()[0].lr, 0.07);
  }
}

TEST(Optimizer, StateHasNamesAndRefusesAnothers) {
  const nn::Sequential net({{"fc", nn::Linear(2, 2)}});
  optim::SGD sgd(net, {.lr = 0.1, .momentum = 0.9});
  for (const Tensor& p : net.parameters()) p.set_grad(ones(p.shape()));
  sgd.step();
  std::vector<std::string> names;
  for (const auto& [name, t] : sgd.state_dict()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"group.0.lr", "group.0.weight_decay", "group.0.momentum",
                                             "state.fc.weight.step", "state.fc.weight.momentum_buffer",
                                             "state.fc.bias.step", "state.fc.bias.momentum_buffer"}));
  optim::Adam adam(net);
  EXPECT_NE(error_of([&] { adam.load_state_dict(sgd.state_dict()); }).find("lacks state.fc.weight.exp_avg"),
            std::string::npos);
  NamedTensors dict = sgd.state_dict();
  dict[4].second = zeros({3});
  EXPECT_NE(error_of([&] { sgd.load_state_dict(dict); }).find("is (2,2) here but (3) there"),
            std::string::npos);
  dict = sgd.state_dict();
  dict.emplace_back("state.other.step", scalar(1, i64));
  EXPECT_NE(error_of([&] { sgd.load_state_dict(dict); }).find("state.other.step"), std::string::npos);
}

TEST(Optimizer, ParametersWithoutGradientStay) {
  const nn::Sequential net(nn::Linear(2, 2), nn::Linear(2, 1));
  net[0].requires_grad(false);
  const Tensor frozen = net.parameters()[0].detach().clone();
  optim::AdamW optimizer(net, {.lr = 0.1, .weight_decay = 0.5});
  sum(net(ones({1, 2}))).backward();
  optimizer.step();
  EXPECT_TRUE(same_bits(net.parameters()[0].detach(), frozen));
  optimizer.zero_grad();
  EXPECT_FALSE(net.parameters()[2].grad().defined());
}

TEST(Optimizer, RefusesNothingAndTwice) {
  const Case c;
  EXPECT_THROW(optim::SGD(NamedTensors{}), Error);
  EXPECT_THROW(optim::SGD(NamedTensors{{"a", c.a}, {"b", c.a}}), Error);
  EXPECT_THROW(optim::SGD(NamedTensors{{"a", c.a}, {"a", c.b}}), Error);
  EXPECT_THROW(optim::SGD(c.groups, {.lr = -1}), Error);
  EXPECT_THROW(optim::SGD(NamedTensors{{"a", tensor({1}, {}, i64)}}), Error);
}

TEST(Optimizer, MakesByName) {
  const Case c;
  for (const auto& name : optim::names())
    EXPECT_EQ(optim::make(name, c.groups, {.lr = 0.5})->groups()[0].lr, 0.5);
  EXPECT_EQ(optim::make("AdamW", c.groups)->groups()[0].weight_decay, 0.01);
  EXPECT_EQ(optim::make("sgd", c.groups, {.momentum = 0.8})->groups()[1].momentum, 0.8);
  EXPECT_NE(error_of([&] { optim::make("adan", c.groups); }).find("did you mean adam"), std::string::npos);
}

TEST(Optimizer, BiasesAndNormsAreExemptFromDecay) {
  const nn::Sequential net(nn::Conv2d(1, 2, 3), nn::BatchNorm2d(2), nn::Flatten(), nn::Linear(2, 2));
  const auto groups = optim::parameter_groups(net, 0.1);
  ASSERT_EQ(groups[0].parameters.size(), 2u);
  EXPECT_EQ(groups[0].parameters[1].first, "3.weight");
  EXPECT_EQ(groups[1].parameters.size(), 4u);
  const optim::SGD sgd(groups, {.lr = 0.1, .weight_decay = 7});
  EXPECT_EQ(sgd.groups()[0].weight_decay, 0.1);
  EXPECT_EQ(sgd.groups()[1].weight_decay, 0);
}

TEST(Gradients, ClipByNormAndByValue) {
  const Case c;
  c.a.set_grad(tensor({3, 0, 0}, {}, f64));
  c.b.set_grad(tensor({0, -4}, {}, f64));
  EXPECT_DOUBLE_EQ(optim::clip_grad_norm_({c.a, c.b}, 10), 5);
  EXPECT_EQ(c.b.grad().to_vector<double>()[1], -4);
  EXPECT_DOUBLE_EQ(optim::clip_grad_norm_({c.a, c.b}, 1), 5);
  EXPECT_NEAR(c.a.grad().to_vector<double>()[0], 3 / (5 + 1e-6), 1e-15);
  EXPECT_NEAR(c.b.grad().to_vector<double>()[1], -4 / (5 + 1e-6), 1e-15);
  optim::clip_grad_value_({c.a, c.b}, 0.7);
  EXPECT_EQ(c.b.grad().to_vector<double>(), (std::vector<double>{0, -0.7}));
  c.a.set_grad(tensor({1, NAN, 0}, {}, f64));
  EXPECT_TRUE(std::isnan(optim::clip_grad_norm_({c.a, c.b}, 0.1)));
  EXPECT_EQ(c.b.grad().to_vector<double>()[1], -0.7);
}

}  // namespace
}  // namespace fovea
