/// A node that each turn of a loop evaluates.
struct TurnPart {
    let loop: NodeID
    let macro: Node.Macro
    /// Whether it must give a bool.
    let isCondition: Bool
    /// Whether it is the first of its turn that is shown.
    let isFirst: Bool

    /// What an outcome has to do with what the loop gives.
    func weight(of outcome: Evaluation.Outcome) -> TurnWeight {
        switch (outcome, macro) {
        case (.error(let error), _): error.isFatal ? .final : .error
        case (.unknown, _): .unknown
        case (.value(let value), .transformMapEntry) where value.unknownWhole != nil: .unknown
        case (.value, _) where !isCondition: .none
        case (.value(.bool(let flag)), .all): flag ? .none : .final
        case (.value(.bool(let flag)), .exists): flag ? .final : .none
        case (.value(.bool(let flag)), _): flag ? .chosen : .none
        case (.value, _): .error
        }
    }
}

/// What a turn has to do with what its loop gives, the stronger the later.
enum TurnWeight: Int {
    case none, chosen, error, unknown
    /// It ends the loop.
    case final

    /// Whether a turn decides more than an earlier one: of errors and unknowns the first tells, of all else the last.
    func outweighs(_ earlier: TurnWeight) -> Bool {
        switch self {
        case .none, .chosen, .final: rawValue >= earlier.rawValue
        case .error, .unknown: rawValue > earlier.rawValue
        }
    }
}

/// The turns of a running loop beyond those that are kept: the one that decides so far, and the one that runs.
///
/// What they gave lies at the end of what is pending, first the deciding one's.
struct SurplusTurns {
    private struct Turn {
        var weight = TurnWeight.none
        var sightings = 0
    }

    private var deciding: Turn?
    private var running: Turn?
    private var hidden = 0

    /// Notes what comes next at the end of what is pending.
    mutating func add(_ part: TurnPart, _ outcome: Evaluation.Outcome, _ pending: inout [Explainer.Sighting]) {
        if part.isFirst { settle(&pending) }
        var turn = running ?? Turn()
        let weight = part.weight(of: outcome)
        if weight.outweighs(turn.weight) { turn.weight = weight }
        turn.sightings += 1
        running = turn
    }

    /// Leaves the deciding turn only, and says how many others are dropped.
    mutating func end(_ pending: inout [Explainer.Sighting]) -> Int {
        settle(&pending)
        return hidden
    }

    private mutating func settle(_ pending: inout [Explainer.Sighting]) {
        guard let turn = running else { return }
        running = nil
        guard let kept = deciding else { return deciding = turn }
        hidden += 1
        guard turn.weight.outweighs(kept.weight) else { return pending.removeLast(turn.sightings) }
        let end = pending.count - turn.sightings
        pending.removeSubrange(end - kept.sightings..<end)
        deciding = turn
    }
}

extension Node.Macro {
    /// Whether the body of such a loop must give a bool.
    var hasConditionAsBody: Bool {
        switch self {
        case .all, .exists, .existsOne, .filter: true
        case .map, .transformList, .transformMap, .transformMapEntry, .sortBy: false
        }
    }
}
