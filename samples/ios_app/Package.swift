// swift-tools-version:5.7
import PackageDescription

let package = Package(
  name: "Lacuna",
  platforms: [.iOS(.v15), .macOS(.v12)],
  products: [.library(name: "Lacuna", targets: ["Lacuna"])],
  targets: [
    .binaryTarget(name: "CLacuna", path: "Lacuna.xcframework"),
    .target(name: "Lacuna", dependencies: ["CLacuna"]),
  ])
