// Videos: frames, times and exact seeking of every kind, what is cut off or damaged, clips, cameras, sheets.
#include "fovea/video.h"

#include <gtest/gtest.h>

#include "../files.h"
#include "../video_files.h"
#include "base/file.h"
#include "video/camera_mode.h"

namespace fovea::video {
namespace {

using test::avi_of;
using test::error_of;
using test::jpeg_of;
using test::TempFolder;
using test::y4m_of;

const std::string folder = FOVEA_SOURCE_DIR "/tests/image/";

std::span<const uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Reader reader_of(const std::string& content, const std::string& name, const Options& options = {}) {
  return Reader(bytes_of(content), name, options);
}

std::vector<Frame> all_frames(Reader& reader) {
  std::vector<Frame> frames;
  while (std::optional<Frame> frame = reader.next()) frames.push_back(*frame);
  return frames;
}

/// Forward, backward and to and fro, going to frame k gives what reading on gives.
void expect_exact_seeking(Reader& reader, const std::vector<Frame>& frames) {
  const auto n = int64_t(frames.size());
  ASSERT_EQ(reader.count(), n);
  std::vector<int64_t> order;
  for (int64_t k = 0; k < n; ++k) order.push_back(n - 1 - k);
  for (int64_t k = 0; k < n; ++k) order.push_back(k);
  for (int64_t k = 0; k < n; ++k) order.push_back(k * 7 % n);
  for (const int64_t k : order) {
    const Frame frame = reader.frame(k);
    EXPECT_EQ(frame.index, k);
    EXPECT_EQ(frame.time, frames[size_t(k)].time) << k;
    EXPECT_TRUE(same_bits(frame.pixels, frames[size_t(k)].pixels)) << k;
  }
  reader.seek(n / 2);
  EXPECT_EQ(int64_t(all_frames(reader).size()), n - n / 2);
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_NE(error_of([&] { reader.seek(n); }).find("does not exist"), std::string::npos);
  EXPECT_NE(error_of([&] { reader.seek(-1); }).find("does not exist"), std::string::npos);
}

std::string plain_frame(int luma, int cb, int cr, int pixels, int chroma) {
  return std::string(size_t(pixels), char(luma)) + std::string(size_t(chroma), char(cb)) +
         std::string(size_t(chroma), char(cr));
}

TEST(Video, Y4mColoursAndTimes) {
  // White, black, and the primaries of ITU-R 601 in the range 16..235, on 5 x 3 pixels of 4:2:0.
  const int colors[][3]{{235, 128, 128}, {16, 128, 128}, {81, 90, 240}, {145, 54, 34}, {41, 240, 110}};
  const int expected[][3]{{255, 255, 255}, {0, 0, 0}, {255, 0, 0}, {0, 255, 0}, {0, 0, 255}};
  std::vector<std::string> frames;
  for (const auto& c : colors) frames.push_back(plain_frame(c[0], c[1], c[2], 15, 6));
  const std::string file = y4m_of(5, 3, "420jpeg", frames);
  Reader reader = reader_of(file, "a.y4m");
  const Header& h = reader.header();
  EXPECT_EQ(h.frame_shape(), (Dims{3, 5, 3}));
  EXPECT_EQ(h.frames, 5);
  EXPECT_TRUE(h.frames_exact);
  EXPECT_EQ(h.rate.str(), "30000/1001");
  EXPECT_EQ(h.container + " " + h.codec + " " + h.pixel_format, "y4m rawvideo yuv420p");
  EXPECT_NEAR(h.duration, 5 * 1001 / 30000.0, 1e-12);
  const std::vector<Frame> all = all_frames(reader);
  ASSERT_EQ(all.size(), 5u);
  for (size_t k = 0; k < 5; ++k) {
    EXPECT_NEAR(all[k].time, double(k) * 1001 / 30000, 1e-12);
    for (int64_t i = 0; i < 45; ++i)
      EXPECT_NEAR(all[k].pixels.data<uint8_t>()[i], expected[k][i % 3], 2) << k;
  }
  expect_exact_seeking(reader, all);
}

TEST(Video, Y4mKeepsMoreThanEightBits) {
  std::string ramp;
  for (int i = 0; i < 8; ++i) ramp += test::le32(size_t(i * 146)).substr(0, 2);  // 0 .. 1022
  const std::string file = y4m_of(4, 2, "mono10", {ramp});
  Reader gray = reader_of(file, "a.y4m");
  EXPECT_EQ(gray.header().depth, 10);
  const Tensor pixels = gray.next()->pixels;
  ASSERT_EQ(pixels.describe(), "u16 (2,4,1)");
  for (int i = 0; i < 8; ++i) EXPECT_NEAR(pixels.data<uint16_t>()[i], i * 146 * 65535 / 1023.0, 1) << i;
  std::string colored = ramp;  // 4:4:4 of 10 bits; 512 is no colour
  for (int i = 0; i < 16; ++i) colored += test::le32(512).substr(0, 2);
  const std::string colored_file = y4m_of(4, 2, "444p10", {colored});
  Reader rgb = reader_of(colored_file, "a.y4m");
  const Tensor table = rgb.next()->pixels;
  ASSERT_EQ(table.describe(), "u16 (2,4,3)");
  for (int i = 0; i < 24; ++i)
    EXPECT_NEAR(table.data<uint16_t>()[i], std::clamp((i / 3 * 146 - 64) * 65535 / 876.0, 0.0, 65535.0), 1)
        << i;
  EXPECT_NE(error_of([&] { reader_of(y4m_of(4, 2, "411", {ramp}), "a.y4m"); }).find("chroma '411'"),
            std::string::npos);
}

TEST(Video, GrayOnRequest) {
  const std::string file = y4m_of(2, 2, "444", {plain_frame(81, 90, 240, 4, 4)});
  Reader reader = reader_of(file, "a.y4m", {.color = image::ColorModel::gray});
  EXPECT_EQ(reader.header().frame_shape(), (Dims{2, 2, 1}));
  EXPECT_NEAR(reader.next()->pixels.data<uint8_t>()[0], 0.299 * 255, 2);
  const std::string mono = y4m_of(2, 2, "mono", {"\x01\x02\x03\x04"});
  Reader colored = reader_of(mono, "b.y4m", {.color = image::ColorModel::rgb});
  EXPECT_EQ(colored.next()->pixels.describe(), "u8 (2,2,3)");
}

TEST(Video, AviOfJpegs) {
  std::vector<std::string> jpegs;
  for (int k = 0; k < 7; ++k) jpegs.push_back(jpeg_of(24, 16, uint8_t(30 * k), 90, uint8_t(250 - 30 * k)));
  jpegs[3].clear();  // the frame before once more
  const std::string file = avi_of(jpegs, 24, 16, 5);
  Reader reader = reader_of(file, "a.avi");
  const Header& h = reader.header();
  EXPECT_EQ(h.frames, 7);
  EXPECT_EQ(h.rate, (Rational{25, 2}));
  EXPECT_EQ(h.container + " " + h.codec, "avi mjpeg");
  EXPECT_EQ(h.frame_shape(), (Dims{16, 24, 3}));
  const std::vector<Frame> all = all_frames(reader);
  ASSERT_EQ(all.size(), 7u);
  for (size_t k = 0; k < 7; ++k) {
    EXPECT_DOUBLE_EQ(all[k].time, double(k) * 0.08);
    const std::string& jpeg = jpegs[k == 3 ? 2 : k];
    EXPECT_TRUE(same_bits(all[k].pixels, image::decode(bytes_of(jpeg)).pixels)) << k;
  }
  expect_exact_seeking(reader, all);
}

TEST(Video, AviDamageIsNamed) {
  const std::string a = jpeg_of(24, 16, 200, 0, 0), b = jpeg_of(8, 8, 0, 0, 0);
  const std::string file = avi_of({a, b, a}, 24, 16);
  Reader reader = reader_of(file, "odd.avi");
  EXPECT_TRUE(reader.next().has_value());
  EXPECT_NE(error_of([&] { reader.next(); }).find("odd.avi frame 1 has 8 x 8 pixels"), std::string::npos);
  EXPECT_EQ(reader.frame(2).index, 2);
  const std::string bad = avi_of({a, a.substr(0, a.size() / 2), a}, 24, 16);
  Reader half = reader_of(bad, "half.avi");
  EXPECT_TRUE(half.next().has_value());
  EXPECT_NE(error_of([&] { half.next(); }).find("half.avi frame 1"), std::string::npos);
}

/// Whole frames come, then an Error; or the start is too short for any.
void expect_prefixes_end_well(const std::string& file, const std::string& name) {
  Reader whole_reader = reader_of(file, name);
  const std::vector<Frame> whole = all_frames(whole_reader);
  for (size_t n = 1; n < file.size(); ++n) {
    const std::string prefix = file.substr(0, n);
    size_t came = 0;
    const std::string error = error_of([&] {
      Reader reader = reader_of(prefix, name);
      while (std::optional<Frame> frame = reader.next()) {
        ASSERT_LT(came, whole.size()) << n;
        EXPECT_TRUE(same_bits(frame->pixels, whole[came].pixels)) << n;
        ++came;
      }
    });
    EXPECT_NE(error.find(name), std::string::npos) << n << ": " << error;
  }
}

TEST(Video, PrefixesGiveTheirWholeFramesThenAnError) {
  const std::string y4m = y4m_of(4, 2, "420", {std::string(12, 'a'), std::string(12, 'b')});
  const std::string without_last = y4m.substr(0, y4m.size() - 18), cut_file = y4m.substr(0, y4m.size() - 1);
  Reader shorter = reader_of(without_last, "cut.y4m");  // nothing tells that there was more
  EXPECT_EQ(all_frames(shorter).size(), 1u);
  Reader cut = reader_of(cut_file, "cut.y4m");
  EXPECT_EQ(cut.count(), 1);
  EXPECT_TRUE(cut.next().has_value());
  EXPECT_NE(error_of([&] { cut.next(); }).find("cut.y4m is truncated in frame 1"), std::string::npos);
  const std::string jpeg = jpeg_of(8, 8, 9, 200, 30);
  expect_prefixes_end_well(avi_of({jpeg, jpeg}, 8, 8), "cut.avi");
}

/// Damage at random: an Error or other pixels, nothing else.
void expect_mutations_survive(const std::string& file, const std::string& name, int rounds) {
  Options small;
  small.limits = {.pixels = 1 << 16, .side = 1 << 12, .bytes = 1 << 22, .frames = 1000};
  Generator random(7);
  for (int round = 0; round < rounds; ++round) {
    std::string damaged = file;
    for (uint64_t i = 0, n = 1 + random.below(4); i < n; ++i)
      damaged[random.below(damaged.size())] =
          char(random.below(3) == 0 ? 0xff * random.below(2) : random.below(256));
    try {
      Reader reader = reader_of(damaged, name, small);
      all_frames(reader);
      reader.frame(reader.count() - 1);
    } catch (const Error&) {
    }
  }
}

TEST(Video, MutationsAreSurvived) {
  const std::string jpeg = jpeg_of(8, 8, 9, 200, 30);
  expect_mutations_survive(avi_of({jpeg, jpeg}, 8, 8, 1), "a.avi", 600);
  expect_mutations_survive(y4m_of(4, 2, "420p10", {std::string(24, 'a'), std::string(24, 'b')}), "a.y4m",
                           600);
}

TEST(Video, LimitsAreNamed) {
  EXPECT_NE(error_of([&] {
              reader_of(y4m_of(1 << 20, 1 << 20, "420", {"x"}), "big.y4m");
            }).find("FOVEA_MAX_PIXELS"),
            std::string::npos);
  const std::string file = y4m_of(64, 64, "mono", std::vector<std::string>(3, std::string(4096, 'x')));
  Options options;
  options.limits.bytes = 10000;
  Reader reader = reader_of(file, "a.y4m", options);
  const std::vector<int64_t> all{0, 1, 2};
  EXPECT_NE(error_of([&] { read_frames(reader, all); }).find("FOVEA_MAX_BYTES"), std::string::npos);
  options.limits.frames = 2;
  EXPECT_NE(error_of([&] { reader_of(file, "a.y4m", options); }).find("limit of 2 frames"),
            std::string::npos);
}

TEST(Video, AnimationsAndStacks) {
  for (const char* name :
       {"animated.gif", "animated.webp", "animated.png", "pages.ome.tif", "cine.dcm", "stack.npy"}) {
    const std::string path = folder + "formats/" + name;
    std::vector<image::Image> pictures;
    try {
      pictures = image::read_frames(path);
    } catch (const Error& e) {
      ASSERT_NE(std::string(e.what()).find("build again"), std::string::npos) << e.what();
      continue;
    }
    Reader reader(path);
    const std::vector<Frame> all = all_frames(reader);
    ASSERT_EQ(all.size(), pictures.size()) << name;
    double time = 0;
    for (size_t k = 0; k < all.size(); ++k) {
      const bool alpha = pictures[k].color == image::ColorModel::rgba;
      EXPECT_TRUE(same_bits(all[k].pixels, alpha ? image::to_rgb(pictures[k]) : pictures[k].pixels)) << name;
      EXPECT_NEAR(all[k].time, time, 1e-9) << name;
      time += pictures[k].duration > 0 ? pictures[k].duration : 1 / 25.0;
    }
    expect_exact_seeking(reader, all);
  }
}

TEST(Video, FoldersAndPatternsOfPictures) {
  const TempFolder temp;
  for (const int k : {1, 2, 10, 30}) {
    const Tensor picture = full({4, 6, 1}, k, u16);
    image::write(temp / fmt::format("frame_{}.png", k), image::Image(picture));
    image::write(temp / fmt::format("other_{:03}.png", k), image::Image(full({4, 6, 3}, k, u8)));
  }
  Reader reader(temp / "frame_%d.png", {.rate = {10, 1}});
  const std::vector<Frame> all = all_frames(reader);
  ASSERT_EQ(all.size(), 4u);
  for (size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(all[k].pixels.data<uint16_t>()[0], (std::array{1, 2, 10, 30})[k]);
    EXPECT_DOUBLE_EQ(all[k].time, 0.1 * double(k));
  }
  expect_exact_seeking(reader, all);
  EXPECT_EQ(Reader(temp / "other_%03d.png").header().frames, 4);
  EXPECT_NE(error_of([&] { Reader(temp / "other_%04d.png"); }).find("is the name of no picture"),
            std::string::npos);
  Reader mixed(temp.str());
  EXPECT_NE(error_of([&] { all_frames(mixed); }).find("the pictures of a video are alike"),
            std::string::npos);
  EXPECT_NE(error_of([&] { Reader(temp / "nothing.mp4"); }).find("cannot open"), std::string::npos);
}

TEST(Video, ClipsOfFrames) {
  EXPECT_EQ(uniform_frames(80, 8), (std::vector<int64_t>{5, 15, 25, 35, 45, 55, 65, 75}));
  EXPECT_EQ(uniform_frames(2, 4), (std::vector<int64_t>{0, 0, 1, 1}));
  EXPECT_EQ(strided_frames(10, 4, 3, 1), (std::vector<int64_t>{1, 4, 7, 9}));
  EXPECT_EQ(strided_frames(3, 5), (std::vector<int64_t>{0, 1, 2, 2, 2}));
  EXPECT_THROW(strided_frames(3, 1, 1, 3), Error);
  std::vector<std::string> frames;
  for (int k = 0; k < 20; ++k) frames.emplace_back(4, char(k));
  const std::string file = y4m_of(2, 2, "mono", frames);
  Reader reader = reader_of(file, "a.y4m");
  const ClipSampler sampler{.frames = 4, .stride = 3, .start = ClipSampler::Start::random};
  std::vector<int64_t> starts;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Generator one(seed), two(seed);
    const Tensor clip = sampler.sample(reader, one);
    ASSERT_EQ(clip.describe(), "u8 (4,2,2,1)");
    EXPECT_TRUE(same_bits(clip, sampler.sample(reader, two)));
    const uint8_t first = clip.data<uint8_t>()[0];
    for (int k = 0; k < 4; ++k) EXPECT_EQ(clip.data<uint8_t>()[4 * k], first + 3 * k);
    EXPECT_LE(first, 10);
    starts.push_back(first);
  }
  std::sort(starts.begin(), starts.end());
  EXPECT_GE(std::unique(starts.begin(), starts.end()) - starts.begin(), 6);
}

/// The number that a frame of bframes.mp4 shows.
int number_shown(const Tensor& rgb) {
  int number = 0;
  for (int bit = 0; bit < 6; ++bit)
    number |= (rgb.data<uint8_t>()[(16 * rgb.size(1) + 16 * bit + 8) * 3] > 128) << bit;
  return number;
}

bool has_ffmpeg() {
  if (ffmpeg_missing().empty()) return true;
  const std::string error = error_of([] { Reader reader(folder + "video/bframes.mp4"); });
  EXPECT_NE(error.find("libavformat-dev"), std::string::npos) << error;
  return false;
}

TEST(Video, FfmpegSeeksExactlyThroughOpenGops) {
  if (!has_ffmpeg()) return;
  Reader reader(folder + "video/bframes.mp4");
  const Header h = reader.header();
  EXPECT_EQ(h.codec + " " + h.pixel_format, "h264 yuv420p");
  EXPECT_EQ(h.rate, (Rational{30000, 1001}));
  EXPECT_EQ(h.frame_shape(), (Dims{32, 96, 3}));
  EXPECT_NEAR(h.duration, 48 * 1001 / 30000.0, 1e-3);
  const std::vector<Frame> all = all_frames(reader);
  ASSERT_EQ(all.size(), 48u);
  for (size_t k = 0; k < 48; ++k) {
    EXPECT_EQ(number_shown(all[k].pixels), int(k));
    EXPECT_NEAR(all[k].time, double(k) * 1001 / 30000, 1e-4);
  }
  expect_exact_seeking(reader, all);
  for (int64_t k = 0; k < 48; ++k) {  // all that follows, too
    reader.seek(k);
    for (int64_t i = k; i < 48; ++i) EXPECT_EQ(number_shown(reader.next()->pixels), i) << "from " << k;
    EXPECT_FALSE(reader.next().has_value());
  }
}

TEST(Video, FfmpegKeepsTenBits) {
  if (!has_ffmpeg()) return;
  const std::string file = test::slurp(folder + "video/deep.mkv");
  Reader reader = reader_of(file, "deep.mkv");  // from memory
  EXPECT_EQ(reader.header().depth, 10);
  const std::vector<Frame> all = all_frames(reader);
  ASSERT_EQ(all.size(), 3u);
  for (int k = 0; k < 3; ++k) {
    ASSERT_EQ(all[size_t(k)].pixels.describe(), "u16 (16,64,1)");
    for (int x = 0; x < 64; ++x)
      EXPECT_NEAR(all[size_t(k)].pixels.data<uint16_t>()[x], (16 * x + k) * 65535 / 1023.0, 64) << x;
  }
}

TEST(Video, FfmpegEndsWellWhatIsCutOffOrDamaged) {
  if (!has_ffmpeg()) return;
  const std::string file = test::slurp(folder + "video/bframes.mp4");
  for (const size_t n : {size_t{20}, size_t{700}, file.size() / 2, file.size() * 3 / 4, file.size() - 1}) {
    const std::string prefix = file.substr(0, n);
    int came = 0;
    const std::string error = error_of([&] {
      Reader reader = reader_of(prefix, "cut.mp4");
      while (const std::optional<Frame> frame = reader.next()) EXPECT_EQ(number_shown(frame->pixels), came++);
    });
    EXPECT_NE(error.find("cut.mp4"), std::string::npos) << n;
    if (n > file.size() / 2) {
      EXPECT_GT(came, 10) << n;
    }
  }
  expect_mutations_survive(file, "a.mp4", 25);
}

TEST(Video, CamerasNegotiate) {
  const std::vector<CameraMode> modes{
      {fourcc("H264"), 1920, 1080, {30, 1}}, {fourcc("MJPG"), 1280, 720, {30, 1}},
      {fourcc("YUYV"), 1280, 720, {10, 1}},  {fourcc("YUYV"), 640, 480, {30, 1}},
      {fourcc("MJPG"), 640, 480, {30, 1}},   {fourcc("YUYV"), 640, 480, {60, 1}}};
  const auto chosen = [&](const Options& wanted) {
    const CameraMode m = choose_mode(modes, wanted, "cam");
    return fmt::format("{} {}x{} {}", fourcc_name(m.code), m.width, m.height, m.rate.str());
  };
  EXPECT_EQ(chosen({}), "MJPG 1280x720 30");  // the largest; not compressed would be too slow
  EXPECT_EQ(chosen({.rate = {5, 1}}), "YUYV 1280x720 10");
  EXPECT_EQ(chosen({.width = 600, .height = 500}), "YUYV 640x480 30");
  EXPECT_EQ(chosen({.rate = {50, 1}, .width = 640, .height = 480}), "YUYV 640x480 60");
  EXPECT_EQ(error_of([&] { choose_mode(std::span(modes).first(1), {}, "cam"); }),
            "cam offers pixels of H264; YUYV, MJPG, GREY and Y16 are understood");
  EXPECT_NE(error_of([&] { Reader("/dev/video250"); }).find("/dev/video250"), std::string::npos);
}

TEST(Video, BuffersOfCamerasBecomePixels) {
  // White and black share their colour, two to a pair; rows are padded to 6 bytes.
  const std::string yuyv("\xeb\x80\x10\x80..\x10\x80\xeb\x80", 10);
  const Tensor rgb = pixels_of_buffer(bytes_of(yuyv), {fourcc("YUYV"), 2, 2}, 6, "cam");
  ASSERT_EQ(rgb.describe(), "u8 (2,2,3)");
  const int expected[]{255, 0, 0, 255};
  for (int i = 0; i < 12; ++i) EXPECT_EQ(rgb.data<uint8_t>()[i], expected[i / 3]) << i;
  const Tensor deep = pixels_of_buffer(bytes_of("\x01\x02\x03\x04"), {fourcc("Y16 "), 2, 1}, 0, "cam");
  EXPECT_EQ(deep.data<uint16_t>()[1], 0x0403);
  const std::string jpeg = jpeg_of(8, 8, 10, 20, 30);
  EXPECT_TRUE(same_bits(pixels_of_buffer(bytes_of(jpeg), {fourcc("MJPG"), 8, 8}, 0, "cam"),
                        image::decode(bytes_of(jpeg)).pixels));
  EXPECT_NE(error_of([&] {
              pixels_of_buffer(bytes_of("abc"), {fourcc("GREY"), 2, 2}, 0, "cam");
            }).find("3 bytes"),
            std::string::npos);
}

TEST(Video, SheetsShowFramesAtEvenTimes) {
  std::vector<std::string> frames;
  for (int k = 0; k < 40; ++k) frames.emplace_back(64 * 48, char(100 + k));
  const std::string file = y4m_of(64, 48, "mono", frames);
  Reader reader = reader_of(file, "a.y4m");
  const image::Image sheet = contact_sheet(reader, 4, 200);
  EXPECT_LE(sheet.width(), 200);
  const auto shows = [&](int value) {
    const uint8_t* p = sheet.pixels.data<uint8_t>();
    return std::count(p, p + sheet.pixels.numel(), value) > 1000;
  };
  for (const int k : {5, 15, 25, 35}) EXPECT_TRUE(shows(100 + k)) << k;
  EXPECT_FALSE(shows(110));
  const std::string text = header_text(reader.header());
  for (const char* fact : {"y4m", "64 x 48", "40", "30000/1001", "29.97", "0:01.33"})
    EXPECT_NE(text.find(fact), std::string::npos) << fact;
}

TEST(Video, NamesOfVideos) {
  for (const char* name :
       {"a.MP4", "b.y4m", "rtsp://host/camera", "/dev/video0", "x/frame_%04d.png", "c.webm"})
    EXPECT_TRUE(is_video_name(name)) << name;
  for (const char* name : {"a.gif", "b.png", "100%.png", "c%s.png", "video", "mp4"})
    EXPECT_FALSE(is_video_name(name)) << name;
}

}  // namespace
}  // namespace fovea::video
