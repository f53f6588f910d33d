// `fovea lecture`: the first lecture on neural networks, every number computed before the reader's eyes.
#include <charconv>
#include <chrono>

#include "cli/command.h"
#include "cli/keys.h"
#include "cli/lecture/lecture.h"
#include "fovea/error.h"
#include "train/terminal.h"

namespace fovea::cli {
namespace {

struct Keys {
  std::string chapter, folder = "lecture";
  bool pages = false;
};

void list() {
  int number = 0;
  for (const Chapter& c : chapters()) fmt::print("{:>3}  {}\n", ++number, c.title);
  fmt::print("\nfovea lecture 1 tells the first, fovea lecture all all of them\n");
}

int number_of(const std::string& text) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || next != end)
    throw UsageError(fmt::format("chapter {} is no number: 1 to {}, or all", text, chapters().size()));
  return number;
}

void tell_one(int number, const Keys& k) {
  const auto start = std::chrono::steady_clock::now();
  k.pages ? write_page(number, k.folder) : tell(number, k.folder);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("chapter {} took {}\n", number, train::duration(seconds));
  std::fflush(stdout);
}

int run(const Keys& k) {
  if (k.chapter.empty()) return list(), 0;
  if (k.chapter != "all") return tell_one(number_of(k.chapter), k), 0;
  for (int number = 1; number <= int(chapters().size()); ++number) tell_one(number, k);
  if (k.pages) write_contents(k.folder);
  return 0;
}

}  // namespace

const Command lecture_command{"lecture", "a first lecture on neural networks, run chapter by chapter",
                              "  fovea lecture                # the chapters\n"
                              "  fovea lecture 5              # one of them, in less than a minute\n"
                              "  fovea lecture all\n",
                              [](KeySet& app) -> std::function<int()> {
                                auto k = std::make_shared<Keys>();
                                app.add_option("chapter,--chapter", k->chapter, "its number, or all");
                                app.add_option("--folder", k->folder, "where pictures and runs go");
                                app.add_flag("--pages", k->pages,
                                             "writes pages of Markdown there, as docs/lecture/");
                                return [k] { return run(*k); };
                              }};

}  // namespace fovea::cli
