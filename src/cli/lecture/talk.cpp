// The two ways a chapter is told: on the terminal, and as a page of Markdown.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <sstream>

#include "base/file.h"
#include "cli/command.h"
#include "cli/lecture/lecture.h"
#include "fovea/error.h"
#include "train/terminal.h"

namespace fovea::cli {
namespace {

constexpr int widest = 100;  // characters of a line of text

/// `text` as lines of at most `width` characters; blanks and line ends in it separate words alike.
std::string filled(const std::string& text, int width) {
  std::istringstream words(text);
  std::string out, line;
  for (std::string word; words >> word;) {
    if (!line.empty() && int(line.size() + 1 + word.size()) > width) out += line + "\n", line.clear();
    line += (line.empty() ? "" : " ") + word;
  }
  return out + line + "\n";
}

/// `words` with another folder in the place of `folder`.
std::string elsewhere(std::string words, const std::string& folder, const std::string& other) {
  for (size_t at = 0; (at = words.find(folder, at)) != words.npos; at += other.size())
    words.replace(at, folder.size(), other);
  return words;
}

std::vector<std::string> split(const std::string& words) {
  std::istringstream in(words);
  std::vector<std::string> all;
  for (std::string word; in >> word;) all.push_back(word);
  return all;
}

/// Runs "train data=mnist" in this process.
void run_words(const std::string& words) {
  std::vector<std::string> all = split(words);
  for (const Command* command : commands()) {
    if (all[0] != command->name) continue;
    all.erase(all.begin());
    const int code = run_command(*command, all);
    std::fflush(stdout);
    check(code == 0, "`fovea {}` ended with the code {}", words, code);
    return;
  }
  fail("there is no command {}", all[0]);
}

/// What `work` writes to standard output.
std::string output_of(const std::function<void()>& work) {
  std::fflush(stdout);
  std::FILE* const file = std::tmpfile();
  const int before = ::dup(STDOUT_FILENO);
  check(file && before >= 0, "there is no room for the output of a command");
  ::dup2(::fileno(file), STDOUT_FILENO);
  const auto restore = [&] {
    std::fflush(stdout);
    ::dup2(before, STDOUT_FILENO);
    ::close(before);
  };
  try {
    work();
  } catch (...) {
    restore();
    std::fclose(file);
    throw;
  }
  restore();
  std::rewind(file);
  std::string text;
  for (int c; (c = std::fgetc(file)) != EOF;) text += char(c);
  std::fclose(file);
  return text;
}

class TerminalTalk : public Talk {
 public:
  TerminalTalk(std::string folder, int number, const char* title)
      : Talk(std::move(folder)), terminal_(train::terminal_of(stdout)) {
    fmt::print("{}\n\n", bold(fmt::format("{}  {}", number, title)));
  }
  void say(const std::string& text) override {
    fmt::print("{}\n", filled(text, std::min(terminal_.columns, widest)));
    std::fflush(stdout);
  }
  void show(const std::string& lines) override { fmt::print("{}\n", lines); }
  void run(const std::string& words) override {
    fmt::print("{}\n", bold("$ fovea " + words));
    std::fflush(stdout);
    run_words(words);
    fmt::print("\n");
  }
  void picture(const std::string& name, const std::string& caption) override {
    fmt::print("{}: {}\n\n", file(name), caption);
  }
  void example(const std::string& name) override {
    fmt::print("The same in C++: examples/lecture/{}\n\n", name);
  }

 private:
  std::string bold(const std::string& text) const {
    return terminal_.color ? "\033[1m" + text + "\033[0m" : text;
  }
  train::Terminal terminal_;
};

/// A folder that is gone afterwards.
class Workshop {
 public:
  Workshop() { check(::mkdtemp(name_.data()), "cannot make a folder like {}", name_); }
  ~Workshop() {
    std::error_code ignored;
    std::filesystem::remove_all(name_, ignored);
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  const std::string& name() const { return name_; }

 private:
  std::string name_ = (std::filesystem::temp_directory_path() / "fovea.lecture.XXXXXX").string();
};

/// Of what commands write to `workshop`, `pages` gets the pictures alone.
class PageTalk : public Talk {
 public:
  PageTalk(const std::string& workshop, std::string pages, int number, const char* title)
      : Talk(workshop), pages_(std::move(pages)), page_(fmt::format("# {}. {}\n\n", number, title)) {}
  void say(const std::string& text) override { page_ += filled(text, 150) + "\n"; }
  void show(const std::string& lines) override { page_ += "```\n" + lines + "```\n\n"; }
  void run(const std::string& words) override {
    const std::string output = output_of([&] { run_words(words); });
    page_ += elsewhere(fmt::format("```\n$ fovea {}\n{}```\n\n", words, output), folder(), "lecture");
  }
  void picture(const std::string& name, const std::string& caption) override {
    const Bytes bytes = read_file(file(name));
    write_file(pages_ + "/" + name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    page_ += fmt::format("![{}]({})\n\n", caption, name);
  }
  void example(const std::string& name) override {
    const Bytes text = read_file("examples/lecture/" + name);
    page_ += fmt::format(
        "The same in C++ ([examples/lecture/{0}](../../examples/lecture/{0})):\n\n```c++\n{1}```\n\n", name,
        std::string(text.begin(), text.end()));
  }
  const std::string& page() const { return page_; }

 private:
  std::string pages_, page_;
};

const Chapter& chapter(int number) {
  const auto all = chapters();
  check(number >= 1 && number <= int(all.size()), "there is no chapter {}: they are numbered from 1 to {}",
        number, all.size());
  return all[size_t(number - 1)];
}

std::string page_name(int number) { return fmt::format("{:02}_{}.md", number, chapter(number).name); }

void make(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check(is_folder(folder), "cannot make the folder {}: {}", folder, error.message());
}

}  // namespace

void tell(int number, const std::string& folder) {
  const Chapter& c = chapter(number);
  make(folder);
  TerminalTalk talk(folder, number, c.title);
  c.tell(talk);
}

void write_page(int number, const std::string& folder) {
  const Chapter& c = chapter(number);
  make(folder);
  const Workshop workshop;
  PageTalk talk(workshop.name(), folder, number, c.title);
  c.tell(talk);
  write_file(folder + "/" + page_name(number), talk.page());
}

void write_contents(const std::string& folder) {
  std::string text =
      "# A first lecture on neural networks\n\nEvery number and picture was computed by the program: "
      "`fovea lecture 5` tells chapter 5 on your\nterminal, in less than a minute. These pages are what "
      "`fovea lecture all folder=docs/lecture --pages` wrote.\n\n";
  for (int number = 1; number <= int(chapters().size()); ++number)
    text += fmt::format("{}. [{}]({})\n", number, chapter(number).title, page_name(number));
  write_file(folder + "/README.md", text);
}

}  // namespace fovea::cli
