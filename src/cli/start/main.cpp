// The start of the `fovea` program. OpenMP reads how long idle threads spin (fovea::use_short_spin) when it
// is loaded, before `main`: so what needs it is loaded from here, after that is set.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace {

/// From where this program's search path leads, or from beside it: sanitizers do not see the former.
void* load_program() {
  if (void* program = dlopen("libfovea_cli.so", RTLD_NOW)) return program;
  std::error_code none;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", none);
  return dlopen((self.parent_path() / "libfovea_cli.so").c_str(), RTLD_NOW);
}

}  // namespace

int main(int argc, char** argv) {
  if (!std::getenv("OMP_WAIT_POLICY")) setenv("GOMP_SPINCOUNT", "1500", 0);
  void* program = load_program();
  void* start = program ? dlsym(program, "fovea_main") : nullptr;
  if (!start) {
    std::fprintf(stderr, "fovea: %s\n", dlerror());
    return 1;
  }
  return reinterpret_cast<int (*)(int, char**)>(start)(argc, argv);
}
