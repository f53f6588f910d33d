// Kernel: one implementation of an op on one device. Candidates are tried in falling `rank`; each refuses
// with a reason or runs; the reference of the op's own file comes last. Kernels never allocate (scratch is
// handed in) and never decide anything that depends on the number of threads.
#pragma once
#include "fovea/op.h"

namespace fovea {

enum class Inputs : uint8_t {
  dense,    // elements dense in plain layout
  strided,  // plain layout with any strides
  follow,   // any strides; if one input is blocked, so are the others of its shape and the result
  own,      // dense, in the layouts that `layouts` says
};

/// A kernel made ready for one call: what follows from shapes, strides and attributes is worked out.
class Bound {
 public:
  virtual ~Bound() = default;
  /// Runs that call, whose pointers may have changed since.
  virtual void run(const Call&) const = 0;
};

struct Kernel {
  const char* name;                              // "cpu:direct8"
  int rank = 0;                                  // higher is tried first
  const char* (*refuse)(const Call&) = nullptr;  // a reason, or null if it can run
  size_t (*scratch)(const Call&) = nullptr;      // bytes
  void (*run)(const Call&) = nullptr;
  Inputs inputs = Inputs::dense;
  /// If set: the layouts wanted for inputs and produced for results, both preset to plain. Needed for
  /// Inputs::own.
  void (*layouts)(const Call&, std::vector<Layout>& in, std::vector<Layout>& out) = nullptr;
  Device device = {};
  /// A reason to leave this call to the next candidate although the kernel could run it, or null; not asked
  /// if the kernel is forced.
  const char* (*slower)(const Call&) = nullptr;
  double tolerance = 0;  // against the reference in f32, where wider than the op's
  /// What `run` needs of weights that stay as they are (inputs 1 and later): how many bytes, and the work. A
  /// plan whose weights are constant does it once and hands it in as Call::prepared; else run() does it
  /// itself.
  size_t (*prepared)(const Call&) = nullptr;
  void (*prepare)(const Call&, char* to) = nullptr;
  /// For kernels of small tensors, where working out the call costs more than its elements: a plan keeps what
  /// this gives and runs that.
  std::unique_ptr<const Bound> (*bind)(const Call&) = nullptr;
};

/// `run` and `bind` of a kernel that is written as a Bound with a constructor from a call.
template <class B>
void run_bound(const Call& c) {
  B(c).run(c);
}
template <class B>
std::unique_ptr<const Bound> bind(const Call& c) {
  return std::make_unique<const B>(c);
}

/// Adds a candidate for the op named `op` (which may be registered later).
struct RegisterKernel {
  RegisterKernel(const char* op, Kernel kernel);
};

struct Refusal {
  const char* kernel;
  std::string reason;
};

/// The candidates for an op in the order tried, without its reference.
const std::vector<Kernel>& kernels_of(const std::string& op);

/// The kernel this call would run ("reference" if none of the candidates) and why the earlier ones refused.
std::string chosen_kernel(const Call& call, std::vector<Refusal>* refusals = nullptr);

/// While alive, only the kernel of that name ("reference" for the op's own) is considered, in this thread; a
/// call it refuses throws with the reason. For tests and benchmarks.
class ForceKernel {
 public:
  explicit ForceKernel(std::string name);
  ~ForceKernel();
  ForceKernel(const ForceKernel&) = delete;
  ForceKernel& operator=(const ForceKernel&) = delete;

 private:
  std::string before_;
};

}  // namespace fovea
