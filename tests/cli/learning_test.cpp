// `fovea lr` and `fovea plot surface` as a user meets them.
#include <nlohmann/json.hpp>

#include "fovea/image.h"
#include "program.h"

namespace fovea {
namespace {

using nlohmann::json;
using test::expect_in;
using test::Outcome;
using test::run;
using test::TempFolder;

TEST(CliLearning, FindsALearningRate) {
  TempFolder folder;
  const Outcome o = run(folder, "lr data=blobs:600 model=mlp:2-16-3 optimizer=sgd steps=60 out=lr.png");
  EXPECT_EQ(o.code, 0) << o.err;
  expect_in("train data=blobs:600 model=mlp:2-16-3 lr0=", o.out);
  expect_in("wrote lr.png", o.out);
  EXPECT_EQ(image::read(folder / "lr.png").width(), 800);
  const json j =
      json::parse(run(folder, "lr data=blobs:600 model=mlp:2-16-3 optimizer=sgd steps=60 --json").out);
  EXPECT_GT(j["suggestion"], 1e-3);
  EXPECT_LT(j["suggestion"], 1);
  EXPECT_EQ(j["lr"].size(), j["loss"].size());
}

TEST(CliLearning, SaysWhatNoLearningRateHelps) {
  TempFolder folder;
  const std::pair<const char*, const char*> cases[] = {
      {"lr data=blobs model=rbm:5", "rbm:5 is an energy model"},
      {"lr data=blobs high=1e-9", "high=1e-09 is outside of low="},
      {"lr data=blobs optimizer=sgdm", "did you mean sgd?"},
      {"lr data=blobs model=mlp:2-3 out=nowhere/lr.png", "nowhere/lr.png"},
  };
  for (const auto& [arguments, message] : cases) {
    const Outcome o = run(folder, arguments);
    EXPECT_EQ(o.code, 1) << arguments;
    expect_in(message, o.err);
  }
}

TEST(CliLearning, DrawsDescentOnTwoParameters) {
  TempFolder folder;
  const Outcome o = run(folder, "plot surface data=miles:20 model=mlp:1-1 out=descent.png");
  EXPECT_EQ(o.code, 0) << o.err;
  for (const char* part : {": small", ": good", ": too large", "fc1.bias", "wrote descent.png"})
    expect_in(part, o.out);
  EXPECT_EQ(image::read(folder / "descent.png").width(), 100 + 3 * 560 + 80);
  const Outcome one = run(folder, "plot surface data=miles:20 model=mlp:1-1 lr=0.01 steps=3");
  expect_in("in 3 steps", one.out);
}

TEST(CliLearning, DrawsTheValleyOfARun) {
  TempFolder folder;
  run(folder, "train data=blobs:200 model=mlp:2-8-3 epochs=2 report=false");
  const Outcome o = run(folder, "plot surface model=runs/train/1 cells=9 out=valley.svg");
  EXPECT_EQ(o.code, 0) << o.err;
  expect_in("trained weights", o.out);
  expect_in("wrote valley.svg", o.out);
  expect_in("of 64 examples", run(folder, "plot surface model=mlp@mnist cells=3 examples=64").out);
}

TEST(CliLearning, SaysWhatHasNoSurface) {
  TempFolder folder;
  const std::tuple<int, const char*, const char*> cases[] = {
      {2, "plot surface", "plot surface wants a network"},
      {2, "plot surface model=mlp:1-1", "which data?"},
      {1, "plot surface data=miles model=mlp:1-2-1", "mlp:1-2-1 has 7"},
      {1, "plot surface data=miles model=mlp:1-1 cells=5 out=nowhere/x.png", "nowhere/x.png"},
      {2, "plot surface activation=elu", "plot wants one of"},
      {2, "plot surfac", "did you mean surface?"},
      {2, "plot surface data=miles model=mlp:1-1 lr=fast", "is not a number"},
  };
  for (const auto& [code, arguments, message] : cases) {
    const Outcome o = run(folder, arguments);
    EXPECT_EQ(o.code, code) << arguments;
    expect_in(message, o.err);
  }
}

}  // namespace
}  // namespace fovea
