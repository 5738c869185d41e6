// What candle does in several passes over memory, in one: group norm, bias and residual, gated GELU, the unrolling
// of a picture for convolution, and attention that never writes its logits down. Sums are in single precision.
//
// Rust's side (mod.rs) checks all shapes; here every index is in range by construction.

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

// V values that are read or written at once.
template <typename T, int V> struct alignas(sizeof(T) * V < 16 ? sizeof(T) * V : 16) Pack {
  T at[V];
};

template <typename T, int V> __device__ Pack<T, V> load(const T *from) {
  return *reinterpret_cast<const Pack<T, V> *>(from);
}

template <typename T, int V> __device__ void store(T *to, const Pack<T, V> &pack) {
  *reinterpret_cast<Pack<T, V> *>(to) = pack;
}

__device__ float wide(float x) { return x; }
__device__ float wide(__half x) { return __half2float(x); }
__device__ float wide(__nv_bfloat16 x) { return __bfloat162float(x); }

template <typename T> __device__ T narrow(float x);
template <> __device__ float narrow<float>(float x) { return x; }
template <> __device__ __half narrow<__half>(float x) { return __float2half_rn(x); }
template <> __device__ __nv_bfloat16 narrow<__nv_bfloat16>(float x) { return __float2bfloat16_rn(x); }

// The sum of x over all threads of a block of at most 1024, for each of them.
__device__ float block_sum(float x) {
  __shared__ float parts[32];
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(~0u, x, step);
  __syncthreads();
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
  __syncthreads();
  x = threadIdx.x % 32 < (blockDim.x + 31) / 32 ? parts[threadIdx.x % 32] : 0.0f;
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(~0u, x, step);
  return x;
}

// Block (g, i): group g of image i, or of all `together` images; `per` channels of `plane` pixels.
template <typename T, int V>
__device__ void group_norm(const T *x, const T *weight, const T *bias, T *y, int per, int plane, int together, float eps,
                           int silu) {
  const int64_t size = (int64_t)per * plane, image = size * gridDim.x;
  const int64_t start = blockIdx.x * size + blockIdx.y * image;
  const float count = (float)size * together;
  float sum = 0.0f;
  for (int f = 0; f < together; f++)
    for (int64_t i = threadIdx.x * V; i < size; i += blockDim.x * V) {
      const auto pack = load<T, V>(x + start + f * image + i);
      for (int v = 0; v < V; v++) sum += wide(pack.at[v]);
    }
  const float mean = block_sum(sum) / count;
  float squares = 0.0f;
  for (int f = 0; f < together; f++)
    for (int64_t i = threadIdx.x * V; i < size; i += blockDim.x * V) {
      const auto pack = load<T, V>(x + start + f * image + i);
      for (int v = 0; v < V; v++) squares += (wide(pack.at[v]) - mean) * (wide(pack.at[v]) - mean);
    }
  const float scale = rsqrtf(block_sum(squares) / count + eps);
  for (int f = 0; f < together; f++)
    for (int64_t i = threadIdx.x * V; i < size; i += blockDim.x * V) {
      // V is 1, or divides the plane: one channel a pack.
      const int channel = blockIdx.x * per + (int)(i / plane);
      const float a = wide(weight[channel]) * scale, b = wide(bias[channel]) - mean * a;
      auto pack = load<T, V>(x + start + f * image + i);
      for (int v = 0; v < V; v++) {
        const float z = wide(pack.at[v]) * a + b;
        pack.at[v] = narrow<T>(silu ? z / (1.0f + expf(-z)) : z);
      }
      store<T, V>(y + start + f * image + i, pack);
    }
}

// y += bias, whose entry for value i is (i / inner) % channels, and += other; then max(y, 0) if `relu`. A pack is
// within one channel (V divides inner) or one entry of each of V channels (inner is 1, V divides channels).
template <typename T, int V>
__device__ void finish(T *y, const T *bias, const T *other, uint32_t count, uint32_t inner, uint32_t channels, int add, int relu) {
  for (uint32_t i = (blockIdx.x * blockDim.x + threadIdx.x) * V; i < count; i += gridDim.x * blockDim.x * V) {
    const uint32_t channel = i / inner % channels;
    auto pack = load<T, V>(y + i);
    Pack<T, V> more;
    if (add) more = load<T, V>(other + i);
    for (int v = 0; v < V; v++) {
      float z = wide(pack.at[v]) + wide(bias[inner == 1 ? channel + v : channel]);
      if (add) z += wide(more.at[v]);
      pack.at[v] = narrow<T>(relu ? fmaxf(z, 0.0f) : z);
    }
    store<T, V>(y + i, pack);
  }
}

// y [rows, width] = h gelu(g) of x = (h, g) [rows, 2 width], `count` values in all.
template <typename T, int V> __device__ void geglu(const T *x, T *y, uint32_t count, uint32_t width) {
  for (uint32_t i = (blockIdx.x * blockDim.x + threadIdx.x) * V; i < count; i += gridDim.x * blockDim.x * V) {
    const T *row = x + (size_t)(i / width) * 2 * width + i % width;
    auto h = load<T, V>(row), g = load<T, V>(row + width);
    for (int v = 0; v < V; v++) {
      const float gate = wide(g.at[v]);
      h.at[v] = narrow<T>(wide(h.at[v]) * 0.5f * gate * (1.0f + erff(gate * 0.70710678f)));
    }
    store<T, V>(y + i, h);
  }
}

// The rows [n, c k k, rows, columns] that a k x k kernel meets in x [n, c, h, w], for the output's rows from `top` on.
template <typename T, int V>
__device__ void unroll(const T *x, T *y, uint32_t count, int height, int width, int kernel, int stride, int before, int top,
                       int rows, int columns) {
  for (uint32_t i = (blockIdx.x * blockDim.x + threadIdx.x) * V; i < count; i += gridDim.x * blockDim.x * V) {
    const int column = i % columns, row = i / columns % rows;
    const uint32_t depth = i / columns / rows;
    const int kx = depth % kernel, ky = depth / kernel % kernel;
    const uint32_t plane = depth / kernel / kernel; // of all channels of all images
    const int iy = (top + row) * stride - before + ky, ix = column * stride - before + kx;
    const T *line = x + ((size_t)plane * height + iy) * width;
    Pack<T, V> pack;
    for (int v = 0; v < V; v++) {
      const int at = ix + v * stride;
      pack.at[v] = iy >= 0 && iy < height && at >= 0 && at < width ? line[at] : T(0);
    }
    store<T, V>(y + i, pack);
  }
}

#if __CUDA_ARCH__ >= 800 // older cards have no such products
// d += a b on the tensor cores: a is 16 x 16, b 16 x 8, d 16 x 8. With g = lane / 4 and t = lane % 4, a thread holds
// rows g and g + 8 of a and d, column g of b; entries 2t and 2t + 1, and of a and b also 2t + 8 and 2t + 9.
template <typename T> __device__ void multiply(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);
template <> __device__ void multiply<__half>(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
template <> __device__ void multiply<__nv_bfloat16>(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

template <typename T> __device__ uint32_t pair(float low, float high) {
  const Pack<T, 2> both = {narrow<T>(low), narrow<T>(high)};
  return *reinterpret_cast<const uint32_t *>(&both);
}

// softmax(scale q k^T) v for 16 WARPS queries of one head, over KEYS keys at a time (Dao 2023, FlashAttention-2): the
// logits live in registers, and what was summed up is rescaled whenever a larger one turns up. A row of q, k, v, out is
// `heads` heads of `d` values; D is d rounded up to what the kernel is compiled for. Rows of queries are counted over
// the batch by blockIdx.x; `shared`: all of the batch looks at the same m keys. `scale` is in powers of two.
template <typename T, int D, int WARPS, int KEYS>
__device__ void attend(const T *q, const T *k, const T *v, const float *row_scale, T *out, int n, int m, int d, int heads,
                       int shared, int scaled, float scale) {
  constexpr int LINE = D + 8; // keeps the rows that a warp reads at once in different banks
  __shared__ alignas(16) T keys[KEYS * LINE];
  __shared__ alignas(16) T values[KEYS * LINE];
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const int tiles = (n + 16 * WARPS - 1) / (16 * WARPS), batch = blockIdx.x / tiles;
  const int first = (blockIdx.x % tiles) * 16 * WARPS + threadIdx.x / 32 * 16;
  const size_t width = (size_t)heads * d, column = (size_t)blockIdx.y * d;
  const T *mine = q + (size_t)batch * n * width + column;
  const size_t others = (shared ? 0 : (size_t)batch * m * width) + column;
  const int rows[2] = {first + g, first + g + 8};

  uint32_t query[D / 16][4];
  for (int c = 0; c < D / 16; c++)
    for (int part = 0; part < 4; part++) {
      const int row = rows[part % 2], at = c * 16 + 2 * t + part / 2 * 8;
      query[c][part] = row < n && at < d ? *reinterpret_cast<const uint32_t *>(mine + row * width + at) : 0;
    }
  float factor[2];
  for (int r = 0; r < 2; r++) factor[r] = scale * (scaled && rows[r] < n ? row_scale[rows[r]] : 1.0f);

  float sum[D / 8][4] = {}, top[2] = {-INFINITY, -INFINITY}, total[2] = {0.0f, 0.0f};
  for (int from = 0; from < m; from += KEYS) {
    __syncthreads();
    for (int i = threadIdx.x; i < KEYS * (D / 8); i += 32 * WARPS) {
      const int key = i / (D / 8), at = i % (D / 8) * 8;
      const bool there = from + key < m && at < d;
      const size_t source = others + (size_t)(from + key) * width + at;
      const Pack<T, 8> none = {};
      store<T, 8>(keys + key * LINE + at, there ? load<T, 8>(k + source) : none);
      store<T, 8>(values + key * LINE + at, there ? load<T, 8>(v + source) : none);
    }
    __syncthreads();

    float logits[KEYS / 8][4] = {};
    float most[2] = {top[0], top[1]};
    for (int j = 0; j < KEYS / 8; j++) {
      for (int c = 0; c < D / 16; c++) {
        const T *at = keys + (j * 8 + g) * LINE + c * 16 + 2 * t;
        multiply<T>(logits[j], query[c], *reinterpret_cast<const uint32_t *>(at), *reinterpret_cast<const uint32_t *>(at + 8));
      }
      for (int e = 0; e < 4; e++) {
        const bool there = from + j * 8 + 2 * t + e % 2 < m;
        logits[j][e] = there ? logits[j][e] * factor[e / 2] : -INFINITY;
        most[e / 2] = fmaxf(most[e / 2], logits[j][e]);
      }
    }
    for (int r = 0; r < 2; r++) {
      most[r] = fmaxf(most[r], __shfl_xor_sync(~0u, most[r], 1));
      most[r] = fmaxf(most[r], __shfl_xor_sync(~0u, most[r], 2));
      // There is a first key, so the new maximum is finite.
      const float less = exp2f(top[r] - most[r]);
      top[r] = most[r];
      total[r] *= less;
      for (int c = 0; c < D / 8; c++) sum[c][2 * r] *= less, sum[c][2 * r + 1] *= less;
    }
    for (int j = 0; j < KEYS / 8; j++)
      for (int e = 0; e < 4; e++) {
        logits[j][e] = exp2f(logits[j][e] - top[e / 2]);
        total[e / 2] += logits[j][e];
      }

    for (int j = 0; j < KEYS / 16; j++) {
      // What two products left behind is laid out as the left side of the next one.
      const float(&low)[4] = logits[2 * j], (&high)[4] = logits[2 * j + 1];
      const uint32_t weights[4] = {pair<T>(low[0], low[1]), pair<T>(low[2], low[3]), pair<T>(high[0], high[1]),
                                   pair<T>(high[2], high[3])};
      for (int c = 0; c < D / 8; c += 2) {
        const T *at = values + (j * 16 + lane % 16) * LINE + (c + lane / 16) * 8;
        uint32_t b[4];
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                     : "=r"(b[0]), "=r"(b[1]), "=r"(b[2]), "=r"(b[3])
                     : "r"((uint32_t)__cvta_generic_to_shared(at)));
        multiply<T>(sum[c], weights, b[0], b[1]);
        multiply<T>(sum[c + 1], weights, b[2], b[3]);
      }
    }
  }

  for (int r = 0; r < 2; r++) {
    total[r] += __shfl_xor_sync(~0u, total[r], 1);
    total[r] += __shfl_xor_sync(~0u, total[r], 2);
    T *to = out + ((size_t)batch * n + rows[r]) * width + column;
    for (int c = 0; c < D / 8; c++)
      if (rows[r] < n && c * 8 < d)
        *reinterpret_cast<uint32_t *>(to + c * 8 + 2 * t) = pair<T>(sum[c][2 * r] / total[r], sum[c][2 * r + 1] / total[r]);
  }
}

#endif

#define PACKED(T, NAME, V)                                                                                              \
  extern "C" __global__ void group_norm_##NAME##_##V(const T *x, const T *weight, const T *bias, T *y, int per, int plane, \
                                                     int together, float eps, int silu) {                               \
    group_norm<T, V>(x, weight, bias, y, per, plane, together, eps, silu);                                              \
  }                                                                                                                     \
  extern "C" __global__ void finish_##NAME##_##V(T *y, const T *bias, const T *other, uint32_t count, uint32_t inner,    \
                                                 uint32_t channels, int add, int relu) {                                \
    finish<T, V>(y, bias, other, count, inner, channels, add, relu);                                                    \
  }                                                                                                                     \
  extern "C" __global__ void geglu_##NAME##_##V(const T *x, T *y, uint32_t count, uint32_t width) {                      \
    geglu<T, V>(x, y, count, width);                                                                                    \
  }                                                                                                                     \
  extern "C" __global__ void unroll_##NAME##_##V(const T *x, T *y, uint32_t count, int height, int width, int kernel,   \
                                                 int stride, int before, int top, int rows, int columns) {              \
    unroll<T, V>(x, y, count, height, width, kernel, stride, before, top, rows, columns);                               \
  }

#define ATTEND(T, NAME, D, WARPS, KEYS)                                                                                 \
  extern "C" __global__ void __launch_bounds__(32 * WARPS)                                                              \
      attend_##NAME##_##D##_##KEYS(const T *q, const T *k, const T *v, const float *row_scale, T *out, int n, int m,    \
                                   int d, int heads, int shared, int scaled, float scale) {                             \
    attend<T, D, WARPS, KEYS>(q, k, v, row_scale, out, n, m, d, heads, shared, scaled, scale);                          \
  }

// Sixteen frames are one warp's; pictures are looked at by four warps, 64 keys at a time.
#define WIDTH(T, NAME, D) ATTEND(T, NAME, D, 1, 16) ATTEND(T, NAME, D, 4, 64)
#define HALF(T, NAME)                                                                                                   \
  WIDTH(T, NAME, 16)                                                                                                    \
  WIDTH(T, NAME, 32) WIDTH(T, NAME, 48) WIDTH(T, NAME, 64) WIDTH(T, NAME, 80) WIDTH(T, NAME, 128) WIDTH(T, NAME, 160)

PACKED(float, f32, 1)
PACKED(float, f32, 8)
PACKED(__half, f16, 1)
PACKED(__half, f16, 8)
PACKED(__nv_bfloat16, bf16, 1)
PACKED(__nv_bfloat16, bf16, 8)
#if __CUDA_ARCH__ >= 800
HALF(__half, f16)
HALF(__nv_bfloat16, bf16)
#endif
