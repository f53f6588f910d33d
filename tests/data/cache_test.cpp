// Caches of decoded examples: the same bits as without one, and files that nobody should believe.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "../files.h"
#include "base/file.h"
#include "data/cache.h"
#include "data/worker_tuner.h"
#include "fovea/image.h"
#include "fovea/loader.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;

/// A folder of eight JPEG photographs of two classes, and the folder of caches.
struct Photographs {
  TempFolder root, caches;
  std::vector<std::string> notes;
  std::shared_ptr<Dataset> set;

  Photographs() {
    ::setenv("XDG_CACHE_HOME", caches.str().c_str(), 1);
    for (int i = 0; i < 8; ++i) write(i, 60 + 7 * i, 100 - 5 * i);
    open();
  }
  ~Photographs() { ::unsetenv("XDG_CACHE_HOME"); }
  void write(int i, int64_t height, int64_t width) const {
    const Tensor t = Tensor::empty({height, width, 3}, u8);
    Generator random{uint64_t(i)};
    for (int64_t k = 0; k < t.numel(); ++k)
      t.data<uint8_t>()[k] = uint8_t(40 * i % 200 + k / 31 % 40 + int64_t(random.below(16)));
    const std::string folder = root / fmt::format("train/{}", i % 2);
    fs::create_directories(folder);
    image::write(fmt::format("{}/{}.jpg", folder, i), image::Image(t));
  }
  void open() { set = open_dataset(root.str(), Split::train); }

  LoaderOptions options(Cache cache, const std::string& transforms, int64_t side = 0) {
    LoaderOptions o{.batch = 4, .shuffle = true, .seed = 3, .workers = 2};
    o.cache = cache, o.cache_side = side;
    o.transforms = parse_transforms(transforms);
    o.normalize = Normalization{{0, 0, 0}, {1, 1, 1}};
    o.warn = o.inform = [this](const std::string& text) { notes.push_back(text); };
    return o;
  }
  /// The batches of two epochs.
  std::vector<Tensor> batches(const LoaderOptions& o) {
    notes.clear();
    DataLoader loader(set, o);
    std::vector<Tensor> all;
    for (const int64_t epoch : {0, 1})
      for (const Batch& batch : loader.epoch(epoch)) all.push_back(batch.images.clone());
    return all;
  }
  std::string packed_file() const {
    for (const auto& entry : fs::directory_iterator(caches / "fovea")) return entry.path().string();
    return "";
  }
};

const std::string crops = "RandomResizedCrop(24), RandomHorizontalFlip(0.5)";

bool same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  bool equal = a.size() == b.size();
  for (size_t i = 0; equal && i < a.size(); ++i) equal = same_bits(a[i], b[i]);
  return equal;
}

TEST(Cache, GivesTheSameBits) {
  Photographs p;
  for (const std::string& text :
       {crops, crops + ", ColorJitter(0.4, 0.4, 0.4, 0.1)", std::string("Cover(32), RandomCrop(24)")}) {
    const auto expected = p.batches(p.options(Cache::none, text));
    EXPECT_TRUE(same(p.batches(p.options(Cache::ram, text)), expected)) << text;
    EXPECT_TRUE(same(p.batches(p.options(Cache::disk, text)), expected)) << text;
  }
  // One file, packed once, for all transforms of these pictures.
  EXPECT_TRUE(p.notes.empty());
  EXPECT_EQ(std::distance(fs::directory_iterator(p.caches / "fovea"), fs::directory_iterator()), 1);
  const auto smaller = p.batches(p.options(Cache::disk, crops, 40));
  EXPECT_TRUE(same(smaller, p.batches(p.options(Cache::ram, crops, 40))));
  EXPECT_FALSE(same(smaller, p.batches(p.options(Cache::none, crops))));
}

TEST(Cache, OnDiskNeedsNoFilesOnceItIsPacked) {
  Photographs p;
  const LoaderOptions options = p.options(Cache::disk, crops);
  DataLoader loader(p.set, options);
  const auto count = [&](int64_t epoch) {
    int64_t n = 0;
    for (const Batch& batch : loader.epoch(epoch)) n += batch.labels.size(0);
    return n;
  };
  EXPECT_EQ(count(0), p.set->size());
  EXPECT_EQ(p.notes.size(), 2u);  // packing, packed
  fs::remove_all(p.root / "train");
  EXPECT_EQ(count(1), p.set->size());
  EXPECT_TRUE(loader.bad_examples().empty());
}

TEST(Cache, BelievesNoFileThatIsCutForeignOrStale) {
  Photographs p;
  const auto expected = p.batches(p.options(Cache::none, crops));
  const LoaderOptions options = p.options(Cache::disk, crops);
  p.batches(options);
  const std::string path = p.packed_file();
  const Bytes good = read_file(path);
  const auto packed_again = [&](const char* why) {
    EXPECT_TRUE(same(p.batches(options), expected)) << why;
    ASSERT_EQ(p.notes.size(), 3u) << why;
    EXPECT_NE(p.notes[0].find("is packed again: "), std::string::npos) << p.notes[0];
    EXPECT_NE(p.notes[0].find(why), std::string::npos) << p.notes[0];
    EXPECT_EQ(read_file(path).size(), good.size()) << why;
  };
  const auto write = [&](Bytes bytes) {
    write_file(path, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  };
  write({});
  packed_again("it cannot be mapped");
  write(Bytes(good.begin(), good.begin() + 20));
  packed_again("it is no packed file");
  write(Bytes(good.begin(), good.end() - 1));
  packed_again("it is cut off");
  Bytes changed = good;
  changed[0] ^= 1;
  write(changed);
  packed_again("it is no packed file of this version and machine");
  // Every byte of the tail and of the index.
  for (size_t back = 1; back <= 48 + size_t(p.set->size()) * 32; back += 11) {
    changed = good;
    changed[changed.size() - back] ^= 0x40;
    write(changed);
    packed_again(back > 48 ? "its index is damaged" : "");
  }
  fs::last_write_time(p.root / "train/0/0.jpg", fs::file_time_type::clock::now() + std::chrono::hours(1));
  packed_again("the files of the data set have changed");
}

TEST(Cache, DecodesAnewWhatIsDamagedOnDisk) {
  Photographs p;
  const auto expected = p.batches(p.options(Cache::none, crops));
  const LoaderOptions options = p.options(Cache::disk, crops);
  p.batches(options);
  Bytes bytes = read_file(p.packed_file());
  bytes[bytes.size() / 3] ^= 1;
  write_file(p.packed_file(), std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  EXPECT_TRUE(same(p.batches(options), expected));
  ASSERT_EQ(p.notes.size(), 1u);
  EXPECT_NE(p.notes[0].find("is damaged and decoded anew"), std::string::npos) << p.notes[0];
}

TEST(Cache, OnDiskWantsFilesAndAPlace) {
  Photographs p;
  const auto set =
      std::make_shared<TensorDataset>(Tensor::empty({2, 1, 2, 2}, u8), std::vector<int64_t>{0, 0},
                                      TensorDataset::Info{.name = "x", .classes = {"a"}});
  DataLoader in_memory(set, {.batch = 1, .cache = Cache::disk});  // needs none
  EXPECT_NO_THROW(in_memory.epoch(0).begin());
  ::setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
  DataLoader loader(p.set, p.options(Cache::disk, crops));
  EXPECT_THROW(loader.epoch(0).begin(), Error);
  EXPECT_THROW(cache_named("dsk"), Error);
}

TEST(Cache, InMemoryKeepsWhatFits) {
  std::vector<std::string> notes;
  const auto cache = ram_cache(3, 100, [&](const std::string& text) { notes.push_back(text); });
  const Tensor example = Tensor::empty({1, 40, 1}, u8);
  std::fill_n(example.data<uint8_t>(), 40, uint8_t{7});
  for (int64_t i = 0; i < 3; ++i) cache->keep(i, example);
  Picture found;
  EXPECT_TRUE(cache->find(0, found));
  EXPECT_EQ(static_cast<const uint8_t*>(found.table.data)[39], 7);
  EXPECT_TRUE(cache->find(1, found));
  EXPECT_FALSE(cache->find(2, found));
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("2 of 3 examples"), std::string::npos) << notes[0];
}

TEST(WorkerTuner, AddsThreadsOnlyWhileTheyHelp) {
  // So many batches a second: n threads decode 50 each, steps take 120, two processors.
  const auto settle = [](double decoded, double steps, int processors) {
    WorkerTuner tuner(processors);
    for (int round = 0; round < 30; ++round) {
      const double rate = std::min(decoded * tuner.workers(), steps);
      tuner.next({.waiting = 1 - rate / steps,
                  .busy = rate / (decoded * tuner.workers()),
                  .batches_per_second = rate});
    }
    return tuner.workers();
  };
  EXPECT_EQ(settle(50, 120, 8), 3);
  EXPECT_EQ(settle(500, 120, 8), 1);
  EXPECT_EQ(settle(1, 1000, 4), 4);
  WorkerTuner shared(4);  // one more gains nothing: the processors are taken
  for (int round = 0; round < 30; ++round) shared.next({.waiting = 0.5, .busy = 1, .batches_per_second = 10});
  EXPECT_LE(shared.workers(), 2);
  WorkerTuner idle(4);
  while (idle.workers() < 4)
    idle.next({.waiting = 0.5, .busy = 1, .batches_per_second = 10.0 * (1 << idle.workers())});
  idle.next({.waiting = 0.5, .busy = 1, .batches_per_second = 1000});
  for (int round = 0; round < 30; ++round) idle.next({.waiting = 0, .busy = 0.1, .batches_per_second = 10});
  EXPECT_EQ(idle.workers(), 1);
}

}  // namespace
}  // namespace fovea::data
