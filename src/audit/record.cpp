#include "plimsoll/audit/record.hpp"

#include "plimsoll/audit/redact.hpp"
#include "plimsoll/base/text.hpp"
#include "plimsoll/digest/digest.hpp"
#include "plimsoll/json/pointer.hpp"
#include "plimsoll/json/writer.hpp"

namespace plimsoll::audit {
namespace {

// Kubernetes' longest names: a namespace 63, an object 253 characters.
constexpr std::size_t kNameLimit = 253;
constexpr std::size_t kTextLimit = 1024;

class Encoder {
 public:
  explicit Encoder(const Record& record) : record_(record) {}

  std::string encode(RecordedInput input) && {
    w_.begin_object().member("v", std::int64_t{1}).member("time", to_text(record_.time));
    text("uid", record_.uid, kNameLimit);
    w_.member("dryRun", record_.dry_run);
    text("operation", record_.operation, kNameLimit);
    text("kind", record_.kind, kNameLimit);
    text("namespace", record_.name_space, kNameLimit);
    text("name", record_.name, kNameLimit);
    text("generateName", record_.generate_name, kNameLimit);
    text("owner", record_.owner, kNameLimit);
    text("user", record_.user, kNameLimit);
    text("caller", record_.caller, kNameLimit);
    w_.member("verdict", to_text(record_.decision.verdict)).member("reason", record_.decision.reason);
    text("message", record_.decision.message, kTextLimit);
    write_estimates();
    write_changes();
    write_problems();
    w_.key("warnings").begin_array();
    for (const std::string& warning : record_.decision.warnings) w_.value(to_display(warning, kTextLimit));
    w_.end_array();
    w_.key("patch").raw(record_.patch.empty() ? "[]" : record_.patch);
    w_.member("policy", record_.decision.policy);
    w_.member("input", record_.input.digest);
    w_.member("latencyUs", std::int64_t{record_.latency.count()});
    if (input == RecordedInput::Redacted) write_request();
    w_.end_object();
    return std::move(w_).take();
  }

 private:
  void text(std::string_view key, std::string_view value, std::size_t limit) {
    w_.member(key, to_display(value, limit));
  }

  void sized(std::string_view key, std::string_view value, const estimate::Origin& origin) {
    w_.key(key).begin_object().member("value", value);
    w_.member("origin", origin.source == estimate::Origin::Source::Annotation ? "annotation" : "declared").end_object();
  }

  void write_sizes(std::string_view name, const estimate::ContainerEstimate& c) {
    if (!c.cpu && !c.memory && !c.ephemeral_storage && !c.gpu && !c.gpu_memory) return;
    w_.key(name).begin_object();
    if (c.cpu) sized("cpu", to_text(c.cpu->value), c.cpu->origin);
    if (c.memory) sized("memory", to_text(c.memory->value), c.memory->origin);
    if (c.ephemeral_storage)
      sized("ephemeral-storage", to_text(c.ephemeral_storage->value), c.ephemeral_storage->origin);
    if (c.gpu) sized("gpu", to_text(c.gpu->value), c.gpu->origin);
    if (c.gpu_memory) sized("gpu-memory", to_text(c.gpu_memory->value), c.gpu_memory->origin);
    w_.end_object();
  }

  void write_estimates() {
    const decide::Decision& decision = record_.decision;
    w_.key("estimate").begin_object();
    write_estimate(decision.estimate, decision.container_names);
    w_.end_object();
    if (decision.further.empty()) return;
    w_.key("furtherEstimates").begin_array();
    for (const decide::Decision::Part& part : decision.further) {
      w_.begin_object();
      text("template", json::to_field_path(part.at), kTextLimit);
      write_estimate(part.estimate, part.container_names);
      w_.end_object();
    }
    w_.end_array();
  }

  void write_estimate(const estimate::Estimate& e, const std::vector<std::string>& names) {
    if (!e.hash.empty()) w_.member("hash", e.hash);
    if (e.duration) sized("duration", to_text(e.duration->value), e.duration->origin);
    if (e.deadline) sized("deadline", to_text(e.deadline->value), e.deadline->origin);
    if (e.interruptible) sized("interruptible", e.interruptible->value ? "true" : "false", e.interruptible->origin);
    if (!e.family.empty()) text("family", e.family, kNameLimit);
    if (e.cuda) sized("cuda", to_text(e.cuda->value), e.cuda->origin);
    if (!e.extended.empty()) {
      w_.key("extended").begin_object();
      for (const estimate::Extended& one : e.extended) w_.member(one.resource, to_text(one.quantity));
      w_.end_object();
    }
    w_.key("containers").begin_object();
    for (std::size_t i = 0; i < e.containers.size() && i < names.size(); ++i) {
      write_sizes(to_display(names[i]), e.containers[i]);
    }
    write_sizes(workload::kWholePod, e.pod);
    w_.end_object();
  }

  void write_changes() {
    w_.key("changes").begin_array();
    for (const decide::AppliedChange& change : record_.decision.changes) {
      w_.begin_object().member("rule", change.rule);
      text("path", json::to_field_path(change.place), kTextLimit);
      w_.key("from").raw(change.from.empty() ? "null" : change.from);
      w_.key("to").raw(change.to.empty() ? "null" : change.to);
      text("reason", change.reason, kTextLimit);
      w_.end_object();
    }
    w_.end_array();
  }

  void write_problems() {
    w_.key("problems").begin_array();
    for (const estimate::Problem& problem : record_.decision.problems) {
      w_.begin_object().member("reason", to_text(problem.reason));
      text("path", problem.where, kTextLimit);
      text("value", problem.value, kNameLimit);
      text("message", problem.message, kTextLimit);
      w_.end_object();
    }
    w_.end_array();
  }

  // Read from the body again: here it is nobody's time, and the review is long gone.
  void write_request() {
    Result<admission::Review> review = admission::decode_review(record_.input.body);
    if (review) review->route = record_.route;
    const Result<std::string> request = review ? redact(*review, record_.estimate_prefix, record_.decision.templates)
                                               : Result<std::string>(Unexpected{review.error()});
    w_.key("request").raw(request ? *request : "null");
  }

  const Record& record_;
  json::Writer w_;
};

std::string find_owner(const admission::Review& review) {
  for (const json::View owner : review.object["metadata"]["ownerReferences"].elements()) {
    if (owner["controller"].boolean() != true) continue;
    return std::string(owner["kind"].text().value_or("")) + "/" + std::string(owner["name"].text().value_or(""));
  }
  return {};
}

}  // namespace

Input keep_input(std::string_view body, RecordedInput wanted) {
  return {.digest = "sha256:" + digest::sha256_hex(body),
          .body = wanted == RecordedInput::Redacted ? std::string(body) : std::string()};
}

Record make_record(const admission::Review& review, decide::Decision decision, Receipt receipt) {
  Record record;
  record.time = receipt.time;
  record.latency = receipt.latency;
  record.input = std::move(receipt.input);
  record.estimate_prefix = std::move(receipt.estimate_prefix);
  record.uid = review.uid;
  record.dry_run = review.dry_run;
  record.route = review.route;
  record.operation = admission::to_text(review.operation);
  record.kind = review.kind.kind;
  record.name_space = review.name_space;
  record.name = review.name;
  record.generate_name = review.object["metadata"]["generateName"].text().value_or("");
  record.owner = find_owner(review);
  record.user = review.user;
  record.caller = std::move(receipt.caller);
  record.patch = std::move(receipt.patch);
  if (record.patch.empty() && !decision.patch.empty()) record.patch = patch::write_patch(decision.patch);
  record.decision = std::move(decision);
  record.decision.patch = {};
  return record;
}

std::string encode_record(const Record& record, RecordedInput input) {
  return Encoder(record).encode(input);
}

std::size_t weigh(const Record& record) {
  const decide::Decision& decision = record.decision;
  std::size_t bytes = sizeof record + record.input.body.size() + record.patch.size() + decision.message.size();
  for (const decide::AppliedChange& change : decision.changes)
    bytes += sizeof change + change.place.text().size() + change.from.size() + change.to.size() + change.reason.size();
  for (const estimate::Problem& problem : decision.problems)
    bytes += sizeof problem + problem.where.size() + problem.value.size() + problem.message.size();
  for (const std::string& warning : decision.warnings) bytes += sizeof warning + warning.size();
  return bytes;
}

}  // namespace plimsoll::audit
