#include "fovea/units.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/file.h"
#include "fovea/autograd.h"
#include "fovea/ops.h"
#include "nn/eval_mode.h"

namespace fovea::train {
namespace {

/// What an activation can get stuck at: 0, or either of two bounds.
struct Kind {
  bool dies;
  double low, high;
};
const std::map<std::string, Kind> kinds{{"relu", {true, 0, 0}},      {"relu6", {true, 0, 0}},
                                        {"sigmoid", {false, 0, 1}},  {"hardsigmoid", {false, 0, 1}},
                                        {"tanh", {false, -1, 1}},    {"hardtanh", {false, -1, 1}},
                                        {"softsign", {false, -1, 1}}};

/// For each unit whether it is stuck for all examples of y.
std::vector<bool> stuck(const Kind& kind, const Tensor& y) {
  const int unit = y.rank() == 4 ? 1 : y.rank() - 1;
  Dims others;
  for (int d = 0; d < y.rank(); ++d)
    if (d != unit) others.push_back(d);
  constexpr double near = 0.01;  // of the distance between the bounds
  const double middle = (kind.low + kind.high) / 2, half = (kind.high - kind.low) / 2;
  const Tensor free =
      kind.dies ? greater(max(abs(y), others), zeros({1}, y.dtype()))
                : less(min(abs(affine(y, 1, -middle)), others), full({1}, half - near * 2 * half, y.dtype()));
  std::vector<bool> all;
  for (const uint8_t f : free.to(u8).to_vector<uint8_t>()) all.push_back(f == 0);
  return all;
}

/// Collects all calls of activations, named by the module that makes them.
class Watcher : public nn::ModuleObserver {
 public:
  void enter(const nn::Module& m, const Tensor&) override { open_.push_back(m.path()); }
  void leave(const nn::Module&, const Tensor&, const Tensor&) override { open_.pop_back(); }

  void called(const std::string& op, const Tensor& y) {
    const auto kind = kinds.find(op);
    if (kind == kinds.end() || y.rank() < 2) return;
    const std::string path = open_.empty() ? "" : open_.back();
    const int times = ++calls_[path];
    const std::string layer = times == 1 ? path : fmt::format("{}#{}", path, times);
    const auto now = stuck(kind->second, y);
    auto& [name, all] = stuck_.try_emplace(layer, op, now).first->second;
    check(all.size() == now.size(), "[count_units] {} has {} units in one batch and {} in another", layer,
          all.size(), now.size());
    for (size_t i = 0; i < now.size(); ++i) all[i] = all[i] && now[i];
    if (std::find(order_.begin(), order_.end(), layer) == order_.end()) order_.push_back(layer);
  }
  void next_batch() { calls_.clear(), open_.clear(); }

  std::vector<UnitCount> counts() const {
    std::vector<UnitCount> all;
    for (const std::string& layer : order_) {
      const auto& [op, units] = stuck_.at(layer);
      const int64_t n = std::count(units.begin(), units.end(), true);
      const bool dies = kinds.at(op).dies;
      all.push_back({layer, op, int64_t(units.size()), dies ? n : 0, dies ? 0 : n});
    }
    return all;
  }

 private:
  std::vector<std::string> open_, order_;
  std::map<std::string, int> calls_;  // of each module in this batch
  std::map<std::string, std::pair<std::string, std::vector<bool>>> stuck_;
};

class UnitCallback : public Callback {
 public:
  UnitCallback(const nn::Module& model, data::DataLoader& loader, std::string folder, std::FILE* out)
      : model_(model), loader_(loader), folder_(std::move(folder)), out_(out) {}

  void on_epoch_end(const EpochInfo& e) override {
    if (!folder_.empty() && rows_.empty()) rows_ = rows_before(e.last.epoch);
    const auto counts = count_units(model_, loader_);
    std::string text;
    for (const UnitCount& c : counts) {
      if (c.dead > 0) text += fmt::format("  {} {} of {} dead", c.layer, c.dead, c.units);
      if (c.saturated > 0) text += fmt::format("  {} {} of {} saturated", c.layer, c.saturated, c.units);
      rows_ += fmt::format("{},{},{},{},{},{}\n", e.last.epoch, c.layer, c.op, c.units, c.dead, c.saturated);
    }
    fmt::print(out_, "units{}\n",
               counts.empty() ? "  no activation that can die or saturate"
               : text.empty() ? "  all alive"
                              : text);
    if (!folder_.empty()) write_file(file(), std::string(head) + rows_);
  }

 private:
  static constexpr const char* head = "epoch,layer,op,units,dead,saturated\n";
  std::string file() const { return folder_ + "/units.csv"; }

  /// Those of the epochs before a resume.
  std::string rows_before(int64_t epoch) const {
    if (epoch == 1 || !std::filesystem::exists(file())) return "";
    const Bytes bytes = read_file(file());
    std::string rows, text(bytes.begin(), bytes.end());
    for (size_t at = text.find('\n'), end = 0; at != text.npos && at + 1 < text.size(); at = end) {
      end = text.find('\n', at + 1);
      const std::string row = text.substr(at + 1, end - at);
      if (std::atoll(row.c_str()) < epoch) rows += row;
    }
    return rows;
  }

  const nn::Module& model_;
  data::DataLoader& loader_;
  std::string folder_;
  std::FILE* out_;
  std::string rows_;
};

}  // namespace

std::vector<UnitCount> count_units(const nn::Module& model, data::DataLoader& loader, int64_t examples) {
  check(examples >= 1, "[count_units] {} examples", examples);
  const NoGrad guard;
  const nn::EvalMode eval(model);
  const auto parameters = model.parameters();
  const DType type = parameters.empty() ? f32 : parameters[0].dtype();
  Watcher watcher;
  const Observe ops([&](const Op& op, const Attrs&, const std::vector<Tensor>&,
                        const std::vector<Tensor>& out) { watcher.called(op.name(), out[0]); });
  int64_t seen = 0;
  auto epoch = loader.epoch(0);
  for (const data::Batch& batch : epoch) {
    watcher.next_batch();
    model(batch.images.to(type));
    seen += batch.images.size(0);
    if (seen >= examples) break;
  }
  return watcher.counts();
}

std::shared_ptr<Callback> watch_units(const nn::Module& model, data::DataLoader& loader, std::string folder,
                                      std::FILE* out) {
  return std::make_shared<UnitCallback>(model, loader, std::move(folder), out);
}

}  // namespace fovea::train
