// Tables as text: RFC 4180, with commas, semicolons or tabs between the cells.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::data {

struct CsvRow {
  std::vector<std::string> cells;
  int64_t line = 0;  // of the file, from 1
};

/// The rows of `text`; empty lines are left out. The first line decides what separates cells: the one of
/// comma, semicolon and tab that it has most of. Cells in quotes may hold anything, a quote as two. Throws
/// naming `file` and line if a quote is not closed or stands inside of a cell.
std::vector<CsvRow> parse_csv(std::string_view text, const std::string& file);

}  // namespace fovea::data
