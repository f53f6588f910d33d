#include "fovea/annotations.h"

#include <map>

#include "../files.h"
#include "data/annotations/runs.h"
#include "data/annotations/voc.h"
#include "data/annotations/yolo.h"
#include "fovea/image.h"

namespace fovea::data {
namespace {

using test::error_of;
using test::spill;
using test::TempFolder;
using Boxes = std::vector<float>;

/// A gray picture of 15 x 20 pixels.
void write_picture(const std::string& path, double value = 7) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  image::write(path, image::Image(full({15, 20, 1}, value, u8)));
}

/// The picture of this file name in the set's parts.
Sample sample_of(const std::string& what, const std::string& name) {
  for (const Split split : {Split::train, Split::val}) {
    const auto set = open_annotated(what, split);
    for (int64_t i = 0; i < set->size(); ++i)
      if (set->where(i).ends_with(name)) return set->sample(i);
  }
  ADD_FAILURE() << name << " is not in " << what;
  return {};
}

std::string text_of(const std::vector<std::string>& lines) {
  return fmt::format("{}", fmt::join(lines, "\n"));
}

/// Outlines and the runs that pycocotools 2.0.11 makes of them in 15 x 20 pixels.
TEST(Annotations, MasksEqualTheCocoApi) {
  const std::vector<std::pair<std::vector<double>, std::string>> cases{
      {{2.3, 1.2, 14.7, 3.9, 9.1, 11.6}, "^12>0O2N1O2O0O1OO1N2O2Ng2"},
      {{0, 0, 20, 0, 20, 15, 0, 15}, "0\\9"},
      {{5.5, 5.5, 6.5, 5.5, 6.5, 6.5, 5.5, 6.5}, "P31[6"},
      {{1, 1, 18.2, 14.9, 18.9, 2, 3.5, 13.5}, "`02>4L4LO1N1O2O1N2N1000O2N2N2O1N2N1OMa0"},
      {{7, 3, 12, 3, 12, 9, 9, 6, 7, 9}, "\\35:O1O11O1d3"}};
  const double areas[] = {53, 300, 1, 103, 21};
  for (size_t i = 0; i < cases.size(); ++i) {
    const Tensor outline = mask_of({.polygons = {cases[i].first}}, 15, 20);
    const Tensor runs = mask_of({.runs = runs_of_text(cases[i].second, 300)}, 15, 20);
    EXPECT_EQ(outline.to_vector<double>(), runs.to_vector<double>()) << i;
    double area = 0;
    for (const double v : runs.to_vector<double>()) area += v;
    EXPECT_EQ(area, areas[i]);
  }
  EXPECT_NE(error_of([] { runs_of_text("0\\9", 299); }).find("leave the 299 pixels"), std::string::npos);
  EXPECT_NE(error_of([] { runs_of_text("0\\", 300); }).find("damaged"), std::string::npos);
  EXPECT_NE(error_of([] { runs_of_text("oooooooooooo", 300); }).find("damaged"), std::string::npos);
}

TEST(Annotations, Coco) {
  TempFolder root;
  write_picture(root / "val2017/a.png"), write_picture(root / "train2017/b.png");
  const std::string categories =
      R"("categories": [{"id": 90, "name": "toothbrush"}, {"id": 3, "name": "car"}])";
  spill(root / "annotations/instances_train2017.json",
        R"({"images": [{"id": 1, "file_name": "b.png", "width": 20, "height": 15}], "annotations": [], )" +
            categories + "}");
  spill(root / "annotations/instances_val2017.json",
        R"({"annotations": [
  {"id": 1, "image_id": 7, "category_id": 90, "bbox": [2, 3, 5, 6.5], "segmentation": [[2, 3, 7, 3, 7, 9]]},
  {"id": 2, "image_id": 7, "category_id": 3, "bbox": [0, 0, 20.4, 15], "iscrowd": 1, "segmentation": {"size": [15, 20], "counts": [0, 300]}},
  {"id": 3, "image_id": 7, "category_id": 3, "bbox": [0, 0, 20.4, 15], "segmentation": {"size": [15, 20], "counts": "0\\9"}},
  {"id": 4, "image_id": 7, "category_id": 3, "bbox": [0, 0, 25, 15]},
  {"id": 5, "image_id": 7, "category_id": 3, "bbox": [4, 4, 0, 3]},
  {"id": 6, "image_id": 7, "category_id": 4, "bbox": [0, 0, 5, 5]},
  {"id": 7, "image_id": 8, "category_id": 3, "bbox": [0, 0, 5, 5]},
  {"id": 8, "image_id": 7, "category_id": 3, "bbox": [0, 0, null, 5]},
  {"id": 1, "image_id": 7, "category_id": 3, "bbox": [0, 0, 5, 5]},
  {"id": 9, "image_id": 7, "category_id": 3, "bbox": [0, 0, 5, 5], "segmentation": {"size": [15, 20], "counts": [4000000000, 4000000000]}},
  {"id": 10, "image_id": 7, "category_id": 3, "bbox": [0, 0, 5, 5], "segmentation": {"size": [15, 20], "counts": [300]}},
  {"id": 11, "image_id": 9, "category_id": 3, "bbox": [0, 0, 1, 1]},
  {"id": 12, "image_id": 7, "category_id": 3, "bbox": [0, 0, 1e300, 5]}, 5],
 "images": [{"id": 7, "file_name": "a.png", "width": 20, "height": 15}, {"id": 9, "file_name": "gone.png", "width": 2, "height": 2}], )" +
            categories + "}");
  ASSERT_TRUE(is_annotated(root.str()));
  const auto set = open_annotated(root.str(), Split::val);
  EXPECT_EQ(set->format(), "COCO");
  EXPECT_EQ(set->classes(), (std::vector<std::string>{"car", "toothbrush"}));
  EXPECT_EQ(set->size(), 1);
  const Sample s = set->sample(0);
  EXPECT_EQ(s.image.shape(), (Dims{1, 15, 20}));
  EXPECT_EQ(s.boxes.to_vector<float>(), (Boxes{2, 3, 7, 9.5f, 0, 0, 20, 15}));
  EXPECT_EQ(s.box_labels.to_vector<int64_t>(), (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(s.masks.shape(), (Dims{2, 15, 20}));
  const std::string warnings = text_of(set->warnings());
  for (const char* text :
       {"annotation 4: its box 0,0 to 25,15 reaches outside of the picture, 20 wide and 15 high",
        "annotation 5: its box 4,4 to 4,7 has no area", "annotation 6: there is no category 4",
        "annotation 7: there is no image 8", "annotation 8: has null as a number of its bbox",
        "annotation 1: is there twice", "annotation 9: has the run 4000000000",
        "annotation 10: it has an empty mask", "annotation 12: its box 0,0 to 1e+300,5 reaches",
        "annotation number 13: is no object", "val2017/gone.png is missing"})
    EXPECT_NE(warnings.find(text), std::string::npos) << text << " is not in\n" << warnings;
  EXPECT_EQ(set->warnings().size(), 11u);
  const AnnotationSummary all = summary(*set);
  EXPECT_EQ(all.objects, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(all.crowds, 1);
  EXPECT_EQ(open_annotated(root.str(), Split::train)->where(0), root / "train2017/b.png");

  spill(root / "annotations/instances_val2017.json", std::string(100, '['));
  EXPECT_NE(error_of([&] { open_annotated(root.str(), Split::val); }).find("deeper than 16"),
            std::string::npos);
  spill(root / "annotations/instances_val2017.json", R"({"images": [)");
  EXPECT_NE(error_of([&] { open_annotated(root.str(), Split::val); }).find("is no JSON file"),
            std::string::npos);
}

TEST(Annotations, PascalVoc) {
  TempFolder root;
  for (const char* name : {"a", "b"}) write_picture(root / fmt::format("JPEGImages/{}.png", name));
  const auto object = [](const std::string& name, const std::string& corners) {
    return "  <object><name>" + name + "</name>\n    <difficult>1</difficult><bndbox>" + corners +
           "</bndbox></object>\n";
  };
  spill(root / "Annotations/a.xml",
        "<annotation>\n  <size><width>20</width><height>15</height></size>\n" +
            object("dog", "<xmin>1</xmin><ymin>1</ymin><xmax>20</xmax><ymax>15</ymax>") +
            object("cat", "<xmin>5</xmin><ymin>6</ymin><xmax>5</xmax><ymax>8</ymax>") +
            object("dog", "<xmin>5</xmin><ymin>6</ymin><xmax>50</xmax><ymax>8</ymax>") +
            object("dog", "<xmin>5</xmin><ymin>six</ymin><xmax>6</xmax><ymax>8</ymax>") + "</annotation>");
  spill(root / "Annotations/b.xml", "<annotation></annotation>");
  spill(root / "Annotations/broken.xml", "<annotation>\n<object></annotation>");
  spill(root / "Annotations/alone.xml", "<annotation></annotation>");
  spill(root / "ImageSets/Main/train.txt", "b\n");
  spill(root / "ImageSets/Main/val.txt", "a\nalone\nmissing\n");
  if (!is_annotated(root.str())) FAIL();
  try {
    open_annotated(root.str(), Split::val);
  } catch (const Error& e) {
    ASSERT_EQ(voc_parser, nullptr) << e.what();
    EXPECT_NE(std::string(e.what()).find("libpugixml-dev"), std::string::npos) << e.what();
    return;
  }
  const auto set = open_annotated(root.str(), Split::val);
  EXPECT_EQ(set->classes(), (std::vector<std::string>{"cat", "dog"}));
  ASSERT_EQ(set->size(), 1);
  const Sample s = set->sample(0);
  EXPECT_EQ(s.boxes.to_vector<float>(),
            (Boxes{0, 0, 20, 15, 4, 5, 5, 8}));  // corners count from 1, inclusive
  EXPECT_EQ(s.box_labels.to_vector<int64_t>(), (std::vector<int64_t>{1, 0}));
  EXPECT_TRUE(set->image(0).objects[0].difficult);
  const std::string warnings = text_of(set->warnings());
  for (const char* text : {"a.xml:7: its box 4,5 to 50,8 reaches outside",
                           "a.xml:9: an object has no number as ymin", "broken.xml:2: this is no XML",
                           "its picture JPEGImages/alone is missing", "there is no Annotations/missing.xml"})
    EXPECT_NE(warnings.find(text), std::string::npos) << text << " is not in\n" << warnings;
  EXPECT_EQ(open_annotated(root.str(), Split::train)->image(0).width, 20);  // told by the picture alone
}

TEST(Annotations, Yolo) {
  TempFolder root;
  for (const char* name : {"train/a", "train/b", "val/c"})
    write_picture(root / fmt::format("images/{}.png", name));
  spill(root / "labels/train/a.txt",
        "0 0.5 0.5 0.5 0.2\n\n1 0 0 0.5 0 0.5 0.4\n2 0.5 0.5 0.1 0.1\n0 0.9 0.5 0.5 0.1\n0 0.5 0.5\n0 nan "
        "0.5 0.1 0.1\n"
        "0 0.5 0.5 x 0.1\n0 0.5 0.5 0.5 0.2\r\n1.5 0.5 0.5 0.1 0.1\n");
  spill(root / "classes.txt", "person\nbicycle\n");
  const auto set = open_annotated(root.str(), Split::train);
  EXPECT_EQ(set->classes(), (std::vector<std::string>{"person", "bicycle"}));
  ASSERT_EQ(set->size(), 2);
  const Sample s = set->sample(0);
  const Boxes boxes = s.boxes.to_vector<float>(), expected{5, 6, 15, 9, 0, 0, 10, 6};
  for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(boxes[i], expected[i], 1e-5);
  EXPECT_EQ(s.masks.shape(), (Dims{2, 15, 20}));
  EXPECT_EQ(set->sample(1).boxes.shape(), (Dims{0, 4}));
  const std::string warnings = text_of(set->warnings());
  for (const char* text :
       {"a.txt:4: class 2 is outside of 0..1", "a.txt:5: its box 13,6.75 to 23,8.25 reaches outside",
        "a.txt:6: wants", "a.txt:7: its box has the number nan", "a.txt:8: holds something that is no number",
        "a.txt:9: stands there twice", "a.txt:10: class 1.5 is outside"})
    EXPECT_NE(warnings.find(text), std::string::npos) << text << " is not in\n" << warnings;
  EXPECT_EQ(open_annotated(root.str(), Split::val)->size(), 1);

  spill(root / "data.yaml", "path: .\ntrain: images/train\nval: [images/val]\nnames: {0: 'man', 1: bike}\n");
  try {
    EXPECT_EQ(open_annotated(root.str(), Split::train)->classes(), (std::vector<std::string>{"man", "bike"}));
    spill(root / "data.yaml", "path: /\ntrain: /\nnames: [man]\n");
    const std::string error = test::error_of([&] { open_annotated(root.str(), Split::train); });
    EXPECT_NE(error.find("the whole file system"), std::string::npos) << error;
  } catch (const Error& e) {
    EXPECT_EQ(yolo_yaml_parser, nullptr) << e.what();
    EXPECT_NE(std::string(e.what()).find("libyaml-cpp-dev"), std::string::npos) << e.what();
  }
}

TEST(Annotations, MaskPictures) {
  TempFolder root;
  const auto write_mask = [&](const std::string& name, const std::vector<double>& values) {
    write_picture(root / ("images/" + name + ".jpg"));
    Tensor mask = full({15, 20, 1}, 0., u8);
    for (size_t i = 0; i < values.size(); ++i) mask.data<uint8_t>()[i] = uint8_t(values[i]);
    std::filesystem::create_directories(std::filesystem::path(root / ("masks/" + name)).parent_path());
    image::write(root / ("masks/" + name + ".png"), image::Image(mask));
  };
  write_mask("train/a", {1, 1, 2, 255});
  write_mask("train/b", {2});
  write_mask("train/wrong", {9});
  write_mask("train/empty", {255});
  write_mask("val/c", {1});
  write_picture(root / "images/train/alone.jpg");
  spill(root / "classes.txt", "ground\ncat\ndog\n");
  const Sample s = sample_of(root.str(), "a.jpg");
  EXPECT_EQ(s.masks.shape(), (Dims{1, 15, 20}));
  const auto values = s.masks.to_vector<double>();
  EXPECT_EQ(std::vector<double>(values.begin(), values.begin() + 5), (std::vector<double>{1, 1, 2, 255, 0}));
  const auto set = open_annotated(root.str(), Split::train);
  EXPECT_EQ(set->size(), 2);
  EXPECT_EQ(summary(*set).images, (std::vector<int64_t>{2, 1, 2}));
  const std::string warnings = text_of(set->warnings());
  for (const char* text :
       {"wrong.png: class 9 is outside of 0..2", "empty.png: an empty mask", "alone.jpg: there is no mask"})
    EXPECT_NE(warnings.find(text), std::string::npos) << text << " is not in\n" << warnings;
}

/// Palettes colour classes for people; the stored index is the class, also below 8 bits.
TEST(Annotations, MasksOfPalettesAndTwoColours) {
  const std::string folder = FOVEA_SOURCE_DIR "/tests/image/data/";
  const auto read = [&](const char* name, bool indices) {
    return image::read(folder + name, {.indices = indices}).pixels;
  };
  const Tensor gray = read("basi0g02.png", false), levels = read("basi0g02.png", true);
  for (int64_t i = 0; i < levels.numel(); ++i)
    ASSERT_EQ(levels.data<uint8_t>()[i] * 85, gray.data<uint8_t>()[i]);  // 2 bits
  const Tensor colours = read("basn3p02.png", false), indices = read("basn3p02.png", true);
  ASSERT_EQ(indices.shape(), (Dims{32, 32, 1}));
  std::map<int, int> colour_of;  // a palette of four
  for (int64_t i = 0; i < indices.numel(); ++i) {
    const uint8_t* rgb = colours.data<uint8_t>() + 3 * i;
    const int colour = rgb[0] << 16 | rgb[1] << 8 | rgb[2];
    ASSERT_EQ(colour_of.emplace(indices.data<uint8_t>()[i], colour).first->second, colour);
  }
  EXPECT_EQ(colour_of.size(), 4u);
  EXPECT_EQ(colour_of.rbegin()->first, 3);
  TempFolder root;
  write_picture(root / "images/train/a.png"), write_picture(root / "images/val/a.png");
  for (const char* part : {"train", "val"}) {
    Tensor mask = full({15, 20, 1}, 0., u8);
    mask.data<uint8_t>()[3] = 255;
    std::filesystem::create_directories(root / fmt::format("masks/{}", part));
    image::write(root / fmt::format("masks/{}/a.png", part), image::Image(mask));
  }
  const auto set = open_annotated(root.str(), Split::val);
  EXPECT_EQ(set->classes(), (std::vector<std::string>{"background", "object"}));
  EXPECT_EQ(set->sample(0).masks.to_vector<double>()[3], 1);
}

}  // namespace
}  // namespace fovea::data
