// SPDX-License-Identifier: Apache-2.0
import LCLText
import Testing

@Test func escape_leavesOrdinaryTextAlone() {
    for text in ["", "cactihog 1.jpg", "Zoë — 猫 🦔 \\ \"quoted\""] { #expect(Terminal.escape(text) == text) }
}

@Test(arguments: [
    ("\u{1B}[2Jx", "\\u{1B}[2Jx"), ("a\nb", "a\\u{A}b"), ("a\r\nb", "a\\u{D}\\u{A}b"), ("bell\u{7}", "bell\\u{7}"), ("\u{7F}", "\\u{7F}"),
    ("\u{9B}31m", "\\u{9B}31m"), ("gpj.\u{202E}exe", "gpj.\\u{202E}exe"), ("\u{2066}", "\\u{2066}"), ("a\u{2028}b", "a\\u{2028}b"),
])
func escape_showsWhatATerminalWouldObey(text: String, shown: String) {
    #expect(Terminal.escape(text) == shown)
}

@Test(arguments: [("abc", 3), ("Zoë", 3), ("e\u{301}", 1), ("猫", 2), ("한국", 4), ("🦔", 2), ("", 0)])
func width_countsColumns(text: String, width: Int) {
    #expect(Terminal.width(of: text) == width)
}

@Test func colour_isAbsent_unlessEnabled() {
    #expect(Colour.good.paint("done", true) == "\u{1B}[32mdone\u{1B}[0m")
    #expect(Colour.good.paint("done", false) == "done")
}
