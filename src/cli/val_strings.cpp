#include "cli/val_strings.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "fovea/image.h"
#include "fovea/strings.h"

namespace fovea::cli {
namespace {

constexpr int64_t told = 10;  // misreadings, as text

void print_lengths(const train::Evaluation& e) {
  fmt::print("{:>10}  {:>7}  {:>7}  {:>7}\n", "characters", "strings", "right", "CER");
  for (const train::LengthScore& s : train::scores_by_length(e.logits, e.labels))
    fmt::print("{:>10}  {:>7}  {:>6.1f}%  {:>6.2f}%\n", s.length, thousands(s.strings),
               100 * double(s.right) / double(s.strings), 100 * s.character_error_rate());
}

void print_text(const train::Evaluation& e, const data::DataLoader& loader) {
  const auto& alphabet = loader.dataset().classes();
  print_lengths(e);
  const auto worst = train::worst_misreadings(e.logits, e.labels, told);
  if (!worst.empty()) fmt::print("worst misreadings\n");
  for (const train::Misreading& m : worst)
    fmt::print("  {}, read {}  ({})\n", train::spelled(m.truth, alphabet), train::spelled(m.read, alphabet),
               loader.dataset().where(loader.order(0)[size_t(m.example)]));
  fmt::print("val  {}  loss {:.4f}  {} strings  {} img/s\n", e.metrics.score_text(2), e.metrics.loss(),
             thousands(e.metrics.examples),
             thousands(int64_t(double(e.metrics.examples) / std::max(e.seconds, 1e-9))));
}

void print_json(const train::Evaluation& e, const data::DataLoader& loader) {
  const auto& alphabet = loader.dataset().classes();
  auto lengths = nlohmann::ordered_json::array(), worst = nlohmann::ordered_json::array();
  for (const train::LengthScore& s : train::scores_by_length(e.logits, e.labels))
    lengths.push_back({{"characters", s.length},
                       {"strings", s.strings},
                       {"right", s.right},
                       {"cer", s.character_error_rate()}});
  for (const train::Misreading& m : train::worst_misreadings(e.logits, e.labels, told))
    worst.push_back({{"example", loader.dataset().where(loader.order(0)[size_t(m.example)])},
                     {"text", train::spelled(m.truth, alphabet)},
                     {"read", train::spelled(m.read, alphabet)},
                     {"edits", m.edits}});
  const nlohmann::ordered_json all{{"examples", e.metrics.examples},
                                   {"loss", e.metrics.loss()},
                                   {e.metrics.score_name(), e.metrics.score()},
                                   {"cer", e.metrics.character_error_rate()},
                                   {"seconds", e.seconds},
                                   {"lengths", lengths},
                                   {"worst", worst}};
  fmt::print("{}\n", all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

void print_strings(const train::Evaluation& e, const data::DataLoader& loader, bool json) {
  json ? print_json(e, loader) : print_text(e, loader);
}

void write_misreadings(const std::string& file, const train::Evaluation& e, const data::DataLoader& loader,
                       int64_t most) {
  const auto worst = train::worst_misreadings(e.logits, e.labels, most);
  if (worst.empty()) return fmt::print(stderr, "there are no misreadings to show\n");
  image::write(file, image::Image(train::misreadings_sheet(loader, worst)));
  fmt::print(stderr, "wrote {}: {} of the misreadings, the worst first\n", file, worst.size());
}

}  // namespace fovea::cli
