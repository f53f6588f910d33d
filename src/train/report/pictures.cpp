// What the network looks at and looks for.
#include <algorithm>

#include "base/html.h"
#include "data/stored.h"
#include "fovea/ops.h"
#include "fovea/see.h"
#include "fovea/strings.h"
#include "image/thumbnail.h"
#include "train/report/subject.h"

namespace fovea::train {
namespace {

constexpr int64_t side = 192;  // of a picture on the page
constexpr const char* none = "<p>There are none.</p>";

/// see::cam_layer(), or nothing if the network has no convolution.
std::string layer_with_maps(const nn::Module& model, const Tensor& x) {
  try {
    return see::cam_layer(model, x);
  } catch (const Error&) {
    return "";
  }
}

std::string misreadings_section(const Subject& s) {
  const std::vector<Misreading> worst = worst_misreadings(s.e.logits, s.e.labels, s.options.mistakes);
  return worst.empty() ? none : figure(image::Image(misreadings_sheet(s.val, worst)), "misreadings", 760);
}

}  // namespace

std::string card(const std::string& pictures, const std::string& caption) {
  return fmt::format("<figure><div class=pair>{}</div><figcaption>{}</figcaption></figure>\n", pictures,
                     html_escaped(caption));
}

data::DataLoader one_by_one(const data::DataLoader& val) {
  data::LoaderOptions o = val.options();
  o.batch = 1, o.workers = 0, o.normalize = val.normalization();
  if (!val.targets().mean.empty()) o.targets = val.targets();
  return data::DataLoader({std::shared_ptr<void>(), &val.dataset()}, o);
}

std::string mistakes_section(const Subject& s) {
  if (s.transcribes()) return misreadings_section(s);
  if (!s.classifies() || !s.sees_images()) return "";
  const std::vector<int64_t> order = s.val.order(0);
  const auto& classes = s.set().classes();
  std::string out;
  for (const Mistake& m : worst_mistakes(s.e.logits, s.e.labels, s.options.mistakes)) {
    const int64_t example = order[size_t(m.example)];
    out += card(image::img_tag(image::thumbnail(data::stored_picture(s.set(), example), side), side,
                               s.set().where(example)),
                fmt::format("{}, taken for {} at {:.1f} %", classes[size_t(m.truth)],
                            classes[size_t(m.predicted)], 100 * m.confidence));
  }
  return out.empty() ? none : "<div class=cards>\n" + out + "</div>\n";
}

std::string filters_section(const Subject& s) {
  if (!s.sees_images()) return "";
  const std::vector<std::string> layers = see::filter_layers(s.model, s.val.example_shape());
  if (layers.empty()) return "";
  const image::Image tiles(see::filters(s.model, layers[0], s.val.example_shape()));
  return figure(tiles, "filters", 380) +
         fmt::format("<p class=dim>{}; gray is 0, each on a scale of its own</p>\n", html_escaped(layers[0]));
}

/// "cat 98.2 %", and what it is if that is wrong.
std::string said_of(const Subject& s, int64_t k, const Tensor& said) {
  const auto& classes = s.set().classes();
  const std::vector<double> p = said.to_vector<double>();
  const int64_t best = std::max_element(p.begin(), p.end()) - p.begin();
  const std::string text = fmt::format("{} {:.1f} %", classes[size_t(best)], 100 * p[size_t(best)]);
  if (!s.classifies()) return text;
  const auto truth = s.set().label(s.val.order(0)[size_t(k)]);
  return truth == best ? text : fmt::format("{}; it is {}", text, classes[size_t(truth)]);
}

std::string looks_section(const Subject& s) {
  if (s.task() == data::Task::regress || s.transcribes() || s.segments() || !s.sees_images()) return "";
  data::DataLoader loader = one_by_one(s.val);
  const int64_t all = loader.examples(), shown = std::min(all, s.options.looks);
  const data::Normalization& n = s.val.normalization();
  const auto show = [](const Tensor& t) {
    return image::img_tag(image::thumbnail(image::Image(t), side), side, "");
  };
  std::string out, layer;
  for (int64_t i = 0; i < shown; ++i) {
    const int64_t k = i * all / shown;
    auto epoch = loader.epoch(0, k);
    const Tensor x = epoch.begin()->images.to(s.e.logits.dtype());
    if (i == 0) layer = layer_with_maps(s.model, x);
    if (layer.empty()) return "";
    const Tensor said = Trainer::predict(s.model, x, s.task());
    const Tensor rgb = see::input_picture(x.select(0, 0), n.mean, n.std);
    const Tensor heat = see::grad_cam(s.model, x, argmax(said, 1), layer).select(0, 0);
    out += card(show(rgb) + show(see::overlay(rgb, heat)), said_of(s, k, said));
  }
  return fmt::format("<div class=cards>\n{}</div>\n<p class=dim>Grad-CAM of {}</p>\n", out,
                     html_escaped(layer));
}

}  // namespace fovea::train
