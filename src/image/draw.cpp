// What stands in a picture, drawn on it.
#include "fovea/draw.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "image/canvas.h"

namespace fovea::image {
namespace {

constexpr int64_t ignored = 255;

void check_rgb(const char* what, const Tensor& rgb) {
  check(rgb.rank() == 3 && rgb.size(2) == 3 && rgb.dtype() == u8 && rgb.numel() > 0,
        "[{}] pictures are u8 RGB (H,W,3), not {}", what, rgb.describe());
}

void check_labels(const char* what, const Tensor& labels, int64_t n) {
  check(!labels.defined() || (labels.shape() == Dims{n} && labels.dtype() == i64),
        "[{}] labels of {} objects are i64 ({}), not {}", what, n, n, labels.describe());
}

/// Labels of objects, which have no background: class 0 has the colour of 1.
Color color_of(const Tensor& labels, int64_t index) {
  const int64_t label = labels.defined() ? labels.contiguous().data<int64_t>()[index] : 0;
  const auto [r, g, b] = class_color((label % 254 + 254) % 254 + 1);
  return {r, g, b};
}

Canvas canvas_of(const Tensor& rgb) {
  Canvas canvas(int(rgb.size(1)), int(rgb.size(0)), {0, 0, 0});
  std::memcpy(canvas.pixels().data<uint8_t>(), rgb.contiguous().data<uint8_t>(), size_t(rgb.numel()));
  return canvas;
}

void tint(uint8_t* pixel, const Color& color, double opacity) {
  const auto mixed = [&](uint8_t from, uint8_t to) {
    return uint8_t(std::lround(from + (to - from) * opacity));
  };
  pixel[0] = mixed(pixel[0], color.r), pixel[1] = mixed(pixel[1], color.g),
  pixel[2] = mixed(pixel[2], color.b);
}

/// The name on a plate at the box's upper left corner, inside of the picture.
void draw_name(Canvas& canvas, const std::string& name, double left, double top, double size, Color color) {
  const double width = Canvas::text_width(name, size) + size / 2, height = 1.3 * size;
  left = std::clamp(left, 0.0, std::max(0.0, canvas.width() - width));
  top = top >= height ? top - height : std::min(top, std::max(0.0, canvas.height() - height));
  canvas.rectangle(left, top, width, height, color);
  const bool dark = 299 * color.r + 587 * color.g + 114 * color.b < 140'000;
  canvas.text({left + size / 4, top + size}, name, size, dark ? Color{255, 255, 255} : Color{0, 0, 0});
}

}  // namespace

std::array<uint8_t, 3> class_color(int64_t label) {
  check(label >= 0 && label <= 255, "[class_color] {} is outside of 0..255", label);
  std::array<uint8_t, 3> color{};
  for (int bit = 7; label > 0; --bit, label >>= 3)
    for (int c = 0; c < 3; ++c) color[size_t(c)] |= uint8_t((label >> c & 1) << bit);
  return color;
}

Tensor draw_boxes(const Tensor& rgb, const Tensor& boxes, const Tensor& labels,
                  const std::vector<std::string>& names) {
  check_rgb("draw_boxes", rgb);
  check(boxes.rank() == 2 && boxes.size(1) == 4 && boxes.dtype() == f32,
        "[draw_boxes] boxes are f32 (n,4), not {}", boxes.describe());
  const int64_t n = boxes.size(0);
  check_labels("draw_boxes", labels, n);
  Canvas canvas = canvas_of(rgb);
  const double side = double(std::max(rgb.size(0), rgb.size(1)));
  const double stroke = std::max(1.0, side / 320), text = std::max(10.0, side / 40);
  const Tensor corners = boxes.contiguous();
  for (int64_t i = 0; i < n; ++i) {
    const float* b = corners.data<float>() + 4 * i;
    const Color color = color_of(labels, i);
    canvas.line({{b[0], b[1]}, {b[2], b[1]}, {b[2], b[3]}, {b[0], b[3]}, {b[0], b[1]}}, stroke, color);
    const int64_t label = labels.defined() ? labels.contiguous().data<int64_t>()[i] : 0;
    if (label >= 0 && label < int64_t(names.size()))
      draw_name(canvas, names[size_t(label)], b[0], b[1], text, color);
  }
  return canvas.pixels();
}

Tensor draw_masks(const Tensor& rgb, const Tensor& masks, const Tensor& labels, double opacity) {
  check_rgb("draw_masks", rgb);
  const int64_t height = rgb.size(0), width = rgb.size(1);
  check(masks.rank() == 3 && masks.size(1) == height && masks.size(2) == width && masks.dtype() == u8,
        "[draw_masks] masks of a picture {} x {} are u8 (n,{},{}), not {}", height, width, height, width,
        masks.describe());
  check_labels("draw_masks", labels, masks.size(0));
  Tensor out = rgb.contiguous().clone();
  for (int64_t i = 0; i < masks.size(0); ++i) {
    const Tensor mask = masks.select(0, i).contiguous();
    const uint8_t* inside = mask.data<uint8_t>();
    const Color color = color_of(labels, i);
    const auto at = [&](int64_t y, int64_t x) {
      return y >= 0 && y < height && x >= 0 && x < width && inside[y * width + x] != 0;
    };
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        if (!at(y, x)) continue;
        const bool edge = !(at(y - 1, x) && at(y + 1, x) && at(y, x - 1) && at(y, x + 1));
        tint(out.data<uint8_t>() + (y * width + x) * 3, color, edge ? 1 : opacity);
      }
  }
  return out;
}

Tensor draw_class_map(const Tensor& rgb, const Tensor& map, double opacity) {
  check_rgb("draw_class_map", rgb);
  check(map.shape() == Dims({rgb.size(0), rgb.size(1)}) && map.dtype() == u8,
        "[draw_class_map] the map of a picture {} x {} is u8 of that size, not {}", rgb.size(0), rgb.size(1),
        map.describe());
  Tensor out = rgb.contiguous().clone();
  const Tensor classes = map.contiguous();
  for (int64_t i = 0; i < map.numel(); ++i) {
    const int64_t label = classes.data<uint8_t>()[i];
    if (label == 0) continue;
    const auto [r, g, b] = class_color(label);
    tint(out.data<uint8_t>() + 3 * i, label == ignored ? Color{255, 255, 255} : Color{r, g, b}, opacity);
  }
  return out;
}

}  // namespace fovea::image
