#include "data/inspect/findings.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <tuple>

#include "base/text.h"
#include "data/inspect/tally.h"

namespace fovea::data {
namespace {

constexpr double most_share = 0.9;        // what so many examples have in common is the rule
constexpr int64_t least_examples = 10;    // for a rule
constexpr double far_brightness = 6;      // robust deviations from the median
constexpr double least_brightness = 0.2;  // and so far of 0..1
constexpr double far_size = 16;           // times the pixels of the median
constexpr double slender = 5;             // width : height or the reverse
constexpr double uneven = 10;             // times more examples in one class than in another

using Findings = std::vector<Finding>;

double median(std::vector<double> values) {
  const auto middle = values.begin() + int64_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Examples with the same pixels, those of the training split first.
void find_copies(const Inspection& in, Findings& out) {
  std::vector<int64_t> order;
  for (size_t i = 0; i < in.examples.size(); ++i)
    if (in.examples[i].error.empty() && !in.examples[i].constant) order.push_back(int64_t(i));
  const auto hash = [&](int64_t i) { return in.examples[size_t(i)].pixel_hash; };
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return hash(a) < hash(b); });
  for (size_t first = 0, i = 1; i < order.size(); ++i) {
    if (hash(order[i]) != hash(order[first])) {
      first = i;
      continue;
    }
    const Facts &a = in.examples[size_t(order[first])], &b = in.examples[size_t(order[i])];
    if (a.split != b.split) out.push_back({Oddity::leak, order[i], order[first], "the same pixels"});
    else out.push_back({Oddity::duplicate, order[i], order[first], "the same pixels"});
    if (a.label != b.label && a.label >= 0 && b.label >= 0)
      out.push_back({Oddity::conflict, order[i], order[first],
                     fmt::format("the same pixels, labelled {} and {}", in.classes[size_t(b.label)],
                                 in.classes[size_t(a.label)])});
  }
}

/// Pictures that look alike but are not the same.
void find_lookalikes(const Inspection& in, std::span<const Look> looks, int bits, Findings& out) {
  std::vector<Look> seen(looks.begin(), looks.end());
  for (const Finding& copy : out) seen[size_t(copy.example)].seen = false;  // told already
  std::vector<uint8_t> groups;
  for (const Facts& f : in.examples) groups.push_back(uint8_t(f.split));
  const auto twins = find_twins(seen, groups, bits, correlation_of_twins(seen));
  const auto reason = [&](int64_t a, int64_t b) {
    return fmt::format("looks the same: correlation {:.4f}", correlation(looks[size_t(a)], looks[size_t(b)]));
  };
  for (int64_t i = 0; i < int64_t(twins.size()); ++i) {
    const auto [same, other] = twins[size_t(i)];
    if (other >= 0 && in.examples[size_t(i)].split == Split::val)
      out.push_back({Oddity::leak, i, other, reason(i, other)});
    else if (same >= 0) out.push_back({Oddity::lookalike, i, same, reason(i, same)});
  }
}

/// What nearly all examples share, as text, tells which ones are odd.
template <class F>
void find_exceptions(const Inspection& in, Oddity kind, const F& text_of, Findings& out) {
  std::map<std::string, int64_t> counts;
  for (const Facts& f : in.examples)
    if (f.error.empty()) ++counts[text_of(f)];
  if (counts.size() < 2) return;
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  const int64_t n = in.readable();
  if (n < least_examples || double(most->second) < most_share * double(n)) return;
  for (size_t i = 0; i < in.examples.size(); ++i)
    if (const Facts& f = in.examples[i]; f.error.empty() && text_of(f) != most->first)
      out.push_back({kind, int64_t(i), -1,
                     fmt::format("{} where {:.3g} % are {}", text_of(f),
                                 100. * double(most->second) / double(n), most->first)});
}

void find_odd_sizes(const Inspection& in, Findings& out) {
  const size_t before = out.size();
  find_exceptions(
      in, Oddity::size, [](const Facts& f) { return fmt::format("{}x{}", f.width, f.height); }, out);
  if (out.size() > before || in.readable() < least_examples) return;
  std::vector<double> areas, aspects;
  const auto area = [](const Facts& f) { return double(f.height) * double(f.width); };
  const auto aspect = [](const Facts& f) {
    return double(std::max(f.height, f.width)) / double(std::min(f.height, f.width));
  };
  for (const Facts& f : in.examples)
    if (f.error.empty()) areas.push_back(area(f)), aspects.push_back(aspect(f));
  const double usual = median(areas), usual_aspect = median(aspects);
  Findings odd;
  for (size_t i = 0; i < in.examples.size(); ++i) {
    const Facts& f = in.examples[i];
    if (!f.error.empty()) continue;
    const char* const what = area(f) * far_size < usual   ? "far smaller than the others"
                             : area(f) > usual * far_size ? "far larger than the others"
                             : aspect(f) > slender && usual_aspect * 2 < slender
                                 ? "far more slender than the others"
                                 : nullptr;
    if (what)
      odd.push_back({Oddity::size, int64_t(i), -1, fmt::format("{}x{}: {}", f.width, f.height, what)});
  }
  if (double(odd.size()) <= (1 - most_share) * double(areas.size()))
    out.insert(out.end(), odd.begin(), odd.end());
}

void find_odd_brightness(const Inspection& in, Findings& out) {
  const auto counts = [](const Facts& f) {
    return f.error.empty() && !f.constant && (f.dtype == u8 || f.dtype == u16);
  };
  const auto brightness = [](const Facts& f) {  // 12 bits fill a part of 16
    return f.dtype == u16 && f.depth > 8 ? f.mean * 65535 / (std::exp2(std::min(f.depth, 16)) - 1) : f.mean;
  };
  std::vector<double> means, distances;
  for (const Facts& f : in.examples)
    if (counts(f)) means.push_back(brightness(f));
  if (int64_t(means.size()) < least_examples) return;
  const double usual = median(means);
  for (const double m : means) distances.push_back(std::abs(m - usual));
  const double far = std::max(least_brightness, far_brightness * 1.4826 * median(distances));
  for (size_t i = 0; i < in.examples.size(); ++i) {
    const Facts& f = in.examples[i];
    if (!counts(f) || std::abs(brightness(f) - usual) <= far) continue;
    out.push_back({Oddity::brightness, int64_t(i), -1,
                   fmt::format("much {} than the others: mean {:.3f}, median {:.3f}",
                               brightness(f) < usual ? "darker" : "brighter", brightness(f), usual)});
  }
}

/// The format that an extension promises; empty if none.
std::string promised_format(const std::string& path, const std::vector<image::Format>& formats) {
  std::string extension = std::filesystem::path(path).extension().string();
  for (char& c : extension) c = char(std::tolower(uint8_t(c)));
  for (const auto& format : formats)
    for (const auto& e : format.extensions)
      if (extension == "." + e) return format.name;
  return "";
}

void find_single(const Inspection& in, Findings& out) {
  const auto formats = image::formats();
  for (size_t i = 0; i < in.examples.size(); ++i) {
    const Facts& f = in.examples[i];
    const auto odd = [&](Oddity kind, std::string reason) {
      out.push_back({kind, int64_t(i), -1, std::move(reason)});
    };
    if (!f.error.empty()) {
      odd(Oddity::unreadable, f.error);
      continue;
    }
    if (!f.misfit.empty()) odd(Oddity::misfit, f.misfit);
    if (f.not_finite > 0)
      odd(Oddity::not_finite, fmt::format("{} numbers are not finite", thousands(f.not_finite)));
    if (f.constant && f.height * f.width > 1)
      odd(Oddity::constant, fmt::format("one value throughout: {:.4g}", f.mean));
    if (f.orientation != 1)
      odd(Oddity::rotated, fmt::format("Exif orientation {}: turned when read", f.orientation));
    const std::string promised = f.bytes > 0 ? promised_format(f.where, formats) : "";
    if (!promised.empty() && !f.format.empty() && promised != f.format)
      odd(Oddity::extension, fmt::format("its name says {}, its content is {}", promised, f.format));
  }
}

void warn_of_labels(Inspection& in) {
  const auto counts = in.counts(Split::train);
  if (counts.size() < 2) return;
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
  const auto name = [&](auto it) { return in.classes[size_t(it - counts.begin())]; };
  if (double(*most) >= uneven * double(std::max<int64_t>(*least, 1)))
    in.warnings.push_back(fmt::format("classes are uneven: {} has {} examples, {} has {}", name(most),
                                      thousands(*most), name(least), thousands(*least)));
  if (!in.has_val()) return;
  const auto val = in.counts(Split::val);
  const auto missing = std::count(val.begin(), val.end(), 0);
  if (missing > 0)
    in.warnings.push_back(
        fmt::format("{} of {} classes have no example to validate with, such as {}", missing, val.size(),
                    in.classes[size_t(std::find(val.begin(), val.end(), 0) - val.begin())]));
}

}  // namespace

void add_findings(Inspection& in, std::span<const Look> looks, int near_bits) {
  Findings& out = in.findings;
  find_copies(in, out);
  if (near_bits >= 0) find_lookalikes(in, looks, near_bits, out);
  find_single(in, out);
  find_odd_sizes(in, out);
  find_exceptions(in, Oddity::kind, kind_of, out);
  find_odd_brightness(in, out);
  std::stable_sort(out.begin(), out.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.kind, a.example) < std::tie(b.kind, b.example);
  });
  warn_of_labels(in);
}

}  // namespace fovea::data
