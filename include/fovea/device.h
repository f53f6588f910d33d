// Where a tensor lives. Only the CPU is built in; other backends register themselves under their type.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fovea {

enum class DeviceType : uint8_t { cpu, opencl, cuda };

struct Device {
  DeviceType type = DeviceType::cpu;
  int16_t index = 0;
  bool operator==(const Device&) const = default;
  /// "cpu", "opencl:0", "cuda:1"
  std::string str() const;
  /// Parses "cpu", "cuda", "opencl:1"; throws if no such device is usable here, listing those that are.
  static Device parse(const std::string& text);
};

/// One usable device as shown by `fovea devices`.
struct DeviceInfo {
  Device device;
  std::string description;  // "AMD EPYC, AVX2+FMA, 2 threads"
};
std::vector<DeviceInfo> devices();

/// Instruction sets of this processor that fovea has code for, "AVX-512", "AVX2+FMA" or "baseline".
std::string cpu_isa();
/// Whether AVX2, FMA and F16C code may run (FOVEA_ISA=baseline in the environment turns it off).
bool cpu_has_avx2();
/// Whether AVX-512 (F, DQ, VL) code may run too (FOVEA_ISA=avx2 turns it off).
bool cpu_has_avx512();

/// Threads used by kernels. 0 = as many as the process may use. Results do not depend on it.
void set_num_threads(int n);
int num_threads();

/// How exact f32 kernels are. `high`: algorithms that save work may lose a digit (Winograd convolutions:
/// errors of about 1e-5 of the largest result instead of 1e-6). `highest`: only those as exact as the
/// definition.
enum class Precision : uint8_t { high, highest };
/// Of all kernels from now on; starts as `high`.
void set_precision(Precision p);
Precision precision();

/// Makes idle OpenMP threads sleep after a short spin, so that a busy neighbour does not stall every kernel.
/// libgomp reads its setting (GOMP_SPINCOUNT) before main, so the program is started anew once, unless the
/// environment sets it already. Call it first in main, or set GOMP_SPINCOUNT=1500 where the program is
/// started.
void use_short_spin(char** argv);

}  // namespace fovea
