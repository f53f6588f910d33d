#include "../files.h"
#include "fovea/data.h"
#include "fovea/inspect.h"

namespace fovea::data {
namespace {

using test::error_of;
using test::TempFolder;

/// `count` CIFAR records: every pixel of image i is i + channel.
std::string records(int count, int label_bytes, int first_label) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    for (int b = 1; b < label_bytes; ++b) out += char(19);
    out += char(first_label + i);
    for (int c = 0; c < 3; ++c) out += std::string(1024, char(i + c));
  }
  return out;
}

TEST(Cifar, ReadsItsBatchesInOrder) {
  TempFolder folder;
  for (int b = 1; b <= 5; ++b) test::spill(folder / fmt::format("data_batch_{}.bin", b), records(2, 1, b));
  test::spill(folder / "test_batch.bin", records(3, 1, 0));
  const auto train = open_dataset("cifar10:" + folder.str(), Split::train);
  EXPECT_EQ(train->describe(), "CIFAR-10 train  10 examples  32x32x3 u8  10 classes");
  EXPECT_EQ(train->warnings().size(), 5u);  // each file holds 2 images instead of 10,000
  EXPECT_EQ(train->label(3), 3);
  const Example e = train->example(3);
  EXPECT_EQ(e.label, 3);
  EXPECT_EQ(e.image.at<uint8_t>({2, 31, 31}), 3);
  EXPECT_EQ(open_cifar10(folder.str(), Split::val)->size(), 3);
}

TEST(Cifar, Knows100FineClasses) {
  TempFolder folder;
  test::spill(folder / "test.bin", records(2, 2, 98));
  const auto val = open_cifar100(folder.str(), Split::val);
  EXPECT_EQ(val->classes().size(), 100u);
  EXPECT_EQ(val->classes()[size_t(val->label(1))], "worm");
  EXPECT_EQ(val->example(1).image.at<uint8_t>({1, 0, 0}), 2);
}

TEST(Cifar, RefusesDamagedFiles) {
  TempFolder folder;
  const auto open = [&] { open_cifar10(folder.str(), Split::val); };
  EXPECT_NE(error_of(open).find("test_batch.bin"), std::string::npos);
  const std::string one = records(1, 1, 7);
  for (size_t n = 0; n < one.size(); n += n < 8 || n + 8 > one.size() ? 1 : 61) {
    test::spill(folder / "test_batch.bin", one.substr(0, n));
    EXPECT_NE(error_of(open).find("truncated"), std::string::npos) << n;
  }
  test::spill(folder / "test_batch.bin", records(2, 1, 9));
  EXPECT_NE(error_of(open).find("image 1 has label 10"), std::string::npos) << error_of(open);
}

TEST(Synthetic, IsAFunctionOfItsSeed) {
  for (const char* kind : {"xor", "circles", "spiral", "blobs", "line"}) {
    const auto points = [&](Split split, uint64_t seed, int64_t n) {
      std::vector<float> xy;
      const auto set = make_synthetic(kind, n, split, seed);
      for (int64_t i = 0; i < 50; ++i)
        for (const float v : set->example(i).image.to_vector<float>()) xy.push_back(v);
      return xy;
    };
    const auto a = points(Split::train, 1, 50);
    EXPECT_EQ(a, points(Split::train, 1, 80)) << kind;
    EXPECT_NE(a, points(Split::train, 2, 50)) << kind;
    EXPECT_NE(a, points(Split::val, 1, 50)) << kind;
  }
}

TEST(Synthetic, HasTheShapeItsNameSays) {
  const auto line = open_dataset("line:300", Split::train);
  const auto circles = open_dataset("circles:300", Split::train);
  const auto cross = open_dataset("xor:4000", Split::train);
  int crossed = 0;
  for (int64_t i = 0; i < 300; ++i) {
    const auto p = line->example(i).image.to_vector<float>(),
               q = circles->example(i).image.to_vector<float>();
    EXPECT_EQ(p[1] > p[0] / 2, line->label(i) == 1);
    EXPECT_EQ(q[0] * q[0] + q[1] * q[1] > 0.4f, circles->label(i) == 1);
  }
  for (int64_t i = 0; i < 4000; ++i) {
    const auto p = cross->example(i).image.to_vector<float>();
    crossed += (p[0] * p[1] < 0) != (cross->label(i) == 1);
  }
  EXPECT_LT(crossed, 20);  // four deviations: about 1 point in 16,000 per axis
  EXPECT_EQ(summary(*open_dataset("blobs:300", Split::train)).counts, (std::vector<int64_t>{100, 100, 100}));
}

TEST(Synthetic, TruthTablesHaveTheCornersInOrder) {
  const auto set = open_dataset("truth:0110", Split::val);
  ASSERT_EQ(set->size(), 4);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(set->example(i).image.to_vector<float>(), (std::vector<float>{float(i / 2), float(i % 2)}));
    EXPECT_EQ(set->label(i), i == 1 || i == 2);
  }
  EXPECT_EQ(open_dataset("truth:00010111", Split::train)->example_shape(), Dims{3});
  for (const char* wrong : {"truth", "truth:", "truth:011", "truth:01x0", "truth:0"})
    EXPECT_NE(error_of([&] { open_dataset(wrong, Split::train); }).find("as in truth:0110"),
              std::string::npos);
}

TEST(OpenDataset, SaysWhatItKnowsAndWhereItLooked) {
  EXPECT_NE(error_of([] { open_dataset("mnits", Split::train); }).find("Did you mean mnist?"),
            std::string::npos);
  EXPECT_NE(error_of([] { open_dataset("xor:many", Split::train); }).find("not many"), std::string::npos);
  EXPECT_THROW(open_dataset("xor:1", Split::train), Error);
  EXPECT_THROW(open_dataset("xor:-5", Split::train), Error);
  TempFolder folder;
  ASSERT_EQ(setenv("FOVEA_DATA", folder.str().c_str(), 1), 0);
  const std::string message = error_of([] { open_dataset("cifar100", Split::train); });
  EXPECT_NE(message.find(folder / "cifar100"), std::string::npos) << message;
  EXPECT_NE(message.find("FOVEA_DATA"), std::string::npos) << message;
  test::spill(folder / "cifar-100-binary/test.bin", records(1, 2, 5));
  EXPECT_EQ(open_dataset("cifar100", Split::val)->size(), 1);
  unsetenv("FOVEA_DATA");
}

TEST(TensorDataset, RefusesWhatDoesNotFit) {
  const Tensor two = zeros({2, 3});
  EXPECT_THROW(TensorDataset(two, {0}, {.name = "t", .classes = {"a"}}), Error);
  EXPECT_THROW(TensorDataset(two, {0, -1}, {.name = "t", .classes = {"a"}}), Error);
  EXPECT_THROW(TensorDataset(zeros({0, 3}), {}, {.name = "t", .classes = {"a"}}), Error);
  EXPECT_THROW(TensorDataset(zeros({2}), {0, 0}, {.name = "t", .classes = {"a"}}), Error);
  const TensorDataset set(two, {0, 0}, {.name = "t", .classes = {"a"}});
  EXPECT_THROW(set.example(2), Error);
  EXPECT_THROW(set.example(-1), Error);
}

TEST(Summary, CountsAndMeasures) {
  const Tensor x = tensor({0, 255, 255, 255, 0, 0, 0, 0}, {2, 1, 2, 2}, u8);
  const TensorDataset set(x, {1, 1}, {.name = "tiny", .classes = {"cat", "dog"}, .warnings = {"no cat"}});
  const Summary s = summary(set);
  EXPECT_EQ(s.counts, (std::vector<int64_t>{0, 2}));
  EXPECT_FLOAT_EQ(s.normalization.mean[0], 0.375f);
  EXPECT_FLOAT_EQ(s.normalization.std[0], std::sqrt(0.375f * 0.625f));
  EXPECT_EQ(s.str(),
            "tiny train  2 examples  2x2x1 u8  2 classes\n"
            "  cat          0\n"
            "  dog          2\n"
            "  mean 0.3750  std 0.4841\n"
            "  warning: no cat\n");
}

/// By examples, labels, classes and order; not by where they lie or what the set is called.
TEST(Fingerprint, TellsSetsApart) {
  const auto of = [](std::initializer_list<double> pixels, std::vector<int64_t> labels,
                     std::vector<std::string> classes) {
    return fingerprint(TensorDataset(tensor(pixels, {2, 2}), std::move(labels),
                                     {.name = "set", .classes = std::move(classes)}));
  };
  const std::string usual = of({1, 2, 3, 4}, {0, 1}, {"a", "b"});
  EXPECT_EQ(usual, of({1, 2, 3, 4}, {0, 1}, {"a", "b"}));
  EXPECT_EQ(usual.size(), 32u);
  EXPECT_NE(usual, of({1, 2, 3, 5}, {0, 1}, {"a", "b"}));
  EXPECT_NE(usual, of({3, 4, 1, 2}, {1, 0}, {"a", "b"}));
  EXPECT_NE(usual, of({1, 2, 3, 4}, {1, 1}, {"a", "b"}));
  EXPECT_NE(usual, of({1, 2, 3, 4}, {0, 1}, {"a", "c"}));
}

}  // namespace
}  // namespace fovea::data
