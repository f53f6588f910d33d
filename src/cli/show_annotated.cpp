// Sets with annotations, for `fovea show`.
#include <algorithm>

#include "cli/show_data.h"
#include "fovea/annotations.h"
#include "fovea/draw.h"

namespace fovea::cli {
namespace {

std::shared_ptr<data::AnnotatedDataset> open(const std::string& what, const ExampleKeys& keys) {
  return data::open_annotated(what, keys.split == "train" ? data::Split::train : data::Split::val, keys.seed);
}

/// Picture `index` with its masks, boxes and names.
Tensor drawn(const data::AnnotatedDataset& set, int64_t index, const image::RenderOptions& render) {
  data::Sample s = set.sample(index);
  Tensor rgb = image::render(image::Image(s.image.permute({1, 2, 0}).contiguous()), render);
  int64_t mask = 0;  // of a mere box: left out
  for (const data::Annotation& object : set.image(index).objects)
    if (s.masks.defined() && !object.crowd && !object.outlined()) s.masks.select(0, mask++).fill(0);
    else mask += !object.crowd;
  if (s.masks.defined() && s.boxes.defined()) rgb = image::draw_masks(rgb, s.masks, s.box_labels);
  else if (s.masks.defined()) rgb = image::draw_class_map(rgb, s.masks.select(0, 0).to(u8));
  return s.boxes.defined() ? image::draw_boxes(rgb, s.boxes, s.box_labels, set.classes()) : rgb;
}

/// "3 objects", "2 classes"
std::string content_of(const data::AnnotatedImage& image) {
  return image.mask_file.empty() ? fmt::format("{} objects", image.objects.size())
                                 : fmt::format("{} classes", image.mask_pixels.size());
}

void print_content(const data::AnnotatedDataset& set, const data::AnnotatedImage& image) {
  fmt::print("{}  {}x{}  {}\n", image.file, image.width, image.height, content_of(image));
  for (const data::Annotation& o : image.objects)
    fmt::print("  {}  x {:g}..{:g}  y {:g}..{:g}{}{}\n", set.classes()[size_t(o.label)], o.box[0], o.box[2],
               o.box[1], o.box[3], o.outlined() ? "  outlined" : "", o.crowd ? "  crowd, not drawn" : "");
  for (const auto& [label, pixels] : image.mask_pixels)
    fmt::print("  {}  {:.2f}% of the pixels\n", set.classes()[size_t(label)],
               100 * double(pixels) / double(image.width * image.height));
}

}  // namespace

Tensor annotated_example(const std::string& what, const ExampleKeys& keys,
                         const image::RenderOptions& render) {
  const auto set = open(what, keys);
  check(keys.example < set->size(), "example={} of {}: its {} split holds {}", keys.example, set->name(),
        data::name_of(set->split()), set->size());
  print_content(*set, set->image(keys.example));
  return drawn(*set, keys.example, render);
}

Tensor sheet_of_annotated(const std::string& what, const ExampleKeys& keys, int64_t count,
                          const image::RenderOptions& render) {
  const auto set = open(what, keys);
  const int64_t n = set->size(), shown = std::min(n, count);
  std::vector<image::Cell> cells;
  for (int64_t k = 0; k < shown; ++k) {
    const int64_t i = k * n / shown;
    try {
      cells.push_back({image::shrink_to(drawn(*set, i, render), sheet_picture_side),
                       fmt::format("{}  {}", i, content_of(set->image(i)))});
    } catch (const Error&) {  // `fovea data` names it
      cells.push_back({full({2, 3, 3}, 128, u8), fmt::format("{} unreadable", i)});
    }
  }
  return image::contact_sheet(cells);
}

}  // namespace fovea::cli
