// SPDX-License-Identifier: Apache-2.0
#include "kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>

/// SHA extensions: leaf 7, EBX bit 29 (Intel SDM, CPUID). Not among what __builtin_cpu_supports knows everywhere.
static bool has_sha(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1) && __builtin_cpu_supports("sse4.1");
}

/// AVX-512 of the generations that do not slow down for it, told by an extension that the first lacked: VNNI.
static bool has_wide_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

const lcl_kernels *lcl_kernels_avx2(void) {
    static const lcl_kernels avx2 = {"avx2", lcl_linear_avx2, lcl_depthwise_avx2, lcl_half_to_float_f16c, lcl_sha256_plain};
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") ? &avx2 : lcl_kernels_plain();
}

const lcl_kernels *lcl_kernels_best(void) {
    static const lcl_kernels avx2_sha = {"avx2+sha", lcl_linear_avx2, lcl_depthwise_avx2, lcl_half_to_float_f16c, lcl_sha256_ni};
    static const lcl_kernels avx512 = {"avx512+sha", lcl_linear_avx512, lcl_depthwise_avx2, lcl_half_to_float_f16c, lcl_sha256_ni};
    const lcl_kernels *avx2 = lcl_kernels_avx2();
    if (avx2 == lcl_kernels_plain() || !has_sha()) return avx2;
    return has_wide_avx512() ? &avx512 : &avx2_sha;
}
#else
const lcl_kernels *lcl_kernels_avx2(void) { return lcl_kernels_plain(); }
const lcl_kernels *lcl_kernels_best(void) { return lcl_kernels_plain(); }
#endif
