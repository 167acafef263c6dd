package import HeadgateCore

extension ReviewReport {
    /// What became of a step: it was run, its result was taken from the shared store, or it could not begin.
    package struct Execution: Hashable, Sendable, Encodable {
        package enum Outcome: Hashable, Sendable, Encodable {
            case succeeded
            /// Another machine's result, from the shared store.
            case taken(by: StepOrigin)
            case failed(message: String)
            /// It ended well, and not with what it declares, or could not begin: a slip of the change.
            case defective(message: String)
            /// It has no result, and that says nothing of the change.
            case errored(message: String)
            /// It was not run, for what came of an earlier step.
            case skipped(reason: String)

            /// Whether it speaks against the change.
            var isNo: Bool {
                switch self {
                case .failed, .defective: true
                case .succeeded, .taken, .errored, .skipped: false
                }
            }

            /// What is wrong, without its log; nil where nothing is.
            var problem: String? {
                switch self {
                case .succeeded, .taken, .skipped: nil
                case .failed(let message): "failed: \(message)"
                case .defective(let message), .errored(let message): message
                }
            }
        }

        package var model: ObjectID
        package var step: StepName
        package var outcome: Outcome
        /// Encoded in seconds.
        package var duration: Duration
        package var location: SourceLocation?
        /// The end of what the command printed, secrets left out; empty where that says nothing more.
        package var log: String
        /// What its result lacks, in sentences.
        package var remarks: [String]

        package init(
            model: ObjectID, step: StepName, outcome: Outcome, duration: Duration = .zero,
            location: SourceLocation?, log: String = "", remarks: [String] = []
        ) {
            self.model = model
            self.step = step
            self.outcome = outcome
            self.duration = duration
            self.location = location
            self.log = log
            self.remarks = remarks
        }

        /// What became of it, in words.
        package var summary: String {
            switch outcome {
            case .succeeded: "succeeded in \(duration.taken)"
            case .taken(let origin):
                "taken from the shared store, made by \(origin.builder), signed with key \(origin.signer.prefix(12))"
            case .failed(let message): "failed: \(message)"
            case .defective(let message), .errored(let message): message
            case .skipped(let reason): "not run: \(reason)"
            }
        }

        private enum CodingKeys: String, CodingKey {
            case model, step, outcome, seconds, location, log, remarks
        }

        package func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(model, forKey: .model)
            try values.encode(step, forKey: .step)
            try values.encode(outcome, forKey: .outcome)
            try values.encode(Double(duration.milliseconds) / 1000, forKey: .seconds)
            try values.encodeIfPresent(location, forKey: .location)
            try values.encode(log, forKey: .log)
            try values.encode(remarks, forKey: .remarks)
        }
    }
}
