#include <algorithm>
#include <cctype>

#include "image/codec.h"

namespace fovea::image {
namespace {

/// Formats with a signature first; TGA, which has none, last. DICOM before TIFF: a file may be both, and then
/// it is medical.
std::span<const Codec* const> codecs() {
  static const Codec* const all[]{&jpeg_codec, &png_codec,      &gif_codec, &webp_codec,  &dicom_codec,
                                  &tiff_codec, &bmp_codec,      &pnm_codec, &nifti_codec, &npy_codec,
                                  &y4m_codec,  &jpeg2000_codec, &tga_codec};
  return all;
}

std::string names(bool (*wanted)(const Codec&)) {
  std::string out;
  for (const Codec* c : codecs())
    if (wanted(*c)) out += fmt::format("{}{}", out.empty() ? "" : " ", c->name);
  return out;
}

/// Throws if the library that `codec` goes through is missing in this build.
void check_built(const Codec& codec, const std::string& name, bool works) {
  check(works, "{} is a {} file; this build of fovea goes without {}: install {} and build again", name,
        codec.name, codec.library, codec.package);
}

const Codec& codec_of(const Source& source) {
  const View8 bytes = source.bytes;
  check(!bytes.empty(), "{} is empty, not an image", source.name);
  for (const Codec* c : codecs())
    if (c->matches(bytes)) {
      check_built(*c, source.name, c->decode != nullptr);
      return *c;
    }
  std::string start;
  for (const uint8_t b : bytes.first(std::min<size_t>(bytes.size(), 8))) start += fmt::format(" {:02x}", b);
  fail("{} is no image of a known format ({}): it starts with{}", source.name,
       names([](const Codec&) { return true; }), start);
}

std::string extension_of(const std::string& path) {
  const size_t dot = path.rfind('.'), slash = path.rfind('/');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return "";
  std::string extension = path.substr(dot + 1);
  for (char& c : extension) c = char(std::tolower(uint8_t(c)));
  return extension;
}

/// The format whose extension `path` has; "a.nii.gz" counts as well as "a.nii".
const Codec* codec_for(std::string path) {
  for (char& c : path) c = char(std::tolower(uint8_t(c)));
  for (const Codec* c : codecs())
    for (const std::string_view extension : c->extensions)
      if (path.ends_with(extension) && path.ends_with(fmt::format(".{}", extension))) return c;
  return nullptr;
}

ColorModel usual_color(int64_t channels) {
  constexpr ColorModel usual[]{ColorModel::gray, ColorModel::gray_alpha, ColorModel::rgb, ColorModel::rgba};
  return channels >= 1 && channels <= 4 ? usual[channels - 1] : ColorModel::many;
}

int64_t channels_in(const Tensor& pixels) {
  check(pixels.rank() == 2 || pixels.rank() == 3,
        "pixels are a tensor (height, width) or (height, width, channels), not {}", pixels.describe());
  return pixels.rank() == 2 ? 1 : pixels.size(2);
}

}  // namespace

const char* name_of(ColorModel color) {
  constexpr const char* names[]{"gray", "gray+alpha", "RGB", "RGBA",  "CMYK",
                                "Lab",  "XYZ",        "HSV", "YCbCr", "channels"};
  return names[int(color)];
}

ColorModel color_named(const std::string& name) {
  const auto small = [](std::string text) {
    for (char& c : text) c = char(std::tolower(uint8_t(c)));
    return text;
  };
  std::string known;
  for (int i = 0; i <= int(ColorModel::many); ++i) {
    if (small(name) == small(name_of(ColorModel(i)))) return ColorModel(i);
    known += fmt::format(" {}", name_of(ColorModel(i)));
  }
  fail("'{}' is none of the colour models:{}", name, known);
}

int channels_of(ColorModel color) {
  constexpr int channels[]{1, 2, 3, 4, 4, 3, 3, 3, 3, 0};
  return channels[int(color)];
}

Image::Image(const Tensor& table) : Image(table, usual_color(channels_in(table))) {}

Image::Image(const Tensor& table, ColorModel model) {
  const int64_t channels = channels_in(table);
  check(table.dtype() != boolean && table.dtype() != bf16, "an image holds numbers, not {}",
        table.describe());
  check(model == ColorModel::many || channels == channels_of(model), "{} wants {} channels: {}",
        image::name_of(model), channels_of(model), table.describe());
  color = model;
  dtype = table.dtype();
  depth = int(8 * size_of(dtype));
  shape = {table.size(0), table.size(1), channels};
  pixels = table.contiguous().reshape(shape);
}

Image decode(View8 bytes, const std::string& name, const ReadOptions& options) {
  const Source source{bytes, name, options};
  return std::move(codec_of(source).decode(source).at(0));
}

std::vector<Image> decode_frames(View8 bytes, const std::string& name, const ReadOptions& options,
                                 int64_t count) {
  check(count > 0, "{}: count={} frames are none", name, count);
  const Source source{bytes, name, options, count};
  return codec_of(source).decode(source);
}

Header probe(View8 bytes, const std::string& name, const ReadOptions& options) {
  const Source source{bytes, name, options};
  return codec_of(source).probe(source);
}

Image read(const std::string& path, const ReadOptions& options) {
  return decode(read_file(path), path, options);
}

std::vector<Image> read_frames(const std::string& path, const ReadOptions& options, int64_t count) {
  return decode_frames(read_file(path), path, options, count);
}

std::vector<Format> formats() {
  std::vector<Format> out;
  for (const Codec* c : codecs())
    out.push_back({c->name,
                   {c->extensions.begin(), c->extensions.end()},
                   c->decode != nullptr,
                   c->encode != nullptr,
                   c->library,
                   c->package,
                   !FOVEA_HAVE_DCMTK && (c == &dicom_codec || c == &jpeg_codec) ? "libdcmtk-dev" : ""});
  return out;
}

bool is_image_name(const std::string& path) {
  const Codec* const codec = codec_for(path);
  return codec && codec->decode;
}

std::vector<uint8_t> encode(const Image& image, const std::string& format, int quality) {
  check(image.pixels.defined() && image.pixels.numel() > 0, "cannot encode an image without pixels");
  check(quality >= 1 && quality <= 100, "quality={} is outside 1..100", quality);
  for (const Codec* c : codecs())
    if (c->name == format && (c->encode || !c->decode)) {
      check_built(*c, format, c->encode != nullptr);
      return c->encode(image, quality);
    }
  fail("cannot write images as '{}': {} are written", format,
       names([](const Codec& c) { return c.encode != nullptr; }));
}

void write(const std::string& path, const Image& image, int quality) {
  const Codec* const codec = codec_for(path);
  check(codec && (codec->encode || !codec->decode),
        "cannot write {}: the extension '{}' is not that of a format that is written ({})", path,
        extension_of(path), names([](const Codec& c) { return c.encode != nullptr; }));
  check_built(*codec, path, codec->encode != nullptr);
  const Bytes bytes = encode(image, codec->name, quality);
  write_file(path, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

}  // namespace fovea::image
