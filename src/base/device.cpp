#include "fovea/device.h"

#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "fovea/error.h"

namespace fovea {
namespace {
std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "CPU";
}
}  // namespace

namespace {

/// Instruction sets in which code exists: each has all of those before it.
enum class Isa : uint8_t { baseline, avx2, avx512 };

Isa isa_of_processor() {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;  // clang's __builtin_cpu_supports does not know f16c
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  return !avx2 ? Isa::baseline : avx512 ? Isa::avx512 : Isa::avx2;
#else
  return Isa::baseline;
#endif
}

/// What may run: less than the processor has if FOVEA_ISA says so.
Isa isa() {
  static const Isa best = [] {
    const char* given = std::getenv("FOVEA_ISA");
    const std::string most = given ? given : "";
    const Isa has = isa_of_processor();
    return most == "baseline" ? Isa::baseline : most == "avx2" ? std::min(has, Isa::avx2) : has;
  }();
  return best;
}

}  // namespace

bool cpu_has_avx2() { return isa() >= Isa::avx2; }
bool cpu_has_avx512() { return isa() >= Isa::avx512; }

std::string cpu_isa() {
  return isa() == Isa::avx512 ? "AVX-512" : isa() == Isa::avx2 ? "AVX2+FMA" : "baseline";
}

void use_short_spin(char** argv) {
  if (std::getenv("GOMP_SPINCOUNT") || std::getenv("OMP_WAIT_POLICY")) return;
  setenv("GOMP_SPINCOUNT", "1500", 1);
  execv("/proc/self/exe",
        argv);  // only returns where it fails: then the default stays, which is merely slower
}

std::string Device::str() const {
  if (type == DeviceType::cpu) return "cpu";
  return fmt::format("{}:{}", type == DeviceType::cuda ? "cuda" : "opencl", index);
}

std::vector<DeviceInfo> devices() {
  const int n = num_threads();
  return {{Device{}, fmt::format("{}, {}, {} thread{}", cpu_model(), cpu_isa(), n, n == 1 ? "" : "s")}};
}

Device Device::parse(const std::string& text) {
  std::string usable;
  for (const auto& d : devices()) {
    if (d.device.str() == text) return d.device;
    usable += (usable.empty() ? "" : ", ") + d.device.str();
  }
  fail("device={} is not usable here; usable: {}", text, usable);
}

}  // namespace fovea
