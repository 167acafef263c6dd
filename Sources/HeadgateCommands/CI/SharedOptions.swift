import ArgumentParser
import Foundation
import HeadgateCore

/// The store that a controller and CI share.
struct SharedOptions: ParsableArguments {
    func knowledge(_ environment: [String: String]) throws -> any ChangeKnowledge { NoKnowledge() }
}
