#include "analysis/cli/tools.hpp"

#include "analysis/cli/cli.hpp"
#include "analysis/cli/completion.hpp"
#include "analysis/schema.hpp"
#include "analysis/starter.hpp"
#include "platforms/base/output_file.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <spdlog/spdlog.h>
#include <string>
#include <string_view>
#include <vector>

namespace weft::cli {
namespace {

std::vector<std::string> verbs(CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::App* verb : app.get_subcommands([](CLI::App*) { return true; }))
    out.push_back(verb->get_name());
  return out;
}
std::vector<std::string> options(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames())
      out.push_back("--" + name);
    for (const std::string& name : option->get_snames())
      out.push_back("-" + name);
  }
  return out;
}

/// "{text,json,csv}": the words that an option takes; none: it takes others.
std::vector<std::string> choices(const CLI::Option& option) {
  const std::string said = option.get_type_name();
  const std::size_t begin = said.find('{'), end = said.rfind('}');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
  return CLI::detail::split(said.substr(begin + 1, end - begin - 1), ',');
}

VerbWords words_of(const CLI::App& verb) {
  VerbWords out;
  out.options = options(verb);
  out.options.insert(out.options.end(), {"--catalog", "--color"});
  out.values["--color"] = {"auto", "always", "never"};
  for (const CLI::Option* option : verb.get_options()) {
    const auto words = choices(*option);
    if (option->get_positional() && !words.empty()) out.values[option->get_name()] = words;
    if (option->get_items_expected_max() == 0) continue;
    for (const std::string& name : option->get_lnames())
      if (words.empty())
        out.takes_value.push_back("--" + name);
      else
        out.values["--" + name] = words;
    for (const std::string& name : option->get_snames())
      out.takes_value.push_back("-" + name);
  }
  return out;
}

/// The first word that is neither an option nor the value of one of the program's own.
std::string first_word(const CLI::App& app, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!word.starts_with("-")) return word;
    const CLI::Option* option = app.get_option_no_throw(word);
    if (option && option->get_items_expected_min() > 0) ++i;
  }
  return {};
}

/// "--format: jsn not in {text,json,csv}" in our words.
std::optional<Error> not_a_choice(const std::string& said) {
  const std::size_t colon = said.find(": "), in = said.find(" not in {");
  if (colon == std::string::npos || in == std::string::npos || in < colon || !said.ends_with("}")) return std::nullopt;
  const std::string word = said.substr(colon + 2, in - colon - 2);
  const auto known = CLI::detail::split(said.substr(in + 9, said.size() - in - 10), ',');
  return Error{fmt::format("{}: `{}` is not one of {}", said.substr(0, colon), word, fmt::join(known, ", ")),
               {},
               did_you_mean(word, known)};
}

Error mistake(CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  const auto asked = app.get_subcommands();
  if (asked.empty()) {
    const std::string word = first_word(app, argc, argv);
    if (!word.empty()) {
      const std::string hint = did_you_mean(word, verbs(app));
      return {fmt::format("unknown verb `{}`", word), {}, hint.empty() ? "`weft --help` lists them" : hint};
    }
  }
  const std::string help =
      asked.empty() ? "`weft --help` says more" : fmt::format("`weft {} --help` says more", asked.front()->get_name());
  if (error.get_exit_code() == int(CLI::ExitCodes::ExtrasError)) {
    const std::string said = error.what(); // CLI11 forgets what it did not expect
    auto rest = CLI::detail::split(said.substr(std::min(said.find(": ") + 2, said.size())), ' ');
    std::vector<std::string> known = options(app);
    if (!asked.empty()) {
      const auto own = options(*asked.front());
      known.insert(known.begin(), own.begin(), own.end());
    }
    const auto flag = std::find_if(rest.begin(), rest.end(), [](const auto& word) { return word.starts_with("-"); });
    if (flag != rest.end()) {
      const std::string word = flag->substr(0, flag->find('='));
      const std::string hint = did_you_mean(word, known);
      return {fmt::format("unknown option `{}`", word), {}, hint.empty() ? help : hint};
    }
    if (!rest.empty()) return {fmt::format("`{}` is one argument too many", rest.front()), {}, help};
  }
  if (auto choice = not_a_choice(error.what())) return *choice;
  std::string said = error.what();
  if (asked.empty() && error.get_exit_code() == int(CLI::ExitCodes::RequiredError)) said = "a verb is required";
  return {said, {}, help};
}

} // namespace

/// Of a name that needs no quotes in YAML.
constexpr const char* plain_letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

struct Tools::State {
  CLI::App& app;
  CLI::App *schema = nullptr, *init = nullptr, *completion = nullptr;
  std::string kind, shell, names, out;
  bool force = false;
  analysis::StarterRequest starter;

  /// To a file, or to stdout.
  int put(const std::string& text) const {
    if (out.empty()) {
      print_data(text);
      return ok;
    }
    if (auto may = may_write(out, force); !may) return report(may.error());
    if (auto written = write_file(out, text); !written) return report(written.error());
    return ok;
  }

  int print_schema() const {
    if (!kind.empty()) {
      const auto text = analysis::input_schema(kind);
      return text ? put(*text) : report(text.error());
    }
    std::string text;
    for (const auto& input : analysis::input_kinds())
      text += fmt::format("{:<20} {}\n", input.name, input.about);
    return put(text);
  }
  int write_starter() {
    if (!out.empty()) { // said before plans are tried
      if (auto may = may_write(out, force); !may) return report(may.error());
      starter.folder = std::filesystem::path(out).parent_path().string();
      starter.name = std::filesystem::path(out).stem().string();
      if (starter.name.empty() || starter.name.find_first_not_of(plain_letters) != std::string::npos)
        starter.name = analysis::StarterRequest{}.name;
    }
    const auto text = analysis::starter_scenario(starter);
    if (!text) return report(text.error());
    if (const int code = put(*text); code != ok) return code;
    if (!out.empty()) spdlog::info("{} is written; `weft run {}` simulates it", out, out);
    return ok;
  }
  int complete() const {
    if (shell == "names") {
      const auto text = completion_names(names);
      return text ? put(*text) : report(text.error());
    }
    if (!names.empty()) return report({fmt::format("`{}` is one argument too many", names), {}, {}});
    std::map<std::string, VerbWords> words;
    for (const std::string& verb : verbs(app))
      words[verb] = words_of(*app.get_subcommand(verb));
    return put(bash_completion(words));
  }
};

Tools::Tools(CLI::App& app) : state_(std::make_unique<State>(State{app, {}, {}, {}, {}, {}, {}, {}, {}, {}})) {
  State& s = *state_;
  s.schema = app.add_subcommand("schema", "JSON Schema of an input file, for editors");
  s.schema->add_option("kind", s.kind, "of input (default: list them)");
  s.schema->footer("Example: weft schema scenario > scenario.schema.json");
  s.init = app.add_subcommand("init", "a first scenario of your own: commented, and it runs");
  s.init->add_option("--cluster", s.starter.cluster, "catalog name or file")->capture_default_str();
  s.init->add_option("--model", s.starter.model, "catalog name or file")->capture_default_str();
  s.init->add_option("--stack", s.starter.stack, "catalog name or file (default: the newest that runs on the chip)");
  s.init->add_option("--accelerators", s.starter.accelerators, "in use")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{4'194'304}))
      ->capture_default_str();
  s.init->add_option("--sequence", s.starter.sequence, "tokens")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000'000}))
      ->capture_default_str();
  s.init->add_option("--global-batch", s.starter.global_batch, "sequences a step (default: four million tokens)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}));
  s.init->footer("Example: weft init --cluster h800-meta-24k-roce --model llama3-70b --accelerators 2048 -o my.yaml");
  s.completion = app.add_subcommand("completion", "a script that lets bash complete verbs, options and names");
  s.completion->add_option("shell", s.shell, "bash; `names KIND` lists what a kind of name may be")
      ->required()
      ->check(CLI::IsMember({"bash", "names"}));
  s.completion->add_option("kind", s.names, "of names");
  s.completion->footer("Example: weft completion bash > ~/.local/share/bash-completion/completions/weft");
  for (CLI::App* verb : {s.schema, s.init, s.completion}) {
    verb->add_option("-o,--output", s.out, "write it there instead of printing it");
    verb->add_flag("--force", s.force, "replace the file if it is there");
  }
}
Tools::~Tools() = default;

std::optional<int> Tools::run() {
  if (state_->schema->parsed()) return state_->print_schema();
  if (state_->init->parsed()) return state_->write_starter();
  if (state_->completion->parsed()) return state_->complete();
  return std::nullopt;
}

int stopped(CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (error.get_exit_code() == 0) return app.exit(error); // help, version
  return report(mistake(app, error, argc, argv));
}

} // namespace weft::cli
