#include <zlib.h>

#include "../files.h"
#include "fovea/data.h"

namespace fovea::data {
namespace {

using test::error_of;
using test::TempFolder;
const std::string idx = FOVEA_SOURCE_DIR "/tests/data/idx/";
const std::string mnist = FOVEA_SOURCE_DIR "/data/mnist";

std::vector<int64_t> counts(const Dataset& set) {
  std::vector<int64_t> n(set.classes().size(), 0);
  for (int64_t i = 0; i < set.size(); ++i) n[size_t(set.label(i))]++;
  return n;
}

/// A folder that is MNIST as far as names go, with 100 training images.
struct SmallMnist {
  TempFolder folder;
  SmallMnist() {
    copy("ok_first100-images-idx3-ubyte.gz", "train-images-idx3-ubyte.gz");
    copy("ok_first100-labels-idx1-ubyte", "train-labels-idx1-ubyte");
  }
  void copy(const std::string& from, const std::string& to) const {
    std::filesystem::copy_file(idx + from, folder / to, std::filesystem::copy_options::overwrite_existing);
  }
  std::string error() const {
    return error_of([&] { open_mnist(folder.str(), Split::train); });
  }
};

TEST(Mnist, HoldsItsKnownFacts) {
  const auto train = open_mnist(mnist, Split::train), val = open_mnist(mnist, Split::val);
  EXPECT_EQ(counts(*train),
            (std::vector<int64_t>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}));
  EXPECT_EQ(counts(*val), (std::vector<int64_t>{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}));
  EXPECT_EQ(train->describe(), "MNIST train  60,000 examples  28x28x1 u8  10 classes");
  EXPECT_EQ(val->describe(), "MNIST val  10,000 examples  28x28x1 u8  10 classes");
  const Normalization n = measure_normalization(*train);
  EXPECT_NEAR(n.mean[0], 0.13066, 5e-6);
  EXPECT_NEAR(n.std[0], 0.30811, 5e-6);
  const auto* images = dynamic_cast<const TensorDataset*>(train.get());
  ASSERT_NE(images, nullptr);
  EXPECT_EQ(crc32(0, images->examples().data<uint8_t>(), uInt(images->examples().numel())),
            0xf3639b56u);  // of the published file, whose md5 is in data/mnist/README.md
}

TEST(Mnist, OpensByName) {
  ASSERT_EQ(setenv("FOVEA_DATA", FOVEA_SOURCE_DIR "/data", 1), 0);
  EXPECT_EQ(open_dataset("mnist", Split::val)->size(), 10000);
  unsetenv("FOVEA_DATA");
  EXPECT_EQ(open_dataset("mnist:" + mnist, Split::val)->size(), 10000);
}

TEST(Idx, ReadsOtherTypes) {
  const Tensor t = load_idx(idx + "ok_int16_1d.idx");
  EXPECT_EQ(t.dtype(), i16);
  EXPECT_EQ(t.to_vector<double>(), (std::vector<double>{-1, 0, 1, 32767}));
  TempFolder out;
  test::spill(out / "f", std::string("\0\0\x0D\2\0\0\0\1\0\0\0\2\x3f\x80\0\0\xc0\0\0\0", 20));
  EXPECT_EQ(load_idx(out / "f").shape(), (Dims{1, 2}));
  EXPECT_EQ(load_idx(out / "f").to_vector<float>(), (std::vector<float>{1, -2}));
}

TEST(Idx, RefusesDamagedFiles) {
  for (const char* name : {"bad_crc.gz", "bad_truncated.gz", "bad_empty.idx", "bad_huge_dims.idx", "none"}) {
    const std::string message = error_of([&] { load_idx(idx + name); });
    EXPECT_NE(message.find(name), std::string::npos) << message;
  }
  EXPECT_NE(error_of([] { load_idx(idx + "bad_huge_dims.idx"); }).find("no valid size"), std::string::npos);
  test::expect_every_prefix_throws(idx + "ok_first100-labels-idx1-ubyte", load_idx);
  test::expect_every_prefix_throws(idx + "ok_int16_1d.idx", load_idx);
  test::expect_every_prefix_throws(idx + "bad_truncated.gz", load_idx);
  TempFolder out;
  test::spill(out / "rest", test::slurp(idx + "ok_int16_1d.idx") + "x");
  EXPECT_THROW(load_idx(out / "rest"), Error);
  test::spill(out / "type", std::string("\0\0\x09\1\0\0\0\1x", 9));
  EXPECT_NE(error_of([&] { load_idx(out / "type"); }).find("0x09"), std::string::npos);
}

TEST(Idx, RefusesImagesAndLabelsThatDoNotFit) {
  SmallMnist set;
  EXPECT_EQ(open_mnist(set.folder.str(), Split::train)->size(), 100);
  EXPECT_NE(error_of([&] { open_mnist(set.folder.str(), Split::val); }).find("t10k-images-idx3-ubyte"),
            std::string::npos);
  set.copy("bad_labels_out_of_range-idx1-ubyte", "train-labels-idx1-ubyte");
  EXPECT_NE(set.error().find("100 examples but 5 labels"), std::string::npos) << set.error();
  std::string labels = test::slurp(idx + "ok_first100-labels-idx1-ubyte");
  labels[8 + 7] = char(200);
  test::spill(set.folder / "train-labels-idx1-ubyte", labels);
  EXPECT_NE(set.error().find("label 200 of example 7 is outside of 0..9"), std::string::npos) << set.error();
  set.copy("ok_int16_1d.idx", "train-labels-idx1-ubyte");
  EXPECT_NE(set.error().find("holds i16 (4), not u8 labels"), std::string::npos) << set.error();
}

}  // namespace
}  // namespace fovea::data
