// The `fovea` program behind its start (start/main.cpp): finds the command, runs it, turns errors into
// messages and exit codes (1 failed, 2 misused).
#include <fmt/format.h>

#include <cstdio>

#include "cli/command.h"
#include "fovea/error.h"

namespace fovea::cli {
namespace {

const Command& find_command(const std::string& name) {
  std::vector<std::string> names{"help", "version"};
  for (const Command* c : commands()) {
    if (name == c->name) return *c;
    names.emplace_back(c->name);
  }
  const std::string near = nearest(name, names);
  throw UsageError(fmt::format("unknown command {}{}; `fovea help` lists all", name,
                               near.empty() ? "" : fmt::format(", did you mean {}?", near)));
}

int run(const std::vector<std::string>& words) {
  const std::string name = words.empty() ? "help" : words[0];
  if (name == "version" || name == "--version") return fmt::print("fovea {}\n", FOVEA_VERSION), 0;
  if (name == "help" || name == "--help" || name == "-h") {
    if (words.size() < 2 || name != "help") return fmt::print("{}", general_help()), 0;
    return run_command(find_command(words[1]), {"--help"});
  }
  return run_command(find_command(name), {words.begin() + 1, words.end()});
}

}  // namespace
}  // namespace fovea::cli

extern "C" int fovea_main(int argc, char** argv) {
  using namespace fovea;
  const std::vector<std::string> words(argv + 1, argv + argc);
  const std::string who = words.empty() ? "fovea" : "fovea " + words[0];
  try {
    const int code = cli::run(words);
    check(std::fflush(stdout) == 0, "cannot write the output");
    return code;
  } catch (const cli::UsageError& e) {
    fmt::print(stderr, "{}: {}\n", who, e.what());
    return 2;
  } catch (const std::exception& e) {
    std::fflush(stdout);
    fmt::print(stderr, "{}: {}\n", who, e.what());
    return 1;
  }
}
