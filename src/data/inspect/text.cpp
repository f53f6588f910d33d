// The report as text.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "data/inspect/tally.h"

namespace fovea::data {
namespace {

constexpr int64_t bar_width = 24, listed_classes = 40;

std::string bar(int64_t count, int64_t most) {
  std::string out;
  const int64_t full = most > 0 ? (count * bar_width + most - 1) / most : 0;
  for (int64_t i = 0; i < full; ++i) out += "━";
  return out;
}

std::string joined(const std::vector<Tally>& tallies, size_t most = 6) {
  std::string out;
  for (size_t i = 0; i < std::min(most, tallies.size()); ++i)
    out += fmt::format("{}{} {}", i ? ", " : "", tallies[i].name, thousands(tallies[i].count));
  return out + (tallies.size() > most ? fmt::format(", and {} more", tallies.size() - most) : "");
}

std::string class_lines(const Inspection& in) {
  const auto train = in.counts(Split::train), val = in.counts(Split::val);
  const size_t shown = std::min(in.classes.size(), size_t(listed_classes));
  size_t width = 5;
  int64_t most = 1;
  for (size_t c = 0; c < shown; ++c) width = std::max(width, in.classes[c].size());
  for (const int64_t n : train) most = std::max(most, n);
  std::string out =
      fmt::format("{:<{}}  {:>9}{}\n", "class", width, "train", in.has_val() ? "        val" : "");
  for (size_t c = 0; c < shown; ++c) {
    out += fmt::format("{:<{}}  {:>9}", in.classes[c], width, thousands(train[c]));
    if (in.has_val()) out += fmt::format("  {:>9}", thousands(val[c]));
    out += fmt::format("  {}\n", bar(train[c], most));
  }
  if (shown < in.classes.size()) out += fmt::format("and {} more classes\n", in.classes.size() - shown);
  return out;
}

std::string picture_lines(const Inspection& in) {
  const auto sizes = sizes_of(in);
  if (sizes.empty()) return "";
  std::string out;
  const bool features = in.examples[0].height == 1 && in.examples[0].format.empty();
  if (sizes[0] == sizes[2])
    out += fmt::format("size      {}, all of them\n",
                       features ? sizes[0].substr(0, sizes[0].find('x')) + " numbers" : sizes[0]);
  else {
    out += fmt::format("size      smallest {}, median {}, largest {}\n", sizes[0], sizes[1], sizes[2]);
    int64_t most = 0;
    for (const Tally& t : aspects_of(in)) most = std::max(most, t.count);
    out += "width : height\n";
    for (const Tally& t : aspects_of(in))
      out += fmt::format("  {:<12}{:>9}  {}\n", t.name, thousands(t.count), bar(t.count, most));
  }
  out += fmt::format("kind      {}\n", joined(kinds_of(in)));
  out += fmt::format("format    {}{}\n", joined(formats_of(in)),
                     bytes_of(in) > 0 ? ", " + bytes_text(bytes_of(in)) : "");
  return out;
}

std::string channel_lines(const Inspection& in) {
  if (in.channels.empty()) return "";
  std::string out =
      fmt::format("{:<12} {:>10} {:>10} {:>10} {:>10}\n", "numbers", "lowest", "mean", "highest", "std");
  for (size_t c = 0; c < in.channels.size(); ++c) {
    const ChannelFacts& f = in.channels[c];
    out += fmt::format("{:<12} {:>10.4g} {:>10.4g} {:>10.4g} {:>10.4g}\n", channel_name(in, c), f.low, f.mean,
                       f.high, f.std);
  }
  return out;
}

std::string finding_lines(const Inspection& in, int64_t listed) {
  std::string out;
  for (size_t i = 0; i < in.findings.size();) {
    const Oddity kind = in.findings[i].kind;
    const int64_t count = in.count(kind);
    out += fmt::format("{}: {}\n", heading_of(kind), thousands(count));
    for (int64_t k = 0; k < std::min(count, listed); ++k)
      out += fmt::format("  {}\n", in.text(in.findings[i + size_t(k)]));
    if (count > listed) out += fmt::format("  and {} more\n", thousands(count - listed));
    i += size_t(count);
  }
  return out;
}

}  // namespace

const char* name_of(Oddity kind) {
  constexpr const char* names[] = {"leak",     "conflict",  "unreadable", "misfit",     "not_finite",
                                   "constant", "duplicate", "lookalike",  "brightness", "size",
                                   "kind",     "extension", "rotated"};
  return names[size_t(kind)];
}

std::string Inspection::text(const Finding& f) const {
  const auto place = [&](int64_t i) {
    const std::string& where = examples[size_t(i)].where;
    const std::string folder = name.ends_with('/') ? name : name + "/";
    return where.starts_with(folder) ? where.substr(folder.size()) : where;
  };
  if (f.other < 0) return fmt::format("{}: {}", place(f.example), f.reason);
  return fmt::format("{} = {}: {}", place(f.example), place(f.other), f.reason);
}

std::string Inspection::str(int64_t listed) const {
  const auto looked = int64_t(examples.size()), all = total[0] + total[1];
  std::string out =
      fmt::format("{}  {}{}", name, has_val() ? "" : fmt::format("{} examples", thousands(all)),
                  has_val() ? fmt::format("{} train, {} val", thousands(total[0]), thousands(total[1])) : "");
  if (!classes.empty()) out += fmt::format(", {} classes", classes.size());
  if (looked < all) out += fmt::format("; {} of them looked at", thousands(looked));
  out += "\n\n";
  // What spoils a result comes before everything else.
  const std::string oddities = finding_lines(*this, listed);
  std::string first;
  for (const auto& w : warnings) first += "warning: " + w + "\n";
  first += oddities.empty() ? "no oddities\n" : oddities;
  out += first + "\n";
  if (!classes.empty()) out += class_lines(*this) + "\n";
  out += picture_lines(*this);
  const std::string numbers = channel_lines(*this);
  return out + (numbers.empty() ? "" : "\n" + numbers);
}

}  // namespace fovea::data
