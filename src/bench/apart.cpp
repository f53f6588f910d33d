#include "bench/apart.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "fovea/error.h"

namespace fovea::bench {
namespace {

constexpr char done = '+', failed = '-';

[[noreturn]] void run_in_child(const std::function<std::string()>& work, int pipe) {
  std::string answer;
  try {
    answer = done + work();
  } catch (const std::exception& e) {
    answer = failed + std::string(e.what());
  }
  for (size_t sent = 0; sent < answer.size();) {
    const ssize_t n = ::write(pipe, answer.data() + sent, answer.size() - sent);
    if (n <= 0) break;
    sent += size_t(n);
  }
  ::_exit(0);
}

std::string read_all(int pipe) {
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = ::read(pipe, buffer, sizeof buffer)) > 0;) text.append(buffer, size_t(n));
  return text;
}

}  // namespace

std::string run_apart(const std::function<std::string()>& work) {
  std::fflush(nullptr);  // or the child would write it again
  int ends[2];
  check(::pipe(ends) == 0, "cannot make a pipe");
  const pid_t child = ::fork();
  check(child >= 0, "cannot start another process");
  if (child == 0) {
    ::close(ends[0]);
    run_in_child(work, ends[1]);
  }
  ::close(ends[1]);
  const std::string answer = read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  check(!answer.empty(), "the process that ran it was ended by signal {}", WTERMSIG(status));
  check(answer[0] == done, "{}", answer.substr(1));
  return answer.substr(1);
}

}  // namespace fovea::bench
