// Predictions of the classes of pixels beside the truth.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "fovea/draw.h"
#include "fovea/ops.h"
#include "fovea/see.h"
#include "image/thumbnail.h"
#include "train/report/subject.h"

namespace fovea::train {
namespace {

/// The picture, and it tinted by the truth and by the prediction.
std::array<Tensor, 3> views_of(const Segmented& s) {
  return {s.picture, image::draw_class_map(s.picture, s.truth),
          image::draw_class_map(s.picture, s.predicted)};
}

/// Side by side.
Tensor row_of(const Segmented& s) {
  const int64_t height = s.picture.size(0), gap = std::max<int64_t>(1, s.picture.size(1) / 32);
  const Tensor space = full({height, gap, 3}, 255, u8);
  const auto [picture, truth, predicted] = views_of(s);
  return concat({picture, space, truth, space, predicted}, 1);
}

std::string iou_text(double iou) {
  return std::isnan(iou) ? "nothing counts" : fmt::format("mIoU {:.1f}%", 100 * iou);
}

std::string cards(const Subject& s, const std::vector<int64_t>& places) {
  constexpr int64_t side = 160;  // of a picture on the page
  std::string out;
  for (const Segmented& one : segmented(s.model, s.val, places)) {
    std::string pictures;
    for (const Tensor& view : views_of(one))
      pictures +=
          image::img_tag(image::thumbnail(image::Image(view), side), side, s.set().where(one.example));
    out += card(pictures, iou_text(one.iou));
  }
  return "<div class=cards>\n" + out + "</div>\n";
}

}  // namespace

std::vector<Segmented> segmented(const nn::Module& model, const data::DataLoader& loader,
                                 const std::vector<int64_t>& places) {
  data::DataLoader single = one_by_one(loader);
  const std::vector<int64_t> order = single.order(0);
  const auto& [mean, std] = loader.normalization();
  std::vector<Segmented> all;
  for (const int64_t place : places) {
    auto epoch = single.epoch(0, place);
    const auto& [images, labels] = *epoch.begin();
    const Tensor probabilities = Trainer::predict(model, images, data::Task::segment);
    Metrics one{.task = data::Task::segment};
    one.add(0, probabilities, labels);
    all.push_back({order[size_t(place)], see::input_picture(images.select(0, 0), mean, std),
                   labels.select(0, 0).to(u8), argmax(probabilities, 1).select(0, 0).to(u8),
                   one.counted_pixels() > 0 ? one.score() : std::nan("")});
  }
  return all;
}

std::vector<int64_t> worst_segmented(const Evaluation& e, int64_t most) {
  std::vector<int64_t> places(e.example_iou.size());
  std::iota(places.begin(), places.end(), int64_t{0});
  std::erase_if(places, [&](int64_t i) { return std::isnan(e.example_iou[size_t(i)]); });
  std::stable_sort(places.begin(), places.end(),
                   [&](int64_t a, int64_t b) { return e.example_iou[size_t(a)] < e.example_iou[size_t(b)]; });
  places.resize(std::min(places.size(), size_t(std::max<int64_t>(most, 0))));
  return places;
}

Tensor segments_sheet(const std::vector<Segmented>& all) {
  std::vector<image::Cell> cells;
  for (const Segmented& s : all)
    cells.push_back(
        {row_of(s), fmt::format("{}: picture, truth, prediction  {}", s.example, iou_text(s.iou))});
  return image::contact_sheet(cells);
}

std::string segments_section(const Subject& s) {
  if (!s.segments()) return "";
  const auto all = int64_t(s.e.example_iou.size()), shown = std::min(all, s.options.looks);
  std::vector<int64_t> spread;
  for (int64_t i = 0; i < shown; ++i) spread.push_back(i * all / shown);
  return "<p class=dim>Picture, truth, prediction; white pixels do not count.</p>\n" + cards(s, spread) +
         "<h3>The worst</h3>\n" + cards(s, worst_segmented(s.e, s.options.mistakes));
}

}  // namespace fovea::train
