// SPDX-License-Identifier: Apache-2.0
import COpenBLAS
import Foundation

/// The kernels that OpenBLAS runs. It chooses them as it is loaded, and one that is older than the processor (Debian 12's 0.3.21, on Intel's of
/// 2024) falls back on those of SSE3, at a quarter of the speed or less.
public enum OpenBLASKernels {
    /// Such as `SkylakeX`.
    public static var name: String { String(cString: openblas_get_corename()) }

    /// What the environment of a new process should say for better ones; empty where nothing is better, or somebody has chosen.
    public static var advice: [String: String] {
        let variable = "OPENBLAS_CORETYPE"
        guard ProcessInfo.processInfo.environment[variable] == nil, ["Prescott", "Core2", "Nehalem", "Generic"].contains(name) else { return [:] }
        switch Kernels.best.name {
        case let best where best.hasPrefix("avx512"): return [variable: "SkylakeX"]
        case let best where best.hasPrefix("avx2"): return [variable: "Haswell"]
        default: return [:]
        }
    }

    /// Begins this program anew with better kernels, where there are any; else does nothing.
    public static func restartForBetter() {
        guard !advice.isEmpty else { return }
        for (name, value) in advice { setenv(name, value, 1) }
        execv("/proc/self/exe", CommandLine.unsafeArgv)
    }
}
