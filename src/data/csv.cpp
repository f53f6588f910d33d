#include "data/csv.h"

#include <algorithm>

#include "fovea/error.h"

namespace fovea::data {
namespace {

char separator_of(std::string_view head) {
  char best = ',';
  for (const char c : {',', ';', '\t'})
    if (std::count(head.begin(), head.end(), c) > std::count(head.begin(), head.end(), best)) best = c;
  return best;
}

class CsvParser {
 public:
  CsvParser(std::string_view text, const std::string& file)
      : text_(text), file_(file), separator_(separator_of(text.substr(0, text.find('\n')))) {}

  std::vector<CsvRow> rows() {
    std::vector<CsvRow> rows;
    while (at_ < text_.size()) {
      CsvRow row{.cells = {}, .line = line_};
      bool more = true;
      while (more) {
        row.cells.push_back(cell());
        more = at_ < text_.size() && text_[at_] == separator_;
        at_ += more;
      }
      end_line();
      if (row.cells.size() > 1 || !row.cells[0].empty()) rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  bool ends_cell(char c) const { return c == separator_ || c == '\n' || c == '\r'; }

  std::string cell() {
    if (at_ < text_.size() && text_[at_] == '"') return quoted();
    std::string cell;
    for (; at_ < text_.size() && !ends_cell(text_[at_]); ++at_) {
      check(text_[at_] != '"', "{}:{}: a quote stands inside of a cell: quote the whole cell and double it",
            file_, line_);
      cell += text_[at_];
    }
    return cell;
  }

  std::string quoted() {
    const int64_t begun = line_;
    std::string cell;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        const bool doubled = at_ + 1 < text_.size() && text_[at_ + 1] == '"';
        ++at_;
        if (!doubled) {
          check(at_ == text_.size() || ends_cell(text_[at_]), "{}:{}: something follows a closed quote",
                file_, line_);
          return cell;
        }
      }
      line_ += text_[at_] == '\n';
      cell += text_[at_];
    }
    fail("{}:{}: a quote is never closed", file_, begun);
  }

  void end_line() {
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') ++at_;
    ++line_;
  }

  std::string_view text_;
  const std::string& file_;
  char separator_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

}  // namespace

std::vector<CsvRow> parse_csv(std::string_view text, const std::string& file) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return CsvParser(text, file).rows();
}

}  // namespace fovea::data
