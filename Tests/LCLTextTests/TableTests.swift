// SPDX-License-Identifier: Apache-2.0
import LCLText
import Testing

@Test func table_alignsItsColumns() {
    var table = Table([.init("JOB"), .init("N", right: true), .init("NAME")])
    table.add(["a", "10", "x"])
    table.add(["猫", "5", ""])
    #expect(table.text(colour: false) == "JOB   N  NAME\na    10  x\n猫    5\n")
}

@Test func table_isAlignedByWhatIsSeen_whenItHasColour() {
    var table = Table([.init("S"), .init("T")])
    table.add([.init("done", .good), "x"])
    #expect(table.text(colour: true) == "\u{1B}[1mS\u{1B}[0m     \u{1B}[1mT\u{1B}[0m\n\u{1B}[32mdone\u{1B}[0m  x\n")
}

@Test func cell_isEscapedAndCut_whenItIsHostileOrLong() {
    var table = Table([.init("NAME", maximum: 6)])
    table.add(["\u{1B}"])
    table.add(["abcdefg"])
    table.add(["猫猫猫猫"])
    #expect(table.text(colour: false) == "NAME\n\\u{1B}\nabcde…\n猫猫…\n")
}
