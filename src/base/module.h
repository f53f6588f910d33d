// Libraries that few programs want and that take milliseconds to load lie in modules beside this library,
// loaded when they are first wanted. A module sets a pointer of this library as it is loaded.
#pragma once
#include <string>

namespace fovea {

/// Loads libfovea_NAME.so; empty, or why it cannot be used. `built`: whether this build has it; `package`
/// brings what it needs.
std::string load_module(const std::string& name, bool built, const std::string& package);

}  // namespace fovea
