// Every format: small files against the numbers that went in (make_formats.py), cut off at each byte, and
// damaged at random.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/file.h"
#include "fovea/image.h"
#include "fovea/random.h"

namespace fovea::image {
namespace {

const std::string folder = FOVEA_SOURCE_DIR "/tests/image/formats/";

struct Expected {
  std::string file, frame, frames, color, shape, dtype, depth, crc;
};

std::vector<Expected> expected() {
  std::vector<Expected> rows;
  std::ifstream table(folder + "expected.tsv");
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    Expected& e = rows.emplace_back();
    for (std::string* field : {&e.file, &e.frame, &e.frames, &e.color, &e.shape, &e.dtype, &e.depth, &e.crc})
      std::getline(fields, *field, '\t');
  }
  return rows;
}

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

/// What the library of a format that this build lacks would have read.
bool built(const std::string& file) {
  const std::string error = error_of([&] { read(folder + file); });
  return error.find("build again") == error.npos;
}

std::string crc_of(const Tensor& t) {
  return fmt::format("{:08x}",
                     crc32(0, static_cast<const Bytef*>(t.raw()), uInt(t.numel() * size_of(t.dtype()))));
}

TEST(Formats, AreReadAsWritten) {
  const auto rows = expected();
  EXPECT_GT(rows.size(), 90u);
  for (const Expected& e : rows) {
    if (!built(e.file)) continue;
    const std::string what = e.file + " frame " + e.frame;
    ReadOptions options;
    options.frame = std::stoll(e.frame);
    Image image;
    EXPECT_EQ(error_of([&] { image = read(folder + e.file, options); }), "") << what;
    if (!image.pixels.defined()) continue;
    EXPECT_EQ(std::to_string(image.frame), e.frame) << what;
    EXPECT_EQ(std::to_string(image.frames), e.frames) << what;
    EXPECT_EQ(name_of(image.color), e.color) << what;
    EXPECT_EQ(image.pixels.shape().str(), e.shape) << what;
    EXPECT_EQ(image.shape, image.pixels.shape()) << what;
    EXPECT_EQ(name_of(image.pixels.dtype()), e.dtype) << what;
    EXPECT_EQ(std::to_string(image.depth), e.depth) << what;
    EXPECT_EQ(crc_of(image.pixels), e.crc) << what;
    const Bytes bytes = read_file(folder + e.file);
    const Header header = probe(bytes, e.file, options);
    EXPECT_EQ(header.color, image.color) << what;
    EXPECT_EQ(header.frames, image.frames) << what;
    if (e.frame == "0") {
      EXPECT_EQ(header.shape, image.shape) << what;
    }
  }
}

TEST(Formats, AllFramesComeInOnePass) {
  for (const char* name :
       {"animated.gif", "animated.webp", "pages.ome.tif", "cine.dcm", "mr.nii", "mr.nii.gz", "stack.npy",
        "gray.y4m", "animated.png", "animated16.png", "two.mpo"}) {
    if (!built(name)) continue;
    const std::vector<Image> all = read_frames(folder + name);
    ASSERT_GT(all.size(), 1u) << name;
    EXPECT_EQ(int64_t(all.size()), all[0].frames) << name;
    for (size_t i = 0; i < all.size(); ++i) {
      ReadOptions options;
      options.frame = int64_t(i);
      const Image one = read(folder + name, options);
      EXPECT_EQ(all[i].frame, int64_t(i)) << name;
      EXPECT_TRUE(same_bits(all[i].pixels, one.pixels)) << name << " frame " << i;
    }
    ReadOptions beyond;
    beyond.frame = all[0].frames;
    EXPECT_NE(error_of([&] { read(folder + name, beyond); }).find("does not exist"), std::string::npos)
        << name;
    EXPECT_EQ(read_frames(folder + name, {}, 2).size(), 2u) << name;
  }
}

TEST(Formats, TellWhatTheNumbersMean) {
  const Image ct = read(folder + "ct.dcm");
  EXPECT_EQ(ct.unit, "HU");
  ASSERT_TRUE(ct.window.has_value());
  EXPECT_EQ(ct.window->center, 40);
  EXPECT_EQ(ct.window->width, 400);
  EXPECT_EQ(values(ct).data<float>()[5], 2.0f * float(ct.pixels.data<int16_t>()[5]) - 1024);
  const Image xray = read(folder + "xray10.dcm");
  EXPECT_TRUE(xray.inverted);
  EXPECT_EQ(xray.spacing[0], 0.2);
  EXPECT_EQ(xray.spacing[1], 0.25);
  const Image mr = read(folder + "mr.nii");
  EXPECT_EQ(mr.slope, 0.5);
  EXPECT_EQ(mr.spacing, (std::array<double, 3>{0.75, 0.5, 2.0}));
  EXPECT_EQ(read(folder + "cine.dcm").duration, 0.04);
  if (built("animated.gif")) {
    EXPECT_EQ(read(folder + "animated.gif").duration, 0.08);
  }
}

std::string warning_of(const Header& header) {
  for (const auto& [key, value] : header.entries)
    if (key == "warning") return value;
  return "";
}

/// A fault of the animation or of the index leaves the picture that every reader shows.
TEST(Formats, DamagedSequencesLeaveTheFirstPicture) {
  const Bytes whole = read_file(folder + "animated.png");
  const Tensor first = decode(whole, "animated.png").pixels;
  EXPECT_EQ(read(folder + "animated.png").duration, 0.02);
  const std::string_view text(reinterpret_cast<const char*>(whole.data()), whole.size());
  const size_t frame = text.find("fcTL", text.find("fcTL") + 1);
  for (const size_t at : {size_t{4}, size_t{8}, size_t{28}, size_t{29}}) {  // number, width, disposal, blend
    Bytes damaged = whole;
    damaged[frame + at] = 0x77;
    const uint32_t crc = uint32_t(crc32(0, damaged.data() + frame, 30));
    for (size_t i = 0; i < 4; ++i) damaged[frame + 30 + i] = uint8_t(crc >> (24 - 8 * i));
    const Image still = decode(damaged, "damaged.png");
    EXPECT_EQ(still.frames, 1);
    EXPECT_NE(warning_of(still).find("animation is damaged"), std::string::npos);
    EXPECT_TRUE(same_bits(still.pixels, first));
  }
  Bytes wrong = whole;
  wrong[frame + 20] ^= 1;  // its checksum does not fit any more
  EXPECT_NE(error_of([&] { decode(wrong, "wrong.png"); }).find("CRC"), std::string::npos);

  Bytes pair = read_file(folder + "two.mpo");
  pair.resize(pair.size() - 1);
  const Image alone = decode(pair, "cut.mpo");
  EXPECT_EQ(alone.frames, 1);
  EXPECT_NE(warning_of(alone).find("picture 1 is not where it should be"), std::string::npos);
}

/// The camera of flir.jpg, as raw2temp() of the R package Thermimage computes it.
TEST(Formats, InfraredCountsBecomeDegrees) {
  ReadOptions thermal;
  thermal.frame = 1;
  const Image counts = read(folder + "flir.jpg", thermal);
  ASSERT_TRUE(counts.thermal.has_value());
  EXPECT_NEAR(counts.thermal->emissivity, 0.95, 1e-6);
  EXPECT_NEAR(counts.thermal->reflected, 22, 1e-3);
  EXPECT_EQ(counts.unit, "C");
  const Thermal plain{.r1 = 21106.77, .r2 = 0.012545258, .b = 1501, .f = 1, .o = -7340};
  // Without air and reflections: T = B / ln(R1 / (R2 (count + O)) + F) - 273.15
  const double bare = 1501 / std::log(21106.77 / (0.012545258 * (18090 - 7340)) + 1) - 273.15;
  EXPECT_NEAR(temperature(tensor({18090}, {1, 1, 1}, u16), plain).data<float>()[0], bare, 1e-3);
  // Thermimage::raw2temp(18090, E=0.95, OD=1, RTemp=20, ATemp=20, IRWTemp=20, IRT=1, RH=50, 21106.77, 1501,
  // 1, -7340, 0.012545258)
  Thermal air = plain;
  air.emissivity = 0.95, air.distance = 1;
  EXPECT_NEAR(temperature(tensor({18090}, {1, 1, 1}, u16), air).data<float>()[0], 23.734405043512538, 2e-3);
}

TEST(Formats, BareTablesAreReadAsTold) {
  const std::string path =
      (std::filesystem::temp_directory_path() / fmt::format("fovea_raw_{}.bin", ::getpid())).string();
  write_file(path, std::string_view("..\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c", 14));
  const Image image = read_raw(
      path, {.width = 3, .height = 2, .channels = 1, .dtype = "u16", .offset = 2, .big_endian = true});
  EXPECT_EQ(image.pixels.shape(), (Dims{2, 3, 1}));
  EXPECT_EQ(image.pixels.data<uint16_t>()[1], 0x0304);
  const Image planar = read_raw(path, {.width = 2, .height = 2, .channels = 3, .offset = 2, .planar = true});
  EXPECT_EQ(pixel_table(planar), "  1,  5,  9    2,  6, 10\n  3,  7, 11    4,  8, 12\n");
  EXPECT_EQ(read_raw(path, {.width = 2, .height = 2, .offset = 2}).frames, 3);
  EXPECT_NE(error_of([&] { read_raw(path, {.width = 3, .height = 3}); }).find("want 9 bytes"),
            std::string::npos);
  EXPECT_NE(error_of([&] { read_raw(path, {.width = 3, .height = 3, .dtype = "u7"}); }).find("dtype=u7"),
            std::string::npos);
  std::filesystem::remove(path);
}

Tensor noise(const Dims& shape, DType dtype) {
  Generator random(7);
  const Tensor t = Tensor::empty(shape, dtype);
  if (dtype == f32)
    for (int64_t i = 0; i < t.numel(); ++i) t.data<float>()[i] = float(random.below(1000)) / 7 - 50;
  else
    for (int64_t i = 0; i < t.numel() * size_of(dtype); ++i)
      static_cast<uint8_t*>(t.raw())[i] = uint8_t(random.next());
  return t;
}

TEST(Formats, LosslessWritingKeepsEveryBit) {
  struct Case {
    const char* format;
    DType dtype;
    std::vector<int64_t> channels;
  };
  const Case cases[]{{"bmp", u8, {1, 3, 4}},        {"pnm", u8, {1, 2, 3, 4, 7}},
                     {"pnm", u16, {1, 3, 5}},       {"pnm", f32, {1, 3}},
                     {"npy", u8, {1, 3, 5}},        {"npy", i16, {1, 2}},
                     {"tiff", u8, {1, 2, 3, 4, 5}}, {"tiff", u16, {1, 3, 6}},
                     {"tiff", i16, {1, 3}},         {"tiff", i32, {1}},
                     {"tiff", f32, {1, 3, 5}},      {"webp", u8, {3, 4}}};
  for (const Case& c : cases)
    for (const int64_t channels : c.channels) {
      const Image image(noise({23, 17, channels}, c.dtype));
      Bytes bytes;
      const std::string error = error_of([&] { bytes = encode(image, c.format, 100); });
      if (error.find("build again") != error.npos) continue;
      ASSERT_EQ(error, "") << c.format;
      const Image back = decode(bytes, c.format);
      const std::string what = fmt::format("{} {} x {}", c.format, name_of(c.dtype), channels);
      const bool no_alpha = std::string(c.format) == "npy" && channels == 2;
      EXPECT_EQ(back.color, no_alpha ? ColorModel::many : image.color) << what;
      if (std::string(c.format) == "webp" && channels == 4) continue;  // libwebp clears what cannot be seen
      EXPECT_TRUE(same_bits(back.pixels, image.pixels)) << what;
    }
}

TEST(Formats, ExtensionsAreKnown) {
  EXPECT_TRUE(is_image_name("a/B.PNG"));
  EXPECT_TRUE(is_image_name("brain.nii.gz"));
  EXPECT_TRUE(is_image_name("x.dcm"));
  EXPECT_FALSE(is_image_name("a.txt"));
  EXPECT_FALSE(is_image_name("png"));
  EXPECT_FALSE(is_image_name("notes.gz"));
  for (const Format& f : formats()) EXPECT_TRUE(f.reads || !f.package.empty()) << f.name;
}

// ---- Bad input ----

/// Small limits keep hostile files quick.
ReadOptions careful() {
  ReadOptions options;
  options.limits = {.pixels = 1 << 20, .side = 1 << 16, .bytes = 1 << 22, .frames = 100};
  return options;
}

/// Decodes, probes and shows; what comes back must be whole, what does not must be an Error.
bool survives(const Bytes& bytes, const std::string& name) {
  try {
    for (const Image& image : decode_frames(bytes, name, careful(), 3)) {
      EXPECT_EQ(image.pixels.shape(), image.shape) << name;
      EXPECT_EQ(image.pixels.dtype(), image.dtype) << name;
      EXPECT_EQ(render(image).size(2), 3) << name;
      EXPECT_FALSE(header_text(image).empty());
    }
    return true;
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(name), std::string::npos)
        << "the error does not name the file: " << e.what();
    return false;
  }
}

std::vector<std::string> files() {
  std::vector<std::string> names;
  for (const Expected& e : expected())
    if (names.empty() || names.back() != e.file) names.push_back(e.file);
  return names;
}

/// A file cut short is refused, unless what is missing held no pixels: then the picture is the whole one's.
TEST(BadInput, EveryPrefix) {
  for (const std::string& name : files()) {
    if (!built(name)) continue;
    const Bytes whole = read_file(folder + name);
    const Tensor pixels = decode(whole, name).pixels;
    const size_t step = whole.size() / 400 + 1;  // all bytes of the small ones
    for (size_t n = 0; n < whole.size(); n += n < 700 ? 1 : step) {
      const Bytes prefix(whole.begin(), whole.begin() + ptrdiff_t(n));
      if (!survives(prefix, name)) continue;
      if (name.starts_with("text") && n + 6 > whole.size()) continue;  // a last number may lose digits unseen
      EXPECT_TRUE(same_bits(decode(prefix, name, careful()).pixels, pixels))
          << name << " cut to " << n << " of " << whole.size() << " bytes";
    }
  }
}

/// Random damage: some bytes changed, a run overwritten, a piece cut out or doubled. FOVEA_MUTATIONS sets how
/// many files.
TEST(BadInput, RandomDamage) {
  const char* const wanted = std::getenv("FOVEA_MUTATIONS");
  const int64_t total = wanted ? std::atoll(wanted) : 4000;
  const std::vector<std::string> names = files();
  std::vector<Bytes> contents;
  for (const std::string& name : names) contents.push_back(read_file(folder + name));
  int64_t read = 0;
  for (int64_t i = 0; i < total; ++i) {
    Generator random(2026, uint64_t(i));
    const size_t which = random.below(names.size());
    Bytes bytes = contents[which];
    const size_t front = std::min<size_t>(
        bytes.size(), random.below(2) ? 160 : bytes.size());  // headers are small and matter most
    switch (random.below(4)) {
      case 0:
        for (uint64_t k = random.below(8) + 1; k > 0; --k)
          bytes[random.below(front)] = uint8_t(random.next());
        break;
      case 1:
        for (size_t at = random.below(front), k = random.below(8) + 1; k > 0 && at < bytes.size(); --k, ++at)
          bytes[at] = random.below(2) ? 0xff : 0;
        break;
      case 2: {
        const size_t at = random.below(bytes.size()),
                     n = std::min(bytes.size() - at, size_t(random.below(32) + 1));
        bytes.erase(bytes.begin() + ptrdiff_t(at), bytes.begin() + ptrdiff_t(at + n));
        break;
      }
      default: {
        const size_t at = random.below(bytes.size()),
                     n = std::min(bytes.size() - at, size_t(random.below(32) + 1));
        const Bytes piece(bytes.begin() + ptrdiff_t(at), bytes.begin() + ptrdiff_t(at + n));
        bytes.insert(bytes.begin() + ptrdiff_t(random.below(bytes.size())), piece.begin(), piece.end());
      }
    }
    read += survives(bytes, names[which]);
  }
  EXPECT_LT(read, total);
}

TEST(BadInput, LimitsAreNamed) {
  ReadOptions options;
  options.limits.pixels = 100;
  EXPECT_NE(error_of([&] { read(folder + "gray.pgm", options); }).find("FOVEA_MAX_PIXELS"),
            std::string::npos);
  options = {};
  options.limits.side = 12;
  EXPECT_NE(error_of([&] { read(folder + "gray.pgm", options); }).find("FOVEA_MAX_SIDE"), std::string::npos);
  options = {};
  options.limits.channels = 5;
  EXPECT_NE(error_of([&] { read(folder + "bands.pam", options); }).find("FOVEA_MAX_CHANNELS"),
            std::string::npos);
  options = {};
  options.limits.bytes = 500;
  EXPECT_NE(error_of([&] { read_frames(folder + "mr.nii", options); }).find("FOVEA_MAX_BYTES"),
            std::string::npos);
  options = {};
  options.limits.frames = 2;
  EXPECT_NE(error_of([&] { read_frames(folder + "mr.nii", options); }).find("FOVEA_MAX_FRAMES"),
            std::string::npos);
  // 30,000 x 30,000 pixels in 55 bytes
  const Bytes bomb{'B',  'M', 0, 0,    0,    0, 0, 0, 0, 0,  54, 0, 0, 0, 40, 0, 0, 0, 0x30,
                   0x75, 0,   0, 0x30, 0x75, 0, 0, 1, 0, 24, 0,  0, 0, 0, 0,  0, 0, 0, 0,
                   0,    0,   0, 0,    0,    0, 0, 0, 0, 0,  0,  0, 0, 0, 0,  0, 0, 1};
  EXPECT_NE(error_of([&] { decode(bomb, "bomb.bmp"); }).find("FOVEA_MAX_PIXELS"), std::string::npos);
}

}  // namespace
}  // namespace fovea::image
