// What the peers written in C++ share: the protocol of worker.py.
//   int main() { peer::serve(std::cin, std::cout, [](const peer::Request& r) { return step_for(r); },
//   "dlib 19.24"); }
#pragma once
#include <chrono>
#include <compare>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <istream>
#include <map>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace peer {

struct Request {
  std::string workload = {}, mode = {};  // mode: train or predict
  int64_t batch = 0;
  auto operator<=>(const Request&) const = default;
  bool training() const { return mode == "train"; }
};

using Step = std::function<void()>;

constexpr size_t max_steps = 10000;  // of one answer
constexpr float learning_rate =
    1e-4;  // keeps values in a normal range however long the same batch is repeated
constexpr float momentum = 0.9;

inline float weight_decay(const Request& r) { return r.workload == "xor" ? 0 : 5e-4; }

/// The seconds of each step.
inline std::vector<double> measure(const Step& step, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  std::vector<double> times;
  const auto begin = Clock::now();
  do {
    const auto start = Clock::now();
    step();
    times.push_back(since(start));
  } while (since(begin) < seconds && times.size() < max_steps);
  return times;
}

/// Bytes of this process alone; getrusage() would count those of its parent at the fork.
inline int64_t peak_rss() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return 1024 * std::stoll(line.substr(6));
  return 0;
}

/// As JSON wants it, on one line.
inline std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c < ' ' && c >= 0 ? ' ' : c;
  }
  return result + '"';
}

inline void print_answer(std::ostream& out, const std::vector<double>& times, const std::string& config) {
  out << "{\"times\": [";
  for (size_t i = 0; i < times.size(); ++i) out << (i ? ", " : "") << times[i];
  out << "], \"peak_rss\": " << peak_rss() << ", \"config\": " << quoted(config) << "}" << std::endl;
}

/// Answers requests until their end; build(request) gives the step, or throws what the conductor reports.
inline void serve(std::istream& in, std::ostream& out, const std::function<Step(const Request&)>& build,
                  const std::string& config) {
  std::map<Request, Step> steps;
  for (std::string line; std::getline(in, line);) try {
      Request r;
      double seconds = 0;
      if (!(std::istringstream(line) >> r.workload >> r.batch >> r.mode >> seconds))
        throw std::invalid_argument("a request is workload batch mode seconds, not " + line);
      if (!steps.contains(r)) steps[r] = build(r);
      print_answer(out, measure(steps[r], seconds), config);
    } catch (const std::exception& error) {
      out << "{\"error\": " << quoted(error.what()) << "}" << std::endl;
    }
}

}  // namespace peer
