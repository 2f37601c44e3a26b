// SPDX-License-Identifier: Apache-2.0

/// This version of lcl: what results and fitted files say they were made by.
public enum Engine {
    public static let version = "0.1.0"
}
