// What a tile program runs on. A program is a sequence of phases; within one, every lane of a block works alone, and
// all lanes are through before the next begins. On a GPU a lane is a thread and a phase ends in __syncthreads(); on the
// host one thread plays all lanes in turn, which is how the tests run whole kernels without a GPU. Lanes can be played
// backwards: where two lanes of a phase touch the same value, the result then changes.
//
//   block.each(n, f)    f(i) for all i < n
//   block.spread(n, f)  the same, and the phase goes on
//   block.share(n, f)   as each, the blocks of a group taking a part each
//   block.common(f)     f() for all lanes, made and kept once a block rather than by each lane; one a kernel at a time
//   block.fetch(to, from, n)  copies n times 16 bytes to fast memory while the phase goes on, until fetched(); there for all
//                       when the phase after that begins
//   block.warps(f)      f(warp) for every warp; a warp's lanes agree on what they do
//   warp.lanes(f)       f(lane, slot) for 32 lanes; what a lane holds between two calls lies in arrays of kSlots
//   warp.meet()         what lanes wrote before is there for all of them
//   group.blocks(f)     f(block) for every block of a group, which has the memory of the others before it afterwards
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

// Where a block works: memory of its own, fast and slow, and its place in its group.
struct Place {
  int rank, size;
  float *shared, *slab;
  int number;  // among all blocks
};

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

struct HostBlock {
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
    const int begin = (int)((long long)n * at.rank / at.size), end = (int)((long long)n * (at.rank + 1) / at.size);
    each(end - begin, [&](int i) { f(begin + i); });
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
      f(HostBlock{Place{rank, size, shared, slabs + number * slab_floats, number}, n_lanes, backwards});
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

struct DeviceBlock {
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
    const int begin = (int)((long long)n * at.rank / at.size), end = (int)((long long)n * (at.rank + 1) / at.size);
    each(end - begin, [&](int i) { f(begin + i); });
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
    f(DeviceBlock{at});
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

}  // namespace gpu
}  // namespace mmg
