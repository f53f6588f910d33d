#include "op/chain.h"

#include <algorithm>
#include <sstream>

namespace fovea {
namespace {

/// "x3" or "t3" of `there` such values.
int index_of(const std::string& word, int there, const std::string& text) {
  int index = -1;
  const bool number = word.size() > 1 && word.size() < 4 &&
                      std::all_of(word.begin() + 1, word.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (number) index = std::stoi(word.substr(1));
  check(index >= 0 && index < there, "chain '{}': there is no {}", text, word);
  return index;
}

Chain::Link link_of(const std::string& statement, int inputs, int links, const std::string& text) {
  std::istringstream words(statement);
  std::string word;
  words >> word;
  Chain::Link link{&find_op(word), {}, {}};
  check(link.op->pointwise != nullptr, "chain '{}': {} is not elementwise", text, word);
  while (words >> word) {
    if (word[0] == 'x') link.args.push_back({false, index_of(word, inputs, text)});
    else if (word[0] == 't') link.args.push_back({true, index_of(word, links, text)});
    else link.attrs.push_back(std::stod(word));
  }
  const Signature& s = link.op->parsed;
  check(link.args.size() == s.tensors.size() && link.attrs.size() == s.attrs.size(),
        "chain '{}': {} takes {} tensors and {} numbers", text, s.name, s.tensors.size(), s.attrs.size());
  return link;
}

std::string word_of(const Chain::Value& v) { return (v.made ? "t" : "x") + std::to_string(v.index); }

}  // namespace

Chain Chain::parse(const std::string& text, int inputs) {
  const size_t arrow = text.find("->");
  check(arrow != std::string::npos, "chain '{}' has no results: they stand behind ->", text);
  Chain chain;
  std::istringstream statements(text.substr(0, arrow)), results(text.substr(arrow + 2));
  for (std::string s; std::getline(statements, s, ';');)
    chain.links.push_back(link_of(s, inputs, int(chain.links.size()), text));
  for (std::string word; results >> word;)
    chain.results.push_back(index_of(word, int(chain.links.size()), text));
  check(inputs <= most_inputs && int(chain.links.size()) <= most_links && !chain.results.empty() &&
            int(chain.results.size()) <= most_results,
        "chain '{}' with {} inputs: at most {} inputs, {} links and {} results are possible", text, inputs,
        most_inputs, most_links, most_results);
  return chain;
}

std::string Chain::text() const {
  std::string text;
  for (const Link& link : links) {
    text += (text.empty() ? "" : "; ") + link.op->name();
    for (const Value& v : link.args) text += " " + word_of(v);
    for (const double a : link.attrs) text += fmt::format(" {}", a);
  }
  text += " ->";
  for (const int r : results) text += fmt::format(" t{}", r);
  return text;
}

std::string Chain::name() const {
  std::string name;
  for (const Link& link : links) name += (name.empty() ? "" : "+") + link.op->name();
  return name;
}

int Chain::last_reader(Value v) const {
  for (size_t i = links.size(); i-- > 0;)
    if (std::find(links[i].args.begin(), links[i].args.end(), v) != links[i].args.end()) return int(i);
  return -1;
}

bool Chain::may_replace(int k, int i) const { return last_reader({false, k}) <= results[size_t(i)]; }

const Pointwise::Loops* loops_within(const Op& op, DType t) {
  if (!op.pointwise) return nullptr;
  for (const auto& l : op.pointwise->loops)
    if (l.in == t && l.out == t) return &l;
  return nullptr;
}

}  // namespace fovea
