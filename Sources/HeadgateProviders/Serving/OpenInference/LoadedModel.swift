import HeadgateCore

/// One version on one server, as far as it is known.
struct LoadedModel: Sendable {
    /// Loaded and, where there are recorded requests, warmed up.
    private(set) var isReady = false
    /// A load, or a look at an answer, is under way.
    var isBusy = false
    var nextLook: ContinuousClock.Instant = .now
    /// Why it could not be brought up, and whether the server said so itself.
    private(set) var problem: (message: String, isDefinite: Bool)?
    private var attempts = 0
    private var silences = 0

    mutating func cameUp() {
        self = LoadedModel()
        isReady = true
        nextLook = .now + .seconds(2)
    }

    /// Takes it for ready, as an earlier controller found it, until it is looked at.
    mutating func trust() {
        isReady = true
        nextLook = .now
    }

    mutating func failed(_ message: String, isDefinite: Bool) {
        isReady = false
        isBusy = false
        attempts += 1
        problem = (message, isDefinite)
        nextLook = .now + (isDefinite ? .seconds(min(300, 5 << min(attempts - 1, 6))) : .seconds(min(5, attempts)))
    }

    /// Takes over what the server said of a version that was ready.
    mutating func looked(_ readiness: InferenceServer.Readiness) {
        nextLook = .now + .seconds(2)
        switch readiness {
        case .ready: silences = 0
        case .notReady:
            // It was started again, or somebody unloaded the model.
            self = LoadedModel()
        case .unreachable(let message):
            // One slow answer is no reason to call a server that works unready.
            silences += 1
            nextLook = .now + .milliseconds(500)
            guard silences >= 3 else { return }
            self = LoadedModel()
            problem = (message, false)
        }
    }
}
