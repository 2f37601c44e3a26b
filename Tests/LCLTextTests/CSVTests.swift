// SPDX-License-Identifier: Apache-2.0
import LCLText
import Testing

@Test func record_isPlain_whenNothingNeedsQuotes() {
    #expect(CSV.record(["a", "", "b c", "é"]) == "a,,b c,é\r\n")
}

@Test(arguments: [("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("a\nb", "\"a\nb\""), ("a\r\nb", "\"a\r\nb\""), ("\r", "\"'\r\""), ("a\"\u{301},=1", "\"a\"\"\u{301},=1\"")])
func field_isQuoted_whenItHasASeparator(text: String, quoted: String) {
    #expect(CSV.record([text, "z"]) == quoted + ",z\r\n")
}

@Test(arguments: ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "=HYPERLINK(x)"])
func field_isNoFormula_whateverItsName(text: String) {
    #expect(CSV.record([text]) == "'\(text)\r\n")
}

@Test func field_staysANumber_whenItIsNegative() {
    #expect(CSV.record(["-0.52", "+1"]) == "-0.52,+1\r\n")
}
