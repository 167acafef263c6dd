import Foundation
import Testing

@testable import HeadgateCore

/// Members that stand elsewhere, or nowhere, and what is coded of them.
@Suite struct BoxedTests {
    struct Plain: Codable, Hashable {
        var name: String?
        var count = 1
    }

    struct Wrapped: Codable, Hashable {
        @Boxed var name: String? = nil
        var count = 1
        @Unrecorded var seen: Int? = nil
    }

    @Test(arguments: [nil, "wine"]) func `a boxed member is coded as the value itself, and left out without one`(
        _ name: String?
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let plain = try encoder.encode(Plain(name: name))
        let wrapped = try encoder.encode(Wrapped(name: name, seen: 3))
        #expect(String(decoding: wrapped, as: UTF8.self) == String(decoding: plain, as: UTF8.self))
        let back = try JSONDecoder().decode(Wrapped.self, from: plain)
        #expect(back.name == name && back.seen == nil)
        #expect(back == Wrapped(name: name, seen: 7), "what is not recorded makes no difference")
        #expect(back != Wrapped(name: "beer"))
    }

    @Test func `a copy of a boxed member changes alone`() {
        let first = Wrapped(name: "wine")
        var second = first
        second.name?.append("s")
        #expect(first.name == "wine" && second.name == "wines")
    }
}
