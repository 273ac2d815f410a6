#pragma once
// Max-min fair rates of flows over weighted links, kept up to date as flows come and go. Pure arithmetic.
//
// A flow at rate r takes weight × r of each of its links; all flows have equal priority. Rates are found by
// progressive filling, one water level at a time (Bertsekas and Gallager, Data Networks, 6.5.2): the links whose
// share, capacity left / weight of their flows still unfixed, is the least fix their flows at that share.
//
// Reproducible to the last bit whatever the order of links and flows, whether n equal flows are one of n times the
// weight, whether equal links are one, and which other flows a solve happens to look at: links of bitwise equal share
// make one level, and the weight they fix on a link is added up before level × weight leaves its capacity. This needs
// exact sums of weights, so integers (or multiples of one power of two) below 2^53 in all on a link. With other
// weights the last bits depend on the order in which flows began.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace weft::sim {

class MaxMin {
public:
  /// Capacity of every link, > 0; (link, weight > 0) of every route, a link listed twice counts twice.
  MaxMin(std::vector<double> capacity, const std::vector<std::vector<std::pair<std::int32_t, double>>>& routes);

  /// A flow over a route. Its id is free again once it was removed and solve() has run.
  std::int32_t add(std::int32_t route);
  void remove(std::int32_t flow);

  /// Solves the part of the system that starts and ends since the last call can have changed. Returns the flows
  /// whose rate is another than before; valid until the next call.
  const std::vector<std::int32_t>& solve();
  [[nodiscard]] bool settled() const { return touched_.empty() && fresh_.empty() && removed_.empty(); }
  /// As of the last solve(); 0 for a flow that began since, infinite for one without links.
  [[nodiscard]] double rate(std::int32_t flow) const { return flows_[std::size_t(flow)].rate; }

private:
  struct Use {
    std::int32_t link = 0;
    double weight = 0;
  };
  struct Crossing {
    std::int32_t flow = 0;
    double weight = 0;
  };
  struct Link {
    double capacity = 0;
    std::int32_t live = 0; ///< crossings of flows that were not removed
    // Of the solve at hand:
    std::int32_t unfixed = 0;
    double left = 0, weight = 0, share = 0;
    double fixed = 0;           ///< weight fixed since `left` was last looked at
    double level = -1;          ///< at which flows were fixed last
    double before = 0, sum = 0; ///< left before that level, weight fixed at it
    double limit = -1;          ///< level at which it fixed flows itself; stays true until it is in a solve again
    std::int32_t place = 0;     ///< in open_
    bool seen = false;
  };
  struct Flow {
    std::int32_t first_use = 0, use_count = 0;
    double rate = 0, next = 0; ///< next < 0: not fixed yet
    double bound = 0;          ///< share of the tightest link that it has to itself; < 0: not known
    double alone = 0;          ///< rate if it had all its links to itself
    std::int32_t place = 0;    ///< in open_
    bool live = false, seen = false;
    bool pinned = false;     ///< in the solve at hand only at the rate that it has
    std::vector<Use> shared; ///< uses of links that other flows are on too; most of a long route's are not
  };
  /// What may fix flows: a link, or the links that a flow has to itself.
  struct Open {
    double share = 0;
    std::int32_t what = 0; ///< a link, or ~flow
    friend bool operator>(const Open& a, const Open& b) { return a.share > b.share; }
  };

  [[nodiscard]] std::span<const Use> uses_of(const Flow& flow) const {
    return {uses_.data() + flow.first_use, std::size_t(flow.use_count)};
  }
  /// The one live flow on a link, except for `flow`.
  [[nodiscard]] const Crossing& only_other(std::int32_t link, std::int32_t flow) const;
  void find_bound(Flow& flow) const;
  bool leaves_others_alone();
  void forget();
  void gather();
  void see(std::int32_t link);
  void join(std::int32_t flow);
  void look_at(std::int32_t link);
  void take_stock(std::int32_t link);
  bool pins_hold();
  void sum_up(std::int32_t link);
  void fill();
  void fix(std::int32_t flow, double level);
  void load(double level);
  double lowest_by_scan();
  double lowest_by_heap();

  std::vector<Use> uses_;               ///< of a route by their share alone, least first
  std::vector<std::int32_t> first_use_; ///< by route, and one past the last
  std::vector<Link> links_;
  std::vector<std::vector<Crossing>> crossings_; ///< by link, as flows began; removed ones until the next solve
  std::vector<Flow> flows_;
  std::vector<std::int32_t> free_, removed_, fresh_;
  std::vector<std::int32_t> touched_; ///< links that flows joined or left
  // Of the solve at hand:
  std::vector<std::int32_t> part_links_, part_flows_;
  std::vector<Open> open_; ///< a list, later a heap in which shares may be old
  std::vector<std::int32_t> lowest_, loaded_, changed_;
  std::int64_t unfixed_ = 0;  ///< flows
  std::size_t looked_at_ = 0; ///< of part_links_
  bool scanning_ = true;
};

} // namespace weft::sim
