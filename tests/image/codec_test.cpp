#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/file.h"
#include "fovea/image.h"
#include "fovea/random.h"

namespace fovea::image {
namespace {

const std::string folder = FOVEA_SOURCE_DIR "/tests/image/data/";

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

std::string crc_of(const Tensor& t) {
  return fmt::format("{:08x}",
                     crc32(0, static_cast<const Bytef*>(t.raw()), uInt(t.numel() * size_of(t.dtype()))));
}

Tensor noise(const Dims& shape, DType dtype) {
  Generator random(7);
  const Tensor t = Tensor::empty(shape, dtype);
  auto* const bytes = static_cast<uint8_t*>(t.raw());
  for (int64_t i = 0; i < t.numel() * size_of(dtype); ++i) bytes[i] = uint8_t(random.next());
  return t;
}

Tensor smooth(const Dims& shape) {
  const Tensor t = Tensor::empty(shape, u8);
  for (int64_t i = 0; i < t.numel(); ++i) {
    const int64_t pixel = i / shape[2], diagonal = pixel / shape[1] + pixel % shape[1];
    t.data<uint8_t>()[i] = uint8_t(127 + 100 * std::sin(double(diagonal) * 0.05 + double(i % shape[2])));
  }
  return t;
}

double mean_difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  double sum = 0;
  for (int64_t i = 0; i < a.numel(); ++i) sum += std::abs(a.data<uint8_t>()[i] - b.data<uint8_t>()[i]);
  return sum / double(a.numel());
}

TEST(Decode, AgreesWithIndependentDecoders) {
  std::ifstream table(folder + "expected.tsv");
  std::string line;
  int files = 0;
  for (; std::getline(table, line); ++files) {
    std::istringstream fields(line);
    std::string name, color, shape, depth, crc;
    for (std::string* field : {&name, &color, &shape, &depth, &crc}) std::getline(fields, *field, '\t');
    const Image image = read(folder + name);
    EXPECT_EQ(name_of(image.color), color) << name;
    EXPECT_EQ(image.shape.str(), shape) << name;
    EXPECT_EQ(image.pixels.shape(), image.shape) << name;
    EXPECT_EQ(image.pixels.dtype(), image.dtype) << name;
    EXPECT_EQ(std::to_string(image.depth), depth) << name;
    EXPECT_EQ(crc_of(image.pixels), crc) << name;
  }
  EXPECT_GT(files, 50);
}

TEST(Decode, RefusesDamagedFilesByName) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name[0] != 'x' && !name.starts_with("crashers_") && !name.starts_with("truncated")) continue;
    EXPECT_NE(error_of([&] { read(entry.path()); }).find(name), std::string::npos) << name;
    ++files;
  }
  EXPECT_EQ(files, 11);
}

TEST(Decode, RefusesEveryPrefix) {
  for (const char* name : {"basn3p02.png", "basi2c16.png", "tp1n3p08.png", "made_gray_17x13.jpg",
                           "made_cmyk.jpg", "made_progressive_444.jpg", "testimgari.jpg"}) {
    const Bytes whole = read_file(folder + name);
    EXPECT_NO_THROW(decode(whole, name));
    for (size_t n = 0; n < whole.size(); n += n < 1500 ? 1 : 97) {
      const Bytes prefix(whole.begin(), whole.begin() + ptrdiff_t(n));
      EXPECT_THROW(decode(prefix, name), Error) << name << " cut to " << n << " bytes";
    }
  }
}

TEST(Decode, PngNoticesEveryDamagedByte) {
  const Bytes whole = read_file(folder + "basn6a08.png");
  for (size_t at = 0; at < whole.size(); ++at)
    for (const uint8_t mask : {0x01, 0x20, 0xff}) {
      Bytes damaged = whole;
      damaged[at] ^= mask;
      EXPECT_THROW(decode(damaged, "damaged"), Error) << "byte " << at;
    }
}

TEST(Decode, JpegSurvivesEveryDamagedByte) {
  for (const char* name : {"made_gray_17x13.jpg", "made_cmyk.jpg"}) {
    const Bytes whole = read_file(folder + name);
    for (size_t at = 0; at < whole.size(); ++at)
      for (const uint8_t mask : {0x01, 0x20, 0xff}) {
        Bytes damaged = whole;
        damaged[at] ^= mask;
        try {
          const Image image = decode(damaged, "damaged");
          EXPECT_EQ(image.pixels.shape(), image.shape);
        } catch (const Error&) {
        }
      }
  }
}

size_t frame_header(const Bytes& jpeg) {
  for (size_t i = 2; i + 1 < jpeg.size(); i += 2 + size_t(jpeg[i + 2] << 8 | jpeg[i + 3]))
    if (jpeg[i + 1] == 0xc0) return i;
  return 0;
}

TEST(Decode, RefusesWhatAFewBytesCannotHold) {
  Bytes jpeg = read_file(folder + "made_gray_17x13.jpg");
  const size_t frame = frame_header(jpeg);
  ASSERT_GT(frame, 0u);
  for (size_t i = frame + 5; i < frame + 9; ++i) jpeg[i] = 0xf0;
  EXPECT_NE(error_of([&] { decode(jpeg, "huge.jpg"); }).find("61680 x 61680"), std::string::npos);

  Bytes png = read_file(folder + "basn2c08.png");
  png[17] = png[21] = 0x0f;  // 983,072 x 983,072
  const uint32_t crc = uint32_t(crc32(0, png.data() + 12, 17));
  for (int i = 0; i < 4; ++i) png[size_t(29 + i)] = uint8_t(crc >> (24 - 8 * i));
  EXPECT_NE(error_of([&] { decode(png, "huge.png"); }).find("983072 x 983072"), std::string::npos);
  EXPECT_EQ(probe(png, "huge.png").width(), 983072);
}

TEST(Decode, TakesNoMemoryForAPromisedChunk) {
  Bytes png = read_file(folder + "basn2c08.png");
  const Bytes text{0x7b, 0x00, 0x00, 0x74, 'i', 'T', 'X', 't'};  // 2 GB
  png.insert(png.begin() + 33, text.begin(), text.end());
  EXPECT_NE(error_of([&] { decode(png, "text.png"); }).find("truncated"), std::string::npos);
}

TEST(Decode, NamesUnsupportedKindsOfJpeg) {
  const Bytes whole = read_file(folder + "made_gray_17x13.jpg");
  const size_t frame = frame_header(whole);
  Bytes hierarchical = whole, lossless = whole;
  hierarchical[frame + 1] = 0xc5;
  lossless[frame + 1] = 0xc3;  // whose entropy codes mean something else
  EXPECT_NE(error_of([&] { decode(hierarchical, "steps.jpg"); }).find("SOF type 0xc5"), std::string::npos);
  EXPECT_NE(error_of([&] { decode(lossless, "lossless.jpg"); }).find("lossless.jpg"), std::string::npos);
}

TEST(Decode, TellsOtherFilesApart) {
  EXPECT_NE(error_of([] { decode({}, "nothing.png"); }).find("nothing.png is empty"), std::string::npos);
  const Bytes psd{'8', 'B', 'P', 'S', 0, 1};
  EXPECT_EQ(error_of([&] { decode(psd, "a.psd"); }),
            "a.psd is no image of a known format (jpeg png gif webp dicom tiff bmp pnm nifti npy y4m "
            "jpeg2000 tga): it starts with 38 42 50 53 00 01");
  EXPECT_NE(error_of([] { read("no/such/file.png"); }).find("no/such/file.png"), std::string::npos);
}

std::string entry(const Header& header, const std::string& key) {
  for (const auto& [k, value] : header.entries)
    if (k == key) return value;
  return "";
}

TEST(Probe, TellsTheHeaderWithoutThePixels) {
  const Bytes jpeg = read_file(folder + "made_422.jpg"), png = read_file(folder + "basi2c16.png");
  const Header header = probe(std::span(jpeg).first(jpeg.size() / 2), "half.jpg");
  EXPECT_EQ(header.shape, (Dims{149, 227, 3}));
  EXPECT_EQ(header.file_bytes, jpeg.size() / 2);
  EXPECT_EQ(entry(header, "stored as"), "YCbCr 4:2:2");
  EXPECT_EQ(entry(probe(png), "interlace"), "Adam7");
  EXPECT_EQ(probe(png).dtype, u16);
  EXPECT_EQ(probe(std::span(png).first(png.size() / 2)).shape, (Dims{32, 32, 3}));
}

TEST(Probe, ReportsChunksAndMarkers) {
  EXPECT_EQ(entry(read(folder + "tp1n3p08.png"), "palette colours"), "245, with transparency");
  EXPECT_EQ(entry(read(folder + "cdfn2c08.png"), "pixel aspect"), "1:4");
  EXPECT_EQ(entry(read(folder + "g25n0g16.png"), "gamma"), "2.5");
  EXPECT_EQ(entry(read(folder + "cten0g04.png"), "text"), "Title: PngSuite");
  EXPECT_EQ(entry(read(folder + "hopper_gray.jpg"), "resolution"), "96 x 96 dots per inch");
  EXPECT_EQ(entry(read(folder + "made_progressive_444.jpg"), "process"), "progressive, Huffman coding");
  EXPECT_EQ(entry(read(folder + "testimgari.jpg"), "process"), "sequential, arithmetic coding");
  EXPECT_EQ(read(folder + "hopper_orientation_6.jpg").orientation, 6);
  EXPECT_NE(entry(read(folder + "badpal_small-palette-4.png"), "warning").find("beyond the palette of 15"),
            std::string::npos);
}

TEST(Encode, PngKeepsEveryBit) {
  for (const DType dtype : {u8, u16})
    for (int64_t channels = 1; channels <= 4; ++channels) {
      const Image image(noise({13, 29, channels}, dtype));
      const Image back = decode(encode(image, "png"));
      EXPECT_TRUE(same_bits(back.pixels, image.pixels)) << channels;
      EXPECT_EQ(back.color, image.color);
      EXPECT_EQ(back.depth, dtype == u8 ? 8 : 16);
    }
}

TEST(Encode, JpegStaysClose) {
  for (const ColorModel color : {ColorModel::gray, ColorModel::rgb, ColorModel::cmyk}) {
    const Image image(smooth({40, 56, channels_of(color)}), color);
    const Bytes fine = encode(image, "jpeg", 95), coarse = encode(image, "jpeg", 20);
    EXPECT_LT(coarse.size(), fine.size());
    const Image back = decode(fine);
    EXPECT_EQ(back.color, color);
    EXPECT_LT(mean_difference(back.pixels, image.pixels), 2.0) << name_of(color);
  }
}

TEST(Encode, RefusesWhatTheFormatCannotHold) {
  const Image rgba(noise({4, 4, 4}, u8)), deep(noise({4, 4, 3}, u16));
  const Image cmyk(noise({4, 4, 4}, u8), ColorModel::cmyk);
  EXPECT_NE(error_of([&] { encode(rgba, "jpeg"); }).find("RGBA"), std::string::npos);
  EXPECT_NE(error_of([&] { encode(deep, "jpeg"); }).find("8 bits"), std::string::npos);
  EXPECT_NE(error_of([&] { encode(cmyk, "png"); }).find("CMYK"), std::string::npos);
  EXPECT_THROW(encode(rgba, "png", 0), Error);
  EXPECT_THROW(encode(rgba, "png", 101), Error);
  EXPECT_THROW(encode(rgba, "gif"), Error);
  EXPECT_THROW(encode(Image(), "png"), Error);
  EXPECT_THROW(encode(Image(noise({4, 4, 5}, u8)), "png"), Error);
  EXPECT_THROW(encode(Image(noise({4, 4, 3}, i16)), "png"), Error);
  EXPECT_THROW(Image(zeros({4, 4, 3}, boolean)), Error);
  EXPECT_EQ(Image(zeros({4, 4, 5}, u8)).color, ColorModel::many);
  EXPECT_THROW(Image(zeros({4, 4, 3}, u8), ColorModel::gray), Error);
}

TEST(Files, TheExtensionDecidesWhenWriting) {
  const auto temporary = std::filesystem::temp_directory_path() / fmt::format("fovea_image_{}", ::getpid());
  std::filesystem::create_directory(temporary);
  const Image image(noise({5, 6, 3}, u8));
  write(temporary / "a.png", image);
  write(temporary / "b.JPG", image);
  EXPECT_EQ(read(temporary / "a.png").format, "png");
  EXPECT_TRUE(same_bits(read(temporary / "a.png").pixels, image.pixels));
  EXPECT_EQ(read(temporary / "b.JPG").format, "jpeg");
  for (const char* name : {"c.gif", "d", "folder.png/e"})
    EXPECT_NE(error_of([&] { write(temporary / name, image); }).find(name), std::string::npos);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(temporary), {}), 2);
  std::filesystem::remove_all(temporary);
}

}  // namespace
}  // namespace fovea::image
