// The start of the `fovea` program. OpenMP reads how long idle threads spin (fovea::use_short_spin) when it
// is loaded, before `main`: so what needs it is loaded from here, after that is set.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (!std::getenv("OMP_WAIT_POLICY")) setenv("GOMP_SPINCOUNT", "1000", 0);
  void* program = dlopen("libfovea_cli.so", RTLD_NOW);
  void* start = program ? dlsym(program, "fovea_main") : nullptr;
  if (!start) {
    std::fprintf(stderr, "fovea: %s\n", dlerror());
    return 1;
  }
  return reinterpret_cast<int (*)(int, char**)>(start)(argc, argv);
}
