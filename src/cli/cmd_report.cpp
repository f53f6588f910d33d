// `fovea report`: the report of a run, written anew.
#include "cli/keys.h"
#include "cli/report.h"
#include "cli/validation.h"

namespace fovea::cli {
namespace {

struct Keys {
  std::string run, data;
  int64_t batch = 64;
  ComputeKeys compute;
};

int run(const Keys& k) {
  use(k.compute);
  const Trained trained = load_trained(k.run, k.compute);
  check_knows_classes(trained);
  data::DataLoader loader =
      validation_loader(trained, open_validation(trained, k.data), k.batch, k.compute.worker_count());
  write_report(k.run, trained.net, loader, train::Trainer({}));
  fmt::print("wrote {}/report.html\n", k.run);
  return 0;
}

}  // namespace

const Command report_command{
    "report", "the report of a run as one HTML page: curves, confusions, calibration, mistakes, Grad-CAM",
    "  fovea report runs/train/1                     # writes runs/train/1/report.html\n"
    "  fovea report run=runs/train/1 data=photos/    # measured with another set of the same classes\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("run,--run", k->run, "run folder")->required();
      app.add_option("--data", k->data,
                     "whose validation part to measure with (default: that of the training)");
      app.add_option("--batch", k->batch, "examples per batch")->check(at_least(1));
      add_compute_keys(app, k->compute);
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli
