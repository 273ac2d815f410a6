#pragma once
// Names to files. A catalog entry is `<root>/<floor>/<kind>/<name>.yaml`; `base: other` inside a file starts
// from that entry and the file's own keys replace its keys; a key that is null takes the base's away. A name that ends
// in .yaml is a file anywhere.

#include "platforms/base/diagnostic.hpp"
#include "platforms/base/document.hpp"
#include "platforms/base/shape.hpp"
#include "platforms/cluster.hpp"

#include <string>
#include <vector>

namespace weft::platforms {

/// Where the catalog lies: set_catalog_root(), else $WEFT_CATALOG, else beside the installed program, else the source
/// tree that it was built from.
std::string catalog_root();
void set_catalog_root(std::string root);

/// Kinds: accelerators, nodes, clusters, locations (platforms) and models, stacks, plans, scenarios (workloads).
std::vector<std::string> catalog_kinds();
/// Whether a name is a file's: it ends in .yaml or .yml.
bool names_a_file(const std::string& name);
/// Sorted names of all entries of one kind.
std::vector<std::string> catalog_names(const std::string& kind);

/// Reads an entry by name with its `base` chain applied (cycles are errors). `at` is the place that asked
/// for it; an unknown name gives "unknown model `lama3-8b`" there with a did-you-mean. A file (.yaml, .yml) is looked
/// for beside the file that names it, or from the working directory where no file does.
Result<Value> load_entry(const std::string& kind, const std::string& name, const Mark& at);

/// A value that stands for an entry: its name, or a map {name: ..., ...} whose other keys override the entry's.
/// A map without `name` stands for itself. A bare number or quantity may override a sourced figure; it becomes
/// one with source "override" and evidence `assumed`.
Result<Value> resolve_entry(const std::string& kind, const Value& spec);

/// What files of nodes take.
Shape node_shape();

/// Resolves cluster, node and accelerator; overrides reach into them by `node:` and `accelerator:` maps.
Result<Cluster> read_cluster(const Value& spec);
Result<Accelerator> read_accelerator(const std::string& name, const Mark& at);

} // namespace weft::platforms
