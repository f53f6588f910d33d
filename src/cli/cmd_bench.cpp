// `fovea bench`: how fast steps, predictions and kernels are on this machine.
#include "cli/bench.h"
#include "cli/keys.h"
#include "cli/setup.h"
#include "fovea/zoo.h"

namespace fovea::cli {
namespace {

struct Keys {
  std::string what, net, mode = "train", problems = "bench/problems", data, write;
  int64_t batch = 32;
  double seconds = 0;
  bool json = false;
  ComputeKeys compute;
};

constexpr double workload_seconds = 1, kernel_seconds = 0.1,
                 pipeline_seconds = 3;  // where the user does not say

std::vector<bench::Workload> workloads(const KeySet& app, const Keys& k) {
  if (!k.net.empty()) {
    if (k.net != "xor") zoo::info(k.net);  // throws for unknown names before anything is measured
    return {{k.net, k.batch, k.mode == "train"}};
  }
  if (given(app, "batch")) throw UsageError("batch belongs to net=: the networks of the race have their own");
  auto all = bench::race();
  if (given(app, "mode"))
    std::erase_if(all, [&](const bench::Workload& w) { return w.training != (k.mode == "train"); });
  return all;
}

int run(const KeySet& app, const Keys& k) {
  use(k.compute);
  if (k.what == "worker") return bench_worker();
  const auto seconds = [&](double otherwise) { return given(app, "seconds") ? k.seconds : otherwise; };
  if (k.what == "kernels") return bench_kernels(k.problems, seconds(kernel_seconds), k.json);
  if (k.what == "pipeline" && !k.write.empty()) return write_pictures(k.write), 0;
  if (k.what == "pipeline") return bench_pipeline(k.data, seconds(pipeline_seconds), num_threads(), k.json);
  return bench_workloads(workloads(app, k), seconds(workload_seconds), k.json);
}

}  // namespace

const Command bench_command{
    "bench", "how fast steps, predictions and kernels are here",
    "  fovea bench                                        # the workloads of the race\n"
    "  fovea bench net=resnet20 batch=128 mode=train seconds=2\n"
    "  fovea bench kernels problems=bench/problems/resnet18.txt\n"
    "  fovea bench pipeline threads=2 data=photos/         # JPEG files to batches\n"
    "  fovea bench worker                                 # answers requests on stdin, for bench/race\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("what", k->what,
                     "kernels: every kernel on layer shapes; pipeline: of images; worker: for bench/race")
          ->check(one_of({"kernels", "pipeline", "worker"}));
      app.add_option("--net", k->net, "xor or a model of `fovea train` (default: all of the race)");
      app.add_option("--batch", k->batch, "examples per step of net")->check(at_least(1));
      app.add_option("--mode", k->mode, "train or predict")->check(one_of({"train", "predict"}));
      app.add_option("--seconds", k->seconds, "for each workload (default 1) or kernel (default 0.1)")
          ->check(between(0, 3600));
      app.add_option("--problems", k->problems, "file or folder of layer shapes, for kernels");
      app.add_option("--data", k->data, "folder of JPEG files, for pipeline (default: some are made)");
      app.add_option("--write", k->write, "folder to put the made files of pipeline into, and nothing else");
      app.add_flag("--json", k->json, "for machines");
      add_kernel_keys(app, k->compute);
      return [&app, k] { return run(app, *k); };
    }};

}  // namespace fovea::cli
