import Foundation
import HeadgateCore

extension Digest {
    /// The 32 bytes, as a column holds them.
    var data: Data { Data(bytes) }
}

extension Run.State {
    /// The word in the `state` column.
    var word: String {
        switch self {
        case .running: "running"
        case .cancelling: "cancelling"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .errored: "errored"
        case .cancelled: "cancelled"
        }
    }
}

extension StepRecord.Outcome {
    /// The word in the `outcome` column.
    var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .errored: "errored"
        }
    }
}
