#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bench/kernels.h"
#include "cli/bench.h"
#include "fovea/device.h"

namespace fovea::cli {
namespace {

using nlohmann::ordered_json;

void print(const bench::Problem& p, const std::vector<bench::KernelFigures>& figures, double peak) {
  fmt::print("{}\n", p.text);
  for (const auto& f : figures) {
    const double rate = p.flops() / f.seconds;
    fmt::print("  {:<12} {:<22} {:>10} {:>8.1f} {:>7} {:>9.1e} {}\n", f.product, f.kernel,
               duration(f.seconds), rate / 1e9, peak > 0 ? fmt::format("{:.0f}", 100 * rate / peak) : "-",
               f.error, f.chosen ? "chosen" : "");
  }
  std::fflush(stdout);
}

ordered_json to_json(const bench::Problem& p, const std::vector<bench::KernelFigures>& figures) {
  ordered_json kernels = ordered_json::array();
  for (const auto& f : figures)
    kernels.push_back({{"product", f.product},
                       {"kernel", f.kernel},
                       {"chosen", f.chosen},
                       {"seconds", f.seconds},
                       {"flops_per_second", p.flops() / f.seconds},
                       {"error", f.error}});
  return {{"problem", p.text}, {"flops", p.flops()}, {"kernels", kernels}};
}

}  // namespace

int bench_kernels(const std::string& path, double seconds, bool json) {
  const auto problems = bench::read_problems(path);
  const double peak = bench::fma_peak();
  ordered_json all = ordered_json::array();
  if (!json) {
    fmt::print(
        "{} threads, multiply-add peak {:.1f} GFLOP/s; operations counted as in the definition, error "
        "against f64\n",
        num_threads(), peak / 1e9);
    fmt::print("  {:<12} {:<22} {:>10} {:>8} {:>7} {:>9}\n", "product", "kernel", "median", "GFLOP/s",
               "% peak", "error");
  }
  for (const auto& p : problems) {
    const auto figures = bench::measure_kernels(p, seconds);
    if (json) all.push_back(to_json(p, figures));
    else print(p, figures, peak);
  }
  if (json)
    fmt::print("{}\n", ordered_json{{"threads", num_threads()}, {"peak", peak}, {"problems", all}}.dump(2));
  return 0;
}

}  // namespace fovea::cli
