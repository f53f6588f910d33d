#include "cli/command.h"
#include "fovea/device.h"
#include "fovea/error.h"

#include <fmt/format.h>

namespace fovea::cli {

const Command devices_command{"devices", "the devices that can compute here",
                              "  fovea devices\n  fovea train data=mnist device=cpu\n", Needs::nothing,
                              [](CLI::App&) -> std::function<int()> {
                                return [] {
                                  for (const auto& d : devices())
                                    fmt::print("{:<10} {}\n", d.device.str(), d.description);
                                  return 0;
                                };
                              }};

}  // namespace fovea::cli
