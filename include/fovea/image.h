// Images: a file is a header plus a table of pixels, whatever camera made it. Reading and writing the formats
// of docs/formats.md, and the operations that bring a picture into the shape a network wants. A table of
// pixels is a tensor (height, width, channels), of the type that the file holds: nothing passes through 8
// bits. Operations take u8, u16 and f32; two dimensions (height, width) stand for one channel. Threads:
// everything here may run in many threads at once; a call works in its own thread alone.
//   image::Image photo = image::read("cat.jpg");  // photo.width(), photo.color, photo.entries ...
//   Tensor small = image::resize_center(image::to_rgb(photo), 256, 224, 224);
//   Tensor x = image::to_float_chw(small, {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f});
//   image::write("small.png", image::Image(small));
//   image::Image slice = image::read("ct.dcm", {.frame = 12});
//   Tensor hounsfield = image::values(slice);
//   image::write("slice.png", image::Image(image::render(slice, {.window = image::Window{40, 400}})));
#pragma once
#include <array>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fovea/tensor.h"

namespace fovea::image {

/// What the channels of a pixel mean; f32 | integers, whose full range is 0..255 or 0..65535.
/// - gray, rgb: 0..1 | the full range. RGB is that of sRGB screens (IEC 61966-2-1), not linear. Alpha: 0 is
///   transparent.
/// - cmyk: ink, 0 is none | the full range.
/// - lab: CIE L*a*b* under D50 as TIFF and ICC store it: (L, a, b) | u8 (L * 255 / 100, a + 128, b + 128),
/// u16
///   (L * 65535 / 100, 256 a + 32768, 256 b + 32768).
/// - xyz: CIE XYZ under D65, the white of screens, where Y = 1 | fixed point: u8 128 X, u16 32768 X (ICC's
///   u1Fixed15).
/// - hsv: hue as a part of the turn from red over green and blue, saturation, value: 0..1 | the full range.
/// - ycbcr: ITU-R BT.601 over the full range, as JFIF: Y 0..1, Cb and Cr around 0.5 | around 128, 32768.
/// - many: any number of channels without colour: the bands of a satellite, stains, a vector field.
enum class ColorModel : uint8_t { gray, gray_alpha, rgb, rgba, cmyk, lab, xyz, hsv, ycbcr, many };
/// "gray", "gray+alpha", "RGB", "RGBA", "CMYK", "Lab", "XYZ", "HSV", "YCbCr", "channels"
const char* name_of(ColorModel color);
/// The model of that name in small or capital letters; throws if there is none.
ColorModel color_named(const std::string& name);
/// Channels of a pixel; 0 for `many`.
int channels_of(ColorModel color);

/// The values that a display spreads from black to white: center - width / 2 to center + width / 2.
struct Window {
  double center = 0, width = 0;
};

/// Constants of an infrared camera, which turn its counts into degrees Celsius (see temperature()).
struct Thermal {
  double r1 = 0, r2 = 1, b = 0, f = 1, o = 0;      // Planck constants of the camera
  double emissivity = 1, distance = 0;             // of the object; metres
  double reflected = 20, air = 20, window = 20;    // degrees Celsius
  double window_transmission = 1, humidity = 0.5;  // 0..1
  std::array<double, 2> alpha = {0.006569, 0.01262}, beta = {-0.002276, -0.00667};  // of the air
  double x = 1.9;
};

/// Everything a file says about its pixels.
struct Header {
  std::string name;                    // path, or the name given to decode()
  std::string format;                  // "jpeg", "png" ...; empty if it comes from no file
  size_t file_bytes = 0;               // size of the file
  ColorModel color = ColorModel::rgb;  // of the decoded pixels
  int depth = 8;                  // bits per sample as stored in the file: 1, 2, 4, 8, 10, 12, 16, 32, 64
  Dims shape;                     // of the pixel table: (height, width, channels)
  DType dtype = u8;               // u8 up to depth 8 (scaled to 0..255), else the file's own type
  int orientation = 1;            // Exif: how a viewer should turn the pixels (1 = as stored); see upright()
  int64_t frames = 1, frame = 0;  // pictures in the file (frames, pages, slices); which one this is
  double duration = 0;            // seconds that this frame is shown
  double slope = 1, intercept = 0;  // value = slope * number + intercept, see values()
  std::string unit;                 // of the values: "HU", "C" ...; empty if the file has none
  std::optional<Window> window;     // in which the values should be shown
  bool inverted = false;            // the smallest value is white (X-rays)
  std::optional<Thermal> thermal;   // the numbers are counts of an infrared camera
  std::array<double, 3> spacing{};  // millimetres between rows, columns, slices; 0 if not told
  std::vector<uint8_t> icc;         // colour profile
  std::vector<std::pair<std::string, std::string>> entries;  // further chunks and markers, in plain words

  int64_t height() const { return shape[0]; }
  int64_t width() const { return shape[1]; }
  int channels() const { return int(shape[2]); }
};

struct Image : Header {
  Image() = default;
  /// A picture of these pixels, (H, W) or (H, W, C): C = 1 gray, 2 gray+alpha, 3 RGB, 4 RGBA, else `many`.
  explicit Image(const Tensor& pixels);
  Image(const Tensor& pixels, ColorModel color);

  Tensor pixels;  // (H, W, C), contiguous
};

/// What a file may ask for; beyond it the file is refused before memory is taken, and the message names the
/// limit. The environment sets the defaults: FOVEA_MAX_PIXELS, FOVEA_MAX_SIDE, FOVEA_MAX_CHANNELS,
/// FOVEA_MAX_BYTES, FOVEA_MAX_FRAMES, FOVEA_MAX_EXPANSION.
struct Limits {
  int64_t pixels = 179'000'000;      // of one frame
  int64_t side = int64_t{1} << 20;   // height and width
  int64_t channels = 64;             //
  int64_t bytes = int64_t{1} << 30;  // of all pixels that one call returns
  int64_t frames = 10'000;           // in a file
  int64_t expansion = 5'000;         // decoded bytes for each byte of the file, counted as at least 64 KiB
};
/// The defaults, as the environment sets them.
const Limits& default_limits();

struct ReadOptions {
  int64_t frame = 0;     // frame, page or slice to read
  bool indices = false;  // gray and palettes of PNG as the numbers that are stored: masks of classes
  Limits limits = default_limits();
};

/// Decodes the file; its content decides the type. Palettes are expanded to RGB (RGBA if some entries are
/// transparent), gray of 1, 2 and 4 bits to 0..255, YCbCr to RGB, YCCK to CMYK; deeper samples keep their
/// type (8-bit signed becomes i16, 32-bit unsigned i64). Orientation, gamma, ICC profiles, slope and window
/// are told in the header and not applied. Throws if the file is of another type, damaged, truncated, or
/// promises more than the limits or than its bytes can hold; a picture that comes back is whole.
Image read(const std::string& path, const ReadOptions& options = {});
/// The same from memory; `name` is for messages.
Image decode(std::span<const uint8_t> bytes, const std::string& name = "image",
             const ReadOptions& options = {});
/// The frames from options.frame on, at most `count` of them, in one pass over the file.
std::vector<Image> read_frames(const std::string& path, const ReadOptions& options = {},
                               int64_t count = std::numeric_limits<int64_t>::max());
std::vector<Image> decode_frames(std::span<const uint8_t> bytes, const std::string& name = "image",
                                 const ReadOptions& options = {},
                                 int64_t count = std::numeric_limits<int64_t>::max());
/// Only the header. The pixels may still turn out damaged.
Header probe(std::span<const uint8_t> bytes, const std::string& name = "image",
             const ReadOptions& options = {});

/// A file without a header: a bare table of pixels, row by row, channels together.
struct RawLayout {
  int64_t width = 0, height = 0, channels = 1;
  std::string dtype = "u8";  // u8 i8 u16 i16 u32 i32 f32 f64
  int64_t offset = 0;        // bytes before the table
  bool big_endian = false;
  bool planar = false;  // channel by channel
};
/// Frames follow each other without gaps; a rest that is no whole frame is refused.
Image read_raw(const std::string& path, const RawLayout& layout, const ReadOptions& options = {});

/// One format that is known.
struct Format {
  std::string name;
  std::vector<std::string> extensions;  // lower case, without the dot
  bool reads = false, writes = false;   // in this build
  std::string library;                  // what it goes through; empty: own code
  std::string package;                  // Debian package to install if `reads` is false
  std::string more;                     // Debian package with which more kinds are read; empty: all are
};
std::vector<Format> formats();
/// Whether the extension of `path` is that of a format that this build reads.
bool is_image_name(const std::string& path);

/// The file content for `format`: "png" (u8, u16; gray, gray+alpha, RGB, RGBA), "jpeg" (u8; gray, RGB, CMYK)
/// with `quality` 1..100, "tiff" (every type and number of channels), "webp" (u8 RGB, RGBA; lossless from
/// quality 100 on), "bmp" (u8 gray, RGB, RGBA), "pnm" (u8, u16 PGM, PPM, PAM; f32 PFM), "npy" (all). PNG,
/// JPEG and TIFF keep the colour profile.
std::vector<uint8_t> encode(const Image& image, const std::string& format, int quality = 95);
/// Writes atomically; the extension decides the type.
void write(const std::string& path, const Image& image, int quality = 95);

/// What the numbers mean, as f32 (H, W, C): temperature() for counts of an infrared camera, else
/// slope * number + intercept.
Tensor values(const Image& image);
/// Degrees Celsius of raw counts, (H, W) or (H, W, 1), by the camera's Planck constants and the air between
/// (Minkina and Dudzik, Infrared Thermography, 2009; the formula is in docs/formats.md).
Tensor temperature(const Tensor& counts, const Thermal& camera);

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

/// Scaled down, if need be, so that neither side is longer than `side`.
Tensor shrink_to(const Tensor& image, int64_t side);

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

/// u8, u16 or f32 of any table: i16 and wider integers, f16, f64 become f32, the others stay.
Tensor to_computable(const Tensor& image);

/// The pixels in another colour model, (H, W, C) of the same type. Every pair of models is reachable; only
/// `many` channels have no colour and are refused. Integers are rounded once, at the end, and saturated; f32
/// is not, so what sRGB lacks leaves 0..1 and comes back. The formulas and where they are from:
/// docs/formats.md. Alpha is kept, dropped, or full.
Tensor convert(const Tensor& image, ColorModel from, ColorModel to);
/// The same for a picture; one with a colour profile goes through apply_profile() first. To do without,
/// clear its `icc`.
Image convert(const Image& image, ColorModel to);

/// convert() to gray: ITU-R 601 luma 0.299 R + 0.587 G + 0.114 B, in Pillow's integer rounding for u8 and
/// u16.
Tensor to_gray(const Tensor& image, ColorModel color);
/// The same. A profile is not applied, as networks are trained on pixels as they are stored; see convert().
Tensor to_gray(const Image& image);
/// convert() to RGB: gray is repeated, alpha dropped, CMYK becomes (1 - C)(1 - K) ... as in Pillow.
Tensor to_rgb(const Tensor& image, ColorModel color);
/// The same. A profile is not applied.
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

// ---- Colour profiles (ICC), through Little CMS where this build has it ----

/// How colours that the screen lacks are fitted in (ICC.1:2022, 4.10).
enum class Intent : uint8_t { perceptual, relative, saturation, absolute };
/// Whether this build applies profiles; without it, apply_profile() names the package to install.
bool has_profiles();
/// The picture as sRGB shows it, by its profile `icc`: RGB, or RGBA if it has alpha, of u8, u16 or f32. Lab
/// and XYZ mean what they say without one and go by convert(). Throws if there is no profile, if it is
/// damaged, or of another kind of colour than the pixels.
Image apply_profile(const Image& image, Intent intent = Intent::perceptual);
/// What a profile calls itself, e.g. "sRGB IEC61966-2.1". Throws as apply_profile() does.
std::string profile_name(std::span<const uint8_t> icc);

// ---- Showing an image to people ----

/// One line per fact: file, format, size, colour model, depth, table of pixels, orientation, entries.
std::string header_text(const Header& header);
/// For each channel of values(): smallest, mean, largest, standard deviation; values that are not finite are
/// counted.
std::string statistics_text(const Image& image);
/// The first rows and columns as numbers, abridged with an ellipsis; a pixel of several channels as "r,g,b".
std::string pixel_table(const Image& image, int max_rows = 16, int max_columns = 12);
/// Names of palettes that render() knows: gray, iron, hot, rainbow, viridis, jet, bwr.
std::span<const char* const> palette_names();

struct RenderOptions {
  std::optional<Window> window = {};  // default: the file's own; without one the range of the values
  std::optional<std::array<double, 2>> percentiles = {};  // instead: of the finite values, in 0..100
  std::string palette = "gray";                           // colours for one channel
  int64_t channel = -1;                                   // shows this one alone
  std::vector<int64_t> bands = {};  // three channels as red, green and blue (false colours)
  bool profile = false;             // apply_profile() first, if the picture has one
};
/// How an eye can see it: u8 RGB (H, W, 3), upright. u8 pictures keep their colours (CMYK, Lab and the others
/// become RGB, transparent pixels are blended with gray); deeper numbers are windowed; of many channels the
/// first three (or one) are shown.
Tensor render(const Image& image, const RenderOptions& options = {});
/// The values that render() shows as black and white, if it does not show 8 bits as they are.
std::optional<Window> shown_window(const Image& image, const RenderOptions& options = {});

/// A picture u8 RGB (H, W, 3) with a line of text below it.
struct Cell {
  Tensor picture;
  std::string caption;
};
/// The cells in rows, each picture scaled to fit its cell: u8 RGB (H, W, 3), `width` pixels wide. Throws if
/// there are none or over 1000.
Tensor contact_sheet(std::span<const Cell> cells, int64_t width = 960);
/// Small pictures (N,H,W,C), each pixel `scale` times as large, in rows of `columns` with `gap` pixels of
/// dark gray between them, and around: u8 (H', W', C).
Tensor tiles(const Tensor& pictures, int64_t columns, int64_t scale = 1, int64_t gap = 1);
/// The picture as render() makes it, in at most `columns` characters per line and `columns` / 2 lines: as
/// half blocks in 24-bit colour (two pixels per character), or as an ASCII ramp from dark to bright.
std::string terminal_picture(const Image& image, int columns = 64, bool color = true,
                             const RenderOptions& options = {});

}  // namespace fovea::image
