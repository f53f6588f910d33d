#include "train/energy_fit.h"

#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "train/fit.h"
#include "train/non_finite.h"

namespace fovea::train {
namespace {

constexpr double first_momentum = 0.5;           // Hinton 2010, section 9
constexpr int64_t examples_for_biases = 10'000;  // to measure the means of the visible units

}  // namespace

EnergyFit::EnergyFit(EnergyTrainer& trainer, const nn::Module& model, data::DataLoader& train,
                     data::DataLoader* val)
    : trainer_(trainer),
      o_(trainer.options_),
      layers_(model),
      train_(train),
      val_(val),
      batches_(limited(train.batches(), o_.limit_train_batches)),
      dtype_(dtype_of_model(model)),
      card_(card_of(o_.model, o_.data, train, val)),
      waited_before_(train.waited()) {
  if (writes()) pictures_.emplace(o_.folder, layers_, card_);
}

EnergyResult EnergyFit::run() {
  if (writes()) open_folder();
  while (state_.epoch < epochs() && !must_stop()) {
    if (between_layers()) build_layer(), start_biases();
    train_epoch();
    if (state_.batch < batches_) break;
    end_epoch();
  }
  state_.seconds += seconds_since(started_);
  if (writes() && state_.batch > 0) save();
  if (writes()) draw_energy_curves(o_.folder, results_->rows(), o_.model);
  result_.epochs = state_.epoch, result_.steps = state_.step;
  result_.seconds = seconds_since(started_), result_.waited = train_.waited() - waited_before_;
  for (const auto& c : trainer_.callbacks_) c->on_fit_end(result_);
  return result_;
}

bool EnergyFit::must_stop() {
  if (trainer_.stop_) result_.why = Stop::stopped;
  else if (o_.max_steps > 0 && state_.step >= o_.max_steps) result_.why = Stop::max_steps;
  return result_.why != Stop::finished;
}

void EnergyFit::build_layer() {
  const int i = layer();
  const rbm::EnergyModel& model = layers_[i];
  cd_.emplace(model, rbm::ContrastiveOptions{.k = o_.k,
                                             .persistent = o_.persistent,
                                             .chains = o_.chains,
                                             .sparsity_target = o_.sparsity,
                                             .sparsity_cost = o_.sparsity_cost});
  optimizer_ = std::make_unique<optim::SGD>(optim::parameter_groups(model, o_.weight_decay),
                                            optim::SGDOptions{.lr = o_.lr0, .momentum = o_.momentum});
  compute_ = [this, i](const Tensor& images) {
    const NoGrad guard;
    const Tensor error = cd_->backward(layers_.up(images, i));
    refuse_non_finite(error);
    optimizer_->step();
    optimizer_->zero_grad();
    return error;
  };
  compiled_.emplace(compute_);
}

void EnergyFit::start_biases() const {
  const rbm::EnergyModel& model = layers_[layer()];
  const NoGrad guard;
  if (max(abs(model.visible_bias())).item() > 0) return;  // trained before
  Tensor total;
  int64_t examples = 0;
  for (const data::Batch& batch : train_.epoch(0)) {
    const Tensor v = model.checked(layers_.up(batch.images.to(dtype_), layer())), part = sum(v, {0});
    total = total ? total + part : part;
    if ((examples += v.size(0)) >= examples_for_biases) break;
  }
  model.set_visible_bias(total / double(examples));
  if (o_.sparsity > 0 && o_.sparsity < 1)
    model.hidden_bias().detach().fill(std::log(o_.sparsity / (1 - o_.sparsity)));
}

/// When the momentum rises, lr / (1 - momentum), what a steady gradient moves in the end, stays.
void EnergyFit::set_rates() {
  const double low = std::min(first_momentum, o_.momentum);
  const double momentum = epoch_of_layer() < o_.momentum_epochs ? low : o_.momentum;
  const double left = 1 - double(epoch_of_layer()) / double(o_.max_epochs);
  const double lr = o_.lr0 * (1 - momentum) / (1 - low) * (o_.schedule == "linear" ? left : 1);
  for (auto& group : optimizer_->groups()) group.momentum = momentum, group.lr = lr;
}

void EnergyFit::train_epoch() {
  set_rates();
  epoch_started_ = Clock::now();
  resumed_examples_ = state_.running.examples;
  waited_before_epoch_ = train_.waited();
  auto epoch = train_.epoch(state_.epoch, state_.batch);
  for (const data::Batch& batch : epoch) {
    seed_step(o_.seed, state_.step);
    learn(batch);
    ++state_.batch, ++state_.step;
    const EnergyStep now = info();
    for (const auto& c : trainer_.callbacks_) c->on_step_end(now);
    if (state_.batch == batches_ || must_stop()) break;
  }
}

void EnergyFit::learn(const data::Batch& batch) {
  const Tensor images = batch.images.to(dtype_);
  try {
    const double error = (o_.compile ? (*compiled_)(images) : compute_(images)).item();
    state_.running.examples += images.size(0);
    state_.running.loss_sum += error * double(images.size(0));
  } catch (const NonFiniteLoss& e) {
    fail_non_finite(batch, e.value);
  }
}

void EnergyFit::fail_non_finite(const data::Batch& batch, double error) const {
  seed_step(o_.seed, state_.step);
  const Tensor images = batch.images.to(dtype_);
  const std::string where =
      first_non_finite(layers_.model(), images, [&] { cd_->backward(layers_.up(images, layer())); });
  fail(
      "the reconstruction error is {} at step {} (epoch {}, batch {} of {}, learning rate {:.3g}): {}. "
      "Nothing "
      "was saved since the end of epoch {}; a smaller lr0 may help: gaussian and relu units want 0.001 or so",
      error, state_.step + 1, state_.epoch + 1, state_.batch + 1, batches_, optimizer_->groups()[0].lr, where,
      state_.epoch);
}

void EnergyFit::end_epoch() {
  const EnergyStep last = info();
  const int ended = layer();
  seed_step(o_.seed, -1);  // epochs are measured by the same bits
  std::optional<EnergyScores> val, train;
  if (val_) {
    val = scores_of(layers_, ended, *val_, o_.limit_val_batches, o_);
    train = scores_of(layers_, ended, train_,
                      std::min(batches_, limited(val_->batches(), o_.limit_val_batches)), o_);
    result_.val = *val;
  }
  result_.reconstruction = last.reconstruction;
  ++state_.epoch, state_.batch = 0, state_.running = {};
  if (writes()) {
    const EnergyScores none{.reconstruction = NAN}, &v = val ? *val : none, &t = train ? *train : none;
    results_->append({double(state_.epoch), double(last.layer), state_.seconds + seconds_since(started_),
                      last.lr, last.momentum, last.reconstruction, v.reconstruction, v.pseudo_likelihood,
                      t.free_energy, v.free_energy, last.seconds > 0 ? last.waited / last.seconds : 0});
    draw(ended, epoch_of_layer() == 0);
    save();
  }
  for (const auto& c : trainer_.callbacks_)
    c->on_epoch_end({last, val ? &*val : nullptr, train ? &*train : nullptr});
}

/// Filters and reconstructions; at the end of a layer also what it dreams.
void EnergyFit::draw(int layer, bool layer_ends) const {
  if (!pictures_->drawable()) return;
  auto shown = (val_ ? *val_ : train_).epoch(0);
  const Tensor v = (*shown.begin()).images.to(dtype_);
  pictures_->filters(layer);
  pictures_->reconstructions(layer, v);
  if (!layer_ends) return;
  pictures_->samples(layer, cd_->chains());
  pictures_->fantasies(layer, v);
}

EnergyStep EnergyFit::info() const {
  const auto& group = optimizer_->groups()[0];
  return {layer() + 1,
          layers_.size(),
          epoch_of_layer() + 1,
          o_.max_epochs,
          state_.batch,
          batches_,
          state_.step,
          state_.running.examples,
          state_.running.loss(),
          group.lr,
          group.momentum,
          seconds_since(epoch_started_),
          state_.running.examples - resumed_examples_,
          train_.waited() - waited_before_epoch_};
}

void EnergyFit::open_folder() {
  const bool resumes = open_run(o_);
  if (resumes) load();
  check(state_.epoch < epochs(), "{} has finished its {} epochs: there is nothing to resume", o_.folder,
        epochs());
  results_.emplace(o_.folder + "/results.csv", energy_columns(), resumes ? state_.epoch : -1);
}

void EnergyFit::load() {
  const NamedTensors all = load_safetensors(last_file());
  try {
    state_ = load_state(last_file());
    check(state_.batch < batches_, "it stopped at batch {} of an epoch, which now has {}", state_.batch,
          batches_);
    layers_.model().load_state_dict(only_weights(all));
    if (between_layers() || state_.epoch >= epochs()) return;
    build_layer();
    optimizer_->load_state_dict(only_prefix("optimizer/", all));
    if (!o_.persistent) return;
    const NamedTensors chains = only_prefix("chains/", all);
    check(chains.size() == 1 && chains[0].second.shape() == cd_->chains().shape(), "it lacks its chains");
    cd_->chains().copy_from(chains[0].second);
  } catch (const Error& e) {
    fail("cannot resume from {}: {}", last_file(), e.what());
  }
}

void EnergyFit::save() const {
  std::vector<Part> parts{{"optimizer/", optimizer_->state_dict()}};
  if (o_.persistent) parts.push_back({"chains/", {{"hidden", cd_->chains()}}});
  TrainState state = state_;
  state.seconds += seconds_since(started_);
  save_resumable(last_file(), layers_.model().state_dict(), parts, card_, state);
}

}  // namespace fovea::train
