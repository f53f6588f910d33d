// Models to give away and those that ship, as a user handles them.
#include <nlohmann/json.hpp>

#include "fovea/checkpoint.h"
#include "program.h"

namespace fovea {
namespace {

using test::expect_in;
using test::Outcome;
using test::run;
using test::TempFolder;

TEST(Pack, MakesAFileThatCanBeChecked) {
  TempFolder folder;
  ASSERT_EQ(run(folder, "train data=spiral model=mlp:2-8-2 epochs=2 seed=5 lr0=0.02").code, 0);
  const Outcome packed = run(folder, "pack runs/train/1 out=spiral.safetensors");
  ASSERT_EQ(packed.code, 0) << packed.err;
  expect_in("wrote spiral.safetensors: mlp:2-8-2, top1 ", packed.out);
  expect_in("of 200 examples, as measured", run(folder, "val model=spiral.safetensors").out);
  const Outcome other = run(folder, "val model=spiral.safetensors data=spiral:150");
  EXPECT_EQ(other.code, 0) << other.err;
  expect_in("these are not the examples that it was stated for", other.out);
  const auto origin = train::load_checkpoint(folder / "spiral.safetensors").card.origin;
  ASSERT_TRUE(origin);
  const auto holds = [&](const char* key, const char* text) {
    return std::find(origin->recipe.begin(), origin->recipe.end(),
                     std::pair<std::string, std::string>(key, text)) != origin->recipe.end();
  };
  EXPECT_TRUE(holds("seed", "5") && holds("lr0", "0.02") && holds("data", "spiral"));
  EXPECT_FALSE(holds("project", "runs/train"));
  expect_in("there is no args.json", run(folder, "pack spiral.safetensors out=x.safetensors").err);
}

TEST(Models, AreListedWithTheirFigures) {
  TempFolder folder;
  const Outcome table = run(folder, "models");
  expect_in("lenet5@mnist", table.out);
  expect_in("of 10,000 examples", table.out);
  const Outcome one = run(folder, "models mlp@mnist");
  expect_in("fovea train data=mnist model=mlp:784-128-10 ", one.out);
  expect_in("(did you mean lenet5@mnist?)", run(folder, "predict model=lenet@mnist source=x.png").err);
  expect_in("model=lenet5 pretrained=lenet5@mnist", run(folder, "train data=mnist model=lenet5@mnist").err);
}

/// What is promised of the models for MNIST, which lies in the repository, holds here and now.
TEST(Models, ReachTheirFigures) {
  TempFolder folder;
  for (const auto& m : nlohmann::json::parse(run(folder, "models --json").out)) {
    if (m["data"] != "mnist" || !m.contains("top1")) continue;
    const Outcome val = run(folder, fmt::format("val model={} --json", m["name"].get<std::string>()));
    ASSERT_EQ(val.code, 0) << val.err;
    const auto measured = nlohmann::json::parse(val.out);
    EXPECT_EQ(measured["examples"], 10'000);
    EXPECT_NEAR(measured["top1"].get<double>(), m["top1"].get<double>(), 3e-4)
        << m["name"];  // other processors round
  }
}

}  // namespace
}  // namespace fovea
