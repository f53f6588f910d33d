// Learning the classes of pixels: the loss, the measures, a whole training, its report.
#include <algorithm>
#include <cmath>

#include "../files.h"
#include "fovea/checkpoint.h"
#include "fovea/ops.h"
#include "fovea/random.h"
#include "fovea/report.h"
#include "fovea/zoo.h"
#include "train/recipe.h"

namespace fovea::train {
namespace {

using data::Task;
using test::TempFolder;

const Tensor logits = tensor({1, -2, 0.5, 0, 3, -1, 0.25, 2, -0.5, 1.5, -1, 0.75}, {1, 3, 2, 2});

/// `logits` and a fourth class that is never the largest.
Tensor with_fourth() { return concat({logits, full({1, 1, 2, 2}, -9)}, 1); }

Tensor labels_of(const std::vector<int64_t>& labels, const Dims& shape) {
  return Tensor::of<int64_t>(labels).reshape(shape);
}

/// Loss and gradient of PyTorch 2.15: F.cross_entropy(x, t, ignore_index=255).
TEST(Segment, LossIsPyTorchs) {
  Tensor x = logits.clone();
  x.set_requires_grad(true);
  const Tensor loss = loss_of({}, Task::segment, x, labels_of({0, 255, 2, 1}, {1, 2, 2}));
  EXPECT_NEAR(loss.item(), 1.566414085775668, 1e-6);
  loss.backward();
  const std::vector<double> expected{-0.29462849, 0, 0.16650591,  0.03172773,
                                     0.28599227,  0, 0.12967493,  -0.09889534,
                                     0.00863622,  0, -0.29618084, 0.06716761};
  const std::vector<double> got = x.grad().to_vector<double>();
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-6) << i;
}

TEST(Segment, WhereNothingCountsThereIsNothingToLearn) {
  Tensor x = logits.clone();
  x.set_requires_grad(true);
  const Tensor loss = loss_of({}, Task::segment, x, labels_of({255, 255, 255, 255}, {1, 2, 2}));
  EXPECT_EQ(loss.item(), 0);
  loss.backward();
  for (const double g : x.grad().to_vector<double>()) EXPECT_EQ(g, 0);
}

/// Most probable are 1, 2, 0, 1 (of 4 classes); the second does not count, the last class nobody knows of.
TEST(Segment, MeasuresByHand) {
  Metrics m{.task = Task::segment};
  ConfusionMatrix confusion(4);
  const Tensor four = with_fourth();
  m.add(0.5, four, labels_of({0, 255, 0, 1}, {1, 2, 2}), &confusion);
  EXPECT_DOUBLE_EQ(m.iou(0), 1. / 2);
  EXPECT_DOUBLE_EQ(m.iou(1), 1. / 2);
  EXPECT_TRUE(std::isnan(m.iou(2))) << "neither there nor predicted where it counts";
  EXPECT_DOUBLE_EQ(m.score(), 1. / 2);
  EXPECT_DOUBLE_EQ(m.pixel_accuracy(), 2. / 3);
  EXPECT_EQ(m.counted_pixels(), 3);
  EXPECT_EQ(confusion.count(0, 1), 1);
  EXPECT_EQ(confusion.total(), 3);
  m.add(0.5, four, labels_of({1, 2, 3, 3}, {1, 2, 2}), nullptr);  // over both: class 1 is right in 2 of 4
  EXPECT_DOUBLE_EQ(m.iou(0), 1. / 3);
  EXPECT_DOUBLE_EQ(m.iou(1), 2. / 4);
  EXPECT_DOUBLE_EQ(m.iou(2), 1);
  EXPECT_DOUBLE_EQ(m.iou(3), 0);
  EXPECT_NEAR(m.score(), (1. / 3 + 0.5 + 1 + 0) / 4, 1e-12);
  EXPECT_EQ(m.score_text(), "mIoU 45.8%");
  EXPECT_NE(test::error_of([&] {
              m.add(1, four, labels_of({4, 0, 0, 0}, {1, 2, 2}));
            }).find("outside of the"),
            std::string::npos);
  EXPECT_NE(test::error_of([&] {
              m.add(1, four, labels_of({0, 1}, {2}));
            }).find("(N,classes,H,W)"),
            std::string::npos);
}

/// Bright forms on dark ground, dark rows that do not count.
class Spots : public data::Dataset {
 public:
  explicit Spots(uint64_t seed) : seed_(seed) {
    name_ = "spots", shape_ = {1, 24, 20}, task_ = Task::segment, classes_ = {"ground", "spot"};
  }
  int64_t size() const override { return 48; }
  int64_t label(int64_t) const override { return 0; }
  void read(int64_t index, const Tensor& row) const override {
    row.fill(40);
    spot(row.select(0, 0), index).fill(200);
  }
  Tensor mask(int64_t index) const override {
    const Tensor classes = full({24, 20}, 0, u8);
    spot(classes, index).fill(1);
    classes.narrow(0, 22, 2).fill(data::ignored_class);
    return classes;
  }

 private:
  Tensor spot(const Tensor& plane, int64_t index) const {
    Generator random(seed_, uint64_t(index));
    return plane.narrow(0, int64_t(random.below(12)), 8).narrow(1, int64_t(random.below(12)), 8);
  }
  uint64_t seed_;
};

struct Spotted {
  data::DataLoader train{std::make_shared<Spots>(1), {.batch = 8, .shuffle = true, .workers = 0}};
  data::DataLoader val{std::make_shared<Spots>(2),
                       {.batch = 20, .workers = 0, .normalize = train.normalization()}};
  nn::AnyModule net = [] {
    manual_seed(4);
    return zoo::make("unet:4", {2, {1, 24, 20}});
  }();
};

TEST(Segment, UNetLearnsSpotsAndGoesOnAfterAStop) {
  TempFolder folder, parts;
  const auto options = [](const TempFolder& at, int64_t steps, bool resume) {
    return TrainerOptions{.max_epochs = 4,
                          .max_steps = steps,
                          .optimizer = "adamw",
                          .lr0 = 0.01,
                          .folder = at.str(),
                          .resume = resume,
                          .model = "unet:4"};
  };
  Spotted whole;
  Trainer trainer(options(folder, 0, false));
  const FitResult result = trainer.fit(whole.net, whole.train, &whole.val);
  const Evaluation e = trainer.validate(whole.net, whole.val, true);
  EXPECT_GT(e.metrics.score(), 0.8);
  EXPECT_GT(e.metrics.pixel_accuracy(), 0.9);
  EXPECT_NEAR(result.best_top1, e.metrics.score(), 0.1);
  ASSERT_EQ(e.example_iou.size(), 48u);
  EXPECT_FALSE(e.logits.defined());
  const ModelCard card = load_checkpoint(folder.str()).card;
  EXPECT_EQ(card.task, Task::segment);
  EXPECT_EQ(card.transforms, "Resize(24x20)");
  EXPECT_NE(test::slurp(folder / "results.csv").find("train/mIoU,val/loss,val/mIoU,val/pixels"),
            std::string::npos);

  Spotted first, second;
  Trainer(options(parts, 9, false)).fit(first.net, first.train, &first.val);
  Trainer(options(parts, 0, true)).fit(second.net, second.train, &second.val);
  const auto expected = whole.net.state_dict(), got = second.net.state_dict();
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_TRUE(same_bits(expected[i].second, got[i].second)) << expected[i].first;

  const std::vector<int64_t> worst = worst_segmented(e, 5);
  ASSERT_EQ(worst.size(), 5u);
  EXPECT_EQ(e.example_iou[size_t(worst[0])], *std::min_element(e.example_iou.begin(), e.example_iou.end()));
  const std::vector<Segmented> shown = segmented(whole.net, whole.val, worst);
  for (size_t i = 0; i < shown.size(); ++i) {
    EXPECT_EQ(shown[i].example, worst[i]) << "a validation is not shuffled";
    EXPECT_NEAR(shown[i].iou, e.example_iou[size_t(worst[i])], 1e-12);
    EXPECT_EQ(shown[i].truth.to_vector<uint8_t>(), Spots(2).mask(worst[i]).to_vector<uint8_t>());
  }
  EXPECT_EQ(segments_sheet(shown).size(1), 960);
  write_report(folder.str(), whole.net, whole.val, e);
  const std::string page = test::slurp(folder / "report.html");
  for (const char* text :
       {"<h2>Predictions</h2>", "<h3>The worst</h3>", "<th class=n>IoU", "mIoU", "Confusions"})
    EXPECT_NE(page.find(text), page.npos) << text;
  EXPECT_EQ(page.find("Calibration"), page.npos);
}

}  // namespace
}  // namespace fovea::train
