// What `fovea data` finds: each oddity is planted and must be found, and nothing else.
#include <bit>
#include <cmath>
#include <filesystem>

#include "../files.h"
#include "data/inspect/fingerprint.h"
#include "fovea/device.h"
#include "fovea/inspect.h"
#include "fovea/operators.h"
#include "fovea/random.h"

namespace fovea::data {
namespace {

using test::slurp;
using test::spill;
using test::TempFolder;

/// A smooth picture of its own: a few waves whose directions, lengths and phases `seed` draws.
Tensor waves(uint64_t seed, int64_t height = 48, int64_t width = 64, int64_t channels = 3, DType dtype = u8) {
  Generator random(seed);
  const auto draw = [&] { return double(random.below(1000)) / 1000; };
  std::vector<std::array<double, 3>> parts(8);
  for (auto& [a, b, phase] : parts) a = 14 * draw() - 7, b = 14 * draw() - 7, phase = 6.28 * draw();
  const Tensor out = Tensor::empty({height, width, channels}, f32);
  float* p = out.data<float>();
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < channels; ++c) {
        double v = 0.5;
        for (const auto& [a, b, phase] : parts)
          v += 0.08 * std::sin(6.28 * (a * double(x) / double(width) + b * double(y) / double(height)) +
                               phase + double(c));
        *p++ = float(v);
      }
  return dtype == u8 ? image::to_u8(out) : (out * 65535).to(dtype);
}

void write(const std::string& path, const Tensor& pixels, int quality = 95) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  image::write(path, image::Image(pixels), quality);
}

/// "kind example other" of all findings, with the names of the files alone.
std::set<std::string> findings_of(const Inspection& in) {
  std::set<std::string> out;
  const auto name = [&](int64_t i) {
    return std::filesystem::path(in.examples[size_t(i)].where).filename().string();
  };
  for (const Finding& f : in.findings)
    out.insert(
        fmt::format("{} {}{}", name_of(f.kind), name(f.example), f.other < 0 ? "" : " " + name(f.other)));
  return out;
}

/// Two classes in two splits without anything odd.
void write_clean_set(const TempFolder& root, int64_t per_class = 8) {
  for (int64_t i = 0; i < per_class; ++i) {
    write(root / fmt::format("train/a/a{}.png", i), waves(uint64_t(i)));
    write(root / fmt::format("train/b/b{}.png", i), waves(uint64_t(100 + i)));
  }
  for (int64_t i = 0; i < 2; ++i) {
    write(root / fmt::format("val/a/va{}.png", i), waves(uint64_t(200 + i)));
    write(root / fmt::format("val/b/vb{}.png", i), waves(uint64_t(300 + i)));
  }
}

TEST(Inspect, FindsNothingWhereNothingIs) {
  TempFolder root;
  write_clean_set(root);
  const Inspection in = inspect(root.str());
  EXPECT_EQ(findings_of(in), std::set<std::string>{});
  EXPECT_TRUE(in.warnings.empty());
  EXPECT_EQ(in.classes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(in.counts(Split::train), (std::vector<int64_t>{8, 8}));
  EXPECT_EQ(in.counts(Split::val), (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(in.readable(), 20);
  EXPECT_NE(in.str().find("16 train, 4 val, 2 classes"), std::string::npos) << in.str();
}

TEST(Inspect, FindsEachOddity) {
  TempFolder root;
  write_clean_set(root, 30);
  write(root / "val/a/leaked.png", waves(3));  // train/a/a3.png
  write(root / "val/b/lookalike.jpg", image::resize(waves(104), 96, 128),
        60);                                       // train/b/b4.png, twice as large
  write(root / "train/b/conflict.png", waves(5));  // train/a/a5.png
  write(root / "train/a/bright.png", image::to_u8(waves(6).to(f32) / 300 + 0.1));  // train/a/a6.png
  write(root / "train/a/flat.png", full({48, 64, 3}, 77, u8));
  write(root / "train/a/gray.png", waves(401, 48, 64, 1));
  write(root / "train/a/dark.png", image::to_u8(waves(402).to(f32) / 255 * 0.1));
  write(root / "train/b/wide.png", waves(403, 20, 300));
  write(root / "train/b/lies.png", waves(404));
  std::filesystem::rename(root / "train/b/lies.png", root / "train/b/lies.jpg");
  spill(root / "train/b/cut.png", slurp(root / "train/b/b0.png").substr(0, 900));
  spill(root / "train/b/text.png", "no image");
  const Inspection in = inspect(root.str());
  EXPECT_EQ(findings_of(in),
            (std::set<std::string>{"leak leaked.png a3.png", "leak lookalike.jpg b4.png",
                                   "duplicate conflict.png a5.png", "conflict conflict.png a5.png",
                                   "lookalike bright.png a6.png", "constant flat.png", "kind gray.png",
                                   "brightness dark.png", "size wide.png", "size lookalike.jpg",
                                   "extension lies.jpg", "unreadable cut.png", "unreadable text.png"}));
  ASSERT_FALSE(in.findings.empty());
  EXPECT_EQ(in.findings[0].kind, Oddity::leak);  // the worst first
  EXPECT_EQ(in.count(Oddity::leak), 2);
  const std::string text = in.str();
  EXPECT_LT(text.find("LEAK"), text.find("\nclass "));
  EXPECT_NE(text.find("val/a/leaked.png = train/a/a3.png: the same pixels"), std::string::npos) << text;
  EXPECT_NE(text.find("labelled b and a"), std::string::npos) << text;
  EXPECT_EQ(inspect(root.str(), {.near_bits = -1}).count(Oddity::lookalike), 0);
}

TEST(Inspect, IsTheSameWithAnyNumberOfThreads) {
  TempFolder root;
  write_clean_set(root);
  write(root / "val/a/leaked.png", waves(3));
  set_num_threads(1);
  const std::string one = inspect(root.str()).str();
  set_num_threads(3);
  EXPECT_EQ(inspect(root.str()).str(), one);
  set_num_threads(0);
}

TEST(Inspect, MeasuresEveryPixel) {
  TempFolder root;
  for (int i = 0; i < 3; ++i) write(root / fmt::format("{}/x.png", i), full({2 + i, 3, 1}, 1000 * i, u16));
  const Inspection in = inspect(root.str(), {.near_bits = -1});
  ASSERT_EQ(in.channels.size(), 1u);
  const double n = 6 + 9 + 12, mean = (9 * 1000. + 12 * 2000.) / n;
  const double variance = (9 * 1e6 + 12 * 4e6) / n - mean * mean;
  EXPECT_NEAR(in.channels[0].mean, mean / 65535, 1e-12);
  EXPECT_NEAR(in.channels[0].std, std::sqrt(variance) / 65535, 1e-12);
  EXPECT_EQ(in.channels[0].low, 0);
  EXPECT_NEAR(in.channels[0].high, 2000 / 65535., 1e-12);
}

TEST(Inspect, TakesWhatIsNoDataSet) {
  TempFolder root;
  write(root / "one.png", waves(1));
  write(root / "two.tif", waves(2, 48, 64, 1, u16));
  spill(root / "notes.txt", "no image");
  const Inspection in = inspect(root.str());
  EXPECT_EQ(in.examples.size(), 2u);
  EXPECT_TRUE(in.classes.empty());
  ASSERT_EQ(in.warnings.size(), 2u);
  EXPECT_NE(in.warnings[0].find("no data set to train on"), std::string::npos);
  EXPECT_EQ(in.warnings[1], "files that are no images: 1 .txt");
  EXPECT_THROW(inspect(root / "nowhere"), Error);
}

TEST(Inspect, TakesSetsInMemory) {
  const Inspection in = inspect("blobs:300", {.limit = 100});
  EXPECT_EQ(in.total[0], 300);
  EXPECT_EQ(in.readable(), 200);
  EXPECT_EQ(findings_of(in), std::set<std::string>{});
  EXPECT_NE(in.str().find("200 of them looked at"), std::string::npos) << in.str();
}

TEST(Inspect, WritesAPageThatNeedsNothingElse) {
  TempFolder root;
  write_clean_set(root);
  write(root / "val/a/<leaked>.png", waves(3));
  const std::string page = html_sheet(inspect(root.str()), {.samples = 3});
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("src=\"http"), std::string::npos);
  EXPECT_EQ(page.find("<leaked>"), std::string::npos);
  EXPECT_NE(page.find("&lt;leaked&gt;.png"), std::string::npos);
  size_t pictures = 0;
  for (size_t at = 0; (at = page.find("data:image/", at)) != page.npos; ++at) ++pictures;
  EXPECT_EQ(pictures, 2u + 2 * 3);  // the leak's pair, three samples of two classes
}

TEST(Fingerprint, TellsTablesApart) {
  const Tensor pixels = waves(1, 4, 6, 3);
  const uint64_t hash = hash_of(image::Image(pixels));
  EXPECT_EQ(hash, hash_of(image::Image(pixels.clone())));
  EXPECT_NE(hash, hash_of(image::Image(pixels.reshape({6, 4, 3}))));
  EXPECT_NE(hash, hash_of(image::Image(pixels.to(u16))));
  Tensor other = pixels.clone();
  other.data<uint8_t>()[71] ^= 1;
  EXPECT_NE(hash, hash_of(image::Image(other)));
}

TEST(Fingerprint, SeesThePictureWhateverItsSizeDepthAndContrast) {
  const Look look = look_of(image::Image(waves(1)));
  const Tensor plain = waves(1);
  for (const Tensor& same : {image::resize(plain, 96, 128), image::resize(plain, 36, 48),
                             waves(1, 48, 64, 3, u16), image::to_u8(plain.to(f32) / 255 * 0.5 + 0.2)}) {
    const Look other = look_of(image::Image(same));
    EXPECT_LE(std::popcount(look.signs ^ other.signs), 4) << same.describe();
    EXPECT_GT(correlation(look, other), 0.998) << same.describe();
  }
  int nearest = 64;
  for (uint64_t seed = 2; seed < 40; ++seed)
    nearest = std::min(nearest, std::popcount(look.signs ^ look_of(image::Image(waves(seed))).signs));
  EXPECT_GT(nearest, 7);
  EXPECT_FALSE(look_of(image::Image(full({9, 9, 1}, 3, u8))).seen);
}

TEST(Fingerprint, FindsTheTwinsThatComparingAllPairsFinds) {
  Generator random(7);
  std::vector<Look> looks(600);
  std::vector<uint8_t> groups;
  for (size_t i = 0; i < looks.size(); ++i) {
    // Half are like an earlier one with a few bits turned and a few gray values changed.
    const bool copy = i > 300;
    if (copy) looks[i] = looks[random.below(i)];
    else {
      looks[i].signs = random.below(1ull << 32) << 32 | random.below(1ull << 32);
      for (auto& v : looks[i].thumbnail) v = int8_t(int(random.below(101)) - 50);
    }
    for (uint64_t turned = random.below(10); copy && turned > 0; --turned) {
      looks[i].signs ^= 1ull << random.below(64);
      looks[i].thumbnail[random.below(256)] = int8_t(int(random.below(101)) - 50);
    }
    looks[i].seen = i % 50 != 0;
    groups.push_back(uint8_t(i % 3 == 0));
  }
  for (const int bits : {0, 3, 7}) {
    const auto twins = find_twins(looks, groups, bits, 0.9);
    int64_t found = 0;
    for (size_t i = 0; i < looks.size(); ++i) {
      Twins best;
      double same = 0, other = 0;
      for (size_t j = 0; j < looks.size(); ++j) {
        if (j == i || !looks[i].seen || !looks[j].seen ||
            std::popcount(looks[i].signs ^ looks[j].signs) > bits)
          continue;
        const double c = correlation(looks[i], looks[j]);
        if (c < 0.9) continue;
        if (groups[i] != groups[j] && c > other) best.other = int64_t(j), other = c;
        if (groups[i] == groups[j] && j < i && c > same) best.same = int64_t(j), same = c;
      }
      EXPECT_EQ(twins[i].same, best.same) << i;
      EXPECT_EQ(twins[i].other, best.other) << i;
      found += best.same >= 0;
    }
    EXPECT_GT(found, bits == 0 ? 5 : 50);
  }
}

}  // namespace
}  // namespace fovea::data
