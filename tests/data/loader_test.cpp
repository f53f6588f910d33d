#include "fovea/loader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>

#include "../files.h"
#include "base/arena.h"

namespace fovea::data {
namespace {

using test::error_of;

/// `n` images (2,4,4) whose pixels all hold their index; label = index % 3. Some cannot be read.
class Numbered : public Dataset {
 public:
  explicit Numbered(int64_t n, std::set<int64_t> bad = {}) : n_(n), bad_(std::move(bad)) {
    name_ = "numbered", shape_ = {2, 4, 4}, dtype_ = u8, classes_ = {"a", "b", "c"};
    normalization_ = Normalization{{0, 0}, {1 / 255.f, 1 / 255.f}};  // batches hold the index itself
  }
  int64_t size() const override { return n_; }
  int64_t label(int64_t index) const override { return index % 3; }
  void read(int64_t index, const Tensor& row) const override {
    ++reads;
    check(!bad_.contains(index), "image {} is torn", index);
    std::fill_n(row.data<uint8_t>(), row.numel(), uint8_t(index));
  }
  bool in_memory() const override { return false; }
  mutable std::atomic<int> reads{0};

 private:
  int64_t n_;
  std::set<int64_t> bad_;
};

std::shared_ptr<Dataset> noise(int64_t n, DType dtype) {
  Tensor x = Tensor::empty({n, 3, 8, 8}, u16);
  Generator random(5);
  for (int64_t i = 0; i < x.numel(); ++i) x.data<uint16_t>()[i] = uint16_t(random.next() % 256);
  std::vector<int64_t> labels(size_t(n), 0);
  return std::make_shared<TensorDataset>(x.to(dtype), labels,
                                         TensorDataset::Info{.name = "noise", .classes = {"a"}});
}

/// Which example of a Numbered set stands at place `i` of a batch.
int64_t number(const Tensor& images, int64_t i) { return std::lround(images.at<float>({i, 0, 0, 0})); }

/// All of an epoch's batches: the order in which a Numbered set comes.
std::vector<int64_t> indices(DataLoader& loader, int64_t epoch, int64_t first = 0) {
  std::vector<int64_t> seen;
  for (auto& [images, labels] : loader.epoch(epoch, first)) {
    EXPECT_EQ(images.size(0), labels.size(0));
    for (int64_t i = 0; i < images.size(0); ++i) {
      seen.push_back(number(images, i));
      EXPECT_EQ(labels.at<int64_t>({i}), seen.back() % 3);
    }
  }
  return seen;
}

TEST(DataLoader, ComesInOrderOrShuffledBySeedAndEpoch) {
  const auto set = std::make_shared<Numbered>(50);
  DataLoader plain(set, {.batch = 8});
  std::vector<int64_t> all(50);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(indices(plain, 0), all);
  EXPECT_EQ(indices(plain, 3), all);
  DataLoader mixed(set, {.batch = 8, .shuffle = true, .seed = 7});
  const auto first = indices(mixed, 0), second = indices(mixed, 1);
  EXPECT_NE(first, all);
  EXPECT_NE(first, second);
  EXPECT_EQ(first, mixed.order(0));
  EXPECT_EQ(indices(mixed, 0), first);
  EXPECT_NE(DataLoader(set, {.batch = 8, .shuffle = true, .seed = 8}).order(0), first);
  auto sorted = first;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, all);
}

TEST(DataLoader, EveryPlaceIsEquallyLikely) {
  const auto set = std::make_shared<Numbered>(5);
  const DataLoader loader(set, {.batch = 1, .shuffle = true});
  int counts[5][5] = {};
  for (int64_t e = 0; e < 5000; ++e) {
    const auto order = loader.order(e);
    for (int place = 0; place < 5; ++place) counts[place][order[size_t(place)]]++;
  }
  for (const auto& place : counts)
    for (const int count : place) EXPECT_NEAR(count, 1000, 120);  // over four deviations
}

TEST(DataLoader, GivesTheSameBitsForAnyNumberOfWorkers) {
  for (const DType dtype : {u8, u16, f32}) {
    const auto set = noise(101, dtype);
    std::vector<Tensor> expected;
    for (const int workers : {0, 1, 4, auto_workers}) {
      DataLoader loader(
          set, {.batch = 16,
                .shuffle = true,
                .seed = 3,
                .workers = workers,
                .transforms = Compose(RandomCrop(8, 2, Padding::reflect), RandomHorizontalFlip(),
                                      RandomAffine(20, 0.1f, {0.9f, 1.1f}, 0, 0, Filter::bilinear))});
      size_t at = 0;
      for (const int64_t epoch : {0, 1})
        for (auto& [images, labels] : loader.epoch(epoch)) {
          if (workers == 0) expected.push_back(images.clone());
          else EXPECT_TRUE(same_bits(images, expected.at(at))) << workers << " workers, batch " << at;
          ++at;
        }
      EXPECT_EQ(at, 14u);
    }
    EXPECT_FALSE(same_bits(expected[0], expected[7]));  // the next epoch differs
  }
}

TEST(DataLoader, ContinuesWithinAnEpoch) {
  DataLoader loader(std::make_shared<Numbered>(50), {.batch = 8, .shuffle = true});
  const auto whole = indices(loader, 2);
  EXPECT_EQ(indices(loader, 2, 3), std::vector<int64_t>(whole.begin() + 24, whole.end()));
  EXPECT_TRUE(indices(loader, 2, loader.batches()).empty());
  EXPECT_THROW(loader.epoch(2, loader.batches() + 1), Error);
  EXPECT_THROW(loader.epoch(-1), Error);
}

TEST(DataLoader, CountsBatches) {
  const auto set = std::make_shared<Numbered>(50);
  DataLoader all(set, {.batch = 8}), whole(set, {.batch = 8, .drop_last = true});
  EXPECT_EQ(all.batches(), 7);
  EXPECT_EQ(all.examples(), 50);
  EXPECT_EQ(whole.batches(), 6);
  EXPECT_EQ(whole.examples(), 48);
  EXPECT_EQ(indices(whole, 0).size(), 48u);
  std::vector<Dims> shapes;
  auto epoch = all.epoch(0);
  for (auto& batch : epoch) {
    EXPECT_EQ(epoch.batch_number(), int64_t(shapes.size()));
    shapes.push_back(batch.images.shape());
  }
  EXPECT_EQ(shapes.front(), (Dims{8, 2, 4, 4}));
  EXPECT_EQ(shapes.back(), (Dims{2, 2, 4, 4}));
}

TEST(DataLoader, NormalisesByChannel) {
  const Tensor x = tensor({0, 51, 102, 255}, {1, 2, 1, 2}, u8);
  const auto set = std::make_shared<TensorDataset>(x, std::vector<int64_t>{0},
                                                   TensorDataset::Info{.name = "x", .classes = {"a"}});
  const Normalization given{{0.2f, 0.5f}, {0.1f, 0.25f}};
  DataLoader loader(set, {.batch = 1, .normalize = given});
  for (auto& [images, labels] : loader.epoch(0)) {
    const auto v = images.to_vector<float>();
    for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(v[i], (std::vector<float>{-2, 0, -0.4f, 2}[i]), 1e-6f);
  }
  DataLoader measured(noise(64, u8), {.batch = 64});
  for (auto& [images, labels] : measured.epoch(0))
    for (int64_t c = 0; c < 3; ++c) {
      double sum = 0, squares = 0;
      for (const double v : images.narrow(1, c, 1).to_vector<double>()) sum += v, squares += v * v;
      EXPECT_NEAR(sum / 4096, 0, 1e-5);
      EXPECT_NEAR(squares / 4096, 1, 1e-5);
    }
  EXPECT_THROW(DataLoader(set, {.batch = 1, .normalize = Normalization{{0}, {1}}}), Error);
  EXPECT_THROW(DataLoader(set, {.batch = 1, .normalize = Normalization{{0, 0}, {1, 0}}}), Error);
}

TEST(DataLoader, ReusesMemoryButNeverThatOfABatchSomeoneKeeps) {
  DataLoader loader(std::make_shared<Numbered>(64), {.batch = 4});
  std::vector<Tensor> kept;
  for (auto& [images, labels] : loader.epoch(0)) kept.push_back(images.narrow(0, 0, 1));
  for (size_t b = 0; b < kept.size(); ++b) EXPECT_EQ(number(kept[b], 0), int64_t(4 * b));
  kept.clear();

  std::set<void*> places;
  const auto calls = arena::stats().system_calls;
  for (int64_t e = 1; e < 20; ++e)
    for (auto& [images, labels] : loader.epoch(e)) places.insert(images.raw());
  EXPECT_LE(places.size(), 3u);  // two ahead and the current one
  EXPECT_EQ(arena::stats().system_calls, calls);
}

TEST(DataLoader, StopsCleanlyWhereverYouLeave) {
  const auto set = std::make_shared<Numbered>(250);
  for (int leave = 0; leave < 30; ++leave) {
    DataLoader loader(set, {.batch = 2, .workers = 1 + leave % 4});
    int seen = 0;
    for (auto& batch : loader.epoch(0)) {
      EXPECT_EQ(number(batch.images, 0), 2 * seen);
      if (seen++ == leave) break;
    }
    EXPECT_EQ(indices(loader, 1, 120).size(), 10u);
  }
  DataLoader loader(set, {.batch = 2});
  auto old = loader.epoch(0);
  auto iterator = old.begin();
  auto fresh = loader.epoch(1);
  EXPECT_NE(error_of([&] { ++iterator; }).find("has ended"), std::string::npos);
  EXPECT_EQ(fresh.begin()->labels.at<int64_t>({0}), 0);
}

TEST(DataLoader, ReplacesWhatCannotBeRead) {
  const auto set = std::make_shared<Numbered>(250, std::set<int64_t>{3, 249});
  for (const int workers : {0, 3}) {
    std::vector<std::string> warnings;
    DataLoader loader(
        set, {.batch = 10, .workers = workers, .warn = [&](const std::string& w) { warnings.push_back(w); }});
    for (const int64_t epoch : {0, 1}) {
      const auto seen = indices(loader, epoch);
      EXPECT_EQ(seen[2], 2);
      EXPECT_EQ(seen[3], 4);    // the next readable one
      EXPECT_EQ(seen[249], 0);  // around the end
    }
    ASSERT_EQ(warnings.size(), 2u);  // once each, not once per epoch
    EXPECT_NE(warnings[0].find("(1 so far)"), std::string::npos) << warnings[0];
    EXPECT_EQ(loader.bad_examples()[0], "example 3 of numbered train: image 3 is torn");
  }
}

TEST(DataLoader, StopsWhenTooMuchCannotBeRead) {
  const auto set = std::make_shared<Numbered>(200, std::set<int64_t>{5, 6, 7, 8, 9, 10, 11});
  for (const int workers : {0, 1, 4}) {
    DataLoader loader(set, {.batch = 20, .workers = workers, .warn = [](const std::string&) {}});
    const std::string message = error_of([&] { indices(loader, 0); });
    EXPECT_NE(message.find(" of 200 examples of numbered cannot be read, more than 1 %"), std::string::npos)
        << message;
    EXPECT_NE(message.find(" of numbered train: image "), std::string::npos) << message;
  }
}

TEST(DataLoader, CachesWhatWasDecoded) {
  const auto set = std::make_shared<Numbered>(200, std::set<int64_t>{5});
  DataLoader loader(
      set,
      {.batch = 8, .shuffle = true, .workers = 3, .cache = Cache::ram, .warn = [](const std::string&) {}});
  DataLoader uncached(set, {.batch = 8, .shuffle = true, .warn = [](const std::string&) {}});
  for (const int64_t epoch : {0, 1, 2}) {
    EXPECT_EQ(indices(loader, epoch), indices(uncached, epoch));
    if (epoch == 0) set->reads = 0;
  }
  EXPECT_EQ(set->reads, 2 * 200);  // the uncached loader alone (its bad example is known by then)
}

TEST(DataLoader, SaysWhatIsWrongWithItsOptions) {
  const auto set = std::make_shared<Numbered>(50);
  EXPECT_NE(error_of([&] {
              DataLoader(set, {.batch = 51});
            }).find("batch=51 is larger than the 50 examples of numbered train"),
            std::string::npos);
  EXPECT_THROW(DataLoader(set, {.batch = 0}), Error);
  EXPECT_THROW(DataLoader(set, {.workers = -2}), Error);
  EXPECT_THROW(DataLoader(set, {.prefetch = 0}), Error);
  EXPECT_THROW(DataLoader(set, {.transforms = Compose(CenterCrop(5))}), Error);
  EXPECT_THROW(DataLoader(open_dataset("xor", Split::train), {.transforms = Compose(RandomHorizontalFlip())}),
               Error);
}

TEST(DataLoader, FeedsPointsAsTheyAre) {
  const auto set = open_dataset("xor:64", Split::train);
  DataLoader loader(set, {.batch = 64});
  for (auto& [images, labels] : loader.epoch(0)) {
    EXPECT_EQ(images.shape(), (Dims{64, 2}));
    EXPECT_TRUE(same_bits(images.select(0, 9).contiguous(), set->example(9).image));
  }
}

}  // namespace
}  // namespace fovea::data
