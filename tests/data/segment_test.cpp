// Pictures with masks: the synthetic set, folders of them, and how a loader moves both alike.
#include <algorithm>

#include "../files.h"
#include "fovea/annotations.h"
#include "fovea/image.h"
#include "fovea/loader.h"
#include "fovea/random.h"

namespace fovea::data {
namespace {

using test::error_of;
using test::spill;
using test::TempFolder;

/// Noise whose mask is the picture itself.
class SelfMasked : public Dataset {
 public:
  SelfMasked() {
    name_ = "noise", shape_ = {1, 16, 20}, task_ = Task::segment;
    for (int c = 0; c < 255; ++c) classes_.push_back(std::to_string(c));
  }
  int64_t size() const override { return 24; }
  int64_t label(int64_t) const override { return 0; }
  void read(int64_t index, const Tensor& row) const override {
    row.copy_from(mask(index).reshape(example_shape()));
  }
  Tensor mask(int64_t index) const override {
    Generator random(5, uint64_t(index));
    const Tensor noise = Tensor::empty({16, 20}, u8);
    for (int64_t i = 0; i < noise.numel(); ++i) noise.data<uint8_t>()[i] = uint8_t(random.below(256));
    return noise;
  }
};

TEST(Segment, TransformsMoveMasksWithTheirPictures) {
  for (const int workers : {0, 2}) {
    DataLoader loader(
        std::make_shared<SelfMasked>(),
        {.batch = 5,
         .shuffle = true,
         .workers = workers,
         .transforms = parse_transforms(
             "RandomHorizontalFlip, RandomVerticalFlip, RandomRotation(90), RandomCrop(12, padding=2)"),
         .normalize = Normalization{{0}, {1 / 255.f}}});
    int64_t batches = 0;
    for (const auto& [images, labels] : loader.epoch(1)) {
      EXPECT_EQ(labels.shape(), (Dims{images.size(0), 12, 12}));
      EXPECT_EQ(labels.dtype(), i64);
      const std::vector<double> pixels = images.to_vector<double>(), classes = labels.to_vector<double>();
      for (size_t i = 0; i < pixels.size(); ++i) ASSERT_NEAR(pixels[i], classes[i], 1e-3) << i;
      ++batches;
    }
    EXPECT_EQ(batches, 5);
  }
}

TEST(Segment, ShapesHaveMasksOfTheirForms) {
  const auto train = open_dataset("shapes:32", Split::train), val = open_dataset("shapes:32", Split::val);
  EXPECT_EQ(train->describe(), "shapes train  1,000 examples  32x32x3 u8  4 classes of pixels");
  EXPECT_EQ(val->size(), 200);
  const Summary all = summary(*val);
  EXPECT_EQ(all.counts[0], 200);
  for (size_t c = 1; c < 4; ++c)
    EXPECT_GT(all.counts[c], 60) << "more than a third show a " << all.classes[c];
  // A form has one color but for the noise: red is what circles have most of, green squares, blue triangles.
  double sums[4][3] = {}, pixels[4] = {};
  for (int64_t i = 0; i < 40; ++i) {
    const std::vector<uint8_t> mask = train->mask(i).to_vector<uint8_t>(),
                               image = train->example(i).image.to_vector<uint8_t>();
    for (size_t k = 0; k < mask.size(); ++k) {
      ++pixels[mask[k]];
      for (size_t c = 0; c < 3; ++c) sums[mask[k]][c] += image[c * mask.size() + k];
    }
  }
  for (size_t label = 1; label < 4; ++label)
    for (const size_t other : {label % 3, (label + 1) % 3})
      EXPECT_GT(sums[label][label - 1] / pixels[label], sums[label][other] / pixels[label] + 50) << label;
  EXPECT_EQ(open_dataset("shapes:32", Split::train)->mask(7).to_vector<uint8_t>(),
            train->mask(7).to_vector<uint8_t>());
  EXPECT_NE(open_dataset("shapes:32", Split::train, {.seed = 1})->mask(7).to_vector<uint8_t>(),
            train->mask(7).to_vector<uint8_t>());
  EXPECT_NE(val->mask(7).to_vector<uint8_t>(), train->mask(7).to_vector<uint8_t>());
  EXPECT_EQ(open_dataset("shapes", Split::val, {.imgsz = 40})->transforms(false).describe(), "Resize(40x40)");
  for (const char* what : {"shapes:15", "shapes:many", "shapes:2000"})
    EXPECT_NE(error_of([&] { open_dataset(what, Split::val); }).find("pictures"), std::string::npos) << what;
}

/// A picture of `height` x `width` and its mask: class 1 on the left half, one row that does not count.
void write_pair(const TempFolder& root, const std::string& name, int64_t height, int64_t width) {
  const Tensor picture = full({height, width, 3}, 40, u8), mask = full({height, width, 1}, 0, u8);
  picture.narrow(1, 0, width / 2).fill(200);
  mask.narrow(1, 0, width / 2).fill(1);
  mask.narrow(0, 0, 1).fill(255);
  for (const char* folder : {"images", "masks"}) std::filesystem::create_directories(root / folder);
  image::write(root / ("images/" + name + ".png"), image::Image(picture));
  image::write(root / ("masks/" + name + ".png"), image::Image(mask));
}

std::vector<std::filesystem::path> files_in(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  return files;
}

TEST(Segment, FoldersOfAnySize) {
  TempFolder root;
  for (int i = 0; i < 20; ++i) write_pair(root, fmt::format("p{:02}", i), 30 + i, 24);
  const OpenOptions options{.imgsz = 16};
  const auto train = open_dataset(root.str(), Split::train, options);
  EXPECT_EQ(train->task(), Task::segment);
  EXPECT_EQ(train->classes(), (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(train->size() + open_dataset(root.str(), Split::val, options)->size(), 20);
  EXPECT_EQ(train->mask(0).shape(), train->picture(0).select(2, 0).shape());
  for (const Cache cache : {Cache::none, Cache::ram})
    for (const bool augment : {false, true}) {
      DataLoader loader(train, {.batch = 6,
                                .workers = 1,
                                .cache = cache,
                                .cache_side = 20,
                                .transforms = train->transforms(augment),
                                .normalize = Normalization{{0, 0, 0}, {1, 1, 1}}});
      for (const auto& [images, labels] : loader.epoch(0)) {
        EXPECT_EQ(images.shape(), (Dims{images.size(0), 3, 16, 16}));
        const std::vector<double> red = images.select(1, 0).contiguous().to_vector<double>(),
                                  classes = labels.to_vector<double>();
        int64_t wrong = 0;
        for (size_t i = 0; i < red.size(); ++i)
          wrong += classes[i] != ignored_class && (red[i] > 120 / 255.0) != (classes[i] == 1);
        EXPECT_LT(double(wrong), 0.05 * double(red.size())) << "but where the halves meet";
        EXPECT_TRUE(std::any_of(classes.begin(), classes.end(), [](double c) { return c == 0; }));
      }
    }
}

TEST(Segment, FoldersOfOneSizeStayAsTheyAre) {
  TempFolder root;
  for (const char* part : {"train", "val"})
    for (const char* folder : {"images", "masks"})
      std::filesystem::create_directories(root / fmt::format("{}/{}", part, folder));
  for (int i = 0; i < 6; ++i) write_pair(root, fmt::format("p{}", i), 20, 28);
  for (const char* folder : {"images", "masks"})
    for (const auto& file : files_in(root / folder))
      std::filesystem::rename(file, root / fmt::format("{}/{}/{}", file.stem() == "p3" ? "val" : "train",
                                                       folder, file.filename().string()));
  const auto set = open_dataset(root.str(), Split::val);
  ASSERT_EQ(set->size(), 1);
  EXPECT_EQ(set->example_shape(), (Dims{3, 20, 28}));
  DataLoader loader(set, {.batch = 1, .workers = 0, .transforms = set->transforms(false)});
  const auto [images, labels] = *loader.epoch(0).begin();
  EXPECT_EQ(labels.select(0, 0).to(u8).to_vector<uint8_t>(), set->mask(0).to_vector<uint8_t>());
}

TEST(Segment, SaysWhatIsWrongWithMasks) {
  TempFolder root;
  for (int i = 0; i < 12; ++i) write_pair(root, fmt::format("p{:02}", i), 20, 24);
  image::write(root / "masks/p03.png", image::Image(full({20, 25, 1}, 1, u8)));
  image::write(root / "masks/p05.png", image::Image(full({20, 24, 1}, 7, u8)));
  spill(root / "classes.txt", "ground\nleft\n");
  std::string warnings;
  for (const Split split : {Split::train, Split::val}) {
    const auto set = open_dataset(root.str(), split);
    for (const auto& text : set->warnings()) warnings += text + "\n";
  }
  for (const char* text : {"p03.png: is left out: it is 20 x 25, but its picture 20 x 24",
                           "p05.png: class 7 is outside of 0..1"})
    EXPECT_NE(warnings.find(text), std::string::npos) << text << " is not in\n" << warnings;
  EXPECT_NE(error_of([&] {
              open_dataset(root.str(), Split::train, {.task = Task::classify});
            }).find("masks to segment by, but task=classify"),
            std::string::npos);
  for (const auto& file : files_in(root / "masks")) std::filesystem::remove(file);
  EXPECT_NE(error_of([&] { open_dataset(root.str(), Split::train); }).find("12 pictures have no mask"),
            std::string::npos);
  std::filesystem::rename(root / "masks", root / "labels");
  for (int i = 0; i < 12; ++i) spill(root / fmt::format("labels/p{:02}.txt", i), "0 0.5 0.5 0.5 0.5\n");
  EXPECT_NE(error_of([&] { open_dataset(root.str(), Split::train); }).find("is a set of YOLO without masks"),
            std::string::npos);
  EXPECT_NE(error_of([] { open_dataset("blobs", Split::val)->mask(0); }).find("has no masks"),
            std::string::npos);
}

}  // namespace
}  // namespace fovea::data
