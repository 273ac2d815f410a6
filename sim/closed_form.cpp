#include "sim/closed_form.hpp"

#include "platforms/topology.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace weft::sim {
namespace {

using platforms::LinkKind;
using workloads::CollectiveOp;

/// The quantities of the formulas.
struct Shape {
  double n = 1, k = 1; ///< ranks and domains of one group
  double g = 1;        ///< ranks of a domain
  double groups = 1;   ///< in each domain
  double size = 0;     ///< S
  double f = 0;        ///< busbw factor
  double phases = 1;
};

/// Bytes of all groups together through one port, direct link, domain border, and out of a set of `q` ranks of which
/// `mates` further ones each share a domain with.
struct Carried {
  std::string formula;
  double latency = 0;
  double port = 0, direct = 0, border = 0;
  std::function<double(double q, double mates)> out;
  double card_slower = 1; ///< all-to-all reaches less of a card's rate; all its links wait for that
  double port_slower = 1; ///< the rate of reductions in switches is a bus bandwidth of its own
};

class Formulas {
public:
  Formulas(const platforms::Cluster& cluster, const Shape& shape) : c_(cluster), s_(shape) {}

  [[nodiscard]] Carried ring() const {
    const double fS = s_.f * s_.size;
    if (s_.k == 1) return {"a·phases + c·√y + y, y = f·S/B", in_domain(fS, 1), fS, 0, 0, {}, 1, 1};
    const auto& net = c_.fabric.latency;
    const double hops = (s_.n - s_.k) * timing().hop.value.count() + (s_.k - 1) * net.hop.value.count();
    const double per_domain = s_.n / s_.k;
    Carried out{"phases·[base + (n − k)·hop inside + (k − 1)·hop outside] + f·S/(cards·B_card)",
                s_.phases * (net.base.value.count() + hops),
                mesh_links() ? 0 : fS * (per_domain - 1) / per_domain,
                mesh_links() && per_domain > 1 ? fS / per_domain : 0, // every channel in an order of its own
                fS * s_.groups,
                {},
                1,
                1};
    out.out = [border = out.border](double, double) { return border; };
    return out;
  }
  [[nodiscard]] Carried pipeline() const {
    const auto& net = c_.fabric.latency;
    const double per_domain = s_.n / s_.k, bytes = s_.phases * s_.size;
    Carried out{"phases·[base + a + (k − 1)·hop outside + (k − 1)/k·S/(cards·B_card)], S/g on a direct link",
                s_.phases *
                    (net.base.value.count() + timing().phase.value.count() + (s_.k - 1) * net.hop.value.count()),
                mesh_links() ? 0 : bytes * (per_domain - 1) / per_domain,
                mesh_links() ? bytes / per_domain : 0,
                bytes * (s_.k - 1) / s_.k * s_.groups,
                {},
                1,
                1};
    out.out = [border = out.border](double, double) { return border; };
    return out;
  }
  [[nodiscard]] Carried in_network() const {
    const double sends = bus_factor(CollectiveOp::all_reduce, platforms::in_network_measured_ranks) * s_.size;
    const double slower = timing().efficiency.value / timing().in_network_efficiency->value;
    return {"a·phases + c·√y + y, y = 7/4·S/B_switch", in_domain(sends, slower, true), sends, 0, 0, {}, 1, slower};
  }
  [[nodiscard]] Carried mesh() const {
    const double bytes = s_.phases * s_.size / s_.n;
    return {"a·phases + phases·S/(n·B_link)", in_domain(bytes, 1), 0, bytes, 0, {}, 1, 1};
  }
  [[nodiscard]] Carried tree() const {
    const double inside = s_.n / s_.k, levels = std::ceil(std::log2(s_.k));
    const auto& net = c_.fabric.latency;
    return {"base + 2·[(n/k − 1)·hop inside + log2(k)·hop outside] + d·S/(cards·B_card), d = 1, 3/2, 2 for 2, 3, more",
            (s_.k > 1 ? net.base.value.count() : in_domain(2 * (inside - 1) / inside * s_.size, 1)) +
                2 * ((inside - 1) * c_.fabric.latency.tree_inside.value.count() + levels * net.hop.value.count()),
            2 * (inside - 1) / inside * s_.size,
            0,
            trees_cross(),
            {},
            1,
            1};
  }
  [[nodiscard]] Carried switch_tree() const {
    const double levels = std::ceil(std::log2(s_.k));
    return {"hop inside + 2·log2(k)·hop outside + d·S/(cards·B_card), d = 1, 3/2, 2 for 2, 3, more",
            c_.fabric.latency.switches_inside.value.count() + 2 * levels * c_.fabric.latency.switches_hop.value.count(),
            s_.size,
            0,
            trees_cross(),
            {},
            1,
            1};
  }
  [[nodiscard]] Carried fabric_reduction() const {
    const double slower = c_.node.nics.efficiency.value / c_.fabric.reduction->value;
    return {"hop inside + hop outside + S/(cards·B_reduction)",
            c_.fabric.latency.switches_inside.value.count() + c_.fabric.latency.reduction.value.count(),
            s_.size,
            0,
            s_.size,
            {},
            slower,
            slower};
  }
  /// Halving-doubling or NHR with one rank of a group in each domain, or all of them in one.
  [[nodiscard]] Carried stepwise(bool halving) const {
    const double whole = std::exp2(std::floor(std::log2(s_.n))), extra = halving && whole != s_.n ? 1 : 0;
    const double steps = halving ? std::log2(whole) + extra : std::ceil(std::log2(s_.n));
    const double bytes = s_.phases * s_.size * ((halving ? (whole - 1) / whole : (s_.n - 1) / s_.n) + extra);
    const bool across = s_.k > 1;
    const auto& net = c_.fabric.latency;
    const double moved = s_.phases * s_.size * ((extra > 0 ? whole - 1 + s_.n : s_.n - 1) / s_.n);
    const double start = across ? s_.phases * net.base.value.count() : in_domain(moved, 1);
    const double hop = across ? net.hop.value.count() : timing().hop.value.count();
    return {"phases·[start + log2(p)·hop] + f·S/B; beyond a power of two one more hop and S a phase",
            start + s_.phases * steps * hop,
            across ? 0 : bytes,
            0,
            across ? bytes * s_.groups : 0,
            {},
            1,
            1};
  }
  [[nodiscard]] Carried pairwise() const {
    Carried out = direct();
    const double mates = s_.n / s_.k;
    const auto& net = c_.fabric.latency;
    out.formula = "start + (partners)·hop + the bytes of the direct exchange";
    out.latency = s_.k == 1 ? out.latency + (s_.n - 2) * timing().phase.value.count()
                            : net.base.value.count() + (s_.n - mates) * net.hop.value.count();
    return out;
  }
  [[nodiscard]] Carried direct() const {
    const double pair = s_.size / s_.n, mates = s_.n / s_.k - 1;
    if (s_.k == 1 && mesh_links()) return {"a + c·√y + y, y = S/(n·B_link)", in_domain(pair, 1), 0, pair, 0, {}, 1, 1};
    if (s_.k == 1) return {"a + c·√y + y, y = (n − 1)/n·S/B", in_domain(pair * mates, 1), pair * mates, 0, 0, {}, 1, 1};
    const auto& nics = c_.node.nics;
    const double slower = nics.all_to_all_efficiency ? nics.efficiency.value / nics.all_to_all_efficiency->value : 1;
    const auto& net = c_.fabric.latency;
    const double domain = s_.n / s_.k;
    Carried out{"base + (k − 1)·hop outside + (n − n/k)/n·S·(n/k)/(cards·B_card)",
                net.base.value.count() + (s_.k - 1) * net.hop.value.count(),
                pair * mates,
                0,
                s_.groups * domain * (s_.n - domain) * pair,
                {},
                slower,
                slower};
    // Of q ranks every one sends to those of its group that are neither among the q nor in its own domain.
    out.out = [this, pair, domain](double q, double others) {
      const double inside = q * domain / s_.g; // of its group
      return q * pair * (s_.n - inside - others * domain / s_.g);
    };
    return out;
  }

private:
  /// Out of the busiest domain: inside one tree with two children, a leaf of the other.
  [[nodiscard]] double trees_cross() const {
    return s_.groups * s_.size * (s_.k <= 1 ? 0 : s_.k == 2 ? 1 : s_.k == 3 ? 1.5 : 2);
  }
  [[nodiscard]] const platforms::ScaleUpTiming& timing() const { return c_.accelerator.scale_up.timing; }
  [[nodiscard]] bool mesh_links() const { return c_.node.scale_up == platforms::ScaleUpKind::full_mesh; }
  [[nodiscard]] double in_domain(double bytes, double slower, bool in_network = false) const {
    const auto& port = c_.accelerator.scale_up;
    const double line = mesh_links() ? port.link_bandwidth->value.count()
                                     : port.bandwidth.value.count() / double(c_.accelerator.ranks_per_accelerator);
    const double y_us = 1e6 * bytes * slower / (line * timing().efficiency.value);
    const double c =
        in_network && timing().in_network_sqrt_us ? timing().in_network_sqrt_us->value : timing().sqrt_us.value;
    return timing().phase.value.count() * s_.phases + 1e-6 * c * std::sqrt(y_us);
  }
  const platforms::Cluster& c_;
  const Shape& s_;
};

Shape shape_of(const platforms::Cluster& cluster, double ranks, const AskedCollective& a) {
  Shape s;
  s.g = std::min(ranks, double(cluster.ranks_per_domain()));
  const double domains = ranks / s.g;
  s.n = a.group == GroupKind::world ? ranks : a.group == GroupKind::rails ? domains : s.g;
  s.k = a.group == GroupKind::domains ? 1 : domains;
  s.groups = a.group == GroupKind::rails ? s.g : 1;
  s.size = a.size.count();
  s.f = bus_factor(a.op, std::int64_t(s.n));
  s.phases = a.op == CollectiveOp::all_reduce ? 2 : 1;
  return s;
}

/// What a link of this run carries; 0: nothing that any formula here knows.
double through(const platforms::LinkGroup& g, const Carried& c, const Shape& s, double ranks) {
  switch (g.kind) {
  case LinkKind::scale_up_tx: return c.port * c.port_slower;
  case LinkKind::mesh: return c.direct;
  case LinkKind::nic_tx: // blocks are nodes, of which a domain holds one or more
    return c.border * c.card_slower * std::min(s.g, double(g.ranks)) / s.g / double(g.per_block);
  case LinkKind::tier_up: {
    if (!c.out || double(g.ranks) >= ranks) return 0;
    const double rails = double(g.per_block), last = std::fmod(ranks, double(g.ranks));
    double most = 0;
    for (const double block : {double(g.ranks), last})
      if (block > 0) most = std::max(most, c.out(block / rails, s.g - s.g / rails));
    // A ring leaves a block once, on all rails together; an exchange was asked about the ranks of one rail.
    return c.card_slower * (c.border > 0 && c.out(1, 0) == c.border ? most / rails : most);
  }
  default: return 0;
  }
}

} // namespace

double ClosedForm::time() const {
  double slowest = 0;
  for (const Term& t : terms)
    slowest = std::max(slowest, t.seconds());
  return latency + slowest;
}

namespace {

tl::expected<ClosedForm, std::string> of_one(const platforms::Cluster& cluster, std::int64_t ranks,
                                             const AskedCollective& asked, Algorithm algorithm) {
  using platforms::ScaleUpKind;
  const auto kind = cluster.node.scale_up;
  const Shape shape = shape_of(cluster, double(ranks), asked);
  const bool direct = kind == ScaleUpKind::full_mesh && shape.n > shape.k;
  const bool all_links = algorithm == Algorithm::mesh || algorithm == Algorithm::all_to_all ||
                         algorithm == Algorithm::pairwise || algorithm == Algorithm::pipeline ||
                         (algorithm == Algorithm::ring && shape.k > 1);
  if (direct && !all_links) return tl::unexpected<std::string>("no closed form of such a path over direct links");
  const Formulas formulas(cluster, shape);
  Carried carried;
  switch (algorithm) {
  case Algorithm::ring: carried = formulas.ring(); break;
  case Algorithm::pipeline: carried = formulas.pipeline(); break;
  case Algorithm::in_network: carried = formulas.in_network(); break;
  case Algorithm::mesh: carried = formulas.mesh(); break;
  case Algorithm::tree: carried = formulas.tree(); break;
  case Algorithm::switch_tree: carried = formulas.switch_tree(); break;
  case Algorithm::fabric_reduction: carried = formulas.fabric_reduction(); break;
  case Algorithm::halving_doubling: carried = formulas.stepwise(true); break;
  case Algorithm::nhr: carried = formulas.stepwise(false); break;
  case Algorithm::all_to_all: carried = formulas.direct(); break;
  case Algorithm::pairwise: carried = formulas.pairwise(); break;
  default: return tl::unexpected<std::string>("no closed form of this algorithm");
  }
  const platforms::Topology topology(cluster, ranks);
  const CollectivePricer rates(cluster);
  ClosedForm out{carried.formula, carried.latency, {}};
  for (const auto& g : topology.groups()) {
    if (g.kind == LinkKind::tier_up && g.binding && g.ranks < ranks && carried.border > 0 && !carried.out)
      return tl::unexpected<std::string>("no closed form of trees and halvings across an oversubscribed tier");
    const double bytes = through(g, carried, shape, double(ranks));
    if (bytes > 0 && g.binding) out.terms.push_back({g.name, bytes, rates.capacity(g)});
  }
  return out;
}

} // namespace

tl::expected<std::vector<ClosedForm>, std::string> closed_form(const platforms::Cluster& cluster, std::int64_t ranks,
                                                               const AskedCollective& asked, Algorithm algorithm) {
  using platforms::ScaleUpKind;
  const auto kind = cluster.node.scale_up;
  if (kind == ScaleUpKind::torus || kind == ScaleUpKind::pcie)
    return tl::unexpected<std::string>("no closed form on a torus or a PCIe tree");
  if (!cluster.degraded.empty()) return tl::unexpected<std::string>("no closed form with degraded links");
  if (cluster.fabric.plane_of == platforms::PlaneOf::nic && cluster.fabric.planes > 1)
    return tl::unexpected<std::string>("no closed form across planes of cards");
  if (!cluster.uniform()) return tl::unexpected<std::string>("no closed form on a cluster of unequal domains");
  const std::int64_t domain = cluster.ranks_per_domain();
  if (ranks > domain && ranks % domain != 0)
    return tl::unexpected<std::string>("no closed form with a part-filled scale-up domain");
  AskedCollective ran = asked;
  ran.algorithm = algorithm;
  const auto phases = phases_of(ran, cluster, ranks);
  std::vector<ClosedForm> out;
  for (const AskedCollective& phase : phases) {
    auto form = of_one(cluster, ranks, phase, phase.algorithm);
    if (!form) return tl::unexpected(form.error());
    out.push_back(std::move(*form));
  }
  return out;
}

double time_of(const std::vector<ClosedForm>& phases) {
  double sum = 0;
  for (const ClosedForm& phase : phases)
    sum += phase.time();
  return sum;
}

} // namespace weft::sim
