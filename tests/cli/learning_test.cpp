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

}  // namespace
}  // namespace fovea
