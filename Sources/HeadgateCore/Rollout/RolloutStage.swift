/// One stage of a rollout: how the versions stand, what it waits for, and which checks watch it.
package struct RolloutStage: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// The champion ends before the candidate starts.
        case stop
        /// The candidate starts and takes nothing.
        case start
        /// A step of the strategy before promotion.
        case step
        /// After the decision, replicas change hands in batches.
        case exchange
        /// All weight goes to the candidate, which is the stable version from here on.
        case promote
        /// Something is watched or waited for while the former champion still stands by.
        case after
        /// The former champion drains.
        case retire
        /// All weight returns to the champion.
        case back
        /// The candidate drains.
        case drain
    }

    package enum Wait: Hashable, Sendable, Codable {
        /// The stage is over when the target shows its layout.
        case none
        case time(Duration)
        /// A person approves, or the rollout goes back at the end.
        case approval(Duration)
        /// Checks must have an answer at the end.
        case analysis(Duration)
    }

    /// Which checks are asked.
    package enum Watch: String, Hashable, Sendable, Codable, CaseIterable {
        case nothing
        /// Those that decide on promotion.
        case before
        /// Those that can still undo it.
        case after
        /// All of them, for the time of `bake`.
        case bake
    }

    package let kind: Kind
    /// For people, such as `weight 10` or `pause 2m`.
    package let name: String
    package let layout: RolloutLayout
    package let wait: Wait
    package let watch: Watch

    package init(_ kind: Kind, _ name: String, _ layout: RolloutLayout, wait: Wait = .none, watch: Watch = .nothing) {
        self.kind = kind
        self.name = name
        self.layout = layout
        self.wait = wait
        self.watch = watch
    }
}

/// How champion and candidate stand in one stage; with the versions themselves it makes a serving state.
package struct RolloutLayout: Hashable, Sendable, Codable {
    /// How much of a version runs.
    package enum Capacity: Hashable, Sendable, Codable {
        case nothing
        case replicas(Int)
        case everything

        /// Replicas of a version that declares so many; nil when it does not run.
        func count(of declared: Int) -> Int? {
            switch self {
            case .nothing: nil
            case .replicas(let count): max(1, min(count, declared))
            case .everything: declared
            }
        }
    }

    package var champion: Capacity
    package var candidate: Capacity
    /// The candidate's share, 0 through 100, of which the champion has the rest; nil when nothing takes traffic.
    package var weight: Int?
    /// Whether the candidate is the stable version.
    package var promoted: Bool
    package var mirror: Mirroring?
    package var route: RouteMatch?
    /// Whether the candidate has an address of its own.
    package var preview: Bool

    package struct Mirroring: Hashable, Sendable, Codable {
        package var percent: Int
        package var compare: AnswerComparison
        package init(percent: Int, compare: AnswerComparison) {
            self.percent = percent
            self.compare = compare
        }
    }

    package init(
        champion: Capacity, candidate: Capacity, weight: Int?, promoted: Bool = false, mirror: Mirroring? = nil,
        route: RouteMatch? = nil, preview: Bool = false
    ) {
        self.champion = champion
        self.candidate = candidate
        self.weight = weight
        self.promoted = promoted
        self.mirror = mirror
        self.route = route
        self.preview = preview
    }

    /// Whether callers get answers of the candidate.
    var exposesCandidate: Bool { (weight ?? 0) > 0 || route != nil }
}
