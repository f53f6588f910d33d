// Numbers, several labels and mixed classes as targets: losses, metrics, training end to end.
#include <cmath>

#include "../files.h"
#include "fovea/checkpoint.h"
#include "fovea/nn.h"
#include "fovea/random.h"
#include "fovea/train.h"
#include "fovea/zoo.h"
#include "points.h"

namespace fovea::train {
namespace {

using data::Task;
using test::Points;
using test::TempFolder;

Evaluation trained(Task task, const std::string& folder, ModelCard* card = nullptr) {
  data::DataLoader train(std::make_shared<Points>(task, 512, 1),
                         {.batch = 64, .shuffle = true, .workers = 0});
  data::DataLoader val(
      std::make_shared<Points>(task, 200, 2),
      {.batch = 64, .workers = 0, .targets = train.targets(), .normalize = train.normalization()});
  manual_seed(3);
  const nn::AnyModule net = zoo::make("mlp:2-16-2", {2, {2}});
  Trainer trainer(
      {.max_epochs = 8, .lr0 = 0.1, .schedule = "cosine", .folder = folder, .model = "mlp:2-16-2"});
  const FitResult result = trainer.fit(net, train, &val);
  const Evaluation e = trainer.validate(net, val);
  EXPECT_GE(result.best_top1, e.metrics.score());
  if (card) *card = load_checkpoint(folder).card;
  return e;
}

TEST(Targets, NumbersAreLearnedInTheirUnits) {
  TempFolder folder;
  ModelCard card;
  const Evaluation e = trained(Task::regress, folder.str(), &card);
  EXPECT_GT(e.metrics.r2(0), 0.97);
  EXPECT_GT(e.metrics.r2(1), 0.97);
  // The variance of 30 x is 300: R2 and the error in units tell the same.
  EXPECT_NEAR(e.metrics.rmse(0), std::sqrt(300 * (1 - e.metrics.r2(0))), 0.3);
  EXPECT_LT(e.metrics.mae(0), e.metrics.rmse(0));
  EXPECT_EQ(card.task, Task::regress);
  EXPECT_NEAR(card.targets.mean[0], 100, 2);
  EXPECT_NEAR(card.targets.std[1], 5 / std::sqrt(3.), 0.2);
  EXPECT_NE(test::slurp(folder / "results.csv").find("train/R2,val/loss,val/R2,val/MAE"), std::string::npos);
}

TEST(Targets, SeveralLabelsAreLearned) {
  TempFolder folder;
  ModelCard card;
  const Evaluation e = trained(Task::multilabel, folder.str(), &card);
  EXPECT_GT(e.metrics.f1(0), 0.93);
  EXPECT_GT(e.metrics.f1(1), 0.93);
  EXPECT_GT(e.mean_average_precision(), 0.98);
  EXPECT_EQ(card.task, Task::multilabel);
  EXPECT_TRUE(card.targets.mean.empty());
}

TEST(Targets, MetricsAreThoseOfScikitLearn) {
  EXPECT_NEAR(average_precision(std::vector<float>{.1f, .4f, .35f, .8f, .35f, .2f},
                                std::vector<float>{0, 0, 1, 1, 0, 1}),
              (1 + 2. / 4 + 3. / 5) / 3, 1e-9);
  EXPECT_TRUE(std::isnan(average_precision(std::vector<float>{.1f}, std::vector<float>{0})));
  Metrics m{.task = Task::multilabel};
  m.add(1, tensor({1, -1, 2, 3}, {2, 2}), tensor({1, 1, 0, 1}, {2, 2}));
  EXPECT_DOUBLE_EQ(m.f1(0), 2. / 3);
  EXPECT_DOUBLE_EQ(m.f1(1), 2. / 3);
  Metrics r{.task = Task::regress, .scale = {10}};
  r.add(1, tensor({1, 2, 4}, {3, 1}), tensor({1, 3, 5}, {3, 1}));
  EXPECT_DOUBLE_EQ(r.mae(0), 20. / 3);
  EXPECT_DOUBLE_EQ(r.r2(0), 1 - 2. / 8);
}

TEST(Targets, CrossEntropyTakesPartsOfClasses) {
  const Tensor x = tensor({1, -2, 0.5, 0, 3, -1}, {2, 3}), parts = tensor({0.9, 0.1, 0, 0, 0.8, 0.2}, {2, 3});
  EXPECT_NEAR(nn::CrossEntropyLoss()(x, parts).item(), 0.8352404, 1e-6);  // PyTorch 2.15
  EXPECT_NEAR(nn::CrossEntropyLoss({.label_smoothing = 0.1})(x, parts).item(), 0.9552404, 1e-6);
}

TEST(Targets, MixedImagesTrain) {
  const Tensor images = Tensor::empty({32, 1, 4, 4});
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < 32; ++i) {
    images.select(0, i).fill(double(i % 2));
    labels.push_back(i % 2);
  }
  const auto set = std::make_shared<data::TensorDataset>(
      images, labels,
      data::TensorDataset::Info{.name = "t", .split = data::Split::train, .classes = {"0", "1"}});
  data::DataLoader train(set, {.batch = 8, .shuffle = true, .workers = 1, .mixup = 0.2, .cutmix = 1}),
      val(set, {.batch = 8, .workers = 0, .normalize = train.normalization()});
  manual_seed(1);
  const nn::AnyModule net = zoo::make("mlp:16-8-2", {2, {1, 4, 4}});
  Trainer trainer({.max_epochs = 6, .lr0 = 0.1, .schedule = "cosine"});
  trainer.fit(net, train, &val);
  EXPECT_EQ(trainer.validate(net, val).metrics.top1(), 1);
}

}  // namespace
}  // namespace fovea::train
