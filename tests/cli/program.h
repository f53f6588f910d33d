// Running the program as a user does.
#pragma once
#include <fmt/format.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "../files.h"

namespace fovea::test {

struct Outcome {
  int code;
  std::string out, err;
};

/// Runs `fovea ARGUMENTS` in `folder` through a shell, both streams into files.
inline Outcome run(const TempFolder& folder, const std::string& arguments, const std::string& before = "") {
  const std::string command = fmt::format("cd '{}' && {} '{}' {} >out.txt 2>err.txt </dev/null", folder.str(),
                                          before, FOVEA_PROGRAM, arguments);
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), slurp(folder / "out.txt"),
          slurp(folder / "err.txt")};
}

inline void expect_in(const std::string& part, const std::string& text) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in:\n" << text;
}

}  // namespace fovea::test
