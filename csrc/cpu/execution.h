// How a call of the core runs, and how it is interrupted.
#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <string>

namespace mmg {

struct Execution {
  int threads = 1;
  std::string isa;                    // "" for this machine's best
  std::function<bool()> interrupted;  // polled some ten times a second on the calling thread
};

// Calls `interrupted` at most every tenth of a second, and remembers that it returned true. Tasks look between tiles,
// for the work between two steps or waves may take minutes.
class Watch {
 public:
  explicit Watch(const Execution& e) : execution_(e), last_(Clock::now()) {}
  // On the calling thread only, which is thread 0 of a pool.
  void look() {
    if (!execution_.interrupted || stopped() || Clock::now() - last_ < std::chrono::milliseconds(100)) return;
    last_ = Clock::now();
    if (execution_.interrupted()) stopped_.store(true, std::memory_order_relaxed);
  }
  bool stopped_for(int thread) {
    if (thread == 0) look();
    return stopped();
  }
  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;
  const Execution& execution_;
  Clock::time_point last_;
  std::atomic<bool> stopped_{false};
};

}  // namespace mmg
