/// Which Model serves on which Target, and by which strategy it rolls.
package struct DeploymentSpec: Hashable, Sendable, Codable {
    package var model: ModelName
    package var target: TargetName
    package var strategy: StrategySpec
    /// Policies that this deployment names besides those that select it.
    package var policies: [PolicyName]
    /// Server processes of each version with traffic; at least 1.
    package var replicas: Int
    package var autoscaling: AutoscalingSpec?
    /// Objects that must satisfy a condition before this one rolls.
    package var dependsOn: [Dependency]
    /// Whether a difference on the target is put right.
    package var heal: Bool
    /// Fields of the serving state that others may change: `replicas`, `weights`.
    package var ignoreDifferences: [String]
    package var deletionPolicy: DeletionPolicy
    /// Work on this object stops while true; what serves goes on serving.
    package var suspend: Bool

    package init(
        model: ModelName, target: TargetName, strategy: StrategySpec = StrategySpec(), policies: [PolicyName] = [],
        replicas: Int = 1, autoscaling: AutoscalingSpec? = nil, dependsOn: [Dependency] = [], heal: Bool = true,
        ignoreDifferences: [String] = [], deletionPolicy: DeletionPolicy = .prune, suspend: Bool = false
    ) {
        self.model = model
        self.target = target
        self.strategy = strategy
        self.policies = policies
        self.replicas = replicas
        self.autoscaling = autoscaling
        self.dependsOn = dependsOn
        self.heal = heal
        self.ignoreDifferences = ignoreDifferences
        self.deletionPolicy = deletionPolicy
        self.suspend = suspend
    }
}

/// What happens on the target when the object leaves the repository.
package enum DeletionPolicy: String, Hashable, Sendable, Codable, CaseIterable {
    case prune, orphan
}

/// How many replicas a version has, by how busy they are.
package struct AutoscalingSpec: Hashable, Sendable, Codable {
    package var minReplicas: Int
    package var maxReplicas: Int
    /// Concurrent requests a replica that scaling aims at.
    package var targetConcurrency: Int

    package init(minReplicas: Int, maxReplicas: Int, targetConcurrency: Int) {
        self.minReplicas = minReplicas
        self.maxReplicas = maxReplicas
        self.targetConcurrency = targetConcurrency
    }
}

/// An object that must be ready first.
package struct Dependency: Hashable, Sendable, Codable {
    package var kind: Kind
    package var name: String
    /// CEL over the other's `status`; nil means that its Ready condition is True.
    package var ready: PolicyExpression?

    package init(kind: Kind, name: String, ready: PolicyExpression? = nil) {
        self.kind = kind
        self.name = name
        self.ready = ready
    }
}

/// How a version replaces another.
package struct StrategySpec: Hashable, Sendable, Codable {
    package enum Method: Hashable, Sendable, Codable {
        /// Stop the old one, then start the new one.
        case recreate(allowDowntime: Bool)
        /// Start the new one, move all weight when it is ready, drain the old one.
        case rolling
        case blueGreen(BlueGreenSpec)
        case canary(CanarySpec)
        case ab(ABSpec)
        case shadow(ShadowSpec)
    }

    package var method: Method
    /// Whether a restoration skips the strategy's steps.
    package var onRevert: OnRevert
    /// How many replicas may exist above the declared number while a rollout is under way; 0 asks the target first.
    package var maxSurge: Int
    /// How long after promotion the checks go on and can still go back.
    package var bake: Duration
    /// How long an earlier version stays started so that a revert inside this time needs no start.
    package var warm: Duration
    /// How long a version may take to become ready, all replicas together, before the rollout fails.
    package var progressDeadline: Duration

    package enum OnRevert: String, Hashable, Sendable, Codable, CaseIterable {
        case skip, full
    }

    package init(
        method: Method = .rolling, onRevert: OnRevert = .skip, maxSurge: Int = 1, bake: Duration = .zero,
        warm: Duration = .zero, progressDeadline: Duration = .seconds(600)
    ) {
        self.method = method
        self.onRevert = onRevert
        self.maxSurge = maxSurge
        self.bake = bake
        self.warm = warm
        self.progressDeadline = progressDeadline
    }
}

/// A candidate takes traffic step by step, while checks watch it.
package struct CanarySpec: Hashable, Sendable, Codable {
    package var steps: [CanaryStep]
    package var checks: [CheckSpec]

    package init(steps: [CanaryStep], checks: [CheckSpec] = []) {
        self.steps = steps
        self.checks = checks
    }
}

/// One step of a canary; the next begins when it has ended well.
package enum CanaryStep: Hashable, Sendable, Codable {
    /// The candidate's share of requests, 0 through 100.
    case weight(Int)
    /// Waits; checks go on.
    case pause(Duration)
    /// Waits until a person approves; goes back to the champion at the deadline.
    case pauseUntilApproved(deadline: Duration)
    /// Asks the checks for a time; goes on when none failed by its end.
    case analyse(Duration)
}

/// A candidate stands beside stable, is looked at, and takes all traffic at once.
package struct BlueGreenSpec: Hashable, Sendable, Codable {
    /// How long the pre-promotion checks watch the preview.
    package var analyse: Duration
    /// Whether a person must approve before the switch.
    package var approve: Bool
    package var checks: [CheckSpec]
    package var postChecks: [CheckSpec]
    /// How long the post-promotion checks watch.
    package var postAnalyse: Duration
    /// How long the old version stays after the switch.
    package var delay: Duration

    package init(
        analyse: Duration = .zero, approve: Bool = false, checks: [CheckSpec] = [], postChecks: [CheckSpec] = [],
        postAnalyse: Duration = .zero, delay: Duration = .seconds(30)
    ) {
        self.analyse = analyse
        self.approve = approve
        self.checks = checks
        self.postChecks = postChecks
        self.postAnalyse = postAnalyse
        self.delay = delay
    }
}

/// Requests that match go to the candidate until it is promoted.
package struct ABSpec: Hashable, Sendable, Codable {
    package var match: RouteMatch
    package var analyse: Duration
    package var checks: [CheckSpec]
    /// Whether a person must approve before promotion.
    package var approve: Bool

    package init(match: RouteMatch, analyse: Duration, checks: [CheckSpec] = [], approve: Bool = false) {
        self.match = match
        self.analyse = analyse
        self.checks = checks
        self.approve = approve
    }
}

/// A candidate answers copies of requests; only stable's answers are returned.
package struct ShadowSpec: Hashable, Sendable, Codable {
    /// Share of requests that are mirrored, 1 through 100.
    package var percent: Int
    package var analyse: Duration
    package var checks: [CheckSpec]
    /// How answers are compared with the stable version's.
    package var compare: AnswerComparison

    package init(percent: Int, analyse: Duration, checks: [CheckSpec] = [], compare: AnswerComparison = .exact) {
        self.percent = percent
        self.analyse = analyse
        self.checks = checks
        self.compare = compare
    }
}

/// When two JSON answers agree.
package enum AnswerComparison: Hashable, Sendable, Codable {
    case exact
    /// Numbers may differ by this much, absolutely.
    case tolerance(Double)
    /// Only the value at this dotted path is compared.
    case label(String)
}

/// A condition in CEL that is asked while a rollout is under way.
package struct CheckSpec: Hashable, Sendable, Codable {
    package var name: String
    package var expression: PolicyExpression
    /// Requests of the candidate below which the check is inconclusive.
    package var minSamples: Int
    /// How often it is asked.
    package var interval: Duration
    /// How many fails in a row decide.
    package var failureLimit: Int
    /// What happens when it is still inconclusive at the end of its step.
    package var onInconclusive: OnInconclusive
    /// Queries whose results the expression reads as `queries.NAME`.
    package var queries: [MetricQuery]

    package enum OnInconclusive: String, Hashable, Sendable, Codable, CaseIterable {
        case pause, rollback, promote
    }

    package init(
        name: String, expression: PolicyExpression, minSamples: Int = 0, interval: Duration = .seconds(10),
        failureLimit: Int = 1, onInconclusive: OnInconclusive = .pause, queries: [MetricQuery] = []
    ) {
        self.name = name
        self.expression = expression
        self.minSamples = minSamples
        self.interval = interval
        self.failureLimit = failureLimit
        self.onInconclusive = onInconclusive
        self.queries = queries
    }
}

/// A number that a check may read, and where it comes from.
package struct MetricQuery: Hashable, Sendable, Codable {
    package enum Provider: Hashable, Sendable, Codable {
        /// An instant query, or a range query over `range` when it is given.
        case prometheus(address: String, query: String, range: Duration?)
        /// GET; the value at a JSON pointer.
        case json(url: String, pointer: String)
        /// Prints one number.
        case command([String])
    }

    package var name: String
    package var provider: Provider

    package init(name: String, provider: Provider) {
        self.name = name
        self.provider = provider
    }
}
