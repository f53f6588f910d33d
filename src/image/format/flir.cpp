// The layout of the records is not published by the maker; it is that of ExifTool's FLIR.pm (P. Harvey,
// exiftool.org).
#include "image/format/flir.h"

#include <cmath>
#include <map>

#include "image/samples.h"
#include "image/signatures.h"

namespace fovea::image {
namespace {

constexpr int raw_data = 1, camera_info = 0x20;
constexpr double zero_celsius = 273.15;

float number(View8 record, size_t at, bool big) {
  return at + 4 <= record.size() ? load<float>(record.data() + at, big) : 0.0f;
}

/// The directory: 32 bytes for each record: its kind, where it begins and how long it is.
View8 record_of(View8 data, int kind) {
  if (data.size() < 64) return {};
  const bool big =
      load<uint32_t>(data.data() + 20, true) - 100 < 100;  // the version, 1xx, in the order of this directory
  const size_t directory = load<uint32_t>(data.data() + 24, big),
               count = load<uint32_t>(data.data() + 28, big);
  for (size_t i = 0; i < count && i < 4096; ++i) {
    const size_t at = directory + i * 32;
    if (at > data.size() || data.size() - at < 32) break;
    const uint8_t* const entry = data.data() + at;
    const size_t start = load<uint32_t>(entry + 12, big), size = load<uint32_t>(entry + 16, big);
    if (load<uint16_t>(entry, big) == kind && start <= data.size() && size <= data.size() - start)
      return data.subspan(start, size);
  }
  return {};
}

Thermal thermal_of(View8 record) {
  Thermal t;
  const bool big = record.size() > 1 && record[0] == 0;  // the first number is 2
  const auto f = [&](size_t at) { return double(number(record, at, big)); };
  t.emissivity = f(32), t.distance = f(36);
  t.reflected = f(40) - zero_celsius, t.air = f(44) - zero_celsius, t.window = f(48) - zero_celsius;
  t.window_transmission = f(52), t.humidity = f(60);
  if (t.humidity > 2) t.humidity /= 100;  // some cameras write percent
  t.r1 = f(88), t.b = f(92), t.f = f(96);
  t.alpha = {f(112), f(116)}, t.beta = {f(120), f(124)}, t.x = f(128);
  if (record.size() >= 784) t.o = load<int32_t>(record.data() + 776, big);
  t.r2 = f(780);
  return t;
}

/// Whether temperature() takes such constants; damaged ones must not keep the picture itself from being read.
bool is_plausible(const Thermal& t) {
  const auto positive = [](double v) { return v > 0 && v < 1e12; };
  const auto finite = [](double v) { return std::abs(v) < 1e12; };
  return positive(t.r1) && positive(t.r2) && positive(t.b) && finite(t.f) && finite(t.o) &&
         positive(t.emissivity) && t.emissivity <= 1 && positive(t.window_transmission) &&
         t.window_transmission <= 1 && t.distance >= 0 && finite(t.distance) && finite(t.reflected) &&
         finite(t.air) && finite(t.window) && finite(t.humidity);
}

/// The raw picture is a bare table, or a PNG whose 16 bits lie in the other order.
Image picture_of(const Source& jpeg, View8 record) {
  const bool big = record[0] == 0;
  const int64_t width = load<uint16_t>(record.data() + 2, big),
                height = load<uint16_t>(record.data() + 4, big);
  const View8 pixels = record.subspan(32);
  Image image;
  if (starts_with(pixels, "\x89PNG")) {
    const std::string name = jpeg.name + " (thermal picture)";
    ReadOptions options = jpeg.options;
    options.frame = 0;
    image = std::move(png_codec.decode({pixels, name, options}).at(0));
    check(image.pixels.dtype() == u16 && image.channels() == 1, "{}: the thermal picture is {}", jpeg.name,
          image.pixels.describe());
    uint16_t* const p = image.pixels.data<uint16_t>();
    for (int64_t i = 0; i < image.pixels.numel(); ++i) p[i] = uint16_t(p[i] >> 8 | p[i] << 8);
  } else {
    Header header = header_of(jpeg, "jpeg");
    header.frames = header.frame + 1, header.shape = {height, width, 1}, header.dtype = u16;
    check_plausible(jpeg, header, 0.5);
    const size_t bytes = size_t(width * height * 2);
    check(pixels.size() >= bytes,
          "{} is truncated: its thermal picture of {} x {} wants {} bytes, {} are there", jpeg.name, width,
          height, bytes, pixels.size());
    image.pixels =
        tensor_from(pixels.first(bytes), {height, width, 1}, {Sample::unsigned_integer, 2, false}, jpeg.name);
    image.shape = image.pixels.shape();
  }
  return image;
}

}  // namespace

Bytes flir_data(View8 jpeg) {
  using namespace std::string_view_literals;
  std::map<int, View8> pieces;
  for (size_t at = 2; at + 4 <= jpeg.size() && jpeg[at] == 0xff && jpeg[at + 1] != 0xda;) {
    const size_t length = size_t(jpeg[at + 2] << 8 | jpeg[at + 3]);
    if (length < 2 || at + 2 + length > jpeg.size()) break;
    const View8 body = jpeg.subspan(at + 4, length - 2);
    if (jpeg[at + 1] == 0xe1 && starts_with(body, "FLIR\0\1"sv) && body.size() > 8)
      pieces[body[6]] = body.subspan(8);
    at += 2 + length;
  }
  Bytes joined;
  for (const auto& [number, piece] : pieces) joined.insert(joined.end(), piece.begin(), piece.end());
  return starts_with(joined, "FFF\0"sv) || starts_with(joined, "AFF\0"sv) ? joined : Bytes{};
}

std::optional<Image> flir_picture(const Source& jpeg, View8 data) {
  const View8 raw = record_of(data, raw_data), camera = record_of(data, camera_info);
  if (raw.size() <= 32 || camera.size() < 784 || !is_plausible(thermal_of(camera))) return std::nullopt;
  Image image = picture_of(jpeg, raw);
  Header header = header_of(jpeg, "jpeg");
  header.color = ColorModel::gray, header.depth = 16, header.dtype = u16, header.shape = image.pixels.shape();
  header.thermal = thermal_of(camera), header.unit = "C";
  const Thermal& t = *header.thermal;
  header.entries = {{"thermal", "raw counts of an infrared camera"},
                    {"Planck", fmt::format("R1={} R2={} B={} F={} O={}", t.r1, t.r2, t.b, t.f, t.o)},
                    {"emissivity", fmt::format("{:.3g} at {:.3g} m", t.emissivity, t.distance)},
                    {"surroundings", fmt::format("reflected {:.1f} C, air {:.1f} C, humidity {:.0f} %",
                                                 t.reflected, t.air, t.humidity * 100)}};
  static_cast<Header&>(image) = std::move(header);
  return image;
}

}  // namespace fovea::image
