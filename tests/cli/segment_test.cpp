// Learning from masks on the command line: train, val, predict, and what they refuse.
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

/// A picture, bright on its left half, and the mask that says so.
void write_pair(const TempFolder& root, int number, int64_t height, int64_t width) {
  const Tensor picture = full({height, width, 3}, 40, u8), mask = full({height, width, 1}, 0, u8);
  picture.narrow(1, 0, width / 2).fill(200);
  mask.narrow(1, 0, width / 2).fill(255);
  for (const char* folder : {"set/images", "set/masks"}) std::filesystem::create_directories(root / folder);
  image::write(root / fmt::format("set/images/{}.png", number), image::Image(picture));
  image::write(root / fmt::format("set/masks/{}.png", number), image::Image(mask));
}

TEST(Segment, AFolderOfMasksFromTrainToPredict) {
  TempFolder folder;
  for (int i = 0; i < 40; ++i) write_pair(folder, i, 18 + i % 3, 30);
  const Outcome trained =
      run(folder, "train data=set imgsz=16 model=unet:4 epochs=5 batch=6 lr0=0.01 threads=2");
  EXPECT_EQ(trained.code, 0) << trained.err;
  expect_in("36 train / 4 test", trained.out);
  expect_in("2 classes of pixels", trained.out);
  expect_in("  pixels ", trained.out);
  expect_in("val mIoU ", trained.out);
  for (const char* file : {"curves.png", "confusion.png", "report.html"})
    EXPECT_TRUE(std::filesystem::exists(folder / fmt::format("runs/train/1/{}", file))) << file;

  const Outcome val = run(folder, "val model=runs/train/1 mistakes=2 out=worst.png");
  EXPECT_EQ(val.code, 0) << val.err;
  expect_in("class           IoU   recall  precision   pixels", val.out);
  expect_in("\nobject ", val.out);
  EXPECT_EQ(image::read(folder / "worst.png").width(), 960);
  const json measured = json::parse(run(folder, "val model=runs/train/1 --json").out);
  EXPECT_GT(double(measured["miou"]), 0.7);
  EXPECT_EQ(measured["classes"][1]["class"], "object");
  EXPECT_GT(double(measured["pixel_accuracy"]), 0.8);

  const Outcome told =
      run(folder, "predict model=runs/train/1 set/images/0.png set/images/1.png --json out=seen");
  EXPECT_EQ(told.code, 0) << told.err;
  const json list = json::parse(told.out);
  ASSERT_EQ(list.size(), 2u);
  double parts = 0;
  for (const auto& one : list[1]["classes"]) parts += double(one["part"]);
  EXPECT_NEAR(parts, 1, 1e-9);
  const image::Image overlay = image::read(folder / "seen/1.png"),
                     mask = image::read(folder / "seen/1_mask.png");
  EXPECT_EQ(overlay.pixels.shape(), (Dims{19, 30, 3})) << "as large as the picture";
  EXPECT_EQ(mask.pixels.shape(), (Dims{19, 30, 1}));
  const std::vector<uint8_t> classes = mask.pixels.to_vector<uint8_t>();
  EXPECT_EQ(classes[9 * 30 + 5], 1);
  EXPECT_EQ(classes[9 * 30 + 25], 0);
  expect_in("set/images/0.png  ", run(folder, "predict model=runs/train/1 set/images/0.png").out);
}

TEST(Segment, SaysWhatDoesNotFit) {
  TempFolder folder;
  for (int i = 0; i < 12; ++i) write_pair(folder, i, 18, 30);
  const std::pair<const char*, const char*> cases[] = {
      {"train data=set model=resnet20", "model=unet:16 or unet learns the class of each pixel"},
      {"train data=blobs model=unet:4", "has no masks, it is to classify: model=mlp:2-32-32-3 fits it"},
      {"train data=set model=unet:4 imgsz=8 batch=4", "16x16 or more"},
      {"train data=set batch=4 mixup=0.2", "for another task"},
      {"train data=set batch=4 sampler=balanced", "is to segment"},
      {"train data=set task=classify", "masks to segment by, but task=classify"},
      {"train data=shapes:4", "16 to 1024"},
      {"train data=shappes", "Did you mean shapes?"},
      {"train data=shapes model=unett", "did you mean unet?"},
      {"step data=shapes", "wants few answers"},
      {"lr data=shapes model=lenet5", "model=unet:16"}};
  for (const auto& [arguments, message] : cases) {
    const Outcome o = run(folder, arguments);
    EXPECT_EQ(o.code, 1) << arguments << "\n" << o.err;
    expect_in(message, o.err);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "runs"));
}

}  // namespace
}  // namespace fovea
