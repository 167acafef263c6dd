// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Asks for generic types by calls, not by mangled names: the first use of such a name searches all of the program's
/// conformances, for some 40 µs, and a short command made more than a hundred of these searches.
///
/// Not for what other packages use, who may have no such flags.
let direct: [SwiftSetting] = [
    .unsafeFlags(
        ["-Xfrontend", "-disable-concrete-type-metadata-mangled-name-accessors"], .when(configuration: .release))
]

/// The released program holds Swift's libraries: it starts in two thirds of the time, and needs no runtime beside it.
///
/// Modules name the libraries that they import, not those that these need when they are not shared ones. Nothing is
/// loaded into the program, so it exports no symbols.
let standalone: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-static-stdlib", "-lCoreFoundation", "-l_FoundationCShims", "-l_FoundationCollections", "-l_FoundationICU",
            "-Xlinker", "--no-export-dynamic",
        ], .when(platforms: [.linux], configuration: .release))
]

// MARK: Products of other packages

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

// MARK: Our targets

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict + (name == "CEL" ? [] : direct))
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.target(name: name), "HeadgateTestSupport"] + dependencies,
        swiftSettings: strict
    )
}

let package = Package(
    name: "headgate",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "headgate", targets: ["headgate"]),
        .library(name: "CEL", targets: ["CEL"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.2", traits: []),
    ],
    targets: [
        // C, nothing but module maps and shims for variadic calls
        .systemLibrary(name: "CLibgit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        .target(name: "CLinux"),
        .target(name: "CAllocations", path: "Benchmarks/CAllocations"),

        // Pure
        module("CEL"),
        module("HeadgateCore", [crypto]),
        module("HeadgatePolicy", ["CEL", "HeadgateCore"]),
        module("HeadgateReport", ["HeadgateCore"]),

        // Edges
        module("HeadgateManifest", ["HeadgateCore", yams]),
        module("HeadgateGit", ["CLibgit2", "HeadgateCore", crypto]),
        module("HeadgateStore", ["HeadgateCore", "CLinux", crypto, grdb]),
        module(
            "HeadgateProviders",
            ["CLinux", "HeadgateCore", asyncHTTPClient, crypto, logging, nioCore, nioHTTP1, subprocess]),
        module("HeadgateRouter", ["HeadgateCore", logging, nioCore, nioHTTP1, nioPosix]),

        // Shell
        module("HeadgateController", ["CLinux", "HeadgateCore", crypto, logging, serviceLifecycle]),
        module("HeadgateAPI", ["HeadgateCore", asyncHTTPClient, nioCore, nioHTTP1, nioPosix]),
        module("HeadgateServer", ["HeadgateAPI", "HeadgateCore", hummingbird, logging, nioCore, serviceLifecycle]),
        module(
            "HeadgateCommands",
            [
                "CEL", "CLinux", "HeadgateAPI", "HeadgateController", "HeadgateCore", "HeadgateGit", "HeadgateManifest",
                "HeadgatePolicy", "HeadgateProviders", "HeadgateReport", "HeadgateRouter", "HeadgateServer",
                "HeadgateStore", argumentParser, logging, serviceLifecycle, unixSignals, yams,
            ]
        ),
        .executableTarget(
            name: "headgate", dependencies: ["HeadgateCommands"], swiftSettings: strict, linkerSettings: standalone),

        // Measures what Benchmarks/run compares
        .executableTarget(
            name: "headgate-bench", dependencies: ["CAllocations", "CEL"], path: "Benchmarks/headgate-bench",
            swiftSettings: strict),

        // Tests
        module("HeadgateTestSupport", ["HeadgateCore", subprocess]),
        tests("CEL", ["CAllocations"]),
        tests("HeadgateCore"),
        tests("HeadgateController", ["HeadgateCore", logging]),
        tests("HeadgateCommands", ["HeadgateCore", yams]),
        tests("HeadgateGit", ["CLibgit2", "CLinux", "HeadgateCore"]),
        tests("HeadgateManifest", ["HeadgateCore"]),
        tests("HeadgatePolicy", ["HeadgateCore"]),
        tests("HeadgateReport", ["HeadgateCore"]),
        tests("HeadgateProviders", ["HeadgateCore", asyncHTTPClient, logging, nioCore, nioHTTP1]),
        tests("HeadgateRouter", ["HeadgateCore", logging, nioCore, nioHTTP1, nioPosix]),
        tests("HeadgateStore", ["HeadgateCore", grdb]),
        .testTarget(name: "ArchitectureTests", swiftSettings: strict),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "HeadgateAPI", "HeadgateCore", "HeadgateTestSupport", asyncHTTPClient, nioCore, nioHTTP1,
            ],
            swiftSettings: strict),
    ]
)
