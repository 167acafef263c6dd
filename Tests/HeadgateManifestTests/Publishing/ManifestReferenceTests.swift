import Foundation
import HeadgateCore
import Testing

@testable import HeadgateManifest

struct ManifestReferenceTests {
    @Test func `docs/manifests.md is what the declarations say`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = folder.appending(path: "docs/manifests.md")
        let isStale = try String(contentsOf: file, encoding: .utf8) != ManifestReference.markdown()
        if isStale, ProcessInfo.processInfo.environment["HEADGATE_WRITE_DOCS"] == "1" {
            try ManifestReference.markdown().write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(!isStale, "run this test with HEADGATE_WRITE_DOCS=1 to write docs/manifests.md anew")
    }

    @Test func `every field of every kind has a meaning, and every object a heading of its own`() {
        var titles: [String: [String]] = [:]
        func visit(_ schema: Schema) {
            switch schema {
            case .object(let object):
                let names = object.members.map(\.name)
                if let known = titles[object.title] {
                    #expect(known == names, "two objects are called \(object.title)")
                    return
                }
                titles[object.title] = names
                for member in object.members {
                    #expect(member.summary.hasSuffix("."), "\(object.title).\(member.name)")
                    visit(member.schema)
                }
            case .list(let element, _), .map(let element, _): visit(element)
            case .either(let scalar, let mapping):
                visit(scalar)
                visit(mapping)
            case .options(let options): #expect(options.allSatisfy { $0.summary.hasSuffix(".") })
            case .text, .integer, .number, .boolean, .any: break
            }
        }
        for kind in Kind.allCases { visit(Declaration.spec(of: kind).schema) }
        let text = ManifestReference.markdown()
        for title in titles.keys { #expect(text.contains("### \(title)\n")) }
    }
}
