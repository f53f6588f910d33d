#include "cli/val_masks.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "fovea/report.h"

namespace fovea::cli {
namespace {

using nlohmann::ordered_json;

ordered_json json_of(const train::Evaluation& e, const std::vector<std::string>& classes) {
  ordered_json list = ordered_json::array(), matrix = ordered_json::array();
  const train::Metrics& m = e.metrics;
  for (size_t c = 0; c < m.outputs.size(); ++c) {
    list.push_back({{"class", classes[c]},
                    {"iou", m.iou(c)},
                    {"recall", e.confusion.recall(int64_t(c))},
                    {"precision", e.confusion.precision(int64_t(c))},
                    {"pixels", m.outputs[c].hits + m.outputs[c].misses}});
    auto row = ordered_json::array();
    for (size_t p = 0; p < m.outputs.size(); ++p) row.push_back(e.confusion.count(int64_t(c), int64_t(p)));
    matrix.push_back(row);
  }
  return {{"examples", m.examples}, {"loss", m.loss()},
          {"miou", m.score()},      {"pixel_accuracy", m.pixel_accuracy()},
          {"seconds", e.seconds},   {"classes", list},
          {"confusion", matrix}};
}

void print_table(const train::Evaluation& e, const std::vector<std::string>& classes) {
  const train::Metrics& m = e.metrics;
  const auto percent = [](double x) {
    return std::isnan(x) ? std::string("-") : fmt::format("{:.1f}%", 100 * x);
  };
  size_t width = 5;
  for (const auto& name : classes) width = std::max(width, name.size());
  fmt::print("{:<{}}  {:>7}  {:>7}  {:>9}  {:>7}\n", "class", width, "IoU", "recall", "precision", "pixels");
  for (size_t c = 0; c < m.outputs.size(); ++c)
    fmt::print("{:<{}}  {:>7}  {:>7}  {:>9}  {:>7}\n", classes[c], width, percent(m.iou(c)),
               percent(e.confusion.recall(int64_t(c))), percent(e.confusion.precision(int64_t(c))),
               percent(double(m.outputs[c].hits + m.outputs[c].misses) / double(m.counted_pixels())));
  fmt::print("val  mIoU {:.2f}%  pixels {:.2f}%  loss {:.4f}  {} examples  {} img/s\n", 100 * m.score(),
             100 * m.pixel_accuracy(), m.loss(), thousands(m.examples),
             thousands(int64_t(double(m.examples) / std::max(e.seconds, 1e-9))));
}

void write_worst(const nn::Module& net, const train::Evaluation& e, const data::DataLoader& loader,
                 const MaskValKeys& k) {
  const auto worst = train::segmented(net, loader, train::worst_segmented(e, k.mistakes));
  image::write(k.out, image::Image(train::segments_sheet(worst)));
  fmt::print(stderr, "wrote {}: the {} examples with the lowest IoU, the worst first\n", k.out, worst.size());
}

}  // namespace

int val_masks(const Trained& trained, data::DataLoader& loader, const MaskValKeys& keys) {
  const std::vector<std::string>& classes = trained.checkpoint.card.classes;
  const train::Evaluation e = train::Trainer({}).validate(trained.net, loader, true);
  if (keys.json) fmt::print("{}\n", json_of(e, classes).dump(2));
  else print_table(e, classes);
  if (keys.mistakes > 0) write_worst(trained.net, e, loader, keys);
  return 0;
}

}  // namespace fovea::cli
