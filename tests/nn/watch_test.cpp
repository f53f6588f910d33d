// Values inside of networks by path.
#include "fovea/nn/watch.h"

#include <gtest/gtest.h>

#include "../files.h"
#include "fovea/autograd.h"
#include "fovea/nn.h"
#include "fovea/operators.h"

namespace fovea {
namespace {

using test::error_of;

nn::Sequential small() {
  return nn::Sequential({{"block", nn::Sequential({{"fc", nn::Linear(3, 4)}, {"act", nn::ReLU()}})},
                         {"head", nn::Linear(4, 2)}});
}

TEST(Watch, KeepsWhatALayerGaveOnTheTape) {
  const nn::AnyModule net = small();
  const Tensor x = tensor({1, -2, 3}, {1, 3});
  const nn::Watch block(net, "block"), whole(net, ""), fc(net, "block.fc");
  const Tensor y = net(x);
  EXPECT_TRUE(same_bits(whole.output(), y));
  EXPECT_TRUE(same_bits(block.output(), relu(fc.output()).detach()));
  const Tensor slope = grad(sum(y), {block.output()})[0];
  EXPECT_TRUE(same_bits(slope, sum(net.named_parameters()[2].second.detach(), {0}, true)));
}

TEST(Watch, NamesTheNearestLayer) {
  const nn::AnyModule net = small();
  EXPECT_NE(error_of([&] { nn::Watch(net, "block.fcc"); }).find("did you mean block.fc?"), std::string::npos);
  const nn::Watch head(net, "head");
  EXPECT_NE(error_of([&] { head.output(); }).find("head was not called"), std::string::npos);
}

TEST(Watch, ListsTheCallsOfAPass) {
  std::string text;
  for (const nn::Visit& v : nn::visits(small(), zeros({5, 3})))
    text += fmt::format("{} {} {}; ", v.path, v.layer, v.output);
  EXPECT_EQ(text,
            "block.fc Linear(3, 4) (5,4); block.act ReLU (5,4); block Sequential (5,4); head Linear(4, 2) "
            "(5,2);  Sequential (5,2); ");
}

}  // namespace
}  // namespace fovea
