#include "cli/see_pictures.h"

#include <algorithm>
#include <cmath>

#include "cli/validation.h"
#include "fovea/autograd.h"
#include "fovea/image.h"
#include "fovea/ops.h"
#include "fovea/train.h"

namespace fovea::cli {
namespace {

/// The number of the class that is called or numbered `text`.
int64_t class_named(const std::string& text, const std::vector<std::string>& classes) {
  const auto found = std::find(classes.begin(), classes.end(), text);
  if (found != classes.end()) return found - classes.begin();
  const bool number = text.size() < 10 && text.find_first_not_of("0123456789") == text.npos;
  if (number && std::stoll(text) < int64_t(classes.size())) return std::stoll(text);
  const std::string near = nearest(text, classes);
  fail("class={} is none of the network's {}{}", text, classes.size(),
       near.empty() ? "" : fmt::format(": did you mean {}?", near));
}

/// "7 98.2%", "age 31.4"
std::string answer_text(const train::ModelCard& card, double said, size_t label) {
  if (card.task != data::Task::regress) return fmt::format("{} {:.1f}%", card.classes[label], 100 * said);
  const auto& [mean, std] = card.targets;
  return fmt::format("{} {:.4g}", card.classes[label], said * double(std[label]) + double(mean[label]));
}

/// The number that stands for a brightness of 0..1 in what the network gets, (1,C,1,1), if there is one.
Tensor shade(const train::ModelCard& card, float brightness) {
  if (!has_black_and_white(card)) return {};
  const auto& [mean, std] = card.normalization;
  if (mean.empty()) return full({1, 1, 1, 1}, brightness);
  const Tensor t = Tensor::empty({1, int64_t(mean.size()), 1, 1});
  for (size_t c = 0; c < mean.size(); ++c) t.data<float>()[c] = (brightness - mean[c]) / std[c];
  return t;
}

Tensor as_seen(const Tensor& x, const train::ModelCard& card) {
  return see::input_picture(x, card.normalization.mean, card.normalization.std);
}

/// A picture (C,H,W) whose contrast is what counts.
Tensor stretched(const Tensor& x) {
  const Tensor table = x.to(f32).permute({1, 2, 0}).contiguous();
  return image::render(image::Image(table), {.percentiles = std::array{0.5, 99.5}});
}

/// The layer that the user names, else the first there is.
std::string layer_of(const std::string& given, const std::vector<std::string>& layers, const char* what) {
  check(!given.empty() || !layers.empty(), "no layer of this network has {}", what);
  return given.empty() ? layers[0] : given;
}

Seen filters(const Sight& s, const SeeOptions& o) {
  const Dims& input = s.card.input;
  const std::string layer = layer_of(o.layer, see::filter_layers(s.net, input), "filters over images");
  return {see::filters(s.net, layer, input, o.most), "filters of " + layer};
}

Seen maps(const Sight& s, const SeeOptions& o) {
  const std::string layer = layer_of(o.layer, see::map_layers(s.net, s.x), "maps");
  return {see::feature_maps(s.net, layer, s.x, o.most), "maps of " + layer};
}

Seen saliency(const Sight& s, const SeeOptions&) {
  const Tensor map = see::saliency_map(s.net, s.x, s.label).select(0, 0).to(f32);
  return {image::render(image::Image(map), {.palette = "hot"}), "saliency"};
}

Seen integrated(const Sight& s, const SeeOptions& o) {
  const auto [parts, error] = see::integrated_gradients(
      s.net, s.x, s.label, {.baseline = shade(s.card, 0), .steps = o.steps > 0 ? o.steps : 50});
  const double gained = sum(parts).item() - error.item();
  return {see::signed_map(sum(parts, {1}).select(0, 0)),
          fmt::format("integrated gradients, error {:.2g}%",
                      100 * std::abs(error.item()) / std::max(std::abs(gained), 1e-12))};
}

Seen cam(const Sight& s, const SeeOptions& o) {
  const std::string layer = o.layer.empty() ? see::cam_layer(s.net, s.x) : o.layer;
  return {see::overlay(s.rgb, see::grad_cam(s.net, s.x, s.label, layer).select(0, 0)),
          "Grad-CAM of " + layer};
}

Seen occlusion(const Sight& s, const SeeOptions& o) {
  const int64_t side = std::min(s.x.size(2), s.x.size(3)),
                window = o.window > 0 ? o.window : std::max<int64_t>(1, side / 7);
  const Tensor fall =
      see::occlusion(s.net, s.x, s.label, {.window = window, .stride = std::max<int64_t>(1, window / 2)});
  return {see::signed_map(fall.select(0, 0)), fmt::format("occlusion by {0} x {0}", window)};
}

/// Pictures of the first units of a layer that is named, else of the classes.
Seen dream(const Sight& s, const SeeOptions& o) {
  constexpr int64_t most_units = 16;
  std::vector<int64_t> units;
  if (o.unit >= 0) units.push_back(o.unit);
  else {
    const NoGrad guard;
    const nn::Watch seen(s.net, o.layer);
    s.net(s.x);
    const int64_t all = seen.output().rank() > 1 ? seen.output().size(1) : 1;
    for (int64_t i = 0; i < std::min(all, most_units); ++i) units.push_back(i);
  }
  const see::Dreams dreams = see::dream(s.net, o.layer, units, s.card.input,
                                        {.steps = o.steps > 0 ? o.steps : 256,
                                         .low = shade(s.card, 0),
                                         .high = shade(s.card, 1),
                                         .seed = o.seed});
  std::vector<image::Cell> cells;
  for (size_t i = 0; i < units.size(); ++i)
    cells.push_back({stretched(dreams.images.select(0, int64_t(i))),
                     o.layer.empty() ? s.card.classes[size_t(units[i])] : std::to_string(units[i])});
  return {image::contact_sheet(cells, 640),
          "dreams of " + (o.layer.empty() ? std::string("the classes") : o.layer)};
}

struct Way {
  const char* name;
  bool explains;
  Seen (*draw)(const Sight&, const SeeOptions&);
};
const Way ways[] = {{"filters", false, filters}, {"maps", false, maps},  {"saliency", true, saliency},
                    {"ig", true, integrated},    {"gradcam", true, cam}, {"occlusion", true, occlusion},
                    {"dream", false, dream}};

const Way& way_named(const std::string& name) {
  for (const Way& way : ways)
    if (name == way.name) return way;
  fail("what={} is none of {}", name, fmt::join(ways_of_seeing(), ", "));
}

}  // namespace

const std::vector<std::string>& ways_of_seeing() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Way& way : ways) all.emplace_back(way.name);
    return all;
  }();
  return names;
}

Seen see_as(const std::string& way, const Sight& sight, const SeeOptions& options) {
  return way_named(way).draw(sight, options);
}

bool explains(const std::string& way) { return way_named(way).explains; }

Sight look(const Trained& trained, data::DataLoader& loader, int64_t index, const std::string& label) {
  const train::ModelCard& card = trained.checkpoint.card;
  Sight s{.net = trained.net, .card = card, .name = loader.dataset().where(index)};
  auto epoch = loader.epoch(0, index);
  s.x = (*epoch.begin()).images.to(trained.net.parameters()[0].dtype()).clone();
  s.rgb = as_seen(s.x.select(0, 0), card);
  const std::vector<double> said = train::Trainer::predict(trained.net, s.x, card.task).to_vector<double>();
  const int64_t best = std::max_element(said.begin(), said.end()) - said.begin(),
                wanted = label.empty() ? best : class_named(label, card.classes);
  s.label = full({1}, double(wanted), i64);
  s.answer = answer_text(card, said[size_t(wanted)], size_t(wanted));
  return s;
}

}  // namespace fovea::cli
