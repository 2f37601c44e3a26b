// SPDX-License-Identifier: Apache-2.0
import LCLControl
import Testing

@Test func root_findsAConnection_howeverManyUsersHaveThem() {
    let count = ConnectionCount(limit: 4, total: 6)
    let entered = (0..<10).map { _ in count.enter(1000) } + (0..<10).map { _ in count.enter(1001) }
    #expect(entered.count { $0 } == 6)
    #expect((0..<10).count { _ in count.enter(0) } == 4)
    count.leave(1000)
    #expect(count.enter(1001) && !count.enter(1000))
}
