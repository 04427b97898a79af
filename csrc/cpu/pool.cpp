#include "pool.h"

namespace mmg {

// Polls before a thread sleeps. Steps are a fraction of a millisecond apart: to spin that long costs less than a system
// call, and a thread that idles longer must sleep.
constexpr int kSpins = 4000;

static void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

Pool::Pool(int threads) {
  try {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
  } catch (...) {
    end();  // no destructor follows: the threads that did start would wait for ever for what is gone
    throw;
  }
}

Pool::~Pool() { end(); }

void Pool::end() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
    round_.fetch_add(1);
  }
  wake_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void Pool::take_tasks(int thread) {
  for (int i; (i = next_.fetch_add(1)) < n_;) (*task_)(i, thread);
}

void Pool::run(int n, const std::function<void(int, int)>& task, const std::function<void()>& idle) {
  if (workers_.empty() || n == 1) {
    for (int i = 0; i < n; ++i) task(i, 0);
    return;
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    task_ = &task;
    n_ = n;
    next_ = 0;
    busy_ = (int)workers_.size();
    round_.fetch_add(1);
  }
  wake_.notify_all();
  take_tasks(0);
  for (int spins = 0; busy_.load(std::memory_order_acquire) > 0;) {
    if (spins < kSpins) {
      relax();
      ++spins;
    } else {
      if (idle) idle();
      std::this_thread::yield();
    }
  }
}

void Pool::work(int thread) {
  for (unsigned seen = 0;;) {
    for (int spins = 0; spins < kSpins && round_.load(std::memory_order_acquire) == seen; ++spins) relax();
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [&] { return round_.load() != seen; });
      seen = round_.load();
      if (stop_) return;
    }
    take_tasks(thread);
    busy_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace mmg
