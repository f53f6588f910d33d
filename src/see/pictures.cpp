// Filters, maps and explanations as pictures.
#include <algorithm>
#include <cmath>

#include "fovea/autograd.h"
#include "fovea/image.h"
#include "fovea/ops.h"
#include "nn/eval_mode.h"
#include "see/layers.h"

namespace fovea::see {
namespace {

/// Tiles (h,w,3) of one size in rows of `columns`; small ones grow by a whole factor.
Tensor mosaic(const std::vector<Tensor>& tiles, int64_t columns) {
  constexpr int64_t side = 512, most_grown = 32;
  const int64_t h = tiles[0].size(0), w = tiles[0].size(1), n = int64_t(tiles.size());
  columns = std::min(columns, n);
  const int64_t rows = (n + columns - 1) / columns,
                grow = std::clamp<int64_t>(std::min(side / (columns * w), side / (rows * h)), 1, most_grown);
  const Tensor all = Tensor::empty({n, h, w, 3}, u8);
  for (int64_t i = 0; i < n; ++i) all.select(0, i).copy_from(tiles[size_t(i)]);
  return image::tiles(all, columns, grow, 2);
}

/// About as wide as high.
int64_t square_columns(int64_t n) { return int64_t(std::ceil(std::sqrt(double(n)))); }

/// A filter (C,h,w) as a tile: gray is 0, its largest weight of either sign white or black.
Tensor tile_of(const Tensor& filter) {
  const double largest = std::max(max(abs(filter)).item(), 1e-30);
  const Tensor unit = affine(filter, 0.5 / largest, 0.5).permute({1, 2, 0}).contiguous();
  return image::render(image::Image(image::to_u8(unit.to(f32))));
}

/// The weights of a layer as filters (n,C,h,w), or undefined if it has none that look at pictures.
Tensor filters_of(const nn::Module& module, const Dims& image) {
  for (const auto& [name, p] : module.own_parameters()) {
    if (name != "weight") continue;
    const Tensor w = p.detach();
    if (w.rank() == 4 && w.size(2) * w.size(3) > 1 && !module.describe().starts_with("ConvTranspose"))
      return w;
    if (w.rank() == 2 && image.size() == 3 && w.size(1) == image.numel())
      return w.reshape({w.size(0), image[0], image[1], image[2]});
  }
  return {};
}

constexpr double tiny = 1e-12;  // the span of a map that is the same throughout

/// A map (h,w) in colours, `low` and `high` being the ends of the palette.
Tensor colored(const Tensor& map, double low, double high, const char* palette) {
  const Tensor table = unsqueeze(map.to(f32), 2).contiguous();
  const image::Window window{(low + high) / 2, high - low};
  return image::render(image::Image(table), {.window = window, .palette = palette});
}

}  // namespace

std::vector<std::string> filter_layers(const nn::Module& net, const Dims& image) {
  std::vector<std::string> paths;
  for (const auto& [path, module] : net.named_modules())
    if (filters_of(*module, image).defined()) paths.push_back(path);
  return paths;
}

Tensor filters(const nn::Module& net, const std::string& layer, const Dims& image, int64_t most) {
  const NoGrad guard;
  const nn::Module& module = nn::module_at(net, layer);
  const Tensor weights = filters_of(module, image);
  check(weights.defined(), "[filters] {} ({}) has no filters over images; of this network these have: {}",
        layer, module.describe(), listed(filter_layers(net, image)));
  const int64_t n = std::min(weights.size(0), most), channels = weights.size(1);
  const bool whole = channels == 1 || channels == 3;
  std::vector<Tensor> tiles;
  for (int64_t i = 0; i < n; ++i) {
    const Tensor filter = weights.select(0, i);
    if (whole) tiles.push_back(tile_of(filter));
    for (int64_t c = 0; !whole && c < std::min(channels, most); ++c)
      tiles.push_back(tile_of(filter.narrow(0, c, 1)));
  }
  return mosaic(tiles, whole ? square_columns(n) : std::min(channels, most));
}

Tensor feature_maps(const nn::Module& net, const std::string& layer, const Tensor& x, int64_t most) {
  const NoGrad guard;
  const nn::EvalMode eval(net);
  const nn::Watch seen(net, layer);
  net(x);
  const Tensor all = seen.output();
  check(is_map(all.shape()), "[feature_maps] {}", no_maps(net, layer, all.shape(), x));
  const Tensor maps = all.contiguous().select(0, 0);
  const double low = min(maps).item(), high = std::max(max(maps).item(), low + tiny);
  std::vector<Tensor> tiles;
  for (int64_t c = 0; c < std::min(maps.size(0), most); ++c)
    tiles.push_back(colored(maps.select(0, c), low, high, "viridis"));
  return mosaic(tiles, square_columns(int64_t(tiles.size())));
}

Tensor input_picture(const Tensor& x, std::span<const float> mean, std::span<const float> std) {
  check(x.rank() == 3, "[input_picture] wants an input (C,H,W), not {}", x.describe());
  const NoGrad guard;
  const auto fits = [&](std::span<const float> v) { return v.empty() || int64_t(v.size()) == x.size(0); };
  check(fits(mean) && fits(std), "[input_picture] {} means and {} deviations for {} channels", mean.size(),
        std.size(), x.size(0));
  Tensor unit = x.detach().to(f32);
  if (!std.empty()) unit = mul(unit, Tensor::of(std, {x.size(0), 1, 1}));
  if (!mean.empty()) unit = add(unit, Tensor::of(mean, {x.size(0), 1, 1}));
  constexpr double rounding = 1e-3;
  const bool plain = min(unit).item() > -rounding && max(unit).item() < 1 + rounding;
  image::RenderOptions how;
  if (plain) how.window = image::Window{0.5, 1};
  return image::render(image::Image(unit.permute({1, 2, 0}).contiguous()), how);
}

Tensor overlay(const Tensor& rgb, const Tensor& map, double opacity) {
  check(rgb.rank() == 3 && rgb.size(2) == 3 && rgb.dtype() == u8 && map.rank() == 2,
        "[overlay] wants a picture u8 (H,W,3) and a map (h,w), not {} and {}", rgb.describe(),
        map.describe());
  const Tensor large =
      squeeze(image::resize(unsqueeze(map.to(f32), 2).contiguous(), rgb.size(0), rgb.size(1)), 2);
  const Tensor heat = colored(large, 0, std::max(max(large).item(), tiny), "jet").to(f32);
  return add(affine(rgb.to(f32), 1 - opacity, 0.5), affine(heat, opacity)).to(u8);
}

Tensor signed_map(const Tensor& map) {
  check(map.rank() == 2, "[signed_map] wants a map (H,W), not {}", map.describe());
  const double largest = std::max(max(abs(map)).item(), tiny);
  return colored(map, -largest, largest, "bwr");
}

}  // namespace fovea::see
