// The report as one HTML page.
#include <algorithm>
#include <cmath>

#include "base/html.h"
#include "base/text.h"
#include "data/inspect/tally.h"
#include "data/inspect/thumbnails.h"

namespace fovea::data {
namespace {

constexpr int64_t side = 128;

/// Which examples the page shows, and then their pictures.
class Pictures {
 public:
  void want(int64_t example) { wanted_.insert(example); }
  void make(const Inspection& in) { made_ = thumbnails(in, wanted_, side); }
  std::string img(const Inspection& in, int64_t example) const {
    return image::img_tag(made_.at(example), side, in.examples[size_t(example)].where);
  }

 private:
  std::set<int64_t> wanted_;
  std::map<int64_t, image::Thumbnail> made_;
};

std::string bar(int64_t count, int64_t most, const char* more = "") {
  return fmt::format("<span class=\"bar{}\" style=\"width:{:.1f}px\"></span>", more,
                     most > 0 ? 320. * double(count) / double(most) : 0);
}

std::string histogram(const std::string& title, const std::vector<Tally>& tallies, size_t most_rows = 12) {
  int64_t most = 0;
  for (const Tally& t : tallies) most = std::max(most, t.count);
  if (most == 0) return "";
  std::string out = fmt::format("<div><h3>{}</h3><table>", title);
  for (size_t i = 0; i < std::min(tallies.size(), most_rows); ++i)
    out += fmt::format("<tr><td>{}<td class=n>{}<td>{}\n", html_escaped(tallies[i].name),
                       thousands(tallies[i].count), bar(tallies[i].count, most));
  return out + "</table></div>\n";
}

std::string class_table(const Inspection& in) {
  if (in.classes.empty()) return "";
  const auto train = in.counts(Split::train), val = in.counts(Split::val);
  const int64_t most = std::max<int64_t>(1, *std::max_element(train.begin(), train.end()));
  std::string out = "<h2>Classes</h2>\n<table><tr><th>class<th class=n>train";
  out += in.has_val() ? "<th class=n>val<th>\n" : "<th>\n";
  for (size_t c = 0; c < in.classes.size(); ++c) {
    out += fmt::format("<tr><td>{}<td class=n>{}", html_escaped(in.classes[c]), thousands(train[c]));
    if (in.has_val()) out += fmt::format("<td class=n>{}", thousands(val[c]));
    out += fmt::format("<td>{}{}\n", bar(train[c], most), in.has_val() ? bar(val[c], most, " val") : "");
  }
  return out + "</table>\n";
}

std::string channel_table(const Inspection& in) {
  if (in.channels.empty()) return "";
  std::string out =
      "<div><h3>Numbers</h3><table><tr><th><th class=n>lowest<th class=n>mean<th class=n>highest<th "
      "class=n>std\n";
  for (size_t c = 0; c < in.channels.size(); ++c) {
    const ChannelFacts& f = in.channels[c];
    out += fmt::format("<tr><td>{}<td class=n>{:.4g}<td class=n>{:.4g}<td class=n>{:.4g}<td class=n>{:.4g}\n",
                       channel_name(in, c), f.low, f.mean, f.high, f.std);
  }
  return out + "</table></div>\n";
}

/// Calls f(kind, findings shown, all of the kind) for each kind that occurs.
template <class F>
void for_each_kind(const Inspection& in, int64_t listed, const F& f) {
  for (size_t i = 0; i < in.findings.size();) {
    const int64_t count = in.count(in.findings[i].kind);
    f(in.findings[i].kind, std::span(in.findings).subspan(i, size_t(std::min(count, listed))), count);
    i += size_t(count);
  }
}

std::string finding_sections(const Inspection& in, const Pictures& pictures, int64_t listed) {
  std::string out;
  for_each_kind(in, listed, [&](Oddity kind, std::span<const Finding> shown, int64_t count) {
    out += fmt::format("<h3{}>{}: {}</h3>\n<div class=cards>", kind <= Oddity::misfit ? " class=bad" : "",
                       heading_of(kind), thousands(count));
    for (const Finding& f : shown) {
      out += "<figure><div class=pair>" + pictures.img(in, f.example);
      if (f.other >= 0) out += pictures.img(in, f.other);
      out += fmt::format("</div><figcaption>{}</figcaption></figure>\n", html_escaped(in.text(f)));
    }
    out += "</div>\n";
    if (int64_t(shown.size()) < count)
      out += fmt::format("<p class=dim>and {} more</p>\n", thousands(count - int64_t(shown.size())));
  });
  return out.empty() ? "<p>Nothing odd was found.</p>\n" : out;
}

/// Evenly spread readable examples of each class; of all where there are no classes.
std::vector<std::vector<int64_t>> samples_of(const Inspection& in, const SheetOptions& options) {
  const size_t groups = in.classes.empty() ? 1 : std::min(in.classes.size(), size_t(options.classes));
  std::vector<std::vector<int64_t>> members(groups), out(groups);
  for (size_t i = 0; i < in.examples.size(); ++i) {
    const Facts& f = in.examples[i];
    const int64_t group = in.classes.empty() ? 0 : f.label;
    if (f.error.empty() && group >= 0 && group < int64_t(groups))
      members[size_t(group)].push_back(int64_t(i));
  }
  const int64_t each = in.classes.empty() ? 6 * options.samples : options.samples;
  for (size_t g = 0; g < groups; ++g) {
    const auto n = int64_t(members[g].size()), wanted = std::min(n, each);
    for (int64_t k = 0; k < wanted; ++k) out[g].push_back(members[g][size_t(k * n / wanted)]);
  }
  return out;
}

std::string sample_sections(const Inspection& in, const std::vector<std::vector<int64_t>>& samples,
                            const Pictures& pictures) {
  std::string out = "<h2>Samples</h2>\n";
  for (size_t g = 0; g < samples.size(); ++g) {
    if (samples[g].empty()) continue;
    if (!in.classes.empty()) out += fmt::format("<h3>{}</h3>\n", html_escaped(in.classes[g]));
    out += "<div class=samples>";
    for (const int64_t example : samples[g]) out += pictures.img(in, example);
    out += "</div>\n";
  }
  if (samples.size() < in.classes.size())
    out += fmt::format("<p class=dim>and {} more classes</p>\n", in.classes.size() - samples.size());
  return out;
}

}  // namespace

std::string html_sheet(const Inspection& in, const SheetOptions& options) {
  const auto samples = samples_of(in, options);
  Pictures pictures;
  for (const auto& group : samples)
    for (const int64_t example : group) pictures.want(example);
  for_each_kind(in, options.listed, [&](Oddity, std::span<const Finding> shown, int64_t) {
    for (const Finding& f : shown) {
      pictures.want(f.example);
      if (f.other >= 0) pictures.want(f.other);
    }
  });
  pictures.make(in);

  std::string out;
  const auto sizes = sizes_of(in);
  out += fmt::format("<p class=dim>{}{}{}{}{}</p>\n",
                     in.has_val()
                         ? fmt::format("{} train, {} val", thousands(in.total[0]), thousands(in.total[1]))
                         : fmt::format("{} examples", thousands(in.total[0])),
                     in.classes.empty() ? "" : fmt::format(", {} classes", in.classes.size()),
                     bytes_of(in) > 0 ? ", " + bytes_text(bytes_of(in)) : "",
                     sizes.empty() ? ""
                     : sizes[0] == sizes[2]
                         ? ", all " + sizes[0]
                         : fmt::format(", smallest {}, median {}, largest {}", sizes[0], sizes[1], sizes[2]),
                     int64_t(in.examples.size()) < in.total[0] + in.total[1]
                         ? fmt::format("; {} of them looked at", thousands(int64_t(in.examples.size())))
                         : "");
  out += "<h2>To look after</h2>\n";
  for (const auto& w : in.warnings) out += fmt::format("<p class=bad>{}</p>\n", html_escaped(w));
  out += finding_sections(in, pictures, options.listed);
  out += class_table(in);
  out += "<h2>Pictures</h2>\n<div class=row>\n" + histogram("Kinds", kinds_of(in)) +
         histogram("Formats", formats_of(in)) + channel_table(in);
  if (!sizes.empty() && sizes[0] != sizes[2]) out += histogram("Width : height", aspects_of(in));
  out += histogram("Mean brightness", brightness_of(in)) + "</div>\n";
  return html_page(in.name, out + sample_sections(in, samples, pictures));
}

}  // namespace fovea::data
