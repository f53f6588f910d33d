// `fovea see`: what a trained network looks for, and why it says of a picture what it says.
#include <filesystem>

#include "cli/keys.h"
#include "cli/see_pictures.h"
#include "cli/validation.h"
#include "fovea/image.h"
#include "train/terminal.h"

namespace fovea::cli {
namespace {

namespace fs = std::filesystem;

struct Keys {
  std::string model, what = "all", data, image, label, out;
  int64_t example = 0;
  int chars = 64;
  SeeOptions options;
  ComputeKeys compute;
};

Sight look(const Trained& trained, const Keys& k) {
  const train::ModelCard& card = trained.checkpoint.card;
  check_knows_classes(trained);
  check(card.task != data::Task::transcribe, "{} reads strings; see explains classes, labels and numbers",
        trained.checkpoint.file);
  check(card.input.size() == 3, "{} takes {} numbers, not images: there is nothing to see",
        trained.checkpoint.file, card.input.numel());
  check(card.task != data::Task::segment,
        "{} segments, and what is explained is one answer for a picture: `fovea predict` draws what it sees",
        trained.checkpoint.file);
  const auto set = k.image.empty() ? open_validation(trained, k.data) : open_images({k.image}, card);
  check(k.example < set->size(), "example={} of {}: it has {} to validate with", k.example, set->name(),
        set->size());
  data::DataLoader loader = validation_loader(trained, set, 1, 0);
  return look(trained, loader, k.example, k.label);
}

/// Beside the weights, unless the user says where.
std::string folder_of(const Keys& k, const Trained& trained) {
  const std::string folder =
      k.out.empty() ? (fs::path(trained.checkpoint.file).parent_path() / "see").string() : k.out;
  std::error_code error;
  fs::create_directories(folder, error);
  check(!error, "cannot make the folder {}: {} (out=FOLDER puts it elsewhere)", folder, error.message());
  return folder;
}

/// Writes the picture; `alone` in the terminal too.
void show(const std::string& way, const Sight& sight, const std::string& folder, const Keys& k, bool alone) {
  const Seen seen = see_as(way, sight, k.options);
  const std::string file = folder + "/" + way + ".png";
  const image::Cell cells[]{{sight.rgb, sight.answer}, {seen.picture, seen.caption}};
  image::write(file, image::Image(explains(way) ? image::contact_sheet(cells, 640) : seen.picture));
  fmt::print("{:<10} {}  {}\n", way, file, seen.caption);
  const train::Terminal terminal = train::terminal_of(stdout);
  if (alone)
    fmt::print("{}", image::terminal_picture(image::Image(seen.picture), std::min(k.chars, terminal.columns),
                                             terminal.color));
}

int run(const Keys& k) {
  use(k.compute);
  const Trained trained = load_trained(k.model, k.compute);
  nn::module_at(trained.net, k.options.layer);
  const Sight sight = look(trained, k);
  const std::string folder = folder_of(k, trained);
  fmt::print("{:<10} {}: {}\n", "picture", sight.name, sight.answer);
  if (k.what != "all") return show(k.what, sight, folder, k, true), 0;
  for (const std::string& way : ways_of_seeing()) try {
      show(way, sight, folder, k, false);
    } catch (const Error& e) {
      fmt::print("{:<10} left out: {}\n", way, e.what());
    }
  return 0;
}

}  // namespace

const Command see_command{
    "see", "inside of a trained network: filters, maps, which pixels an answer comes from",
    "  fovea see model=runs/train/1                        # everything, of the first example to validate "
    "with\n"
    "  fovea see model=runs/train/1 what=gradcam image=cat.jpg class=cat\n"
    "  fovea see model=runs/train/1 what=maps layer=conv2 example=7\n"
    "  fovea see model=runs/train/1 what=dream layer=conv2  # what its channels would like to see\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      std::vector<std::string> names = ways_of_seeing();
      names.emplace_back("all");
      app.add_option("--model", k->model,
                     "run folder, .safetensors file, or a model that ships: lenet5@mnist")
          ->required();
      app.add_option("--what", k->what, fmt::format("{}", fmt::join(names, ", ")))->check(one_of(names));
      app.add_option("--layer", k->options.layer,
                     "of filters, maps, gradcam, dream (default: a fitting one)");
      app.add_option("--image", k->image, "file to look at (default: an example of the validation part)");
      app.add_option("--example", k->example, "which example")->check(at_least(0));
      app.add_option("--data", k->data, "whose validation part (default: that of the training)");
      app.add_option("--class", k->label,
                     "what is explained, by name or number (default: what is predicted)");
      app.add_option("--unit", k->options.unit, "dream: this channel or number alone (-1: the first 16)")
          ->check(at_least(-1));
      app.add_option("--steps", k->options.steps, "of ig and dream (0: 50, 256)")->check(between(0, 10'000));
      app.add_option("--window", k->options.window, "occlusion: pixels (0: a seventh of the side)")
          ->check(at_least(0));
      app.add_option("--most", k->options.most, "filters and maps to draw")->check(between(1, 1024));
      app.add_option("--seed", k->options.seed, "of dreams");
      app.add_option("--out", k->out, "folder for the pictures (default: see/ beside the weights)");
      app.add_option("--chars", k->chars, "width of the picture in the terminal")->check(at_least(1));
      add_compute_keys(app, k->compute);
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli
