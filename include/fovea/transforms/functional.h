// Functional kernels: what transforms do once their random numbers are drawn. Each is a plain function of an
// image and parameters with torchvision's meaning (transforms.v2.functional); nothing here is random. Images
// are planes (C,H,W) of u8, u16 (0..max of the type) or f32 (0..1) with any number of channels; results
// have the same type, no kernel passes through a smaller one, and none writes to its argument (it may return
// it where there is nothing to do). Positions are continuous: (0,0)
// is the upper left corner of the image, (0.5,0.5) the centre of its first pixel, (W,H) the lower right
// corner.
//   Tensor bright = functional::adjust_brightness(image, 1.2f);
//   functional::warp(sample, functional::affine_map({480, 640}, {.angle = 10}), Filter::bilinear);
// Threads: everything here may run in many threads at once; a call works in its own thread alone.
#pragma once
#include <array>
#include <span>
#include <vector>

#include "fovea/image.h"
#include "fovea/tensor.h"

namespace fovea::data {

using image::Filter;

/// One example with what is known about it. Geometric transforms change all of it together.
struct Sample {
  Tensor image;            // (C,H,W)
  int64_t label = 0;       //
  Tensor boxes = {};       // f32 (n,4): left, top, right, bottom; undefined if there are none
  Tensor box_labels = {};  // i64 (n), one for each box
  Tensor masks = {};       // (n,H,W) of u8 or u16: class numbers, or one mask per object
  Tensor points = {};      // f32 (n,2): key points x, y
};

/// Height and width. One number alone is a square, except where its user says otherwise (Resize).
struct Size {
  Size(int64_t side = 0) : height(side), width(side), single(true) {}
  Size(int64_t height, int64_t width) : height(height), width(width) {}
  int64_t height = 0, width = 0;
  bool single = false;  // given as one number
};

/// What lies beyond the border: a colour, the nearest pixel, the image mirrored without or with its edge.
enum class Padding : uint8_t { constant, edge, reflect, symmetric };

/// A colour in the image's own numbers: one for all channels, or one for each.
struct Fill {
  Fill(float value = 0) : values{value} {}
  Fill(std::initializer_list<float> values) : values(values) {}
  std::vector<float> values;
  /// Of `channel`. *Requires* one value, or more than `channel`.
  float of(int64_t channel) const { return values[values.size() == 1 ? 0 : size_t(channel)]; }
};

namespace functional {

// ---- Geometry of images ----

/// The window of (height, width) whose upper left corner is (left, top); it may reach beyond the image.
/// Mirroring reaches as far as the image is wide.
Tensor crop(const Tensor& image, int64_t top, int64_t left, int64_t height, int64_t width,
            Padding mode = Padding::constant, const Fill& fill = 0);
Tensor horizontal_flip(const Tensor& image);
Tensor vertical_flip(const Tensor& image);
/// Antialiased as image::resize. nearest takes the pixel under each new centre (torchvision's nearest-exact).
Tensor resize(const Tensor& image, int64_t height, int64_t width, Filter filter = Filter::bilinear);

/// A projective map of the plane: (x, y) goes to (m0 x + m1 y + m2, m3 x + m4 y + m5) / (m6 x + m7 y + m8).
struct Homography {
  std::array<double, 9> m{1, 0, 0, 0, 1, 0, 0, 0, 1};
  std::array<double, 2> operator()(double x, double y) const;
  /// Throws if there is none.
  Homography inverse() const;
};

struct Affine {
  double angle = 0;                      // degrees, clockwise
  std::array<double, 2> translate = {};  // pixels right and down
  double scale = 1;                      //
  std::array<double, 2> shear = {};      // degrees along x and y
};
/// From places of the result to places of an image of `size`, turned about its centre or about `center`
/// (x, y): what warp() takes. torchvision's affine; its rotate(angle) is affine with -angle.
Homography affine_map(Size size, const Affine& affine);
Homography affine_map(Size size, const Affine& affine, std::array<double, 2> center);
/// The map that brings `from` to `to`, four points (x, y) each, from places of the result to places of the
/// image. Throws if three of them lie on a line.
Homography perspective_map(const std::array<std::array<double, 2>, 4>& from,
                           const std::array<std::array<double, 2>, 4>& to);

/// The pixel at p of the result is the image at map(p), nearest or bilinear; `fill` comes in from outside.
/// (Where a pixel is partly outside, torchvision weights it twice if a fill is given; this does not.)
Tensor warp(const Tensor& image, const Homography& map, Filter filter = Filter::nearest,
            const Fill& fill = 0);
/// The pixel at p is the image at p + displacement; f32 (2,H,W) in pixels right and down.
Tensor elastic(const Tensor& image, const Tensor& displacement, Filter filter = Filter::bilinear,
               const Fill& fill = 0);

// ---- Colour ----

/// image * factor
Tensor adjust_brightness(const Tensor& image, float factor);
/// The mean + factor (image - mean): of the luma for RGB, else of each channel for itself.
Tensor adjust_contrast(const Tensor& image, float factor);
/// gray + factor (image - gray). Wants RGB; one channel stays as it is.
Tensor adjust_saturation(const Tensor& image, float factor);
/// Turns the hue by `turns` of the circle, -0.5..0.5. Wants RGB; one channel stays as it is.
Tensor adjust_hue(const Tensor& image, float turns);
/// Luma 0.2989 R + 0.587 G + 0.114 B in `channels` equal channels (1 or 3). Wants RGB or one channel.
Tensor rgb_to_grayscale(const Tensor& image, int64_t channels = 1);
/// Keeps the upper `bits` of each number; f32: 2^bits levels.
Tensor posterize(const Tensor& image, int bits);
/// Inverts numbers from `threshold` (0..1 of the type's range) on.
Tensor solarize(const Tensor& image, double threshold);
/// max - image
Tensor invert(const Tensor& image);
/// Each channel stretched to the full range; one of a single value stays.
Tensor autocontrast(const Tensor& image);
/// Each channel's histogram made flat: u8 by Pillow's scheme (equal to torchvision); u16 and f32 (in 65536
/// bins) without its rounding of the step.
Tensor equalize(const Tensor& image);
/// Contrast-limited adaptive histogram equalisation (Zuiderveld 1994) of each channel, as OpenCV's CLAHE;
/// f32 in 65536 bins.
Tensor clahe(const Tensor& image, double clip_limit, Size tiles);

// ---- Neighbourhoods ----

/// Weights exp(-x^2 / 2 sigma^2) of odd sizes, borders mirrored without the edge.
Tensor gaussian_blur(const Tensor& image, Size kernel, double sigma);
/// blurred + factor (image - blurred) inside of the border: factor 0 is the 3x3 blur with 5 in the middle.
Tensor adjust_sharpness(const Tensor& image, float factor);
/// `patch` (C,h,w), of the image's type, at (top, left).
Tensor erase(const Tensor& image, int64_t top, int64_t left, const Tensor& patch);

/// a * weight + b * (1 - weight), rounded down in integers. *Requires* equal shape and type.
Tensor blend(const Tensor& a, const Tensor& b, float weight);

// ---- Whole examples: image, boxes, masks (nearest) and points together. Boxes become the smallest upright
// ---- ones around their corners, cut at the border; they stay even where nothing is left of them
// ---- (sanitize_boxes takes them away). Points may leave the image.

void crop(Sample& sample, int64_t top, int64_t left, int64_t height, int64_t width,
          Padding mode = Padding::constant, const Fill& fill = 0);
void horizontal_flip(Sample& sample);
void vertical_flip(Sample& sample);
void resize(Sample& sample, int64_t height, int64_t width, Filter filter = Filter::bilinear);
void warp(Sample& sample, const Homography& map, Filter filter = Filter::nearest, const Fill& fill = 0);
/// Boxes and points move by the displacement where they are, backwards: exact for slowly changing ones.
void elastic(Sample& sample, const Tensor& displacement, Filter filter = Filter::bilinear,
             const Fill& fill = 0);
/// Drops boxes narrower than `min_size` or smaller than `min_area`, with their labels, and their masks where
/// there is one for each box.
void sanitize_boxes(Sample& sample, float min_size = 1, float min_area = 1);

// ---- One pass from a decoded picture to the input of a network ----

/// Which part of a picture to scale to which size, and which window of the result to take.
struct Resampling {
  int64_t top = 0, left = 0, height = 0, width = 0;  // of the picture
  int64_t scaled_height = 0, scaled_width = 0;
  int64_t out_top = 0, out_left = 0, out_height = 0, out_width = 0;  // of the scaled part
  bool flip = false;                                                 // mirror the window left to right
};
/// Crop, antialiased bilinear resize, flip and y = x * scale[c] + shift[c] of a table (H,W,C) of u8, u16 or
/// f32 into planes at `out`: C x out_height x out_width. In f32 throughout, so it is nearer to the exact
/// result than the same steps one by one.
void resample_into(float* out, const Tensor& table, const Resampling& r, std::span<const float> scale,
                   std::span<const float> shift);

}  // namespace functional
}  // namespace fovea::data
