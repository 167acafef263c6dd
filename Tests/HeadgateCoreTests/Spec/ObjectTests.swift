import Foundation
import HeadgateCore
import Testing

struct ObjectTests {
    private static let location = SourceLocation(file: .root, line: 1, column: 1)

    @Test func `a changed copy leaves the original as it was`() throws {
        let original = Object(meta: ObjectMeta(location: Self.location), spec: "a")
        var copy = original
        #expect(copy == original)
        copy.spec = "b"
        copy.meta.labels["team"] = "fraud"
        copy.tracked[.root] = TrackedEntry(mode: .directory, id: "0")
        #expect(original.spec == "a" && original.meta.labels.isEmpty && original.tracked.isEmpty)
        #expect(copy.spec == "b" && copy.meta.labels == ["team": "fraud"] && copy.tracked.count == 1)
        #expect(copy != original)
        copy = Object(meta: original.meta, spec: "a")
        #expect(copy == original && copy.hashValue == original.hashValue)
    }

    @Test func `an object is written by the names of its parts`() throws {
        let object = Object(
            meta: ObjectMeta(location: Self.location), spec: "a",
            tracked: [.root: TrackedEntry(mode: .directory, id: "0")])
        let data = try JSONEncoder().encode(object)
        let parts = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(Set(parts.keys) == ["meta", "spec", "tracked"])
        #expect(try JSONDecoder().decode(Object<String>.self, from: data) == object)
    }
}
