// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Where the control socket lies.
public enum ControlSocket {
    public static let defaultPath = "/run/lcld/control.sock"
    public static let environmentKey = "LCLD_SOCKET"

    /// `flag`, or else the environment's, or else the default.
    public static func path(flag: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        flag ?? environment[environmentKey].flatMap { $0.isEmpty ? nil : $0 } ?? defaultPath
    }
}
