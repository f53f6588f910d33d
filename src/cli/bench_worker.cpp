#include <fmt/format.h>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/bench.h"
#include "fovea/error.h"

namespace fovea::cli {
namespace {

using nlohmann::json;

struct Request {
  bench::Workload workload;
  double seconds = 0;
};

Request parse_request(const std::string& line) {
  std::istringstream words(line);
  Request r;
  std::string mode, rest;
  const bool whole =
      bool(words >> r.workload.net >> r.workload.batch >> mode >> r.seconds) && !(words >> rest);
  check(whole && r.workload.batch > 0 && r.seconds >= 0 && (mode == "train" || mode == "predict"),
        "a request is WORKLOAD BATCH train|predict SECONDS, not '{}'", line);
  r.workload.training = mode == "train";
  return r;
}

}  // namespace

int bench_worker() {
  std::map<std::tuple<std::string, int64_t, bool>, std::function<void()>> steps;
  for (std::string line; std::getline(std::cin, line);) {
    json answer;
    try {
      const auto [w, seconds] = parse_request(line);
      auto& step = steps[{w.net, w.batch, w.training}];
      if (!step) step = bench::make_step(w);
      const auto times = bench::measure(step, seconds);
      answer = {{"times", times}, {"peak_rss", bench::peak_rss()}, {"config", "fovea " FOVEA_VERSION}};
    } catch (const std::exception& e) {
      answer = {{"error", e.what()}};
    }
    fmt::print("{}\n", answer.dump());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace fovea::cli
