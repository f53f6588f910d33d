// A video at one glance: its header in words, and a sheet of frames.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "video/stream.h"

namespace fovea::video {
namespace {

/// 83.25 seconds as "1:23.25".
std::string clock_text(double seconds) {
  const auto minutes = int64_t(seconds / 60);
  return fmt::format("{}:{:05.2f}", minutes, seconds - double(minutes) * 60);
}

}  // namespace

std::string header_text(const Header& header) {
  std::vector<std::pair<std::string, std::string>> lines;
  lines.emplace_back("video", header.file_bytes > 0
                                  ? fmt::format("{}, {} bytes", header.name, thousands(header.file_bytes))
                                  : header.name);
  lines.emplace_back("format", fmt::format("{}, codec {}, pixels {} of {} bits", header.container,
                                           header.codec, header.pixel_format, header.depth));
  lines.emplace_back("size", fmt::format("{} x {} pixels (width x height)", header.width, header.height));
  lines.emplace_back("frames", fmt::format("{}, each {} {}",
                                           header.frames < 0 ? "not known"
                                                             : (header.frames_exact ? "" : "about ") +
                                                                   thousands(header.frames),
                                           fovea::name_of(header.dtype), header.frame_shape()));
  std::string time =
      header.rate.num > 0 ? fmt::format("{} frames in a second", header.rate.str()) : "rate not known";
  if (header.rate.den != 1) time += fmt::format(" ({:.4g})", header.rate.value());
  if (header.duration > 0) time += fmt::format(", {}", clock_text(header.duration));
  lines.emplace_back("time", time);
  lines.insert(lines.end(), header.entries.begin(), header.entries.end());
  return aligned(lines);
}

image::Image contact_sheet(Reader& reader, int64_t n, int64_t width) {
  check(n > 0 && n <= 1000, "[contact_sheet] {} frames: 1 to 1000 make a sheet", n);
  std::vector<image::Cell> cells;
  for (const int64_t index : uniform_frames(reader.count(), std::min(n, reader.count()))) {
    const Frame frame = reader.frame(index);
    cells.push_back(
        {image::shrink_to(image::render(image::Image(frame.pixels, reader.header().color)), width),
         fmt::format("{}  {}", frame.index, clock_text(frame.time))});
  }
  return image::Image(image::contact_sheet(cells, width), image::ColorModel::rgb);
}

}  // namespace fovea::video
