import Foundation
import Testing

/// SwiftPM lets a module import what it depends on only by way of another; these tables do not.
@Suite struct ImportTests {
    /// What a module may import of ours.
    static let ours: [String: Set<String>] = [
        "CEL": [],
        "HeadgateCore": [],
        "HeadgatePolicy": ["CEL", "HeadgateCore"],
        "HeadgateReport": ["HeadgateCore"],
        "HeadgateManifest": ["HeadgateCore"],
        "HeadgateGit": ["CLibgit2", "HeadgateCore"],
        "HeadgateStore": ["CLinux", "HeadgateCore"],
        "HeadgateProviders": ["CLinux", "HeadgateCore"],
        "HeadgateRouter": ["HeadgateCore"],
        "HeadgateController": ["CLinux", "HeadgateCore"],
        "HeadgateAPI": ["HeadgateCore"],
        "HeadgateServer": ["HeadgateAPI", "HeadgateCore"],
        "HeadgateCommands": [
            "CEL", "CLinux", "HeadgateAPI", "HeadgateController", "HeadgateCore", "HeadgateGit", "HeadgateManifest",
            "HeadgatePolicy", "HeadgateProviders", "HeadgateReport", "HeadgateRouter", "HeadgateServer",
            "HeadgateStore",
        ],
        "HeadgateTestSupport": ["HeadgateCore"],
        "headgate": ["HeadgateCommands"],
    ]

    /// What a pure module may import besides: no I/O, no clock.
    static let pure: [String: Set<String>] = [
        "CEL": ["Glibc", "Musl", "Darwin", "Synchronization"],
        "HeadgateCore": ["Crypto", "Glibc", "Darwin"],
        "HeadgatePolicy": ["Synchronization"],
        "HeadgateReport": ["FoundationEssentials"],
    ]

    @Test(arguments: ours.keys.sorted())
    func `a module imports what the table allows and nothing else of ours`(_ module: String) throws {
        let allowed = Self.ours[module, default: []]
        for (file, imports) in try Sources.imports(of: module) {
            let wrong = imports.filter { Self.ours[$0] != nil || $0.hasPrefix("CL") }.subtracting(allowed)
            #expect(wrong.isEmpty, "\(file) imports \(wrong.sorted())")
            guard let outside = Self.pure[module] else { continue }
            let impure = imports.subtracting(outside).subtracting(allowed)
            #expect(impure.isEmpty, "\(file) imports \(impure.sorted()), and \(module) is pure")
        }
    }

    @Test func `every module has a line in the table`() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Sources.folder.path)
        #expect(Set(folders).subtracting(["CLibgit2", "CLinux"]) == Set(Self.ours.keys))
    }

    @Test func `only the composition names concrete providers beside a store`() throws {
        for (file, imports) in try Sources.imports(of: "HeadgateCommands")
        where imports.contains("HeadgateController") && imports.contains("HeadgateStore") {
            #expect(file.contains("/Run/"), "\(file) puts a controller together")
        }
    }
}
