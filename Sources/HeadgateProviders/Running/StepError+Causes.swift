import HeadgateCore

extension StepError {
    /// A failed system call, with a code of its own when a disk is full.
    init(_ code: Code, _ error: SystemError) {
        self.init(error.isDiskFull ? .diskFull : code, error.description, mayRetry: true)
    }

    init(_ code: Code, _ error: StorageError) {
        self.init(error.code == .diskFull ? .diskFull : code, error.message, mayRetry: error.mayRetry)
    }

    init(_ code: Code, _ error: SourceError) {
        self.init(error.code == .diskFull ? .diskFull : code, error.message, mayRetry: error.mayRetry)
    }
}
