// Image files of any depth and any number of channels as examples.
#include "fovea/files.h"

#include <cmath>
#include <set>

#include "../files.h"
#include "fovea/loader.h"
#include "fovea/npy.h"

namespace fovea::data {
namespace {

using image::ColorModel;
using test::error_of;
using test::TempFolder;

const std::string formats = FOVEA_SOURCE_DIR "/tests/image/formats/";

/// Numbers 0, step, 2 step ...
Tensor ramp(const Dims& shape, DType dtype, double step, double start = 0) {
  const Tensor t = Tensor::empty(shape, f64);
  for (int64_t i = 0; i < t.numel(); ++i) t.data<double>()[i] = start + step * double(i);
  return t.to(dtype);
}

PictureFormat format_of(const std::vector<std::string>& files, const OpenOptions& options = {}) {
  return survey_files(files, options).format(options);
}

TEST(PictureSurvey, TakesFilesAsTheyAre) {
  const std::tuple<const char*, const char*, Dims, OpenOptions> cases[] = {
      {"bands5.tif", "5 channels", {9, 13, 5}, {}},
      {"gray.pgm", "gray u8", {9, 13, 1}, {}},
      {"deep.pgm", "gray u16", {9, 13, 1}, {}},
      {"f32.tif", "gray f32", {9, 13, 1}, {}},
      {"f64.tif", "gray f32", {9, 13, 1}, {}},
      {"signed.tif", "gray f32", {9, 13, 1}, {}},
      {"rgba.tga", "RGB u8", {9, 13, 3}, {}},
      {"rgba.tga", "RGBA u8", {9, 13, 4}, {.channels = 4}},
      {"rgba.tga", "gray u16", {9, 13, 1}, {.channels = 1, .depth = 16}},
      {"cmyk_adobe.jpg", "RGB u8", {40, 56, 3}, {}},
      {"cmyk_adobe.jpg", "CMYK u8", {40, 56, 4}, {.channels = 4}},
      {"lab.tif", "RGB", {9, 13, 3}, {}},
      {"ct.dcm", "gray f32 (values)", {9, 13, 1}, {}},
      {"xray10.dcm", "gray u16", {9, 13, 1}, {}},
      {"cine.dcm", "5 channels u8, frames as channels", {9, 13, 5}, {.frames = Frames{Frames::channels}}},
      {"cine.dcm", "gray u8, frame 3", {9, 13, 1}, {.frames = Frames{.index = 3}}},
      {"cine.dcm", "gray u8, each frame", {9, 13, 1}, {.frames = Frames{Frames::each}}},
      {"flir.jpg", "gray f32 (values), frame 1", {}, {.frames = Frames{.index = 1}}}};
  for (const auto& [name, text, shape, options] : cases) {
    const PictureFormat format = format_of({formats + name}, options);
    EXPECT_EQ(format.describe().find(text), 0u) << name << ": " << format.describe();
    const Tensor pixels = read_picture(formats + name, format);
    EXPECT_EQ(pixels.dtype(), format.dtype) << name;
    EXPECT_EQ(pixels.size(2), format.channels) << name;
    if (!shape.empty()) {
      EXPECT_EQ(pixels.shape(), shape) << name;
    }
  }
}

TEST(PictureSurvey, WidensToTheDeepest) {
  const OpenOptions usual;
  const std::vector<std::string> gray{formats + "gray.pgm"}, deep{formats + "deep.pgm"};
  const std::vector<std::string> both{gray[0], deep[0]}, real{gray[0], formats + "f32.tif"};
  EXPECT_TRUE(survey_files(gray).warnings(format_of(gray), usual).empty());
  const PictureFormat wide = format_of(both);
  EXPECT_EQ(wide.dtype, u16);
  ASSERT_EQ(survey_files(both).warnings(wide, usual).size(), 1u);
  EXPECT_NE(survey_files(both).warnings(wide, usual)[0].find("all are read as u16"), std::string::npos);
  const auto narrow = image::read(gray[0]).pixels.to_vector<double>();
  const auto times = read_picture(gray[0], wide).to_vector<double>();
  const auto same = read_picture(gray[0], format_of(real)).to_vector<double>();
  for (size_t i = 0; i < narrow.size(); ++i) {
    EXPECT_EQ(times[i], 257 * narrow[i]);
    EXPECT_EQ(same[i], narrow[i]);
  }
  EXPECT_TRUE(same_bits(read_picture(deep[0], wide), image::read(deep[0]).pixels));
}

TEST(PictureSurvey, WarnsOfWhatIsOdd) {
  const auto warnings = [](const std::vector<std::string>& names) {
    std::vector<std::string> files;
    for (const std::string& name : names) files.push_back(formats + name);
    const PictureSurvey survey = survey_files(files);
    std::string all;
    for (const std::string& text : survey.warnings(survey.format(), {})) all += text + "\n";
    return all;
  };
  EXPECT_EQ(warnings({"gray.pgm", "gray.tif", "white.tif"}), "");
  EXPECT_NE(warnings({"f64.tif"}).find("rounded"), std::string::npos);
  EXPECT_NE(warnings({"cine.dcm"}).find("holds 5 frames"), std::string::npos);
  EXPECT_NE(warnings({"deep.pgm", "ct.dcm"}).find("ct.dcm has a scale for its numbers and "),
            std::string::npos);
  EXPECT_THROW(PictureSurvey().format(), Error);
}

TEST(PictureSurvey, KeepsColoursThatAreReadAsFloats) {
  const std::string ink = formats + "cmyk_adobe.jpg";
  const PictureFormat deep = format_of({ink}, {.depth = 32});
  EXPECT_EQ(deep.describe(), "RGB f32 (values)");
  EXPECT_TRUE(same_bits(read_picture(ink, deep), read_picture(ink, format_of({ink})).to(f32)));
}

TEST(PictureSurvey, RefusesWhatDoesNotGoTogether) {
  const std::string bands = formats + "bands5.tif", gray = formats + "gray.pgm";
  EXPECT_NE(error_of([&] { format_of({bands, gray}); }).find("make two sets"), std::string::npos);
  EXPECT_NE(error_of([&] { format_of({bands}, {.channels = 3}); }).find("give channels=5"),
            std::string::npos);
  EXPECT_NE(error_of([&] { format_of({gray}, {.channels = 4}); }).find("give 1 for gray"), std::string::npos);
  EXPECT_NE(error_of([&] { format_of({gray}, {.depth = 8}); }).find("depth=8"), std::string::npos);
  const OpenOptions stack{.frames = Frames{Frames::channels}};
  EXPECT_NE(error_of([&] {
              format_of({formats + "cine.dcm", gray}, stack);
            }).find("5 frames"),
            std::string::npos);
  EXPECT_THROW(parse_frames("last"), Error);
  EXPECT_THROW(parse_frames("-1"), Error);
}

TEST(Picture, IsNeverNarrowed) {
  const PictureFormat gray{.color = ColorModel::gray, .channels = 1};
  EXPECT_NE(error_of([&] { read_picture(formats + "deep.pgm", gray); }).find("depth=16"), std::string::npos);
  EXPECT_NE(error_of([&] { read_picture(formats + "f32.tif", gray); }).find("depth=32"), std::string::npos);
  EXPECT_NE(error_of([&] {
              read_picture(formats + "bands5.tif", gray);
            }).find("5 channels, but pictures here are gray"),
            std::string::npos);
  const PictureFormat numbers{.color = ColorModel::gray, .channels = 1, .dtype = f32};
  EXPECT_NE(error_of([&] { read_picture(formats + "ct.dcm", numbers); }).find("a scale (HU)"),
            std::string::npos);
}

TEST(Picture, HoldsPhysicalValues) {
  const image::Image ct = image::read(formats + "ct.dcm");
  const PictureFormat format = format_of({formats + "ct.dcm"});
  EXPECT_TRUE(same_bits(read_picture(formats + "ct.dcm", format), image::values(ct)));
  const image::Image flir = image::read(formats + "flir.jpg", {.frame = 1});
  const OpenOptions counts{.frames = Frames{.index = 1}};
  EXPECT_TRUE(same_bits(read_picture(formats + "flir.jpg", format_of({formats + "flir.jpg"}, counts)),
                        image::values(flir)));
}

TEST(Picture, TurnsWhiteZeroRound) {
  const image::Image xray = image::read(formats + "xray10.dcm");
  PictureFormat format = format_of({formats + "xray10.dcm"});
  const auto stored = xray.pixels.to_vector<double>();
  const auto turned = read_picture(formats + "xray10.dcm", format).to_vector<double>();
  format.own_window = true;  // 800 around 500, as it is stored
  const Tensor shown = read_picture(formats + "xray10.dcm", format);
  EXPECT_EQ(shown.dtype(), f32);
  const auto windowed = shown.to_vector<double>();
  for (size_t i = 0; i < stored.size(); ++i) {
    EXPECT_EQ(turned[i], 1023 - stored[i]);
    EXPECT_NEAR(windowed[i], 1 - std::clamp((stored[i] - 100) / 800, 0., 1.), 1e-6);
  }
}

TEST(Picture, IsCutToARange) {
  TempFolder root;
  const Tensor numbers = ramp({1, 6, 2}, f32, 1);
  numbers.data<float>()[11] = NAN;
  image::write(root / "x.tif", image::Image(numbers, ColorModel::many));
  PictureFormat format{.color = ColorModel::many, .channels = 2, .dtype = f32};
  EXPECT_NE(error_of([&] { read_picture(root / "x.tif", format); }).find("1 numbers that are not finite"),
            std::string::npos);
  format.range = {{2, 6}, {1, 11}};
  const auto x = read_picture(root / "x.tif", format).to_vector<float>();
  const std::vector<float> wanted{0, 0, 0, 0.2f, 0.5f, 0.4f, 1, 0.6f, 1, 0.8f, 1, 0};
  EXPECT_EQ(x, wanted);
}

TEST(FileDataset, MakesAnExampleOfEachFrame) {
  TempFolder root;
  for (int i = 0; i < 3; ++i)
    save_npy(root / fmt::format("{}.npy", i), ramp({i + 1, 4, 5, 1}, u16, 1, 1000 * i));
  const std::vector<std::string> files{root / "0.npy", root / "1.npy", root / "2.npy"};
  const auto open = [&](const OpenOptions& o) {
    return FileDataset({.name = "list", .classes = {"a", "b"}}, {{files[0], 0}, {files[1], 1}, {files[2], 1}},
                       survey_files(files, o), o);
  };
  const FileDataset each = open({.frames = Frames{Frames::each}});
  ASSERT_EQ(each.size(), 6);
  EXPECT_EQ(each.example_shape(), (Dims{1, 4, 5}));
  EXPECT_TRUE(each.warnings().empty());
  EXPECT_EQ(each.label(0), 0);
  EXPECT_EQ(each.where(5), files[2] + " frame 2");
  EXPECT_EQ(each.example(5).image.at<uint16_t>({0, 0, 1}), 2041);
  const FileDataset first = open({});
  EXPECT_EQ(first.size(), 3);
  ASSERT_EQ(first.warnings().size(), 1u);
  EXPECT_NE(first.warnings()[0].find("frames=each"), std::string::npos);
  EXPECT_THROW(FileDataset({.name = "bad", .classes = {"a"}}, {{files[0], 1}}, survey_files(files)), Error);
}

TEST(FileDataset, IsAugmentedInItsOwnDepth) {
  TempFolder root;
  std::vector<FileExample> examples;
  std::vector<std::string> files;
  for (int k = 0; k < 3; ++k) {
    files.push_back(root / fmt::format("{}.tif", k));
    // 960 neighbouring numbers of 16 bits: at most 5 of 8 bits
    image::write(files.back(), image::Image(ramp({16, 12 + k, 5}, u16, 1, 20000), ColorModel::many));
    examples.push_back({files.back()});
  }
  const auto set =
      std::make_shared<const FileDataset>(FileDataset::Info{.name = "deep", .classes = {"a"}}, examples,
                                          survey_files(files), OpenOptions{.imgsz = 12});
  EXPECT_EQ(set->example_shape(), (Dims{5, 14, 14}));
  for (const std::string& text :
       {set->transforms(true).describe(),
        std::string("RandomResizedCrop(12), RandomHorizontalFlip, RandAugment(2)"),
        std::string("Cover(12), TrivialAugmentWide"), std::string("Cover(12), AugMix"),
        std::string("Cover(12), ElasticTransform(5, sigma=1), RandomErasing(1)"),
        std::string("Cover(12), RandomRotation(20, interpolation=bilinear), GaussianBlur(3)"),
        std::string("Cover(12), ColorJitter(0.2, contrast=0.2), RandomAdjustSharpness(2, p=1)"),
        std::string("Letterbox(12), RandomPerspective(0.3, p=1), RandomInvert(1)")}) {
    DataLoader loader(set, {.batch = 3, .seed = 1, .transforms = parse_transforms(text)});
    std::set<float> distinct;
    for (const int64_t epoch : {0, 1})
      for (const float v : (*loader.epoch(epoch).begin()).images.to_vector<float>()) {
        EXPECT_TRUE(std::isfinite(v)) << text;
        distinct.insert(v);
      }
    EXPECT_GT(distinct.size(), 256u) << text;
  }
}

TEST(FileDataset, FindsFilesOfEveryFormat) {
  TempFolder root;
  for (const char* name : {"a.tif", "b.npy", "c.nii.gz", "d.JPG", "e.txt", ".f.png", "IM0001", "notes"})
    test::spill(root / fmt::format("class/{}", name), "");
  test::spill(root / "class/IM0001", std::string(128, ' ') + "DICM");
  std::vector<std::string> names;
  for (const std::string& path : image_files_below(root.str()))
    names.push_back(std::filesystem::path(path).filename().string());
  EXPECT_EQ(names, (std::vector<std::string>{"IM0001", "a.tif", "b.npy", "c.nii.gz", "d.JPG"}));
}

}  // namespace
}  // namespace fovea::data
