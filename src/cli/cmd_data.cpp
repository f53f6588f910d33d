#include <fmt/format.h>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/keys.h"
#include "fovea/annotations.h"
#include "fovea/get.h"
#include "fovea/inspect.h"
#include "train/terminal.h"

namespace fovea::cli {
namespace {

using nlohmann::ordered_json;

struct Keys {
  std::string what, name, mirror, html;
  data::InspectOptions options;
  data::SheetOptions sheet;
  int64_t listed = 5;
  bool json = false;
};

/// One line on standard error once it takes longer than a second.
class ProgressLine {
 public:
  ~ProgressLine() {
    if (open_) fmt::print(stderr, "\r\x1b[K");
  }
  void operator()(int64_t done, int64_t total) {
    const auto now = Clock::now();
    const auto seconds = [&](Clock::time_point since) {
      return std::chrono::duration<double>(now - since).count();
    };
    if (!terminal_.redraws || seconds(start_) < 1 || seconds(drawn_) < 0.1) return;
    drawn_ = now, open_ = true;
    const double share = double(done) / double(total);
    fmt::print(stderr, "\r{}  {}/{}  {}/s  eta {}\x1b[K", train::bar(share, 30, terminal_), thousands(done),
               thousands(total), thousands(int64_t(double(done) / seconds(start_))),
               train::duration(seconds(start_) * (1 - share) / share));
    std::fflush(stderr);
  }

 private:
  using Clock = std::chrono::steady_clock;
  const train::Terminal terminal_ = train::terminal_of(stderr);
  const Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_ = {};
  bool open_ = false;
};

ordered_json json_of(const data::Facts& f) {
  ordered_json out{{"where", f.where}, {"split", data::name_of(f.split)}};
  if (f.label >= 0) out["label"] = f.label;
  if (!f.error.empty()) return out["error"] = f.error, out;
  if (!f.format.empty()) out["format"] = f.format;
  out.update({{"width", f.width},
              {"height", f.height},
              {"channels", f.channels},
              {"color", image::name_of(f.color)}});
  out.update({{"depth", f.depth},
              {"dtype", name_of(f.dtype)},
              {"frames", f.frames},
              {"bytes", f.bytes},
              {"mean", f.mean}});
  out.update({{"low", f.low}, {"high", f.high}, {"pixels", fmt::format("{:016x}", f.pixel_hash)}});
  return out;
}

ordered_json json_of(const data::Inspection& in) {
  ordered_json out{
      {"name", in.name}, {"train", in.total[0]}, {"val", in.total[1]}, {"readable", in.readable()}};
  out["classes"] = ordered_json::array();
  const auto train = in.counts(data::Split::train), val = in.counts(data::Split::val);
  for (size_t c = 0; c < in.classes.size(); ++c)
    out["classes"].push_back({{"name", in.classes[c]}, {"train", train[c]}, {"val", val[c]}});
  out["channels"] = ordered_json::array();
  for (const auto& c : in.channels)
    out["channels"].push_back({{"low", c.low}, {"mean", c.mean}, {"high", c.high}, {"std", c.std}});
  out["warnings"] = in.warnings;
  out["findings"] = ordered_json::array();
  for (const auto& f : in.findings) {
    ordered_json one{{"kind", data::name_of(f.kind)}, {"where", in.examples[size_t(f.example)].where}};
    if (f.other >= 0) one["other"] = in.examples[size_t(f.other)].where;
    one["reason"] = f.reason;
    out["findings"].push_back(std::move(one));
  }
  out["examples"] = ordered_json::array();
  for (const auto& f : in.examples) out["examples"].push_back(json_of(f));
  return out;
}

ordered_json json_of(const data::AnnotationSummary& s) {
  ordered_json out{{"description", s.description}, {"classes", ordered_json::array()}};
  for (size_t c = 0; c < s.classes.size(); ++c) {
    ordered_json one{{"name", s.classes[c]}, {"objects", s.objects[c]}, {"images", s.images[c]}};
    if (!s.pixels.empty()) one["pixels"] = s.pixels[c];
    out["classes"].push_back(std::move(one));
  }
  out.update({{"crowds", s.crowds}, {"outlines", s.masks}, {"empty", s.empty}, {"warnings", s.warnings}});
  return out;
}

/// A set for detection or segmentation.
int show_annotations(const Keys& keys) {
  ordered_json list = ordered_json::array();
  for (const auto split : {data::Split::train, data::Split::val}) {
    const auto summary = data::summary(*data::open_annotated(keys.what, split, keys.options.seed));
    if (keys.json) list.push_back(json_of(summary));
    else fmt::print("{}\n", summary.str(keys.listed));
  }
  if (keys.json) fmt::print("{}\n", list.dump(1, ' ', false, ordered_json::error_handler_t::replace));
  return 0;
}

/// `fovea data get NAME`
int get(const Keys& keys) {
  ProgressLine line;
  const std::string folder = data::get_dataset(
      keys.name, {.mirror = keys.mirror, .progress = [&](const std::string&, int64_t done, int64_t total) {
                    if (total > 0) line(done, total);
                  }});
  fmt::print("{} is in {}      next: fovea data {}\n", keys.name, folder, folder);
  return 0;
}

int run(Keys keys) {
  if (keys.what == "get") {
    if (keys.name.empty())
      throw UsageError(fmt::format("data get wants a name: {}", fmt::join(data::gettable_names(), ", ")));
    return get(keys);
  }
  if (!keys.name.empty()) throw UsageError(fmt::format("{} is one word too many", keys.name));
  if (data::is_annotated(keys.what)) return show_annotations(keys);
  data::Inspection found;
  {
    ProgressLine line;
    keys.options.progress = std::ref(line);
    found = data::inspect(keys.what, keys.options);
  }
  if (keys.json)
    fmt::print("{}\n", json_of(found).dump(1, ' ', false, ordered_json::error_handler_t::replace));
  else fmt::print("{}", found.str(keys.listed));
  if (keys.html.empty()) return 0;
  write_file(keys.html, data::html_sheet(found, keys.sheet));
  if (!keys.json) fmt::print("\nwrote {}\n", keys.html);
  return 0;
}

}  // namespace

const Command data_command{
    "data", "what a data set holds: classes, sizes, numbers, duplicates, leaks, odd files",
    "  fovea data photos/                     # a folder with one folder per class\n"
    "  fovea data photos/ html=sheet.html     # and as a page with pictures\n"
    "  fovea data mnist\n"
    "  fovea data get cifar10                 # fetches it from its official address into data/\n"
    "  fovea data cifar10:FOLDER limit=5000   # some of the examples\n"
    "  fovea data scans/ --json               # every file and every finding\n"
    "  fovea data coco/                       # boxes and masks: COCO, Pascal VOC, YOLO, mask PNGs\n"
    "  fovea data spiral:500                  # a synthetic set\n",
    [](KeySet& app) -> std::function<int()> {
      auto keys = std::make_shared<Keys>();
      app.add_option("data,--data", keys->what, "name, name:folder, folder or synthetic set")->required();
      app.add_option("name", keys->name, "of the set to fetch, after get");
      app.add_option("--mirror", keys->mirror, "address to fetch from instead: https://..., file:///...");
      app.add_option("--html", keys->html, "writes a page with samples, histograms and odd files");
      app.add_flag("--json", keys->json, "all of it as JSON");
      app.add_option("--near", keys->options.near_bits,
                     "look-alikes differ in at most so many of 64 bits of their perceptual hash (-1: none)")
          ->check(between(-1, 7));
      app.add_option("--limit", keys->options.limit, "looks at so many examples of a split (0: all)")
          ->check(at_least(0));
      app.add_option("--list", keys->listed, "how many of each oddity are named")->check(at_least(0));
      app.add_option("--samples", keys->sheet.samples, "pictures of each class on the page")
          ->check(at_least(0));
      app.add_option("--seed", keys->options.seed,
                     "of synthetic sets and of the part split off for validation");
      return [keys] { return run(*keys); };
    }};

}  // namespace fovea::cli
