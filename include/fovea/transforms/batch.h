// Transforms of several examples: MixUp and CutMix of a batch with soft labels, Mosaic of four, and the views
// of one image that test-time augmentation averages over.
//   auto [images, labels] = mixup(batch.images, soft_labels(batch.labels, 10), draw_mixup(0.2f, random));
// Threads: plain functions of their arguments.
#pragma once
#include <span>

#include "fovea/transforms.h"

namespace fovea::data {

/// Images f32 (N,C,H,W) with labels f32 (N,classes) that sum to 1.
struct SoftBatch {
  Tensor images, labels;
};

/// Labels i64 (N) as f32 (N,classes). Throws if one is outside of the classes.
Tensor soft_labels(const Tensor& labels, int64_t classes);

/// Every example times lambda plus its neighbour before (the first takes the last) times 1 - lambda, images
/// and labels alike (Zhang et al. 2018), as torchvision.
SoftBatch mixup(const Tensor& images, const Tensor& labels, float lambda);

/// A rectangle of pixels.
struct Rectangle {
  int64_t left = 0, top = 0, right = 0, bottom = 0;
};
/// Every example with `box` from its neighbour before, labels in proportion of the area (Yun et al. 2019), as
/// torchvision.
SoftBatch cutmix(const Tensor& images, const Tensor& labels, const Rectangle& box);

/// Lambda of Beta(alpha, alpha). Throws unless alpha is above 0.
float draw_mixup(float alpha, Generator& random);
/// A box of area 1 - Beta(alpha, alpha) around a place anywhere in (height, width), cut at the border.
Rectangle draw_cutmix(float alpha, int64_t height, int64_t width, Generator& random);

/// Four samples around a point of a canvas `size`: top left, top right, bottom left, bottom right, each with
/// the corner next to (center_x, center_y) there; what is not covered is `fill` (Bochkovskiy et al. 2020).
/// Boxes, masks and points move along; boxes are cut at their own sample's part and the canvas, and those of
/// less than a pixel dropped. Masks stay if all four have as many. The label is that of the first.
Sample mosaic(std::span<const Sample> four, Size size, int64_t center_x, int64_t center_y,
              const Fill& fill = 114);
/// The same around a random point in the middle half of the canvas.
Sample mosaic(std::span<const Sample> four, Size size, Generator& random, const Fill& fill = 114);

/// Four corners and the centre of `size` (torchvision's five_crop): top left, top right, bottom left, bottom
/// right, centre.
std::vector<Tensor> five_crop(const Tensor& image, Size size);
/// Those and their mirror images.
std::vector<Tensor> ten_crop(const Tensor& image, Size size);

}  // namespace fovea::data
