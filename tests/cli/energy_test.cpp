// Energy models on the command line: training, resuming, measuring, fine-tuning, and what is refused.
#include <nlohmann/json.hpp>

#include "fovea/checkpoint.h"
#include "fovea/image.h"
#include "fovea/rbm.h"
#include "program.h"

namespace fovea {
namespace {

using test::expect_in;
using test::Outcome;
using test::run;
using test::slurp;
using test::TempFolder;

/// A folder of images 6x6 of two classes: a bright row, or a bright column, among noise.
void write_lines(const std::string& folder) {
  for (int i = 0; i < 60; ++i)
    for (const char* name : {"column", "row"}) {
      const Tensor pixels = Tensor::empty({6, 6}, u8);
      for (int y = 0; y < 6; ++y)
        for (int x = 0; x < 6; ++x)
          pixels.at<uint8_t>({y, x}) =
              (*name == 'r' ? y : x) == i % 6 ? uint8_t(255 - i) : uint8_t(x * y + i / 6);
      std::filesystem::create_directories(folder + "/" + name);
      image::write(fmt::format("{}/{}/{}.png", folder, name, i), image::Image(pixels));
    }
}

TEST(Energy, TrainsMeasuresAndRefuses) {
  TempFolder folder;
  write_lines(folder / "lines");
  const std::string train = "train data=lines batch=12 epochs=2 workers=0 ";
  const Outcome trained = run(folder, train + "model=rbm:8 persistent=true chains=12 name=rbm");
  ASSERT_EQ(trained.code, 0) << trained.err;
  expect_in("rbm:8  332 parameters (288 weights + 44 biases)", trained.out);
  expect_in("epoch 2/2 9/9  reconstruction 0.", trained.out);
  expect_in("  PL -", trained.out);
  expect_in("filters.png", trained.out);
  expect_in("next: fovea val model=runs/train/rbm ais=true", trained.out);
  expect_in("\"cd\": 1", slurp(folder / "runs/train/rbm/args.json"));
  EXPECT_EQ(slurp(folder / "runs/train/rbm/args.json").find("mixup"), std::string::npos);

  const Outcome val = run(folder, "val model=runs/train/rbm ais=true --json workers=0");
  ASSERT_EQ(val.code, 0) << val.err;
  const auto scores = nlohmann::json::parse(val.out);
  EXPECT_EQ(scores["examples"], 12);
  EXPECT_LT(scores["layers"][0]["reconstruction"].get<double>(), 0.25);
  EXPECT_NEAR(scores["log_z"].get<double>(), scores["exact_log_z"].get<double>(), 0.05);
  EXPECT_NEAR(scores["log_likelihood"].get<double>(),
              -scores["layers"][0]["free_energy"].get<double>() - scores["exact_log_z"].get<double>(), 1e-6);
  expect_in("by annealed importance sampling, 5 chains through 10 temperatures",
            run(folder, "val model=runs/train/rbm ais=true ais_runs=5 ais_steps=10").out);

  const std::pair<std::string, const char*> refused[] = {
      {"predict model=runs/train/rbm source=lines", "finetune=runs/train/rbm"},
      {"see model=runs/train/rbm", "knows no classes"},
      {"report runs/train/rbm", "knows no classes"},
      {"val model=runs/train/rbm augment=true", "is an energy model"},
      {train + "model=rbm:8 normalize=set", "normalize=none keeps pixels in [0, 1]"},
      {train + "model=rbm:8:binary", "no units are called 'binary'"},
      {train + "model=rbm:8:gausian", "did you mean gaussian?"},
      {train + "model=rbm:8:gaussian:gaussian", "make one side bernoulli"},
      {train + "model=crbm:4-4-2", "blocks of 2 do not divide"},
      {train + "model=rbm:8 schedule=cosine", "schedule=cosine is neither constant nor linear"},
      {train + "model=rbm:8 cd=0", "cd=0 is below 1"},
      {train + "model=rbm:8 sparsity=0.1", "sparsity_cost=0.1"},
      {"train finetune=nowhere", "nowhere"},
      {"explain model=dbn:8-8", "one after the other"}};
  for (const auto& [arguments, message] : refused) {
    const Outcome o = run(folder, arguments);
    EXPECT_EQ(o.code, 1) << arguments;
    expect_in(message, o.err);
  }
  const std::pair<std::string, const char*> misused[] = {
      {train + "model=rbm:8 mixup=0.2", "mixup= is not for energy models like rbm:8"},
      {train + "model=rbm:8 optimizer=adam", "optimizer= is not for energy models"},
      {train + "model=mlp cd=5", "cd= is for energy models like rbm:500, not for mlp"},
      {train + "model=mlp finetune=runs/train/rbm", "leave out model="}};
  for (const auto& [arguments, message] : misused) {
    const Outcome o = run(folder, arguments);
    EXPECT_EQ(o.code, 2) << arguments;
    expect_in(message, o.err);
  }
  expect_in("sample_bernoulli", run(folder, "explain model=crbm:4-5-2 rounds=1").out);
}

TEST(Energy, ResumesAndFineTunes) {
  TempFolder folder;
  write_lines(folder / "lines");
  const std::string train = "train data=lines batch=12 epochs=2 workers=0 model=dbn:12-6 ";
  ASSERT_EQ(run(folder, train + "name=whole").code, 0);
  ASSERT_EQ(run(folder, train + "name=part max_steps=13").code, 0);
  const Outcome resumed = run(folder, "train resume=runs/train/part max_steps=0");
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  expect_in("next: fovea train finetune=runs/train/part", resumed.out);
  const auto weights = [&](const char* name) { return train::load_checkpoint(folder / name).weights; };
  const NamedTensors a = weights("runs/train/whole"), b = weights("runs/train/part");
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(same_bits(a[i].second, b[i].second)) << a[i].first;

  const Outcome tuned =
      run(folder, "train finetune=runs/train/whole epochs=8 batch=8 workers=0 name=tuned lr0=0.5");
  ASSERT_EQ(tuned.code, 0) << tuned.err;
  expect_in("model  mlp:36-12-6-2:sigmoid", tuned.out);
  const auto card = train::load_checkpoint(folder / "runs/train/tuned").card;
  EXPECT_EQ(card.model, "mlp:36-12-6-2:sigmoid");
  EXPECT_EQ(card.data, "lines");
  EXPECT_EQ(run(folder, "val model=runs/train/tuned workers=0").code, 0);
  ASSERT_EQ(run(folder, "train finetune=runs/train/whole lr0=0 epochs=1 workers=0 name=still").code, 0);
  const NamedTensors still = weights("runs/train/still");
  EXPECT_EQ(still[0].first, "fc1.weight");
  EXPECT_TRUE(same_bits(still[0].second, a[0].second));  // rbm1.weight
  expect_in("only the layers of a dbn or rbm", run(folder, "train finetune=runs/train/tuned").err);
}

}  // namespace
}  // namespace fovea
