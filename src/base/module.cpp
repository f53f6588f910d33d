#include "base/module.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace fovea {

std::string load_module(const std::string& name, bool built, const std::string& package) {
  if (!built) return fmt::format("this build lacks it: install {} and build again", package);
  Dl_info here;
  if (!dladdr(reinterpret_cast<void*>(&load_module), &here)) return "this library's place is unknown";
  const std::string self = here.dli_fname;
  const std::string path = fmt::format("{}libfovea_{}.so", self.substr(0, self.rfind('/') + 1), name);
  return dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) ? "" : dlerror();
}

}  // namespace fovea
