// What a tile program runs on. A program is a sequence of phases; within one, every lane of a thread block works alone,
// and all lanes are through before the next begins. On a GPU a lane is a thread and a phase ends in __syncthreads(); on
// the host one thread plays all lanes in turn, which is how the tests run whole kernels without a GPU. Lanes can be
// played backwards: where two lanes of a phase touch the same value, the result then changes.
//
// In csrc/cuda a `block` is always a thread block; the network's residual blocks are called gated blocks.
//
//   block.each(n, f)    calls f(i) for all i < n
//   block.spread(n, f)  does the same without ending the phase
//   block.share(n, f)   as each, the thread blocks of a group taking a part each
//   block.common(f)     returns f(), computed and kept once a thread block rather than by each lane; once a kernel at a
//   time block.fetch(to, from, n)  starts to copy n times 16 bytes to fast memory; they are there for all lanes when
//   the phase
//                       after the next fetched() begins
//   block.warps(f)      calls f(warp) for every warp; a warp's lanes agree on what they do
//   warp.lanes(f)       calls f(lane, slot) for 32 lanes; what a lane holds between two calls lies in arrays of kSlots
//   warp.meet()         makes what lanes wrote before visible to all of them
//   warp.sum(v)         returns the sum over all lanes of v[slot], and uses v up
//   group.blocks(f)     calls f(block) for every thread block of a group, and makes what each wrote visible to the
//   others
#pragma once
#include <stddef.h>
#include <string.h>

#include "../common/platform.h"

#if defined(__CUDACC__)
#define MMG_FN __host__ __device__ inline
#else
#define MMG_FN inline
#endif

namespace mmg {
namespace gpu {

constexpr int kWarp = 32;

// Where a thread block works: memory of its own, fast and slow, and its rank in its group of `size`.
struct Place {
  int rank, size;
  float *shared, *slab;
  int number;  // among all thread blocks of the launch
};

// The part [begin, end) of n things that falls to one thread block of a group.
struct Part {
  int begin, end;
};

static MMG_HD Part part_of(int n, const Place& at) {
  return Part{(int)((long long)n * at.rank / at.size), (int)((long long)n * (at.rank + 1) / at.size)};
}

struct HostWarp {
  static constexpr int kSlots = kWarp;
  int index, count;
  bool backwards;

  template <class F>
  void lanes(const F& f) const {
    for (int i = 0; i < kWarp; ++i) {
      const int lane = backwards ? kWarp - 1 - i : i;
      f(lane, lane);
    }
  }
  void meet() const {}
  // The same butterfly as on a GPU: every lane ends with the same sum, and the values are used up.
  float sum(float (&v)[kWarp]) const {
    for (int step = kWarp / 2; step > 0; step /= 2)
      for (int lane = 0; lane < kWarp; ++lane)
        if (!(lane & step)) v[lane] = v[lane + step] = v[lane] + v[lane + step];
    return v[0];
  }
};

struct HostThreadBlock {
  using Warp = HostWarp;
  Place at;
  int n_lanes;
  bool backwards;

  template <class F>
  auto common(const F& f) const {
    return f();
  }
  void fetch(void* to, const void* from, int n) const {
    each(n, [&](int i) { memcpy((char*)to + 16 * i, (const char*)from + 16 * i, 16); });
  }
  void fetched() const {}
  template <class F>
  void each(int n, const F& f) const {
    spread(n, f);
  }
  template <class F>
  void spread(int n, const F& f) const {
    for (int l = 0; l < n_lanes; ++l)
      for (int i = backwards ? n_lanes - 1 - l : l; i < n; i += n_lanes) f(i);
  }
  template <class F>
  void warps(const F& f) const {
    const int count = n_lanes / kWarp;
    for (int w = 0; w < count; ++w) f(Warp{backwards ? count - 1 - w : w, count, backwards});
  }
  template <class F>
  void share(int n, const F& f) const {
    const Part part = part_of(n, at);
    each(part.end - part.begin, [&](int i) { f(part.begin + i); });
  }
};

struct HostGroup {
  int index, count, size;
  float *shared, *slabs;
  size_t slab_floats;
  int n_lanes;
  bool backwards;

  template <class F>
  void blocks(const F& f) const {
    for (int i = 0; i < size; ++i) {
      const int rank = backwards ? size - 1 - i : i, number = index * size + rank;
      f(HostThreadBlock{Place{rank, size, shared, slabs + number * slab_floats, number}, n_lanes, backwards});
    }
  }
};

#if defined(__CUDACC__)
struct DeviceWarp {
  static constexpr int kSlots = 1;
  int index, count;

  template <class F>
  MMG_FN void lanes(const F& f) const {
#if defined(__CUDA_ARCH__)
    f((int)(threadIdx.x % kWarp), 0);
#endif
  }
  MMG_FN void meet() const {
#if defined(__CUDA_ARCH__)
    __syncwarp();
#endif
  }
  MMG_FN float sum(float (&v)[1]) const {
#if defined(__CUDA_ARCH__)
    for (int step = kWarp / 2; step > 0; step /= 2) v[0] += __shfl_xor_sync(0xffffffffu, v[0], step);
#endif
    return v[0];
  }
};

struct DeviceThreadBlock {
  using Warp = DeviceWarp;
  Place at;

  template <class F>
  MMG_FN const auto& common(const F& f) const {
    using T = decltype(f());
#if defined(__CUDA_ARCH__)
    __shared__ alignas(16) char room[sizeof(T)];
    if (threadIdx.x == 0) *(T*)room = f();
    __syncthreads();
    return *(const T*)room;
#else
    __builtin_unreachable();
#endif
  }
  MMG_FN void fetch(void* to, const void* from, int n) const {
#if defined(__CUDA_ARCH__)
    const uint32_t at = (uint32_t)__cvta_generic_to_shared(to);
    for (int i = threadIdx.x; i < n; i += blockDim.x)
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(at + 16 * i), "l"((const char*)from + 16 * i)
                   : "memory");
#endif
  }
  MMG_FN void fetched() const {
#if defined(__CUDA_ARCH__)
    asm volatile("cp.async.wait_all;" ::: "memory");
#endif
  }
  template <class F>
  MMG_FN void each(int n, const F& f) const {
    spread(n, f);
#if defined(__CUDA_ARCH__)
    __syncthreads();
#endif
  }
  template <class F>
  MMG_FN void spread(int n, const F& f) const {
#if defined(__CUDA_ARCH__)
    for (int i = threadIdx.x; i < n; i += blockDim.x) f(i);
#endif
  }
  template <class F>
  MMG_FN void warps(const F& f) const {
#if defined(__CUDA_ARCH__)
    f(Warp{(int)threadIdx.x / kWarp, (int)blockDim.x / kWarp});
    __syncthreads();
#endif
  }
  template <class F>
  MMG_FN void share(int n, const F& f) const {
    const Part part = part_of(n, at);
    each(part.end - part.begin, [&](int i) { f(part.begin + i); });
  }
};

// All its blocks must be resident at once (a cooperative launch), for they wait for each other. The counter only rises:
// its n-th multiple of `size` lets the n-th phase end. Fences order what one block wrote before what another reads,
// and drop what the reader's first-level cache may still hold.
struct DeviceGroup {
  int index, count, size;
  Place at;
  unsigned* arrived;
  unsigned due;

  template <class F>
  MMG_FN void blocks(const F& f) {
    f(DeviceThreadBlock{at});
#if defined(__CUDA_ARCH__)
    __syncthreads();
    due += size;
    if (size > 1 && threadIdx.x == 0) {
      __threadfence();
      atomicAdd(arrived, 1u);
      while ((int)(*(volatile unsigned*)arrived - due) < 0) {  // the difference, for the counter may wrap
      }
      __threadfence();
    }
    __syncthreads();
#endif
  }
};
#endif

// Calls f(warp, r) for every row r < n: a warp takes one row at a time.
template <class ThreadBlock, class F>
MMG_FN void each_row(const ThreadBlock& block, int n, const F& f) {
  using Warp = typename ThreadBlock::Warp;
  block.warps([&](const Warp& warp) {
    for (int r = warp.index; r < n; r += warp.count) f(warp, r);
  });
}

// Calls f(i, slot) for every i < n: a lane takes every 32nd one.
template <class Warp, class F>
MMG_FN void each_lane(const Warp& warp, int n, const F& f) {
  warp.lanes([&](int lane, int slot) {
    for (int i = lane; i < n; i += kWarp) f(i, slot);
  });
}

// Calls f() once, on a warp's first lane.
template <class Warp, class F>
MMG_FN void first_lane(const Warp& warp, const F& f) {
  warp.lanes([&](int lane, int) {
    if (lane == 0) f();
  });
}

}  // namespace gpu
}  // namespace mmg
