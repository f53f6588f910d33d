#include "cli/command.h"
#include "fovea/device.h"
#include "fovea/error.h"
#include "fovea/get.h"
#include "fovea/image.h"
#include "fovea/video.h"

#include <fmt/format.h>

namespace fovea::cli {
namespace {

/// Which image formats this build reads, and what to install for the others.
void print_formats() {
  std::string reads, writes;
  for (const image::Format& f : image::formats()) {
    if (f.reads) reads += " " + f.name;
    if (f.writes) writes += " " + f.name;
  }
  fmt::print("images     read:{}\n           written:{}\n", reads, writes);
  for (const image::Format& f : image::formats()) {
    if (!f.reads)
      fmt::print("           no {}: {} was not found; install {} and build again\n", f.name, f.library,
                 f.package);
    if (!f.more.empty())
      fmt::print(
          "           {}: not every kind (lossless JPEG, JPEG-LS, 12 bits); install {} and build again\n",
          f.name, f.more);
  }
  if (!image::has_profiles())
    fmt::print(
        "           no colour profiles: Little CMS was not found; install liblcms2-dev and build again\n");
}

void print_sets() {
  for (const data::MissingPart& part : data::missing_parts())
    fmt::print("data sets  no {}: install {} and build again\n", part.what, part.package);
}

void print_videos() {
  fmt::print("videos     read: Y4M, MJPEG in AVI, animations, stacks, folders of pictures, cameras\n");
  const std::string missing = video::ffmpeg_missing();
  if (missing.empty())
    fmt::print("           through FFmpeg: mp4 mov mkv webm avi mpg ts flv ..., addresses of streams\n");
  else fmt::print("           no mp4, mkv, webm ...: they go through FFmpeg; {}\n", missing);
}

}  // namespace

const Command devices_command{
    "devices", "the devices that can compute here, and the image and video formats read",
    "  fovea devices\n  fovea train data=mnist device=cpu\n", [](KeySet&) -> std::function<int()> {
      return [] {
        for (const auto& d : devices()) fmt::print("{:<10} {}\n", d.device.str(), d.description);
        print_formats();
        print_videos();
        print_sets();
        return 0;
      };
    }};

}  // namespace fovea::cli
