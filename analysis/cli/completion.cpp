#include "analysis/cli/completion.hpp"

#include "analysis/claims.hpp"
#include "analysis/schema.hpp"
#include "platforms/catalog.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weft::cli {
namespace {

struct Names {
  const char *word, *kind; ///< an option, or a verb for what stands after it by itself
};
// What is a name of the catalog; wherever one is asked for, a file of the user's own does too.
constexpr Names named[]{{"run", "scenarios"},
                        {"compare", "scenarios"},
                        {"sensitivity", "scenarios"},
                        {"rules", "accelerators"},
                        {"claims", "claims"},
                        {"schema", "inputs"},
                        {"--reference", "scenarios"},
                        {"--candidate", "scenarios"},
                        {"--scenario", "scenarios"},
                        {"--cluster", "clusters"},
                        {"--model", "models"},
                        {"--stack", "stacks"},
                        {"--accelerator", "accelerators"},
                        {"--location", "locations"}};

/// Everything else: files.
constexpr const char* body = R"bash(
_weft_names() {
  COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" completion names "$1" 2>/dev/null)" -- "$2"))
  compopt -o filenames 2>/dev/null
  COMPREPLY+=($(compgen -f -X '!*.@(yaml|yml)' -- "$2") $(compgen -d -- "$2"))
}
_weft() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb= at i
  shopt -q extglob || local restore=1
  shopt -s extglob
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      --catalog | --color) ((++i)) ;;
      -*) ;;
      *) verb=${COMP_WORDS[i]}; at=$i; break ;;
    esac
  done
  if [[ -z $verb ]]; then
    case $before in
      --color) COMPREPLY=($(compgen -W "auto always never" -- "$word")) ;;
      --catalog) COMPREPLY=($(compgen -d -- "$word")) ;;
      *) COMPREPLY=($(compgen -W "$_weft_verbs --catalog --color --help --version" -- "$word")) ;;
    esac
  elif [[ -n ${_weft_values[$verb $before]-} ]]; then
    COMPREPLY=($(compgen -W "${_weft_values[$verb $before]}" -- "$word"))
  elif [[ -n ${_weft_names_of[$before]-} && $before == -* ]]; then
    _weft_names "${_weft_names_of[$before]}" "$word"
  elif [[ " ${_weft_takes[$verb]-} " == *" $before "* ]]; then
    COMPREPLY=($(compgen -f -- "$word"))
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "${_weft_options[$verb]-}" -- "$word"))
  elif [[ $verb == catalog ]]; then
    if ((COMP_CWORD == at + 1)); then
      COMPREPLY=($(compgen -W "${_weft_values[catalog kind]-}" -- "$word"))
    elif ((COMP_CWORD == at + 2)); then
      _weft_names "$before" "$word"
    fi
  elif [[ $verb == completion ]]; then
    COMPREPLY=($(compgen -W "bash" -- "$word"))
  elif [[ -n ${_weft_names_of[$verb]-} ]]; then
    _weft_names "${_weft_names_of[$verb]}" "$word"
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
  [[ -z ${restore-} ]] || shopt -u extglob
}
complete -o nosort -F _weft weft
)bash";

} // namespace

std::string bash_completion(const std::map<std::string, VerbWords>& verbs) {
  std::string out = "# bash completion for weft. `source <(weft completion bash)`, or a file of it in\n"
                    "# ~/.local/share/bash-completion/completions/weft\n";
  std::vector<std::string> names;
  std::string options, values, takes, kinds;
  for (const auto& [verb, words] : verbs) {
    names.push_back(verb);
    options += fmt::format("  [{}]=\"{}\"\n", verb, fmt::join(words.options, " "));
    if (!words.takes_value.empty()) takes += fmt::format("  [{}]=\"{}\"\n", verb, fmt::join(words.takes_value, " "));
    for (const auto& [option, choice] : words.values)
      values += fmt::format("  ['{} {}']=\"{}\"\n", verb, option, fmt::join(choice, " "));
  }
  for (const Names& n : named)
    kinds += fmt::format("  [{}]={}\n", n.word, n.kind);
  out += fmt::format("_weft_verbs=\"{}\"\n", fmt::join(names, " "));
  out += "declare -gA _weft_options=(\n" + options + ")\ndeclare -gA _weft_values=(\n" + values +
         ")\ndeclare -gA _weft_takes=(\n" + takes + ")\ndeclare -gA _weft_names_of=(\n" + kinds + ")\n";
  return out + (body + 1);
}

Result<std::string> completion_names(const std::string& kind) {
  std::vector<std::string> names;
  if (kind == "claims") {
    const auto set = analysis::read_claims(analysis::own_claims());
    if (!set) return tl::unexpected(set.error());
    for (const auto& claim : set->claims)
      names.push_back(claim.name);
  } else if (kind == "inputs") {
    for (const auto& input : analysis::input_kinds())
      names.push_back(input.name);
  } else {
    const auto kinds = platforms::catalog_kinds();
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
      return fail({}, fmt::format("the catalog has no {}", kind), did_you_mean(kind, kinds));
    names = platforms::catalog_names(kind);
  }
  return fmt::format("{}\n", fmt::join(names, "\n"));
}

} // namespace weft::cli
