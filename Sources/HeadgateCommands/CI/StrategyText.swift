import HeadgateCore

extension StrategySpec {
    /// How a version replaces another, in a line for people.
    var summary: String {
        switch method {
        case .recreate: "stops the old one, then starts the new one, with downtime"
        case .rolling: "rolling: all traffic when it is ready"
        case .blueGreen(let spec):
            Self.joined(
                "blue-green", spec.analyse > .zero ? "analysed for \(spec.analyse.text)" : nil,
                spec.approve ? "when somebody approves" : nil)
        case .canary(let spec): "canary: \((spec.steps.map(\.summary) + ["100 %"]).joined(separator: " → "))"
        case .ab(let spec):
            Self.joined(
                "A/B by request", "analysed for \(spec.analyse.text)", spec.approve ? "when somebody approves" : nil)
        case .shadow(let spec): "shadow: \(spec.percent) % of requests mirrored for \(spec.analyse.text)"
        }
    }

    private static func joined(_ parts: String?...) -> String { parts.compactMap(\.self).joined(separator: ", ") }
}

extension CanaryStep {
    fileprivate var summary: String {
        switch self {
        case .weight(let percent): "\(percent) %"
        case .pause(let time): "wait \(time.text)"
        case .pauseUntilApproved: "until somebody approves"
        case .analyse(let time): "analyse \(time.text)"
        }
    }
}
