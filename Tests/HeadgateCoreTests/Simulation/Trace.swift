@testable import HeadgateCore

/// What happened, line by line, and a digest of all of it.
///
/// Says nothing that depends on the order of an unordered collection.
struct Trace {
    /// The last lines, oldest first; all count for the digest.
    private(set) var lines: [String] = []
    private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var count = 0
    var isKept = false

    mutating func add(_ time: Instant, _ text: String) {
        let line = "\(time.milliseconds - 1_000_000_000) \(text)"
        count += 1
        for byte in line.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
        if isKept { lines.append(line) }
    }

    mutating func add(_ time: Instant, _ act: Act) { add(time, "act \(act.text)") }

    mutating func add(_ time: Instant, _ event: ReconcileEvent) {
        switch event {
        case .started: add(time, "started")
        case .snapshot(_, let snapshot): add(time, "snapshot \(snapshot.revision.commit.hex.suffix(4))")
        case .sourceFailed(_, let message): add(time, "source failed: \(message)")
        case .stepEnded(let run, let outcome): add(time, "ended \(run) \(outcome.text)")
        case .applied(let id, let operation, let failure):
            add(time, "applied \(id.name) \(operation) \(failure?.message ?? "")")
        case .removed(let id, let operation, let failure):
            add(time, "removed \(id.name) \(operation) \(failure?.message ?? "")")
        case .observed(let id, _, _, .failed(let failure)): add(time, "observed \(id.name): \(failure.message)")
        case .observed(let id, _, _, .serving(let serving, _)): add(time, "observed \(id.name) \(serving.text)")
        case .measured(let id, let request, _): add(time, "measured \(id.name) \(request.number)")
        case .command(let command): add(time, "command \(command.text)")
        case .pruned: add(time, "pruned")
        case .tick: add(time, "tick")
        }
    }

    mutating func add(_ time: Instant, _ decision: Decision) {
        for record in decision.records {
            switch record {
            case .event(let event): add(time, "    \(event.reason) \(event.object?.name ?? ""): \(event.message)")
            case .run(let run): add(time, "    run \(run.id) \(run.isLive ? "live" : "ended")")
            case .objectRemoved(let id): add(time, "    removed \(id)")
            case .deploymentRemoved(let id): add(time, "    forgot \(id.name)")
            case .stepForgotten(let key): add(time, "    forgot \(key.short)")
            case .step(let step): add(time, "    step \(step.key.short)")
            case .source, .object, .version, .assessment, .verdict, .deployment, .modelStatus, .override: break
            }
        }
        for effect in decision.effects {
            switch effect {
            case .runStep(let launch): add(time, "  > run \(launch.run)")
            case .cancelRun(let launch): add(time, "  > cancel \(launch.run)")
            case .apply(let target, let serving, let operation):
                add(time, "  > apply \(serving.deployment.name) on \(target.id.name) \(operation): \(serving.text)")
            case .remove(let target, let id, let operation):
                add(time, "  > remove \(id.name) from \(target.id.name) \(operation)")
            case .observe(let target, let id, _): add(time, "  > observe \(id.name) on \(target.id.name)")
            case .measure(let id, let request): add(time, "  > measure \(id.name) \(request.number)")
            case .notify: break
            }
        }
    }
}

extension ServingState {
    /// Versions with replicas and weights, in order.
    var text: String {
        versions.map { "\($0.version.short.prefix(6))×\($0.replicas)=\(weights[$0.version] ?? 0)" }
            .joined(separator: " ")
    }
}

extension ObservedServing {
    var text: String {
        versions.sorted { $0.key < $1.key }.map { id, seen in
            "\(id.short.prefix(6))×\(seen.replicas)=\(weights[id] ?? 0)\(seen.phase == .ready ? "" : "?")"
        }.joined(separator: " ")
    }
}

extension StepOutcome {
    var text: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .errored(let error): "errored: \(error.message)"
        case .cancelled: "cancelled"
        }
    }
}

extension Command {
    var text: String {
        switch self {
        case .retry(let id): "retry \(id)"
        case .rollback(let id, _, _, _): "rollback \(id.name)"
        case .hold(let id, _, _): "hold \(id.name)"
        case .release(let id, _): "release \(id.name)"
        case .suspend(let id, _): "suspend \(id.name)"
        case .resume(let id, _): "resume \(id.name)"
        case .override(let override): "override \(override.deployment.name)"
        case .approve(let id, _, _): "approve \(id.name)"
        case .promote(let id, _, _): "promote \(id.name)"
        case .abort(let id, _, _): "abort \(id.name)"
        case .pause(let id, _): "pause \(id.name)"
        case .confirmPrune(let source, _): "prune \(source)"
        case .adopt(let id, _, _): "adopt \(id.name)"
        }
    }
}

extension Act {
    var text: String {
        switch self {
        case .commit(let contents): "commit \(contents.text)"
        case .forcePush(let back): "force-push \(back) back"
        case .webhooks(let count): "\(count) webhooks"
        case .git(let fault, let span): "Git is \(fault) for \(span.text)"
        case .steps(let fault, let count): "the next \(count) steps: \(fault)"
        case .target(let name, let fault, let span): "target \(name) is \(fault) for \(span.text)"
        case .amnesia(let name): "target \(name) loses its state"
        case .answers(let fault, let span): "answers are \(fault) for \(span.text)"
        case .checks(let outcome, let span): "checks are \(outcome.rawValue) for \(span.text)"
        case .crash(let write, let effects):
            "crash at write \(write), \(effects.map { "with \($0) effects started" } ?? "before it")"
        case .clock(let jump): "the clock jumps by \(jump.inSeconds) s"
        case .diskFull(let span): "the disk is full for \(span.text)"
        case .person(let word): "a person says \(word)"
        }
    }
}

extension Contents {
    /// What differs from the first commit's contents.
    var text: String {
        var parts = ["wine \(wine.text)"]
        if beer != Pipeline() { parts.append("beer \(beer.text)") }
        if floor != 80 { parts.append("floor \(floor)") }
        if replicas != 1 { parts.append("replicas \(replicas)") }
        parts.append("\(strategy) on \(target)")
        if !heals { parts.append("no heal") }
        if depends { parts.append("ale depends") }
        if !missing.isEmpty { parts.append("without \(missing.map(\.text).sorted().joined(separator: ", "))") }
        if orphans { parts.append("orphans") }
        if suspended { parts.append("suspended") }
        if !broken.isEmpty { parts.append("broken \(broken.map(\.rawValue).sorted().joined(separator: ", "))") }
        if unreadable { parts.append("unreadable") }
        if pathMissing { parts.append("path missing") }
        return parts.joined(separator: ", ")
    }
}

extension Contents.Pipeline {
    var text: String {
        "\(quality)\(evaluation.map { $0 == 0 ? "" : "\($0 > 0 ? "+" : "")\($0)" } ?? " unmeasured")"
            + (server == 1 ? "" : " server \(server)") + (finishes ? " finishes" : "")
    }
}
