// Work in a process of its own, so that its peak memory is its own.
//   const std::string text = bench::run_apart([] { return std::to_string(bench::peak_rss()); });
#pragma once
#include <functional>
#include <string>

namespace fovea::bench {

/// What `work` returns. Throws what it throws as an Error with the same message, and if its process dies.
/// *Requires* that this process has not run any kernel: their threads do not live on in the other one.
std::string run_apart(const std::function<std::string()>& work);

}  // namespace fovea::bench
