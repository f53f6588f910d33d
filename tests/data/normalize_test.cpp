// What `normalize=` says, and the figures of a set.
#include "fovea/normalize.h"

#include <cmath>

#include "../files.h"
#include "fovea/files.h"
#include "fovea/loader.h"
#include "fovea/npy.h"

namespace fovea::data {
namespace {

using test::error_of;
using test::TempFolder;

/// A folder "class" with `count` tables of numbers(file, place), f32 (H,W,C).
void write_tables(const TempFolder& root, int64_t count, const Dims& shape,
                  double (*number)(int64_t, int64_t), DType dtype = f32) {
  std::filesystem::create_directories(root / "class");
  for (int64_t k = 0; k < count; ++k) {
    const Tensor t = Tensor::empty(shape, f64);
    for (int64_t i = 0; i < t.numel(); ++i) t.data<double>()[i] = number(k, i);
    save_npy(root / fmt::format("class/{:03}.npy", k), t.to(dtype));
  }
}

TEST(Normalize, ReadsItsText) {
  EXPECT_FALSE(parse_normalize("set").has_range());
  EXPECT_FALSE(parse_normalize("set").figures);
  EXPECT_EQ(parse_normalize("none").figures_for(2), (Normalization{{0, 0}, {1, 1}}));
  EXPECT_EQ(parse_normalize("range:-0.5..4095").range, (Range{-0.5f, 4095}));
  EXPECT_EQ(parse_normalize("window:40/400,none").range, (Range{-160, 240}));
  EXPECT_EQ(parse_normalize("percentiles:0.5..99.5").percentiles, (Range{0.5f, 99.5f}));
  EXPECT_TRUE(parse_normalize("window").own_window);
  const NormalizeOptions both = parse_normalize("range:0..10, mean:0.5/0.25, std:2");
  EXPECT_EQ(both.figures_for(2), (Normalization{{0.5f, 0.25f}, {2, 2}}));
  EXPECT_THROW(both.figures_for(3), Error);
  for (const auto& [text, wanted] : {std::pair{"sets", "none of set, none"},
                                     {"", "none of set"},
                                     {"range:5", "two numbers with .. between them"},
                                     {"range:5..5", "is empty"},
                                     {"range:1..nan", "two numbers"},
                                     {"window:40", "two numbers with / between them"},
                                     {"window:40/-1", "is empty"},
                                     {"percentiles:-1..99", "within 0..100"},
                                     {"range:0..1,window", "one range is enough"},
                                     {"mean:0.5", "stand together"},
                                     {"mean:x,std:1", "numbers as 0.5/0.4/0.3"},
                                     {"mean:1,std:0", "not above 0"}})
    EXPECT_NE(error_of([&, text = text] { parse_normalize(text); }).find(wanted), std::string::npos) << text;
}

TEST(Normalize, MeasuresMeanAndDeviationWithoutCancellation) {
  TempFolder root;
  write_tables(root, 20, {7, 9, 2}, [](int64_t k, int64_t i) {
    return i % 2 ? 1e6 + double((k * 63 + i) % 5) : 1e-9 * double(i % 3);
  });
  const std::shared_ptr<const Dataset> data = open_dataset(root.str(), Split::train);
  {
    const Normalization n = measure_normalization(*data);
    for (int64_t c = 0; c < 2; ++c) {
      double sum = 0, squares = 0, count = 0;
      for (const bool second : {false, true})
        for (int64_t i = 0; i < data->size(); ++i)
          for (const double v : data->example(i).image.select(0, c).contiguous().to_vector<double>())
            if (second) squares += (v - sum / count) * (v - sum / count);
            else sum += v, ++count;
      EXPECT_NEAR(n.mean[size_t(c)], sum / count, 1e-7 * sum / count);
      EXPECT_NEAR(n.std[size_t(c)] / std::sqrt(squares / count), 1, 1e-6);
    }
    // The figures make the deviation 1, tiny or beside a large mean.
    DataLoader loader(data, {.batch = data->size()});
    const Tensor images = (*loader.epoch(0).begin()).images;
    for (int64_t c = 0; c < 2; ++c) {
      double squares = 0;
      const auto all = images.select(1, c).contiguous().to_vector<double>();
      for (const double v : all) squares += v * v;
      EXPECT_NEAR(squares / double(all.size()), 1, 0.05) << c;
    }
  }
}

TEST(Normalize, MeasuresPercentilesOfEachChannel) {
  TempFolder root;
  write_tables(root, 9, {10, 10, 2}, [](int64_t k, int64_t i) {
    return i == 0 && k == 3 ? NAN : i % 2 ? double(i / 2) + 1000 : double(k);
  });
  std::vector<FileExample> examples;
  const std::vector<std::string> files = image_files_below(root.str());
  for (const std::string& path : files) examples.push_back({path});
  const FileDataset set({.name = "all", .classes = {"class"}}, examples, survey_files(files));
  const PictureFormat format = with_range(set, parse_normalize("percentiles:10..90"));
  ASSERT_EQ(format.range.size(), 2u);
  EXPECT_FLOAT_EQ(format.range[1].low, 1009.9f);  // of 1000..1099, nine times: numpy.percentile
  EXPECT_FLOAT_EQ(format.range[1].high, 1089.1f);
  EXPECT_EQ(format.dtype, f32);
  EXPECT_NE(error_of([&] { set.picture(3); }).find("not finite"), std::string::npos);
  for (const float v : read_picture(files[3], format).to_vector<float>()) EXPECT_TRUE(v >= 0 && v <= 1);
  EXPECT_THROW(with_range(*open_dataset("blobs", Split::train), parse_normalize("window")), Error);
}

}  // namespace
}  // namespace fovea::data
