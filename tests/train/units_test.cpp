// Dead and saturated units: networks that have them by their weights.
#include "fovea/units.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "../files.h"
#include "fovea/ops.h"
#include "fovea/zoo.h"

namespace fovea::train {
namespace {

using test::slurp;
using test::TempFolder;

data::DataLoader points(int64_t n) {
  return data::DataLoader(data::open_dataset(fmt::format("xor:{}", n), data::Split::val), {.batch = 50});
}

/// Biases of the layer called `name`.
void set_bias(const nn::Module& net, const std::string& name, const std::vector<float>& values) {
  for (const auto& [path, p] : net.named_parameters())
    if (path == name) p.copy_from(Tensor::of<float>(values));
}

TEST(Units, DeadAndSaturatedOnesAreCounted) {
  manual_seed(1);
  const nn::Sequential net({{"fc1", nn::Linear(2, 4)},
                            {"act1", nn::ReLU()},
                            {"fc2", nn::Linear(4, 3)},
                            {"act2", nn::Sigmoid()},
                            {"fc3", nn::Linear(3, 2)},
                            {"act3", nn::Tanh()}});
  set_bias(net, "fc1.bias", {-100, 5, -100, 5});
  set_bias(net, "fc2.bias", {100, 0, -100});
  set_bias(net, "fc3.bias", {0, 0});
  auto loader = points(200);
  const auto counts = count_units(net, loader);
  ASSERT_EQ(counts.size(), 3u);
  EXPECT_EQ(counts[0].layer, "act1");
  EXPECT_EQ(counts[0].op, "relu");
  EXPECT_EQ(counts[0].units, 4);
  EXPECT_EQ(counts[0].dead, 2);
  EXPECT_EQ(counts[0].saturated, 0);
  EXPECT_EQ(counts[1].saturated, 2);
  EXPECT_EQ(counts[1].dead, 0);
  EXPECT_EQ(counts[2].saturated, 0);
  EXPECT_TRUE(net.training());
}

/// fires only for the first example of the second batch
struct Rare : nn::Module {
  mutable int calls = 0;
  Tensor forward(const Tensor& x) const override {
    const Tensor y = relu(affine(x, 0, ++calls == 2 ? 1 : -1));
    return relu(sub(y, full({1}, 9)));
  }
};

TEST(Units, OneExampleKeepsAUnitAlive) {
  const Rare net;
  auto loader = points(200);
  auto counts = count_units(net, loader, 100);
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].dead, 0);
  EXPECT_EQ(counts[1].layer, "#2");
  EXPECT_EQ(counts[1].dead, 2);
  counts = count_units(Rare(), loader, 50);  // one batch alone
  EXPECT_EQ(counts[0].dead, 2);
  EXPECT_THROW(count_units(net, loader, 0), Error);
}

TEST(Units, ChannelsAreUnitsOfImages) {
  const nn::Sequential net(nn::Conv2d(1, 8, 3), nn::ReLU());
  set_bias(net, "0.bias", {-100, 1, 1, 1, 1, 1, 1, -100});
  const auto set = std::make_shared<data::TensorDataset>(
      zeros({6, 1, 5, 5}), std::vector<int64_t>(6, 0),
      data::TensorDataset::Info{
          .name = "dark", .classes = {"a"}, .normalization = data::Normalization{{0}, {1}}});
  data::DataLoader loader(set, {.batch = 3});
  const auto counts = count_units(net, loader);
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts[0].units, 8);
  EXPECT_EQ(counts[0].dead, 2);
}

TEST(Units, AreWrittenAfterEachEpochAndChangeNothing) {
  const auto train = [](const std::string& folder) {
    manual_seed(3);
    const auto net = zoo::make("mlp:2-16-2:relu");
    auto loader = points(200), val = points(100);
    Trainer trainer(
        {.max_epochs = 2, .schedule = "cosine", .folder = folder, .model = "mlp:2-16-2:relu", .data = "xor"});
    std::FILE* nowhere = std::fopen("/dev/null", "w");
    if (!folder.empty()) trainer.add(watch_units(net, val, folder, nowhere));
    trainer.fit(net, loader, &val);
    std::fclose(nowhere);
    return net.named_parameters()[0].second.detach().clone();
  };
  TempFolder folder;
  const Tensor watched = train(folder / "run");
  EXPECT_TRUE(same_bits(watched, train("")));
  const std::string csv = slurp(folder / "run/units.csv");
  EXPECT_EQ(csv.find("epoch,layer,op,units,dead,saturated\n1,act1,relu,16,"), 0u) << csv;
  EXPECT_NE(csv.find("\n2,act1,relu,16,"), std::string::npos) << csv;
}

}  // namespace
}  // namespace fovea::train
