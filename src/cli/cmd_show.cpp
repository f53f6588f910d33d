#include "cli/command.h"
#include "cli/keys.h"
#include "fovea/image.h"
#include "train/terminal.h"

#include <fmt/format.h>

namespace fovea::cli {
namespace {

struct Keys {
  std::vector<std::string> files;
  int rows = 12, columns = 8, width = 64;
};

/// Shows one file; false (with the reason on standard error) if it cannot be read.
bool show(const std::string& file, const Keys& keys, const train::Terminal& terminal) {
  try {
    const image::Image picture = image::read(file);
    fmt::print("{}\n", image::header_text(picture));
    if (keys.rows > 0 && keys.columns > 0)
      fmt::print("{}\n", image::pixel_table(picture, keys.rows, keys.columns));
    fmt::print("{}",
               image::terminal_picture(picture, std::min(keys.width, terminal.columns), terminal.color));
    return true;
  } catch (const Error& e) {
    std::fflush(stdout);
    fmt::print(stderr, "fovea show: {}\n", e.what());
    return false;
  }
}

int run(const Keys& keys) {
  const train::Terminal terminal = train::terminal_of(stdout);
  int failed = 0;
  for (const auto& file : keys.files) failed += !show(file, keys, terminal);
  return failed ? 1 : 0;
}

}  // namespace

const Command show_command{
    "show", "an image: its header, its pixels as a table, a picture in the terminal",
    "  fovea show digit.png\n  fovea show photo.jpg width=100 rows=0    # only header and picture\n",
    Needs::nothing, [](CLI::App& app) -> std::function<int()> {
      auto keys = std::make_shared<Keys>();
      app.add_option("file", keys->files, "JPEG or PNG files")->required();
      app.add_option("--rows", keys->rows, "rows of the pixel table (0: no table)")->check(at_least(0));
      app.add_option("--columns", keys->columns, "columns of the pixel table (0: no table)")
          ->check(at_least(0));
      app.add_option("--width", keys->width, "width of the picture in characters")->check(at_least(1));
      return [keys] { return run(*keys); };
    }};

}  // namespace fovea::cli
