#include "analysis/claims.hpp"

#include "analysis/cli/cli.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weft::cli {

int claims(const Claims& what, const Common& options) {
  auto set = analysis::read_claims(what.folder.empty() ? analysis::own_claims() : what.folder);
  if (!set) return report(set.error());
  std::vector<const analysis::Claim*> asked;
  std::vector<std::string> names;
  for (const analysis::Claim& claim : set->claims)
    names.push_back(claim.name);
  for (const std::string& name : what.names) {
    const auto at = std::find_if(set->claims.begin(), set->claims.end(), [&](const analysis::Claim& c) {
      return c.name == name || fmt::format("{}", c.number) == name;
    });
    if (at == set->claims.end()) {
      const std::string near = nearest(name, names);
      return report(
          {fmt::format("no claim `{}`", name),
           {},
           near.empty() ? fmt::format("known: {}", fmt::join(names, ", ")) : fmt::format("did you mean `{}`?", near)});
    }
    asked.push_back(&*at);
  }
  if (asked.empty())
    for (const analysis::Claim& claim : set->claims)
      asked.push_back(&claim);
  const std::int64_t samples = what.no_bands ? 0 : options.samples > 0 ? options.samples : claim_samples;
  auto results = analysis::judge(*set, asked, {samples, options.seed, options.jobs, what.every_size});
  if (!results) return report(results.error());
  if (auto page = add_page(options, "claims", [&] { return analysis::claims_json(*results); }); !page)
    return report(page.error());
  print_data(options.format == "json"  ? analysis::claims_json(*results)
             : options.format == "csv" ? analysis::claims_csv(*results)
                                       : analysis::claims_text(*results));
  return ok;
}

} // namespace weft::cli
