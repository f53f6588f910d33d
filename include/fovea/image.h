// Images: a file is a header plus a table of pixels. Reading and writing JPEG and PNG, and the operations
// that bring a picture into the shape a network wants. A table of pixels is a tensor (height, width,
// channels) of u8 or u16 (operations also take f32); two dimensions (height, width) stand for one channel.
// Threads: everything here may run in many threads at once; a call works in its own thread alone.
//   image::Image photo = image::read("cat.jpg");  // photo.width(), photo.color, photo.entries ...
//   Tensor small = image::resize_center(image::to_rgb(photo), 256, 224, 224);
//   Tensor x = image::to_float_chw(small, {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f});
//   image::write("small.png", image::Image(small));
#pragma once
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fovea/tensor.h"

namespace fovea::image {

/// What the channels of a pixel mean. cmyk holds ink: 0 is none, the maximum is full.
enum class ColorModel : uint8_t { gray, gray_alpha, rgb, rgba, cmyk };
/// "gray", "gray+alpha", "RGB", "RGBA", "CMYK"
const char* name_of(ColorModel color);
int channels_of(ColorModel color);

/// Everything a file says about its pixels.
struct Header {
  std::string name;                    // path, or the name given to decode()
  std::string format;                  // "jpeg", "png"; empty if it comes from no file
  size_t file_bytes = 0;               // size of the file
  ColorModel color = ColorModel::rgb;  // of the decoded pixels
  int depth = 8;                       // bits per sample as stored in the file: 1, 2, 4, 8, 16
  Dims shape;                          // of the pixel table: (height, width, channels)
  DType dtype = u8;                    // u8 up to depth 8 (scaled to 0..255), u16 above
  int orientation = 1;  // Exif: how a viewer should turn the pixels (1 = as stored); see upright()
  std::vector<std::pair<std::string, std::string>> entries;  // further chunks and markers, in plain words

  int64_t height() const { return shape[0]; }
  int64_t width() const { return shape[1]; }
  int channels() const { return int(shape[2]); }
};

struct Image : Header {
  Image() = default;
  /// A picture of these pixels, (H, W) or (H, W, C) of u8 or u16, C = 1 gray, 2 gray+alpha, 3 RGB, 4 RGBA.
  explicit Image(const Tensor& pixels);
  Image(const Tensor& pixels, ColorModel color);

  Tensor pixels;  // (H, W, C), contiguous
};

/// Largest picture that is decoded, in pixels.
constexpr int64_t max_pixels = int64_t{1} << 30;

/// Decodes the file; its content decides the type. Palettes are expanded to RGB (RGBA if some entries are
/// transparent), gray of 1, 2 and 4 bits to 0..255, YCbCr to RGB, YCCK to CMYK; 16 bits stay u16.
/// Orientation, gamma and ICC profiles are told in the header and not applied. Throws if the file is of
/// another type, damaged, truncated, or promises more than `max_pixels` or than its bytes can hold; a picture
/// that comes back is whole.
Image read(const std::string& path);
/// The same from memory; `name` is for messages.
Image decode(std::span<const uint8_t> bytes, const std::string& name = "image");
/// Only the header. The pixels may still turn out damaged.
Header probe(std::span<const uint8_t> bytes, const std::string& name = "image");

/// The file content for `format` "png" (u8 or u16; gray, gray+alpha, RGB, RGBA) or "jpeg" (u8; gray, RGB,
/// CMYK) with `quality` 1..100 for JPEG.
std::vector<uint8_t> encode(const Image& image, const std::string& format, int quality = 95);
/// Writes atomically; the extension (.png .jpg .jpeg) decides the type.
void write(const std::string& path, const Image& image, int quality = 95);

/// The pixels turned as the Exif orientation asks, so that up is up.
Tensor upright(const Image& image);

// ---- Operations on tables of pixels: (H, W, C) of u8, u16 or f32. They return new contiguous tensors. ----

enum class Filter : uint8_t { nearest, bilinear, bicubic };

/// Scales to (height, width). bilinear and bicubic (a = -0.5) are antialiased: where the image shrinks the
/// filter widens with it, as in Pillow, whose results u8 images equal to the bit (Pillow rounds to u8 between
/// the two passes; so does this).
Tensor resize(const Tensor& image, int64_t height, int64_t width, Filter filter = Filter::bilinear);
/// Scales the shorter side to `short_side`, keeping proportions (the longer side truncates, as torchvision's
/// Resize), then crops (height, width) from the centre.
Tensor resize_center(const Tensor& image, int64_t short_side, int64_t height, int64_t width,
                     Filter filter = Filter::bilinear);

Tensor crop(const Tensor& image, int64_t top, int64_t left, int64_t height, int64_t width);
/// The centre (height, width); borders are rounded half to even as in torchvision. Throws if the image is
/// smaller.
Tensor center_crop(const Tensor& image, int64_t height, int64_t width);

enum class PadMode : uint8_t { constant, edge, reflect };
/// Adds rows and columns: of `value`, of the nearest pixel, or mirrored without repeating the edge.
Tensor pad(const Tensor& image, int64_t top, int64_t left, int64_t bottom, int64_t right,
           PadMode mode = PadMode::constant, double value = 0);

Tensor flip_horizontal(const Tensor& image);
Tensor flip_vertical(const Tensor& image);

/// One channel: ITU-R 601 luma 0.299 R + 0.587 G + 0.114 B, in Pillow's integer rounding for u8 and u16.
/// Alpha is dropped, CMYK goes through RGB.
Tensor to_gray(const Tensor& image, ColorModel color);
Tensor to_gray(const Image& image);
/// Three channels: gray is repeated, alpha dropped, CMYK becomes (1 - C)(1 - K) ... without a profile, as in
/// Pillow.
Tensor to_rgb(const Tensor& image, ColorModel color);
Tensor to_rgb(const Image& image);
/// u8 from u16 (x * 255 / 65535, rounded) or from f32 in 0..1 (saturated, rounded).
Tensor to_u8(const Tensor& image);

/// The input of a network: (H, W, C) u8 or u16 -> (C, H, W) f32, x / max of the type (f32: as it is), then
/// (x - mean[c]) / std[c]. `mean` and `std` hold C numbers, one for all, or none.
Tensor to_float_chw(const Tensor& image, std::span<const float> mean = {}, std::span<const float> std = {});
Tensor to_float_chw(const Tensor& image, std::initializer_list<float> mean, std::initializer_list<float> std);
/// The same into `out`, a contiguous f32 (C, H, W), e.g. batch.select(0, i).
void to_float_chw_into(const Tensor& out, const Tensor& image, std::span<const float> mean = {},
                       std::span<const float> std = {});

// ---- Showing an image to people ----

/// One line per fact: file, format, size, colour model, depth, table of pixels, orientation, entries.
std::string header_text(const Header& header);
/// The first rows and columns as numbers, abridged with an ellipsis; a pixel of several channels as "r,g,b".
std::string pixel_table(const Image& image, int max_rows = 16, int max_columns = 12);
/// The picture, upright, in at most `columns` characters per line and `columns` / 2 lines: as half blocks in
/// 24-bit colour (two pixels per character), or as an ASCII ramp from dark to bright. u16 is stretched over
/// its range.
std::string terminal_picture(const Image& image, int columns = 64, bool color = true);

}  // namespace fovea::image
