// The protocol of the peers written in C++ (bench/peers/worker.h).
#include "../../bench/peers/worker.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace {

using nlohmann::json;

/// The answers to `requests`, of a peer that knows the network "known"; steps counts its steps, builds its
/// networks.
std::vector<json> answers(const std::string& requests, int* steps, int* builds) {
  std::istringstream in(requests);
  std::ostringstream out;
  const auto build = [&](const peer::Request& r) -> peer::Step {
    if (r.workload != "known") throw std::invalid_argument("there is no \"" + r.workload + "\"\nhere");
    ++*builds;
    return [=] { ++*steps; };
  };
  peer::serve(in, out, build, "a \\ \"config\"");
  std::istringstream lines(out.str());
  std::vector<json> all;
  for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line));
  return all;
}

TEST(PeerWorker, AnswersWithTheTimeOfEachStep) {
  int steps = 0, builds = 0;
  const auto all = answers("known 4 train 0\nknown 4 train 0\nknown 4 predict 0\n", &steps, &builds);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(steps, 3);
  EXPECT_EQ(builds, 2) << "a network is built once for each workload, batch and mode";
  for (const json& a : all) {
    ASSERT_EQ(a["times"].size(), 1u);
    EXPECT_GE(a["times"][0].get<double>(), 0);
    EXPECT_GT(a["peak_rss"].get<int64_t>(), 1 << 20);
    EXPECT_EQ(a["config"], "a \\ \"config\"");
  }
}

TEST(PeerWorker, MeasuresUntilTheTimeIsOver) {
  int steps = 0, builds = 0;
  const auto all = answers("known 1 train 100\n", &steps, &builds);
  EXPECT_EQ(all.at(0)["times"].size(), peer::max_steps);
  const auto nap = [] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(10);
    while (std::chrono::steady_clock::now() < end) continue;
  };
  const auto times = peer::measure(nap, 0.035);
  EXPECT_GE(times.size(), 1u);
  EXPECT_LE(times.size(), 4u);
  for (const double t : times) EXPECT_GE(t, 0.01);
}

TEST(PeerWorker, GoesOnAfterAnError) {
  int steps = 0, builds = 0;
  const auto all = answers("other 4 train 0\nknown four train 0\nknown 4 train 0\n", &steps, &builds);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]["error"], "there is no \"other\" here");
  EXPECT_EQ(all[1]["error"], "a request is workload batch mode seconds, not known four train 0");
  EXPECT_EQ(all[2]["times"].size(), 1u);
}

}  // namespace
