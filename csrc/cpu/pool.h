// A fixed pool of threads. Work is cut into tasks whose number never depends on the threads, so results do not either.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mmg {

class Pool {
 public:
  // Throws std::system_error when the system allows no more threads; those that started have then ended.
  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int size() const { return (int)workers_.size() + 1; }
  // Runs task(index, thread) for every index below n, on all threads including the caller's; returns when all are done.
  // The caller runs `idle`, if any, again and again while it waits long for the others.
  void run(int n, const std::function<void(int, int)>& task, const std::function<void()>& idle = {});

 private:
  void end();
  void work(int thread);
  void take_tasks(int thread);

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  const std::function<void(int, int)>* task_ = nullptr;
  int n_ = 0;
  std::atomic<int> next_{0};
  std::atomic<int> busy_{0};
  std::atomic<unsigned> round_{0};
  bool stop_ = false;
};

}  // namespace mmg
