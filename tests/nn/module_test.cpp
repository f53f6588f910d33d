// Modules: names, state, modes, sharing, errors.
#include <gtest/gtest.h>

#include "../files.h"
#include "fovea/nn.h"
#include "fovea/operators.h"
#include "fovea/random.h"

namespace fovea {
namespace {

using test::error_of;

/// A residual block as a user writes it.
struct Block : nn::Module {
  nn::Linear fc1, fc2;
  explicit Block(int64_t n) : fc1(n, n), fc2(n, n) {
    register_module("fc1", fc1);
    register_module("fc2", fc2);
    scale = register_parameter("scale", ones({n}));
    count = register_buffer("count", scalar(0, i64));
  }
  Tensor forward(const Tensor& x) const override { return relu(fc2(relu(fc1(x))) * scale + x); }
  Tensor scale, count;
};

std::vector<std::string> names(const NamedTensors& tensors) {
  std::vector<std::string> all;
  for (const auto& [name, tensor] : tensors) all.push_back(name);
  return all;
}

TEST(Module, NamesAreInTheOrderOfRegistrationAndJoinedByDots) {
  const nn::Sequential net(Block(2), nn::ReLU(), nn::Linear(2, 1));
  EXPECT_EQ(names(net.named_parameters()),
            (std::vector<std::string>{"0.scale", "0.fc1.weight", "0.fc1.bias", "0.fc2.weight", "0.fc2.bias",
                                      "2.weight", "2.bias"}));
  EXPECT_EQ(names(net.named_buffers()), std::vector<std::string>{"0.count"});
  EXPECT_EQ(names(net.state_dict()),
            (std::vector<std::string>{"0.scale", "0.count", "0.fc1.weight", "0.fc1.bias", "0.fc2.weight",
                                      "0.fc2.bias", "2.weight", "2.bias"}));
  EXPECT_EQ(net.num_parameters(), 2 + 6 + 6 + 3);
  EXPECT_EQ(net[0].children()[1].second->path(), "0.fc2");
  EXPECT_EQ(net[0].describe(), "Block");
  EXPECT_EQ(net[-1].describe(), "Linear(2, 1)");
}

TEST(Module, NamedSequential) {
  const nn::Sequential net({{"hidden", nn::Linear(3, 4)}, {"act", nn::ReLU()}, {"out", nn::Linear(4, 2)}});
  EXPECT_EQ(names(net.named_parameters()),
            (std::vector<std::string>{"hidden.weight", "hidden.bias", "out.weight", "out.bias"}));
  EXPECT_EQ(net(ones({5, 3})).shape(), (Dims{5, 2}));
}

TEST(Module, CopiesShareParametersAndMode) {
  const nn::Linear a(2, 2);
  const nn::Linear b = a;
  a.weight().fill(3);
  a.eval();
  EXPECT_EQ(b.weight().at<float>({1, 1}), 3);
  EXPECT_FALSE(b.training());
  const nn::AnyModule any = a;
  EXPECT_EQ(names(any.named_parameters()), (std::vector<std::string>{"weight", "bias"}));
  EXPECT_EQ(any.describe(), "Linear(2, 2)");
  Block block(2);
  const nn::Sequential net(block);
  net.eval();
  EXPECT_FALSE(block.fc1.training());
}

TEST(Module, ASharedLayerIsLearnedOnce) {
  const nn::Linear tied(2, 2);
  const nn::Sequential net(tied, nn::Tanh(), tied);
  EXPECT_EQ(names(net.named_parameters()), (std::vector<std::string>{"0.weight", "0.bias"}));
  EXPECT_EQ(net.state_dict().size(), 4u);
  EXPECT_EQ(net.num_parameters(), 6);
}

TEST(Module, ErrorsNamePathAndLayer) {
  const nn::Sequential inner(nn::Flatten(), nn::Linear(4, 2));
  nn::Sequential net;
  net.append(inner, "head");
  const std::string message = error_of([&] { net(ones({1, 3})); });
  EXPECT_EQ(message.find("head.1 (Linear(4, 2)): [linear] "), 0u) << message;
  EXPECT_EQ(message.find("head", 1), std::string::npos) << message;
  const std::string alone = error_of([&] { nn::Linear(4, 2)(ones({1, 3})); });
  EXPECT_EQ(alone.find("Linear(4, 2): [linear] "), 0u) << alone;
}

TEST(Module, LoadCopiesIntoTheSameTensors) {
  const nn::Sequential from(nn::Linear(2, 3), nn::BatchNorm1d(3)), to(nn::Linear(2, 3), nn::BatchNorm1d(3));
  const Tensor weight = to.named_parameters()[0].second;
  to.load_state_dict(from.state_dict());
  EXPECT_TRUE(same_bits(weight.detach(), from.named_parameters()[0].second.detach()));
  from.named_parameters()[0].second.fill(0);
  EXPECT_NE(weight.at<float>({0, 0}), 0);
  EXPECT_TRUE(weight.requires_grad());
}

TEST(Module, LoadListsEveryMisfitAndChangesNothing) {
  const nn::Sequential net(nn::Linear(2, 3), nn::Linear(3, 1));
  const Tensor before = net.named_parameters()[0].second.detach().clone();
  NamedTensors dict = net.state_dict();
  for (auto& [name, tensor] : dict) tensor = zeros(tensor.shape());
  dict[1] = {"extra.bias", ones({1})};
  dict[2].second = ones({2, 2});
  const std::string message = error_of([&] { net.load_state_dict(dict); });
  for (const char* part :
       {"missing (1): 0.bias", "unexpected (1): extra.bias", "1.weight is (1,3) here but (2,2)"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_TRUE(same_bits(net.named_parameters()[0].second.detach(), before));
  dict[2].second = ones({1, 3});
  const auto result = net.load_state_dict(dict, false);
  EXPECT_EQ(result.missing, std::vector<std::string>{"0.bias"});
  EXPECT_EQ(result.unexpected, std::vector<std::string>{"extra.bias"});
  EXPECT_EQ(net.named_parameters()[0].second.at<float>({0, 0}), 0);
  dict.push_back(dict[0]);
  EXPECT_NE(error_of([&] { net.load_state_dict(dict); }).find("twice"), std::string::npos);
}

TEST(Module, BatchCountsMayBeMissingAndAreKept) {
  const nn::BatchNorm2d bn(2);
  NamedTensors dict = bn.state_dict();
  EXPECT_EQ(names(dict), (std::vector<std::string>{"weight", "bias", "running_mean", "running_var",
                                                   "num_batches_tracked"}));
  EXPECT_EQ(dict.back().second.dtype(), i64);
  dict.pop_back();
  EXPECT_NO_THROW(bn.load_state_dict(dict));
}

TEST(Module, ToConvertsInPlace) {
  const nn::Sequential net(nn::Linear(2, 2), nn::BatchNorm1d(2));
  const Tensor weight = net.named_parameters()[0].second;
  const Tensor before = weight.detach().clone();
  net.to(f64);
  EXPECT_EQ(weight.dtype(), f64);
  EXPECT_TRUE(weight.requires_grad());
  EXPECT_TRUE(same_bits(weight.detach().to(f32), before));
  EXPECT_EQ(net.named_buffers()[0].second.dtype(), f64);
  EXPECT_EQ(net.named_buffers()[2].second.dtype(), i64);
  EXPECT_THROW(net.to(i32), Error);
}

TEST(Module, FreezeApplyZeroGrad) {
  const nn::Sequential net(nn::Linear(2, 2), nn::Linear(2, 1));
  sum(net(ones({1, 2}))).backward();
  EXPECT_TRUE(net.parameters()[0].grad().defined());
  net.zero_grad();
  EXPECT_FALSE(net.parameters()[0].grad().defined());
  net[0].requires_grad(false);
  sum(net(ones({1, 2}))).backward();
  EXPECT_FALSE(net.parameters()[0].grad().defined());
  EXPECT_TRUE(net.parameters()[2].grad().defined());
  std::vector<std::string> seen;
  net.apply([&](const nn::Module& m) { seen.push_back(m.path()); });
  EXPECT_EQ(seen, (std::vector<std::string>{"0", "1", ""}));
}

TEST(Module, RefusesBadNames) {
  struct Bad : nn::Module {
    explicit Bad(const std::string& first, const std::string& second) {
      register_parameter(first, ones({1}));
      register_buffer(second, ones({1}));
    }
    Tensor forward(const Tensor& x) const override { return x; }
  };
  EXPECT_THROW(Bad("a", "a"), Error);
  EXPECT_THROW(Bad("a.b", "c"), Error);
  EXPECT_THROW(Bad("", "c"), Error);
  EXPECT_NO_THROW(Bad("a", "c"));
}

TEST(Module, ModuleListHoldsWithoutRunning) {
  const nn::ModuleList list(nn::Linear(2, 2), nn::Linear(2, 1));
  EXPECT_EQ(list.size(), 2);
  EXPECT_EQ(list[1](list[0](ones({1, 2}))).shape(), (Dims{1, 1}));
  EXPECT_THROW(list(ones({1, 2})), Error);
  EXPECT_THROW(list[2], Error);
}

TEST(Module, TheSameSeedGivesTheSameWeights) {
  manual_seed(7);
  const nn::Linear a(5, 4);
  manual_seed(7);
  const nn::Linear b(5, 4);
  const nn::Linear c(5, 4);
  EXPECT_TRUE(same_bits(a.weight().detach(), b.weight().detach()));
  EXPECT_FALSE(same_bits(a.weight().detach(), c.weight().detach()));
}

}  // namespace
}  // namespace fovea
