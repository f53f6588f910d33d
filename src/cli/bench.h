// The parts of `fovea bench`: each prints its table or JSON and gives the exit code.
#pragma once
#include <string>
#include <vector>

#include "bench/workload.h"

namespace fovea::cli {

/// Measures every workload for `seconds` in a process of its own. One that cannot run is reported on stderr
/// and makes the exit code 1; the others go on.
int bench_workloads(const std::vector<bench::Workload>& workloads, double seconds, bool json);

/// Every kernel on the layer shapes in `path`, `seconds` for each.
int bench_kernels(const std::string& path, double seconds, bool json);

/// JPEG files of the folder `data` (or made ones, if it is empty) to batches, `threads` of a loader working.
int bench_pipeline(const std::string& data, double seconds, int threads, bool json);
/// The pictures that it makes, for others to measure with.
void write_pictures(const std::string& folder);

/// Answers requests "workload batch mode seconds" from stdin with a line of JSON each, as the workers of the
/// peers do (bench/peers/worker.py).
int bench_worker();

/// "1.52 us", "12.3 ms", "4.08 s"
std::string duration(double seconds);

}  // namespace fovea::cli
