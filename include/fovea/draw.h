// What stands in a picture, drawn on it: boxes with names, masks, maps of classes.
//   const data::Sample s = set->sample(0);
//   Tensor rgb = image::render(image::Image(s.image.permute({1, 2, 0}).contiguous()));
//   rgb = image::draw_boxes(rgb, s.boxes, s.box_labels, set->classes());
#pragma once
#include <array>
#include <string>
#include <vector>

#include "fovea/tensor.h"

namespace fovea::image {

/// The colour of class 0..255 in the map of the Pascal VOC devkit, {r, g, b}: 0 is black, the background.
std::array<uint8_t, 3> class_color(int64_t label);

/// `rgb` (H,W,3) u8 with the frames of `boxes`, f32 (n,4): left, top, right, bottom in pixels. Each has the
/// colour of its class (that of label + 1, as boxes have no background) and its name, if `names` has one.
/// `labels` is i64 (n), or undefined: all of one class. Throws where shapes and types are others.
Tensor draw_boxes(const Tensor& rgb, const Tensor& boxes, const Tensor& labels = {},
                  const std::vector<std::string>& names = {});

/// `rgb` (H,W,3) u8 tinted where `masks`, u8 (n,H,W), are not 0, in the colours of draw_boxes(); the outline
/// of each mask is drawn full.
Tensor draw_masks(const Tensor& rgb, const Tensor& masks, const Tensor& labels = {}, double opacity = 0.5);

/// `rgb` (H,W,3) u8 tinted by `map`, u8 (H,W), of class numbers, in the colours of class_color(): 0 stays as
/// it is, 255 (ignore) becomes white.
Tensor draw_class_map(const Tensor& rgb, const Tensor& map, double opacity = 0.6);

}  // namespace fovea::image
