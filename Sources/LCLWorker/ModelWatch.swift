// SPDX-License-Identifier: Apache-2.0
import CPosix
import Glibc
import LCLModel

/// The files of one loaded model, held open: where one was written to or cut short under this process, that is why it died or answered
/// nonsense, and no picture is. Files that were replaced by rename are as they were.
///
/// One thread may use it: the list that a crash looks through (`cposix_watch`) is the process's.
final class ModelWatch {
    private let descriptors: [Int32]

    init(_ model: ModelDirectory) {
        descriptors = model.card.files.keys.sorted().compactMap { file in
            let descriptor = open(model.path(of: file), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard descriptor >= 0 else { return nil }
            if cposix_watch(descriptor) == 0 { return descriptor }
            close(descriptor)
            return nil
        }
    }

    var isIntact: Bool { descriptors.allSatisfy { cposix_is_as_watched($0) == 1 } }

    deinit {
        for descriptor in descriptors {
            cposix_unwatch(descriptor)
            close(descriptor)
        }
    }
}
