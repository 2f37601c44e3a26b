// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

/// Who may import whom: see Sources/README.md. Each library has a test target of the same name plus "Tests".
let package = Package(
    name: "lcl",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "lcl", targets: ["lcl"]),
        .executable(name: "lcld", targets: ["lcld"]),
        .executable(name: "lclctl", targets: ["lclctl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["JSON", "CommandLineArguments"]),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    ],
    targets: [
        // C: one module and one header each, only for what Swift cannot call.
        .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
        .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3"])]),
        .target(name: "CImageCodecs", linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png")]),
        .target(name: "CPosix"),

        // Pure values.
        .target(name: "LCLJob"),
        .target(name: "LCLDigest", dependencies: ["CKernels"]),
        .target(name: "LCLText", dependencies: ["LCLJob"]),

        // The engine.
        .target(name: "LCLTensor", dependencies: ["COpenBLAS", "CKernels"]),
        .target(name: "LCLImage", dependencies: ["CImageCodecs", "LCLTensor"]),
        .target(name: "LCLModel", dependencies: ["LCLTensor", "LCLDigest"]),
        .target(name: "LCLLink", dependencies: ["LCLModel", "LCLImage", "LCLTensor", "LCLDigest"]),
        .target(name: "LCLTraining", dependencies: ["LCLLink", "LCLModel", "LCLImage", "LCLTensor", "LCLDigest"]),

        // The service.
        .target(name: "LCLSpool", dependencies: ["LCLJob", "CPosix"]),
        .target(name: "LCLStore", dependencies: ["LCLJob", .product(name: "GRDB", package: "GRDB.swift")]),
        .target(
            name: "LCLControl",
            dependencies: [
                "LCLJob",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .target(
            name: "LCLWorker",
            dependencies: ["LCLJob", "LCLLink", "LCLTraining", "LCLModel", "LCLTensor", "LCLDigest", "LCLImage", "LCLSpool", "CPosix"]),
        .target(
            name: "LCLDaemon",
            dependencies: [
                "LCLJob", "LCLSpool", "LCLStore", "LCLControl", "LCLWorker", "LCLLink", "LCLModel", "LCLDigest", "CPosix",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Configuration", package: "swift-configuration"),
            ]),

        // The programs.
        .executableTarget(
            name: "lcl",
            dependencies: [
                "LCLJob", "LCLText", "LCLSpool", "LCLWorker", "LCLTraining", "LCLLink", "LCLModel", "LCLTensor", "LCLDigest",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "lcld",
            dependencies: [
                "LCLDaemon", "LCLWorker", "LCLImage", "LCLJob", "LCLText", "CPosix",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "lclctl",
            dependencies: [
                "LCLControl", "LCLSpool", "LCLJob", "LCLText",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // The tests: one target per library, and the real binaries driven from outside.
        .target(name: "TestPictures", dependencies: ["CTestCodecs"], path: "Tests/TestPictures"),
        .target(
            name: "CTestCodecs", path: "Tests/CTestCodecs",
            linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png")]),
        .target(name: "TestModels", dependencies: ["LCLModel", "LCLTensor"], path: "Tests/TestModels"),
        .target(name: "TestSchema", dependencies: ["LCLJob"], path: "Tests/TestSchema"),
        .testTarget(name: "LCLJobTests", dependencies: ["LCLJob", "TestSchema"]),
        .testTarget(name: "LCLSpoolTests", dependencies: ["LCLSpool", "LCLJob", "CPosix"]),
        .testTarget(
            name: "LCLStoreTests", dependencies: ["LCLStore", "LCLJob", .product(name: "GRDB", package: "GRDB.swift")],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "LCLControlTests",
            dependencies: [
                "LCLControl", "LCLJob", "TestPictures",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .testTarget(name: "LCLCtlTests", dependencies: ["lclctl", "LCLControl", "LCLJob", "LCLText"]),
        .testTarget(name: "LCLTextTests", dependencies: ["LCLText", "LCLJob"]),
        .testTarget(name: "LCLDigestTests", dependencies: ["LCLDigest"]),
        .testTarget(name: "LCLTensorTests", dependencies: ["LCLTensor"]),
        .testTarget(name: "LCLImageTests", dependencies: ["LCLImage", "TestPictures"], resources: [.copy("Goldens")]),
        .testTarget(name: "LCLModelTests", dependencies: ["LCLModel", "LCLTensor", "LCLDigest"], resources: [.copy("Goldens")]),
        .testTarget(name: "LCLLinkTests", dependencies: ["LCLLink", "LCLModel", "LCLTensor", "LCLDigest", "LCLImage", "TestPictures", "TestModels"], resources: [.copy("Goldens")]),
        .testTarget(name: "LCLTrainingTests", dependencies: ["TestModels", "LCLTraining", "LCLLink", "LCLModel", "LCLTensor", "TestPictures"], resources: [.copy("Goldens")]),
        .testTarget(name: "LCLWorkerTests", dependencies: ["LCLWorker", "LCLJob", "LCLLink", "LCLModel", "TestPictures", "TestModels"]),
        .executableTarget(name: "HostileWorker", dependencies: ["LCLWorker", "LCLJob", "CPosix"], path: "Tests/HostileWorker"),
        .testTarget(
            name: "LCLDaemonTests",
            dependencies: [
                "LCLDaemon", "LCLWorker", "LCLStore", "LCLSpool", "LCLJob", "LCLControl", "HostileWorker", "lcld", "CPosix",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "FuzzTargets",
            dependencies: ["LCLJob", "LCLSpool", "LCLControl", "LCLDaemon", "LCLWorker", "LCLImage", "LCLModel", "LCLLink", "LCLTensor", "TestPictures"],
            path: "Tests/Fuzz/Targets"),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets", "LCLModel", "LCLLink"]),
        .testTarget(name: "FaultTests", dependencies: ["LCLJob", "LCLControl", "TestModels", "TestPictures", "lcld"]),
        .testTarget(name: "EndToEndTests", dependencies: ["LCLModel", "TestModels", "LCLJob", "LCLControl", "LCLStore", "TestPictures", "TestSchema", "lcl", "lcld", "lclctl"]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where [.regular, .executable, .test].contains(target.type) {
    target.swiftSettings = [.enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility")]
}
