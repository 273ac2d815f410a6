#pragma once
// Clusters from text, and the links of a route as words.

#include "platforms/base/document.hpp"
#include "platforms/catalog.hpp"
#include "platforms/topology.hpp"

#include <doctest/doctest.h>
#include <string>
#include <utility>
#include <vector>

namespace weft::test {

inline platforms::Cluster cluster(const std::string& text) {
  auto tree = parse_document(text, "test");
  REQUIRE(tree);
  auto out = platforms::read_cluster(*tree);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}
/// Message of the error; empty where it can be read.
inline std::string error(const std::string& text) {
  auto tree = parse_document(text, "test");
  REQUIRE(tree);
  auto out = platforms::read_cluster(*tree);
  return out ? std::string() : out.error().message;
}
inline double capacity(const platforms::Topology& t, const std::string& name) {
  const auto id = platforms::find_link(t.groups(), name);
  REQUIRE(id);
  return t.link(*id).capacity.count();
}
inline std::string path(const platforms::Topology& t, std::int64_t from, std::int64_t to) {
  std::vector<platforms::LinkId> links;
  t.append_path(from, to, links);
  std::string out;
  for (platforms::LinkId l : links)
    out += (out.empty() ? "" : " > ") + t.link_name(l);
  return out;
}

} // namespace weft::test
