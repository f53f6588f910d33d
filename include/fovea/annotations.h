// Sets with annotations, for detection and segmentation: pictures whose objects are marked by boxes, outlines
// or masks, as COCO json, Pascal VOC xml, YOLO txt or mask PNGs.
//   const auto set = data::open_annotated("coco/", data::Split::val);
//   data::Sample s = set->sample(0);           // image, boxes, box_labels, masks
//   transforms.apply(s, seed, epoch, 0);       // changes all of them together
//   fmt::print("{}", data::summary(*set).str());
// What is wrong in an annotation file is listed with its place and left out; the rest is there.
// Threads: a set may be read from many threads at once.
#pragma once
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "fovea/data.h"

namespace fovea::data {

/// One object of a picture.
struct Annotation {
  std::array<float, 4> box{};  // left, top, right, bottom in pixels, inside of the picture
  int64_t label = 0;
  bool crowd = false;      // a region of many objects (COCO's iscrowd)
  bool difficult = false;  // hard to recognise (VOC)
  bool truncated = false;  // reaches beyond the picture (VOC)
  /// The object's pixels: outlines x, y, x, y ... that are filled together, or lengths of runs down the
  /// columns, outside first, that sum to the pixels of the picture. Both empty: a box is all that is known.
  std::vector<std::vector<double>> polygons = {};
  std::vector<uint32_t> runs = {};
  /// Whether more than a box is known.
  bool outlined() const { return !polygons.empty() || !runs.empty(); }
};

struct AnnotatedImage {
  std::string file;
  int64_t height = 0, width = 0;  // upright
  std::vector<Annotation> objects = {};
  std::string mask_file = {};  // a picture of class numbers; empty if there is none
  std::vector<std::pair<int64_t, int64_t>> mask_pixels = {};  // class and its pixels in the mask, without 255
};

class AnnotatedDataset {
 public:
  struct Content {
    std::string name = {}, format = {};  // "coco/", "COCO"
    Split split = Split::train;
    std::vector<std::string> classes = {};
    std::vector<AnnotatedImage> images = {};
    std::vector<std::string> warnings = {};
    std::vector<std::string> all_files = {};  // the pictures of all parts; of mask PNGs alone
    bool binary_masks = false;                // 255 in a mask file is class 1, not "ignore"
  };
  explicit AnnotatedDataset(Content content) : content_(std::move(content)) {}

  int64_t size() const { return int64_t(content_.images.size()); }
  const std::string& name() const { return content_.name; }
  /// "COCO", "Pascal VOC", "YOLO" or "mask PNGs"
  const std::string& format() const { return content_.format; }
  Split split() const { return content_.split; }
  const std::vector<std::string>& classes() const { return content_.classes; }
  /// What is wrong in the files: "labels/7.txt:3: class 12 is outside of 0..9", at most 1,000 lines.
  const std::vector<std::string>& warnings() const { return content_.warnings; }
  const AnnotatedImage& image(int64_t index) const { return content_.images.at(size_t(index)); }
  /// The pictures of all parts of a set of mask PNGs; empty for other formats.
  const std::vector<std::string>& all_files() const { return content_.all_files; }
  /// The file of picture `index`.
  const std::string& where(int64_t index) const { return image(index).file; }

  /// Picture `index` with its annotations: the image as planes of its own depth (gray, RGB or many channels);
  /// boxes and labels of the objects that are no crowds; masks u8 (n,H,W) of 0 and 1, one for each of them,
  /// where the set has outlines; of mask files (1,H,W) of class numbers, where 255 means ignore. Throws Error
  /// if the picture cannot be read or has another size than the annotations say.
  Sample sample(int64_t index) const;
  /// The mask file of picture `index`, (H,W) of u8 or u16: class numbers, 255 means ignore. *Requires* that
  /// it has one. Throws Error if it cannot be read or has another size than the picture.
  Tensor mask(int64_t index) const;

 private:
  Content content_;
};

/// Opens a set by what it looks like, or by "coco:PATH", "voc:PATH", "yolo:PATH", "masks:PATH":
/// - COCO: a .json file, or a folder with annotations/*.json and pictures below it;
/// - Pascal VOC: a folder with Annotations/*.xml and JPEGImages/ (ImageSets/Main/*.txt name the parts);
/// - YOLO: a data.yaml, or a folder with one, or with images/ and labels/*.txt;
/// - masks: a folder with images/ and masks/ (or JPEGImages/ and SegmentationClass/) of equal names.
/// Parts train and val are told by names of files and folders; a set without parts gives 10 % of its
/// pictures, by `seed`, for validation. Throws if nothing can be used.
std::shared_ptr<AnnotatedDataset> open_annotated(const std::string& what, Split split, uint64_t seed = 0);
/// Whether `what` looks like such a set.
bool is_annotated(const std::string& what);

/// The same as a set that a network learns to segment by: pictures and the masks of their pixels. Pictures
/// alike in size stay as they are unless options.imgsz asks for another one; others are scaled to squares of
/// imgsz (224 if left out) as a whole. Throws if there are no mask files, or more than 255 classes.
std::shared_ptr<Dataset> open_mask_folder(const std::string& what, Split split,
                                          const OpenOptions& options = {});

/// The pixels inside of `object`, u8 (height, width) of 0 and 1. Outlines are filled as by the COCO API
/// (pycocotools). Of a mere box: the pixels whose centre is inside of it.
Tensor mask_of(const Annotation& object, int64_t height, int64_t width);

/// What a set with annotations holds, as `fovea data` shows it.
struct AnnotationSummary {
  std::string description;  // "coco/ val  COCO  5,000 images  36,335 objects  80 classes"
  std::vector<std::string> classes;
  std::vector<int64_t> objects, images;      // per class: objects, and pictures with some
  std::vector<double> pixels;                // per class: part of all pixels of mask files; empty without
  int64_t empty = 0, crowds = 0, masks = 0;  // pictures without objects; crowds; objects with outlines
  std::array<int64_t, 4> sizes{};            // smallest and largest height, smallest and largest width
  std::vector<std::string> warnings;
  /// At most `listed` warnings, and how many more there are.
  std::string str(int64_t listed = 20) const;
};
AnnotationSummary summary(const AnnotatedDataset& dataset);

}  // namespace fovea::data
