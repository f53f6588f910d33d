#include <algorithm>

#include "base/text.h"
#include "data/planes.h"
#include "fovea/annotations.h"
#include "fovea/image.h"

namespace fovea::data {
namespace {

/// The picture as planes; alpha is dropped, other colours than gray become RGB.
Tensor planes_of(const image::Image& picture, const Tensor& pixels) {
  using image::ColorModel;
  const Tensor x = image::to_computable(pixels);
  if (picture.color == ColorModel::many) return planes_of_table(x);
  const bool gray = picture.color == ColorModel::gray || picture.color == ColorModel::gray_alpha;
  const Tensor colour = gray ? image::to_gray(x, picture.color) : image::to_rgb(x, picture.color);
  return planes_of_table(colour.reshape({x.size(0), x.size(1), gray ? 1 : 3}));
}

/// Objects that a detector learns from.
std::vector<const Annotation*> single_objects(const AnnotatedImage& image) {
  std::vector<const Annotation*> all;
  for (const Annotation& object : image.objects)
    if (!object.crowd) all.push_back(&object);
  return all;
}

void add_objects(Sample& sample, const AnnotatedImage& image) {
  const auto objects = single_objects(image);
  const auto n = int64_t(objects.size());
  sample.boxes = Tensor::empty({n, 4});
  sample.box_labels = Tensor::empty({n}, i64);
  bool masks = false;
  for (size_t i = 0; i < objects.size(); ++i) {
    std::copy_n(objects[i]->box.begin(), 4, sample.boxes.data<float>() + 4 * i);
    sample.box_labels.data<int64_t>()[i] = objects[i]->label;
    masks |= objects[i]->outlined();
  }
  if (!masks) return;
  const int64_t bytes = image::default_limits().bytes;
  check(n * image.height * image.width <= bytes,
        "{}: masks of {} objects are larger than the limit {} bytes (FOVEA_MAX_BYTES raises it)", image.file,
        n, thousands(bytes));
  sample.masks = Tensor::empty({n, image.height, image.width}, u8);
  for (int64_t i = 0; i < n; ++i)
    sample.masks.select(0, i).copy_from(mask_of(*objects[size_t(i)], image.height, image.width));
}

}  // namespace

Sample AnnotatedDataset::sample(int64_t index) const {
  check(index >= 0 && index < size(), "picture {} is outside of the {} of {}", index, size(), name());
  const AnnotatedImage& image = this->image(index);
  const image::Image picture = image::read(image.file);
  const auto fits = [&](const Tensor& x) { return x.size(0) == image.height && x.size(1) == image.width; };
  Tensor pixels = image::upright(picture);
  if (!fits(pixels)) pixels = picture.pixels;  // annotated as it is stored
  check(fits(pixels), "{} is {} x {}, but its annotations say {} x {}", image.file, picture.height(),
        picture.width(), image.height, image.width);
  Sample sample{.image = planes_of(picture, pixels)};
  if (image.mask_file.empty()) {
    add_objects(sample, image);
    return sample;
  }
  sample.masks = mask(index).reshape({1, image.height, image.width});
  return sample;
}

Tensor AnnotatedDataset::mask(int64_t index) const {
  const AnnotatedImage& image = this->image(index);
  check(!image.mask_file.empty(), "{} has no mask file", image.file);
  const Tensor pixels = image::read(image.mask_file, {.indices = true}).pixels;
  check(pixels.shape() == Dims({image.height, image.width, 1}), "{} is no mask of one channel and {} x {}",
        image.mask_file, image.height, image.width);
  const Tensor classes = pixels.reshape({image.height, image.width}).contiguous();
  if (content_.binary_masks)
    for (int64_t i = 0; i < classes.numel(); ++i) classes.data<uint8_t>()[i] &= 1;
  return classes;
}

AnnotationSummary summary(const AnnotatedDataset& set) {
  const size_t classes = set.classes().size();
  AnnotationSummary s{.description = {},
                      .classes = set.classes(),
                      .objects = std::vector<int64_t>(classes, 0),
                      .images = std::vector<int64_t>(classes, 0),
                      .pixels = {},
                      .warnings = set.warnings()};
  std::vector<double> pixels(classes, 0);
  double all_pixels = 0;
  int64_t objects = 0;
  for (int64_t i = 0; i < set.size(); ++i) {
    const AnnotatedImage& image = set.image(i);
    if (i == 0) s.sizes = {image.height, image.height, image.width, image.width};
    s.sizes = {std::min(s.sizes[0], image.height), std::max(s.sizes[1], image.height),
               std::min(s.sizes[2], image.width), std::max(s.sizes[3], image.width)};
    std::vector<bool> seen(classes, false);
    for (const Annotation& object : image.objects) {
      ++objects, ++s.objects[size_t(object.label)];
      s.crowds += object.crowd, s.masks += object.outlined();
      seen[size_t(object.label)] = true;
    }
    for (const auto& [label, count] : image.mask_pixels)
      pixels[size_t(label)] += double(count), all_pixels += double(count), seen[size_t(label)] = true;
    s.empty += image.objects.empty() && image.mask_file.empty();
    for (size_t c = 0; c < classes; ++c) s.images[c] += seen[c];
  }
  if (all_pixels > 0)
    for (double& p : pixels) s.pixels.push_back(p / all_pixels);
  s.description = fmt::format("{} {}  {}  {} images", set.name(), name_of(set.split()), set.format(),
                              thousands(set.size()));
  if (all_pixels == 0) s.description += fmt::format("  {} objects", thousands(objects));
  s.description += fmt::format("  {} classes", classes);
  return s;
}

std::string AnnotationSummary::str(int64_t listed) const {
  std::string out = description + "\n";
  size_t width = 0;
  for (const auto& name : classes) width = std::max(width, name.size());
  for (size_t c = 0; c < classes.size(); ++c) {
    const std::string count = pixels.empty() ? fmt::format("{:>9} objects", thousands(objects[c]))
                                             : fmt::format("{:>6.2f}% of the pixels", 100 * pixels[c]);
    out += fmt::format("  {:<{}}  {}  in {} images\n", classes[c], width, count, thousands(images[c]));
  }
  if (sizes[0] == sizes[1] && sizes[2] == sizes[3]) out += fmt::format("  all {}x{}\n", sizes[2], sizes[0]);
  else out += fmt::format("  {} to {} wide, {} to {} high\n", sizes[2], sizes[3], sizes[0], sizes[1]);
  if (masks) out += fmt::format("  {} objects have outlines\n", thousands(masks));
  if (crowds) out += fmt::format("  {} regions are crowds\n", thousands(crowds));
  if (empty) out += fmt::format("  {} images are without objects\n", thousands(empty));
  const size_t shown = std::min(warnings.size(), size_t(std::max<int64_t>(listed, 0)));
  for (size_t i = 0; i < shown; ++i) out += "  warning: " + warnings[i] + "\n";
  if (shown < warnings.size()) out += fmt::format("  and {} more warnings\n", warnings.size() - shown);
  return out;
}

}  // namespace fovea::data
