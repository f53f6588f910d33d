// What a loader says about waiting, and pictures that are decoded smaller than they are.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <thread>

#include "../files.h"
#include "data/planes.h"
#include "fovea/image.h"
#include "fovea/loader.h"

namespace fovea::data {
namespace {

using namespace std::chrono_literals;

/// Thirty-two examples that take their time.
struct Slow : Dataset {
  explicit Slow(std::chrono::milliseconds each) : each(each) {
    name_ = "slow", shape_ = {1, 2, 2}, classes_ = {"a"};
    normalization_ = Normalization{{0}, {1}};
  }
  int64_t size() const override { return 32; }
  int64_t label(int64_t) const override { return 0; }
  bool in_memory() const override { return false; }
  void read(int64_t, const Tensor& row) const override {
    std::this_thread::sleep_for(each);
    std::fill_n(row.data<uint8_t>(), 4, uint8_t{1});
  }
  std::chrono::milliseconds each;
};

TEST(Waiting, IsCountedWhereTheCallerWaits) {
  const auto waited = [](std::chrono::milliseconds reading, std::chrono::milliseconds step, int workers) {
    DataLoader loader(std::make_shared<Slow>(reading), {.batch = 4, .workers = workers});
    for ([[maybe_unused]] const Batch& batch : loader.epoch(0)) std::this_thread::sleep_for(step);
    return loader.waited();
  };
  EXPECT_GE(waited(2ms, 0ms, 1),
            0.05);  // 32 examples of 2 ms, less what was read before the first was asked for
  EXPECT_GE(waited(2ms, 0ms, 0), 0.064);
  const auto start = std::chrono::steady_clock::now();
  const double idle = waited(0ms, 10ms, 1);
  EXPECT_LT(idle, 0.5 * std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  DataLoader loader(std::make_shared<Slow>(0ms), {.batch = 4, .workers = 1});
  EXPECT_NE(loader.advice().find("cache=ram keeps the decoded examples in memory"), std::string::npos);
  DataLoader cached(std::make_shared<Slow>(0ms), {.batch = 4, .cache = Cache::ram});
  EXPECT_NE(cached.advice().find("smaller images"), std::string::npos);
}

TEST(Pictures, AreDecodedSmallerWhereTheyShrinkALot) {
  test::TempFolder root;
  std::filesystem::create_directories(root / "train/a");
  for (int i = 0; i < 2; ++i) {  // waves, edges and noise
    const Tensor t = Tensor::empty({480, 640, 3}, u8);
    Generator random{uint64_t(i)};
    uint8_t* p = t.data<uint8_t>();
    for (int64_t y = 0; y < 480; ++y)
      for (int64_t x = 0; x < 640; ++x)
        for (int c = 0; c < 3; ++c)
          *p++ = uint8_t(120 + 70 * std::sin(double(x * (c + 1)) / 60) * std::cos(double(y) / 45) +
                         ((x / 80 + y / 70) % 2 ? 20 : -20) + 12 * double(random.uniform()));
    image::write(root / fmt::format("train/a/{}.jpg", i), image::Image(t));
  }
  const std::shared_ptr<const Dataset> set = open_dataset(root.str(), Split::train);
  for (const std::string text : {"Cover(40)", "Cover(20)", "Cover(40), RandomInvert(1)"}) {
    DataLoader loader(set, {.batch = 1,
                            .workers = 0,
                            .transforms = parse_transforms(text),
                            .normalize = Normalization{{0, 0, 0}, {1, 1, 1}}});
    Sample s{.image = planes_of_table(set->picture(0))};
    loader.options().transforms.apply(s, 0, 0, 0);
    const auto is = (*loader.epoch(0).begin()).images.to_vector<double>(),
               should = s.image.to_vector<double>();
    ASSERT_EQ(is.size(), should.size());
    double worst = 0, sum = 0;
    for (size_t i = 0; i < is.size(); ++i) {
      const double d = std::abs(255 * is[i] - should[i]);
      worst = std::max(worst, d), sum += d;
    }
    EXPECT_LT(worst, 16) << text;  // docs/pipeline.md
    EXPECT_LT(sum / double(is.size()), 0.6) << text;
    EXPECT_GT(worst, 0.6) << text;  // else it was decoded whole
  }
}

}  // namespace
}  // namespace fovea::data
