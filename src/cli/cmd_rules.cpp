// `fovea rules`: features made by hand with a linear rule against a learned network on the same data; and
// what a rule says of lines that people see wrong.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/contest.h"
#include "cli/recipes.h"
#include "cli/rules.h"
#include "cli/rules_picture.h"
#include "fovea/features.h"
#include "fovea/plot.h"
#include "fovea/see.h"
#include "fovea/zoo.h"
#include "train/fit_parts.h"
#include "train/terminal.h"

namespace fovea::cli {
namespace {

struct Keys {
  std::string data = "mnist", model, lines, out;
  int64_t imgsz = 0, cell = 0, examples = 4;
  double tilt = 0;
  ContestOptions contest;
  bool json = false;
  ComputeKeys compute;
};

/// A contestant with the features that it was given.
struct Entry {
  std::string name, what;
  int64_t numbers;         // of an example
  double feature_seconds;  // to count them, for both parts
  Contestant outcome;
};

void check_folder(const std::string& out) {
  const auto folder = std::filesystem::path(out).parent_path();
  check(folder.empty() || std::filesystem::is_directory(folder), "out={}: there is no folder {}", out,
        folder.string());
}

void print_line(const Entry& e) {
  fmt::print("{:<10} {:>8} {:>9} {:>9} {:>8.1f} {:>8.2f}%  {}\n", e.name, e.numbers,
             e.feature_seconds > 0 ? train::duration(e.feature_seconds) : "",
             train::duration(e.outcome.seconds), e.outcome.passes, 100 * e.outcome.error, e.what);
  std::fflush(stdout);
}

std::vector<Entry> compete(const Keys& k, const DataSplits& sets, const Rules& rules) {
  std::vector<Entry> all;
  const auto enter = [&](Entry e) {
    all.push_back(std::move(e));
    if (!k.json) print_line(all.back());
  };
  const std::string linear = "perceptron";
  const int64_t pixels = sets.train->example_shape().numel();
  enter({"pixels", "as they are", pixels, 0, trained_for(linear, sets.train, sets.val, k.contest)});
  for (const std::string& rule : Rules::names()) {
    const auto start = train::Clock::now();
    const auto train = rules.features(rule, *sets.train), val = rules.features(rule, *sets.val);
    const double seconds = train::seconds_since(start);
    enter({rule, rules.describe(rule), train->example_shape().numel(), seconds,
           trained_for(linear, train, val, k.contest)});
  }
  enter(
      {k.model, "learns its own features", pixels, 0, trained_for(k.model, sets.train, sets.val, k.contest)});
  return all;
}

/// Examples of different classes: first those that the network alone gets right, then any.
std::vector<int64_t> telling_examples(const std::vector<Entry>& all, const data::Dataset& set,
                                      int64_t count) {
  std::vector<int64_t> chosen, classes;
  for (size_t least = all.size() - 1; int64_t(chosen.size()) < count; --least) {
    for (int64_t i = 0; i < set.size() && int64_t(chosen.size()) < count; ++i) {
      const int64_t truth = set.label(i);
      if (std::find(classes.begin(), classes.end(), truth) != classes.end()) continue;
      size_t wrong = 0;
      for (const Entry& e : all) wrong += e.outcome.says[size_t(i)] != truth;
      if (all.back().outcome.says[size_t(i)] != truth || wrong < least) continue;
      chosen.push_back(i), classes.push_back(truth);
    }
    if (least == 0) break;
  }
  return chosen;
}

/// Which pixels move the answer of the network.
Tensor saliency(Contestant& net, int64_t index, int64_t answer) {
  auto epoch = net.val.epoch(0, index / net.val.options().batch);
  const Tensor x = (*epoch.begin()).images.narrow(0, index % net.val.options().batch, 1).clone();
  const Tensor map = see::saliency_map(net.net, x, full({1}, double(answer), i64)).select(0, 0).to(f32);
  return image::render(image::Image(map), {.palette = "hot"});
}

std::vector<View> views_of(std::vector<Entry>& all, const Rules& rules, const data::Dataset& set, int64_t i) {
  const Tensor picture = picture_of(set, i);
  const int64_t truth = set.label(i);
  const auto says = [&](const Entry& e) {
    return "says " + set.classes()[size_t(e.outcome.says[size_t(i)])];
  };
  const auto right = [&](const Entry& e) { return e.outcome.says[size_t(i)] == truth; };
  std::vector<View> row{{image::render(image::Image(picture)), says(all[0]), right(all[0])}};
  for (const Entry& e : std::span(all).subspan(1, Rules::names().size()))
    row.push_back({rules.sees(e.name, picture), says(e), right(e)});
  row.push_back({rules.sees("lines", picture), "", true});
  Entry& net = all.back();
  row.push_back({saliency(net.outcome, i, net.outcome.says[size_t(i)]), says(net), right(net)});
  return row;
}

void draw(const Keys& k, std::vector<Entry>& all, const Rules& rules, const data::Dataset& set) {
  std::vector<std::string> columns, names;
  std::vector<double> errors;
  for (const Entry& e : all) {
    columns.push_back(e.name), names.push_back(e.name);
    errors.push_back(100 * e.outcome.error);
  }
  columns.insert(columns.end() - 1, "lines");
  std::vector<std::vector<View>> rows;
  for (const int64_t i : telling_examples(all, set, k.examples)) rows.push_back(views_of(all, rules, set, i));
  image::Image bars = image::draw_bars("", "error in %", names, errors);
  constexpr int64_t empty_title = 70;
  bars = image::Image(image::crop(bars.pixels, empty_title, 0, bars.height() - empty_title, bars.width()));
  image::write(k.out, draw_rules(fmt::format("Rules and learning on {}", set.name()),
                                 fmt::format("{:.3g} s of training each; examples that few get right",
                                             k.contest.seconds),
                                 columns, rows, bars));
}

nlohmann::ordered_json json_of(const Keys& k, const std::vector<Entry>& all) {
  nlohmann::ordered_json j{{"data", k.data}, {"seconds", k.contest.seconds}};
  for (const Entry& e : all)
    j["methods"].push_back({{"name", e.name},
                            {"model", e.outcome.model},
                            {"numbers", e.numbers},
                            {"feature_seconds", e.feature_seconds},
                            {"seconds", e.outcome.seconds},
                            {"passes", e.outcome.passes},
                            {"error", e.outcome.error}});
  return j;
}

/// "Are these lines parallel?"
int answer_lines(const Keys& k) {
  const bool file = std::filesystem::exists(k.lines);
  check(!file || k.tilt == 0, "tilt= turns lines of the illusions, not of {}", k.lines);
  const Tensor gray = file ? image::to_gray(image::convert(image::read(k.lines), image::ColorModel::rgb))
                           : image::illusion(k.lines, 480, k.tilt);
  const image::Parallels found = image::parallel_lines(image::to_u8(gray));
  if (k.json)
    fmt::print("{}\n",
               nlohmann::ordered_json{
                   {"parallel", found.parallel}, {"spread", found.spread}, {"lines", found.lines.size()}}
                   .dump(2));
  else
    fmt::print("{}: {} long lines, angles differ by {:.1f} degrees at most: {}\n", k.lines,
               found.lines.size(), found.spread, found.parallel ? "parallel" : "not parallel");
  if (k.out.empty()) return 0;
  const Tensor seen = image::render(image::Image(gray));
  const image::Cell cells[]{
      {seen, k.lines},
      {image::draw_lines(seen, found.lines),
       fmt::format("{} lines, {:.1f} degrees apart at most", found.lines.size(), found.spread)}};
  constexpr int64_t sheet = 820;
  image::write(k.out, image::Image(image::contact_sheet(cells, sheet)));
  return 0;
}

int run(Keys k) {
  use(k.compute);
  check_folder(k.out);
  if (!k.lines.empty()) return answer_lines(k);
  check(!zoo::is_energy_model(k.model), "{} is an energy model, which tells no classes apart", k.model);
  if (k.out.empty()) k.out = "rules.png";
  k.contest.workers = k.compute.worker_count();
  data::OpenOptions options;
  options.imgsz = k.imgsz, options.seed = k.contest.seed;
  const DataSplits sets = open_splits(k.data, options);
  if (k.model.empty()) k.model = default_model(*sets.train);
  const Rules rules(*sets.train, k.cell);
  if (!k.json)
    fmt::print("data   {}\n\n{:<10} {:>8} {:>9} {:>9} {:>8} {:>9}\n", sets.describe(), "", "numbers",
               "counting", "learning", "passes", "error");
  auto all = compete(k, sets, rules);
  draw(k, all, rules, *sets.val);
  if (k.json) fmt::print("{}\n", json_of(k, all).dump(2));
  else fmt::print("\nwrote {}\n", k.out);
  return 0;
}

}  // namespace

const Command rules_command{
    "rules", "rules made by hand against learning: edges, HOG, templates and a network on the same data",
    "  fovea rules data=mnist\n"
    "  fovea rules data=cifar10 seconds=30 out=rules.jpg\n"
    "  fovea rules data=photos/ imgsz=64 cell=8\n"
    "  fovea rules lines=zoellner out=lines.png            # are these lines parallel?\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("--data", k->data, "as for train; pictures with classes");
      app.add_option("--model", k->model, "the network (default: as suits the data)");
      app.add_option("--seconds", k->contest.seconds, "of training for each")->check(between(0.05, 1e6));
      app.add_option("--epochs", k->contest.most_epochs, "most passes, where time would allow more")
          ->check(at_least(1));
      app.add_option("--imgsz", k->imgsz, "side of the pictures (0: as they are)")->check(at_least(0));
      app.add_option("--cell", k->cell,
                     "side of a cell of HOG in pixels (0: an eighth of the side, 4 at least)")
          ->check(at_least(0));
      app.add_option("--examples", k->examples, "rows of the picture")->check(between(1, 20));
      app.add_option("--lines", k->lines,
                     "instead: whether the lines of a picture are parallel: a file, zoellner or cafe_wall");
      app.add_option("--tilt", k->tilt, "lines: degrees by which every other line of the illusion is turned")
          ->check(between(-45, 45));
      app.add_option("--seed", k->contest.seed, "of weights and order");
      app.add_option("--out", k->out, "picture to write (default: rules.png)");
      app.add_flag("--json", k->json, "for machines");
      add_compute_keys(app, k->compute);
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli
