// SPDX-License-Identifier: Apache-2.0
import Testing
import lclctl

@Test func record_isPlain_whenNothingNeedsQuotes() {
    #expect(CSV.record(["a", "", "b c", "é"]) == "a,,b c,é\r\n")
}

@Test(arguments: [("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("a\nb", "\"a\nb\""), ("a\r\nb", "\"a\r\nb\""), ("\r", "\"\r\"")])
func field_isQuoted_whenItHasASeparator(text: String, quoted: String) {
    #expect(CSV.record([text, "z"]) == quoted + ",z\r\n")
}
