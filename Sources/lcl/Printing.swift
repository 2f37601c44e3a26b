// SPDX-License-Identifier: Apache-2.0
import LCLJob
import LCLText

// In the place of Swift's own, which says nothing of a full disk behind `>`.

/// A line on standard output.
func print(_ line: String) throws(OutputError) { try Terminal.output.print(line) }

/// `value` as JSON on standard output.
func print(json value: some Encodable) throws { try Terminal.output.write(CanonicalJSON.encode(value, pretty: true)) }
