#include <algorithm>
#include <cmath>

#include "fovea/plot.h"
#include "image/plot_style.h"
#include "image/ticks.h"

namespace fovea::image {
namespace {

constexpr double bar_share = 0.62;  // of the room that each bar has

}  // namespace

Image draw_bars(const std::string& title, const std::string& y_label, const std::vector<std::string>& names,
                const std::vector<double>& values) {
  check(names.size() == values.size() && !names.empty(), "[draw_bars] {} names for {} values", names.size(),
        values.size());
  Range range;
  range.add(0);
  for (const double v : values) {
    check(!(v < 0), "[draw_bars] {} is negative", v);
    if (std::isfinite(v)) range.add(v);
  }
  const Ticks ticks = ticks_around(range, 6);
  const double room = std::clamp(1200.0 / double(names.size()), 70.0, 150.0);
  const double left = 110, top = 130, bottom = 520, width = room * double(names.size());
  Canvas canvas(int(left + width + 150), 700, white);
  canvas.text({40, 54}, title, title_size, ink);
  canvas.text({left, top - 24}, y_label, label_size, ink);
  const auto height = [&](double v) { return v / ticks.last() * (bottom - top); };
  for (int i = 0; i < ticks.count; ++i) {
    const double y = std::round(bottom - height(ticks.at(i))) - 0.5;
    canvas.rectangle(left, y, width, 1, i == 0 ? axis_line : grid);
    canvas.text({left - 12, y + 7}, ticks.label(i), tick_size, faint, Align::right);
  }
  for (size_t i = 0; i < names.size(); ++i) {
    const double middle = left + (double(i) + 0.5) * room;
    if (std::isfinite(values[i])) {
      const double h = height(values[i]);
      canvas.rectangle(middle - bar_share * room / 2, bottom - h, bar_share * room, h, palette[0]);
      canvas.text({middle, bottom - h - 10}, fmt::format("{:.3g}", values[i]), tick_size, ink, Align::center);
    }
    canvas.text({middle - 6, bottom + 26}, names[i], tick_size, ink, Align::left, -40);
  }
  return Image(canvas.pixels());
}

}  // namespace fovea::image
