// Energy models by name: what the names spell, what they refuse, and how summary() counts them.
#include "../files.h"
#include "fovea/nn.h"
#include "fovea/rbm.h"
#include "fovea/zoo.h"

namespace fovea {
namespace {

using test::error_of;

TEST(EnergyZoo, NamesSpellUnitsAndSizes) {
  const std::pair<const char*, const char*> names[] = {
      {"rbm:20", "RBM(36, 20)"},
      {"rbm:20:gaussian", "RBM(36, 20, visible=gaussian, hidden=bernoulli)"},
      {"rbm:20:gaussian:relu", "RBM(36, 20, visible=gaussian, hidden=relu)"},
      {"crbm:4-3-2", "ConvRBM((1,6,6), 4, size=3, pool=2)"},
      {"crbm:4-5-1:gaussian", "ConvRBM((1,6,6), 4, size=5, pool=1, visible=gaussian)"},
      {"dbn:9-5", "DBN(36, 9, 5)"}};
  for (const auto& [name, text] : names) {
    EXPECT_TRUE(zoo::is_energy_model(name));
    const nn::AnyModule net = zoo::make(name, {.input = {1, 6, 6}});
    EXPECT_EQ(net.describe(), text);
    EXPECT_EQ(net(zeros({2, 1, 6, 6})).size(0), 2);
  }
  EXPECT_FALSE(zoo::is_energy_model("mlp:36-20"));
  EXPECT_EQ(zoo::make("dbn:9-5:gaussian", {.input = {7}}).parameters()[0].shape(), (Dims{9, 7}));
}

TEST(EnergyZoo, SaysWhatIsWrongWithAName) {
  const std::pair<const char*, const char*> cases[] = {
      {"rbms:20", "did you mean rbm?"},
      {"rbm", "as in rbm:500"},
      {"rbm:0", "'rbm:0' has no valid sizes"},
      {"rbm:20-20", "dbn:20-20 has several"},
      {"rbm:20:binary", "no units are called 'binary'"},
      {"rbm:20:gausian", "did you mean gaussian?"},
      {"rbm:20:relu", "relu is for hidden ones"},
      {"rbm:20:gaussian:gaussian", "make one side bernoulli"},
      {"rbm:20:gaussian:relu:relu", "spells no energy model"},
      {"crbm:4-3", "crbm:24-9-2"},
      {"crbm:4-2-2", "blocks of 2 do not divide"},
      {"crbm:4-7-1", "filters of 7"},
      {"dbn:9-", "no valid sizes"}};
  for (const auto& [name, message] : cases) {
    const std::string error = error_of([&, n = name] { zoo::make(n, {.input = {1, 6, 6}}); });
    EXPECT_NE(error.find(message), std::string::npos) << error;
  }
  EXPECT_NE(error_of([] { zoo::make("crbm:4-3-2", {.input = {36}}); }).find("wants images"),
            std::string::npos);
}

TEST(EnergyZoo, SummaryTellsBiasesFromWeights) {
  const nn::Summary s = nn::summary(zoo::make("rbm:500"), {1, 1, 28, 28});
  EXPECT_EQ(s.weights, 784 * 500);
  EXPECT_EQ(s.biases, 784 + 500);
  EXPECT_EQ(s.macs, 784 * 500);
  ASSERT_EQ(s.rows.size(), 1u);
  EXPECT_EQ(s.rows[0].arithmetic, "784*500 + 784 + 500 = 393284");
  const nn::Summary deep = nn::summary(zoo::make("dbn:500-200"), {1, 1, 28, 28});
  ASSERT_EQ(deep.rows.size(), 2u);
  EXPECT_EQ(deep.rows[1].path, "rbm2");
  EXPECT_EQ(deep.weights, 784 * 500 + 500 * 200);
  EXPECT_EQ(deep.biases, 784 + 500 + 500 + 200);
}

}  // namespace
}  // namespace fovea
