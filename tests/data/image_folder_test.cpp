#include <set>

#include "../files.h"
#include "fovea/image.h"
#include "fovea/loader.h"

namespace fovea::data {
namespace {

using test::error_of;
using test::TempFolder;

/// Writes an image (height, width, channels) of one value.
void write_image(const std::string& path, double value, const Dims& shape = {4, 6, 3}, DType dtype = u8) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  image::write(path, image::Image(full(shape, value, dtype)));
}

double value_of(const Dataset& set, int64_t index) { return set.example(index).image.to_vector<double>()[0]; }

TEST(ImageFolder, MakesAClassOfEachSubfolder) {
  TempFolder root;
  for (int i = 0; i < 20; ++i) {
    write_image(root / fmt::format("dog/{:02}.png", i), 100 + i);
    write_image(root / fmt::format("cat/deep/{:02}.PNG.png", i), i);
  }
  test::spill(root / "cat/notes.txt", "no image");
  test::spill(root / ".hidden/x.png", "no image");
  const auto train = open_dataset(root.str(), Split::train), val = open_dataset(root.str(), Split::val);
  EXPECT_EQ(train->classes(), (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(train->example_shape(), (Dims{3, 4, 6}));  // all alike: as they are
  EXPECT_EQ(train->size(), 36);
  EXPECT_EQ(val->size(), 4);
  EXPECT_TRUE(train->warnings().empty());
  std::set<double> seen;
  for (const auto& set : {train, val})
    for (int64_t i = 0; i < set->size(); ++i) {
      seen.insert(value_of(*set, i));
      EXPECT_EQ(set->label(i), value_of(*set, i) >= 100);
    }
  EXPECT_EQ(seen.size(), 40u);  // every image in one split only
  const auto again = open_dataset(root.str(), Split::val),
             other = open_dataset(root.str(), Split::val, {.seed = 3});
  EXPECT_EQ(again->where(0), val->where(0));
  EXPECT_NE(again->where(0) + again->where(1) + again->where(2),
            other->where(0) + other->where(1) + other->where(2));
}

TEST(ImageFolder, TakesSplitsThatAreThere) {
  TempFolder root;
  write_image(root / "train/a/1.png", 1);
  write_image(root / "train/b/1.png", 2);
  write_image(root / "valid/b/2.png", 3);
  const auto train = open_dataset(root.str(), Split::train), val = open_dataset(root.str(), Split::val);
  EXPECT_EQ(train->size(), 2);
  EXPECT_EQ(train->warnings().size(), 2u);
  EXPECT_EQ(train->warnings()[0], "class a has one image");
  EXPECT_EQ(val->size(), 1);
  EXPECT_EQ(val->label(0), 1);
  EXPECT_EQ(value_of(*val, 0), 3);
  write_image(root / "valid/c/2.png", 3);
  EXPECT_NE(error_of([&] { open_dataset(root.str(), Split::val); }).find("class c"), std::string::npos);
}

TEST(ImageFolder, KeepsColourAndDepth) {
  TempFolder root;
  write_image(root / "gray/a/1.png", 7, {5, 5, 1});
  write_image(root / "gray/a/2.png", 9, {5, 5, 1});
  EXPECT_EQ(open_dataset(root / "gray", Split::train)->example_shape(), (Dims{1, 5, 5}));
  EXPECT_EQ(open_dataset(root / "gray", Split::train, {.channels = 3})->example_shape(), (Dims{3, 5, 5}));
  EXPECT_THROW(open_dataset(root / "gray", Split::train, {.channels = 2}), Error);
  write_image(root / "deep/a/1.png", 1000, {5, 5, 1}, u16);
  write_image(root / "deep/a/2.png", 255, {5, 5, 1});
  write_image(root / "deep/a/3.png", 65535, {5, 5, 3}, u16);
  std::set<double> seen;
  for (const Split split : {Split::train, Split::val}) {
    const auto deep = open_dataset(root / "deep", split);
    EXPECT_EQ(deep->dtype(), u16);
    EXPECT_EQ(deep->example_shape(), (Dims{3, 5, 5}));
    for (int64_t i = 0; i < deep->size(); ++i) seen.insert(value_of(*deep, i));
  }
  EXPECT_EQ(seen, (std::set<double>{1000, 65535}));  // white of 8 bits is white of 16
}

TEST(ImageFolder, CoversASquareWhenSizesDiffer) {
  TempFolder root;
  for (int i = 0; i < 4; ++i) write_image(root / fmt::format("a/{}.png", i), 50 * i, {40 + i, 90, 3});
  const auto usual = open_dataset(root.str(), Split::train);
  EXPECT_EQ(usual->example_shape(), (Dims{3, 256, 256}));
  EXPECT_EQ(usual->transforms(false).output_shape(usual->example_shape()), (Dims{3, 224, 224}));
  const auto small = open_dataset(root.str(), Split::train, {.imgsz = 28});
  EXPECT_EQ(small->example_shape(), (Dims{3, 32, 32}));
  EXPECT_EQ(small->transforms(false).describe(), "Cover(32), CenterCrop(28)");
  EXPECT_EQ(small->transforms(true).describe(), "Cover(32), RandomCrop(28), RandomHorizontalFlip(0.5)");
  EXPECT_THROW(open_dataset(root.str(), Split::train, {.imgsz = -1}), Error);

  // Left third dark, the rest bright: the centre crop of the covering square shows the border where it must.
  Tensor striped = full({30, 90, 1}, 200, u8);
  striped.narrow(1, 0, 30).fill(0);
  TempFolder other;
  std::filesystem::create_directories(other / "a");
  image::write(other / "a/1.png", image::Image(striped));
  const auto set =
      open_dataset(other.str(), Split::train, {.imgsz = 14});  // stored 16x16, scaled from 30x90 to 16x48
  const Tensor x = set->example(0).image;
  EXPECT_EQ(x.shape(), (Dims{1, 16, 16}));
  EXPECT_LT(x.at<uint8_t>({0, 8, 0}), 200);  // column 16 of 48 is the border, softened by the filter
  EXPECT_EQ(x.at<uint8_t>({0, 8, 2}), 200);
}

TEST(ImageFolder, SkipsAnUnreadableFileAndStopsAtMany) {
  TempFolder root;
  for (int i = 0; i < 150; ++i)
    write_image(root / fmt::format("train/{}/{:03}.png", i % 2 ? "odd" : "even", i), i, {2, 2, 1});
  write_image(root / "val/odd/1.png", 1, {2, 2, 1});
  const std::string whole = test::slurp(root / "train/odd/077.png");
  test::spill(root / "train/odd/077.png", whole.substr(0, whole.size() / 2));
  const std::shared_ptr<const Dataset> set = open_dataset(root.str(), Split::train);
  std::vector<std::string> warnings;
  DataLoader loader(
      set, {.batch = 15, .workers = 2, .warn = [&](const std::string& w) { warnings.push_back(w); }});
  for (const int64_t epoch : {0, 1}) {
    int64_t count = 0;
    for (auto& batch : loader.epoch(epoch)) count += batch.labels.size(0);
    EXPECT_EQ(count, 150);
  }
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("odd/077.png"), std::string::npos) << warnings[0];
  test::spill(root / "train/odd/079.png", "");
  const std::string message = error_of([&] {
    for (auto& batch : loader.epoch(2)) (void)batch;
  });
  EXPECT_NE(message.find("2 of 150 examples"), std::string::npos) << message;
  EXPECT_NE(message.find("odd/079.png"), std::string::npos) << message;
}

TEST(ImageFolder, SaysWhatIsMissing) {
  TempFolder root;
  std::filesystem::create_directories(root / "empty/cat");
  EXPECT_NE(error_of([&] { open_dataset(root / "empty", Split::train); }).find("holds no images"),
            std::string::npos);
  write_image(root / "loose/1.png", 1);
  EXPECT_NE(
      error_of([&] { open_dataset(root / "loose", Split::train); }).find("each class wants a subfolder"),
      std::string::npos);
  test::spill(root / "torn/cat/1.png", "no image");
  EXPECT_NE(error_of([&] { open_dataset(root / "torn", Split::train); }).find("cat/1.png"),
            std::string::npos);
  write_image(root / "one/cat/1.png", 1);
  EXPECT_NE(error_of([&] { open_dataset(root / "one", Split::val); }).find("no images are left"),
            std::string::npos);
  EXPECT_THROW(open_image_folder(root / "nowhere", Split::train), Error);
  std::filesystem::create_directory_symlink(root / "one/cat", root / "one/cat/loop");
  EXPECT_THROW(open_dataset(root / "one", Split::train), Error);
}

TEST(OpenDataset, ResizesWhatLiesInMemory) {
  const std::string mnist = FOVEA_SOURCE_DIR "/data/mnist";
  const auto set = open_dataset("mnist:" + mnist, Split::val, {.imgsz = 32});
  EXPECT_EQ(set->transforms(false).describe(), "Resize(32x32)");
  DataLoader loader(set,
                    {.batch = 2, .transforms = set->transforms(false), .normalize = Normalization{{0}, {1}}});
  EXPECT_EQ(loader.example_shape(), (Dims{1, 32, 32}));
  for (auto& [images, labels] : loader.epoch(0, loader.batches() - 1)) {
    const Tensor expected = image::resize(set->example(9999).image.select(0, 0), 32, 32);
    for (int64_t i = 0; i < 1024; ++i)
      EXPECT_NEAR(images.data<float>()[1024 + i], expected.data<uint8_t>()[i] / 255.f, 1e-6f);
  }
  EXPECT_EQ(open_dataset("mnist:" + mnist, Split::val, {.imgsz = 28})->transforms(true).describe(), "none");
  EXPECT_NE(error_of([&] { open_dataset(mnist, Split::val); }).find("data=fashion-mnist:"),
            std::string::npos);
}

}  // namespace
}  // namespace fovea::data
