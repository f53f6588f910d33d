#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "bench/apart.h"
#include "cli/bench.h"
#include "fovea/device.h"
#include "fovea/error.h"

namespace fovea::cli {
namespace {

using nlohmann::ordered_json;

constexpr int warm_up_steps = 4;

const char* mode_of(const bench::Workload& w) { return w.training ? "train" : "predict"; }

ordered_json figures_of(const bench::Workload& w, double seconds) {
  const auto step = bench::make_step(w);
  for (int i = 0; i < warm_up_steps; ++i) step();
  const auto times = bench::measure(step, seconds);
  const int64_t rss = bench::peak_rss();
  const double median = bench::quantile(times, 0.5);
  // A training step multiplies as often for each of the two gradients as for the result.
  const double flops = 2.0 * double(bench::forward_macs(w)) * (w.training ? 3 : 1);
  return {{"net", w.net},
          {"batch", w.batch},
          {"mode", mode_of(w)},
          {"steps", times.size()},
          {"seconds", median},
          {"seconds_p90", bench::quantile(times, 0.9)},
          {"examples_per_second", double(w.batch) / median},
          {"flops_per_second", flops / median},
          {"peak_rss", rss}};
}

void print_header() {
  fmt::print("{:<24} {:<8} {:>10} {:>10} {:>12} {:>10} {:>9}\n", "network", "mode", "median", "p90",
             "examples/s", "RSS", "GFLOP/s");
}

void print_row(const ordered_json& r) {
  const double rate = r["examples_per_second"];
  fmt::print("{:<24} {:<8} {:>10} {:>10} {:>12} {:>6.0f} MiB {:>9.1f}\n",
             fmt::format("{} b{}", r["net"].get<std::string>(), r["batch"].get<int64_t>()),
             r["mode"].get<std::string>(), duration(r["seconds"]), duration(r["seconds_p90"]),
             rate < 100 ? fmt::format("{:.1f}", rate) : thousands(int64_t(rate)),
             r["peak_rss"].get<double>() / (1 << 20), r["flops_per_second"].get<double>() / 1e9);
  std::fflush(stdout);
}

}  // namespace

std::string duration(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.3g} us", 1e6 * seconds);
  return seconds < 1 ? fmt::format("{:.3g} ms", 1e3 * seconds) : fmt::format("{:.3g} s", seconds);
}

int bench_workloads(const std::vector<bench::Workload>& workloads, double seconds, bool json) {
  ordered_json rows = ordered_json::array();
  if (!json) print_header();
  for (const auto& w : workloads) try {
      const auto work = [&] { return figures_of(w, seconds).dump(); };
      rows.push_back(ordered_json::parse(bench::run_apart(work)));
      if (!json) print_row(rows.back());
    } catch (const Error& e) {
      fmt::print(stderr, "fovea bench: {} b{} {}: {}\n", w.net, w.batch, mode_of(w), e.what());
    }
  if (json)
    fmt::print("{}\n", ordered_json{{"version", FOVEA_VERSION},
                                    {"processor", devices()[0].description},
                                    {"threads", num_threads()},
                                    {"rows", rows}}
                           .dump(2));
  return rows.size() == workloads.size() ? 0 : 1;
}

}  // namespace fovea::cli
