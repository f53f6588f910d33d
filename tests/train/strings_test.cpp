// Strings as targets: the loss against PyTorch, what is read and how it is judged, a network that learns to
// read.
#include "fovea/strings.h"

#include <cmath>

#include "../files.h"
#include "fovea/checkpoint.h"
#include "fovea/ops.h"
#include "fovea/random.h"
#include "fovea/report.h"
#include "fovea/train.h"
#include "fovea/zoo.h"

namespace fovea::train {
namespace {

using nn::Labels;
using test::error_of;
using test::TempFolder;

/// Strings of one to three characters: "a" is a bar above, "b" one below, from the left on.
class Bars : public data::Dataset {
 public:
  Bars(data::Split split, int64_t count, int64_t longest = 3) : count_(count) {
    name_ = "bars", split_ = split, task_ = data::Task::transcribe, classes_ = {"a", "b"};
    shape_ = {1, 32, 48}, dtype_ = f32, longest_ = longest;
  }
  int64_t size() const override { return count_; }
  int64_t label(int64_t) const override { return 0; }
  std::vector<int64_t> string(int64_t index) const override {
    Generator random(5, split_ == data::Split::train);
    random.seek(uint64_t(index) << 8);
    std::vector<int64_t> all(1 + random.below(3));
    for (int64_t& c : all) c = int64_t(random.below(2));
    return all;
  }
  void read(int64_t index, const Tensor& row) const override {
    row.fill(0);
    int64_t x = 3;
    for (const int64_t c : string(index)) {
      row.narrow(1, c == 0 ? 4 : 20, 8).narrow(2, x, 10).fill(1);
      x += 15;
    }
  }

 private:
  int64_t count_;
};

Tensor waves() {
  const Tensor x = Tensor::empty({2, 5, 4}, f64);
  for (int64_t i = 0; i < x.numel(); ++i) x.data<double>()[i] = 2 * std::sin(1.7 * double(i));
  return x;
}

TEST(Strings, LossIsPyTorchs) {
  const Tensor labels = tensor({0, 2, 2, 1, 0, -1}, {2, 3}, i64);
  EXPECT_NEAR(string_loss(waves(), labels).item(), 1.9321810876239454, 1e-12);  // torch 2.15
  // What counts is the string, not how much room it has.
  EXPECT_NEAR(string_loss(waves(), tensor({0, 2, 2, -1, -1, 1, 0, -1, -1, -1}, {2, 5}, i64)).item(),
              1.9321810876239454, 1e-12);
}

TEST(Strings, AreReadWithoutBlanks) {
  EXPECT_EQ(read_strings(waves()), (std::vector<Labels>{{0}, {2, 1}}));
  EXPECT_EQ(strings_of(tensor({0, 2, 1, -1, -1, -1}, {2, 3}, i64)), (std::vector<Labels>{{0, 2, 1}, {}}));
  EXPECT_EQ(strings_of(Tensor::empty({2, 0}, i64)), (std::vector<Labels>{{}, {}}));
  EXPECT_EQ(spelled({2, 0}, {"a", "b", "é"}), "éa");
}

TEST(Strings, AreJudgedByEdits) {
  // Both are read as 0 and 2 1: one is right, the other lacks two of four.
  const Tensor labels = tensor({0, -1, -1, -1, 2, 2, 1, 1}, {2, 4}, i64);
  Metrics m{.task = data::Task::transcribe};
  m.add(3, waves(), labels);
  EXPECT_EQ(m.score(), 0.5);
  EXPECT_EQ(m.character_error_rate(), 2. / 5);
  EXPECT_EQ(m.score_text(), "strings 50.0%  CER 40.0%");
  const auto worst = worst_misreadings(waves(), labels, 10);
  ASSERT_EQ(worst.size(), 1u);
  EXPECT_EQ(worst[0].example, 1);
  EXPECT_EQ(worst[0].read, (Labels{2, 1}));
  EXPECT_EQ(worst[0].edits, 2);
  const auto lengths = scores_by_length(waves(), labels);
  ASSERT_EQ(lengths.size(), 2u);
  EXPECT_EQ(lengths[0].right, 1);
  EXPECT_EQ(lengths[1].length, 4);
  EXPECT_EQ(lengths[1].character_error_rate(), 0.5);
}

TEST(Strings, ACrnnLearnsToRead) {
  TempFolder folder;
  data::DataLoader train(std::make_shared<Bars>(data::Split::train, 128),
                         {.batch = 8, .shuffle = true, .workers = 0});
  data::DataLoader val(std::make_shared<Bars>(data::Split::val, 40),
                       {.batch = 16, .workers = 0, .normalize = train.normalization()});
  manual_seed(1);
  const nn::AnyModule net = zoo::make("crnn:4", {2, {1, 32, 48}});
  TrainerOptions o{.max_epochs = 20,
                   .optimizer = "adam",
                   .lr0 = 0.01,
                   .gradient_clip_val = 5,
                   .stop_at = 0.97,
                   .folder = folder.str()};
  Trainer trainer(o);
  const FitResult result = trainer.fit(net, train, &val);
  EXPECT_EQ(result.why, Stop::reached) << result.best_top1;
  const Evaluation e = trainer.validate(net, val, true);
  EXPECT_LT(e.metrics.character_error_rate(), 0.03);
  EXPECT_EQ(load_checkpoint(folder.str()).card.task, data::Task::transcribe);
  EXPECT_NE(test::slurp(folder / "results.csv").find("train/strings,val/loss,val/strings,val/CER"),
            std::string::npos);
  write_report(folder.str(), net, val, e);
  const std::string page = test::slurp(folder / "report.html");
  EXPECT_NE(page.find("<h2>Strings</h2>"), page.npos);
  EXPECT_EQ(page.find("Where it looks"), page.npos);
  const Tensor p = Trainer::predict(net, val.epoch(0).begin()->images, data::Task::transcribe);
  const auto likely = likely_strings(fovea::log(p.select(0, 0)), 3);
  ASSERT_EQ(likely.size(), 3u);
  EXPECT_EQ(likely[0].labels, val.dataset().string(0));
  EXPECT_GT(std::exp(likely[0].log_prob), 0.5);
}

TEST(Strings, AResumedEpochCountsOn) {
  TempFolder folder;
  data::DataLoader train(std::make_shared<Bars>(data::Split::train, 64), {.batch = 16, .workers = 0});
  TrainerOptions o{.max_epochs = 1, .max_steps = 2, .schedule = "constant", .folder = folder.str()};
  const auto fit = [&] {
    manual_seed(1);
    return Trainer(o).fit(zoo::make("crnn:2", {2, {1, 32, 48}}), train).train;
  };
  fit();
  o.max_steps = 0, o.resume = true;
  const Metrics resumed = fit();
  o.resume = false, o.folder.clear();
  const Metrics whole = fit();
  EXPECT_EQ(resumed.characters, whole.characters);
  EXPECT_EQ(resumed.edits, whole.edits);
  EXPECT_GT(whole.edits, 0);
}

TEST(Strings, BadInputIsSaid) {
  const auto expect = [](const std::string& part, const auto& f) {
    EXPECT_NE(error_of(f).find(part), std::string::npos) << error_of(f);
  };
  const Tensor labels = tensor({0, 2, 1, 0}, {2, 2}, i64);
  expect("takes 7 steps; its input has 5", [] {
    string_loss(waves(), tensor({0, 0, 0, 0, 1, -1, -1, -1}, {2, 4}, i64));
  });
  expect("as crnn does", [&] { string_loss(waves().select(0, 0), labels); });
  expect("as crnn does", [&] { read_strings(waves().select(0, 0)); });
  expect("i64 (2, longest)", [&] { string_loss(waves(), labels.select(0, 0)); });
  expect("i64 (N, longest)", [&] { strings_of(labels.to(f32)); });
  expect("label 1 of target 0 is 4", [] { string_loss(waves(), tensor({0, 3, 1, 1}, {2, 2}, i64)); });
  data::DataLoader wrong(std::make_shared<Bars>(data::Split::train, 64, 1), {.batch = 16, .workers = 0});
  expect("bars says that the longest has 1", [&] { wrong.epoch(0).begin(); });
  data::DataLoader train(std::make_shared<Bars>(data::Split::train, 64), {.batch = 16, .workers = 0});
  expect("as crnn does", [&] { Trainer({.compile = false}).fit(zoo::make("mlp", {2, {1, 32, 48}}), train); });
}

}  // namespace
}  // namespace fovea::train
