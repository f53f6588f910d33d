#include "cli/command.h"
#include "fovea/device.h"
#include "fovea/error.h"
#include "fovea/image.h"

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

}  // namespace

const Command devices_command{"devices", "the devices that can compute here, and the image formats read",
                              "  fovea devices\n  fovea train data=mnist device=cpu\n",
                              [](CLI::App&) -> std::function<int()> {
                                return [] {
                                  for (const auto& d : devices())
                                    fmt::print("{:<10} {}\n", d.device.str(), d.description);
                                  print_formats();
                                  return 0;
                                };
                              }};

}  // namespace fovea::cli
