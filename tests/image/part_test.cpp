// Parts of JPEG files against the same parts of the whole picture.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "fovea/random.h"
#include "image/part.h"

namespace fovea::image {
namespace {

/// Smooth waves with edges and some noise: what a photograph has.
Tensor photo(int64_t height, int64_t width, int64_t channels) {
  const Tensor t = Tensor::empty({height, width, channels}, u8);
  Generator random(5);
  uint8_t* p = t.data<uint8_t>();
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < channels; ++c) {
        const double wave = std::sin(double(x * (c + 1)) / 19) * std::cos(double(y) / 13);
        const double edge = (x / 24 + y / 31) % 2 == 0 ? 25 : -25;
        *p++ = uint8_t(128 + 60 * wave + edge + 20 * (double(random.uniform()) - 0.5));
      }
  return t;
}

/// With an Exif block that holds nothing but the orientation.
Bytes turned(const Bytes& jpeg, uint8_t orientation) {
  const uint8_t exif[] = {0xff, 0xe1, 0, 34, 'E', 'x',         'i', 'f', 0,    0,    'M', 'M',
                          0,    42,   0, 0,  0,   8,           0,   1,   0x01, 0x12, 0,   3,
                          0,    0,    0, 1,  0,   orientation, 0,   0,   0,    0,    0,   0};
  Bytes out(jpeg.begin(), jpeg.begin() + 2);
  out.insert(out.end(), exif, exif + sizeof exif);
  out.insert(out.end(), jpeg.begin() + 2, jpeg.end());
  return out;
}

void expect_same_bits(PartReader& reader, const Bytes& file, const std::string& name, int parts) {
  const Image image = decode(file, name);
  const Tensor whole = upright(image);
  const int64_t height = whole.size(0), width = whole.size(1), channels = whole.size(2);
  Generator random(9);
  const auto below = [&](int64_t n) { return int64_t(random.below(uint64_t(n))); };
  for (int i = 0; i < parts; ++i) {
    Box b{.height = 1 + below(i % 3 ? height : std::min<int64_t>(height, 4)),
          .width = 1 + below(i % 4 ? width : std::min<int64_t>(width, 4))};
    b.top = below(height - b.height + 1), b.left = below(width - b.width + 1);
    ASSERT_TRUE(reader.open(file, name)) << name;
    ASSERT_EQ(reader.height(), height) << name;
    ASSERT_EQ(reader.width(), width) << name;
    const Part part = reader.read(b);
    for (int64_t y = 0; y < b.height; ++y)
      ASSERT_EQ(
          std::memcmp(part.pixels.data<uint8_t>() +
                          ((b.top + y - part.top) * part.pixels.size(1) + b.left - part.left) * channels,
                      whole.data<uint8_t>() + ((b.top + y) * width + b.left) * channels,
                      size_t(b.width * channels)),
          0)
          << fmt::format("{}: row {} of {} x {} at {}, {} of {}", name, y, b.height, b.width, b.top, b.left,
                         whole.shape());
  }
}

TEST(PartReader, GivesTheBitsOfTheWholePicture) {
  PartReader reader;  // for all of them: what one file leaves behind does not touch the next
  for (const int64_t channels : {1, 3})
    for (const auto& [height, width] : {std::pair{97, 131}, {16, 16}, {1, 1}, {64, 7}})
      expect_same_bits(reader, encode(Image(photo(height, width, channels)), "jpeg", 90),
                       fmt::format("{} x {} x {}", height, width, channels), 25);
  const Bytes upright_file = encode(Image(photo(61, 83, 3)), "jpeg", 80);
  for (uint8_t orientation = 1; orientation <= 8; ++orientation)
    expect_same_bits(reader, turned(upright_file, orientation), fmt::format("orientation {}", orientation),
                     15);
}

TEST(PartReader, GivesTheBitsOfEveryKindOfFile) {
  PartReader reader;
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(FOVEA_SOURCE_DIR "/tests/image")) {
    const std::string path = entry.path().string();
    if (!path.ends_with(".jpg") && !path.ends_with(".jpeg")) continue;
    const Bytes bytes = read_file(path);
    if (!reader.open(bytes, path)) continue;
    try {
      decode(bytes, path);
    } catch (const Error&) {
      continue;
    }
    expect_same_bits(reader, bytes, path, 5);
    ++files;
  }
  EXPECT_GT(files, 3);
}

TEST(PartReader, LeavesOtherFilesAlone) {
  PartReader reader;
  const Bytes png = encode(Image(photo(9, 9, 3)), "png");
  EXPECT_FALSE(reader.open(png, "png"));
  Bytes jpeg = encode(Image(photo(90, 90, 3)), "jpeg", 90);
  EXPECT_FALSE(reader.open(std::span(jpeg).first(40), "cut head"));
  EXPECT_FALSE(reader.open({}, "nothing"));
  ASSERT_TRUE(reader.open(jpeg, "whole"));
  EXPECT_THROW(reader.read({0, 0, 91, 90}), Error);
  jpeg.resize(jpeg.size() / 2);
  ASSERT_TRUE(reader.open(jpeg, "half"));
  EXPECT_NO_THROW(reader.read({0, 0, 8, 90}));  // what is there
  ASSERT_TRUE(reader.open(jpeg, "half"));
  EXPECT_THROW(reader.read({80, 0, 8, 90}), Error);
  ASSERT_TRUE(reader.open(jpeg, "half"));  // the decoder is as good as new
  EXPECT_NO_THROW(reader.read({0, 0, 8, 90}));
}

}  // namespace
}  // namespace fovea::image
