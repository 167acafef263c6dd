/// A pipeline's steps in an order in which each stands after what it reads.
package struct StepGraph: Sendable {
    /// Steps in dependency order; among independent ones, the manifest's order.
    package let ordered: [StepSpec]
    /// For each step, the steps whose outputs it reads and which outputs those are.
    package let dependencies: [StepName: [Dependency]]

    package struct Dependency: Hashable, Sendable {
        package let step: StepName
        /// The output as the producing step declares it.
        package let output: String
    }

    /// Why steps do not form a graph.
    package struct Problem: Error, Hashable, Sendable {
        /// Each step reads an output of the next, and the last one of the first.
        package let cycle: [StepName]
    }

    private let outputs: OutputIndex

    /// - Throws: ``Problem`` for steps that wait for each other.
    package init(_ steps: [StepSpec]) throws(Problem) {
        outputs = OutputIndex(steps)
        var dependencies: [StepName: [Dependency]] = [:]
        for step in steps { dependencies[step.name] = step.inputs.compactMap(outputs.producer(of:)) }
        self.dependencies = dependencies
        ordered = try Self.sort(steps, dependencies)
    }

    /// The step and output that an input names; nil for one that comes from outside the pipeline.
    ///
    /// An input below an output brings the whole output.
    package func producer(of input: InputSpec) -> Dependency? { outputs.producer(of: input) }

    /// Goes round by round, so that each step stands as early as what it reads allows.
    private static func sort(
        _ steps: [StepSpec], _ dependencies: [StepName: [Dependency]]
    ) throws(Problem) -> [StepSpec] {
        var readers: [StepName: [Int]] = [:]
        var missing = steps.map { dependencies[$0.name, default: []].count }
        for (index, step) in steps.enumerated() {
            for dependency in dependencies[step.name, default: []] {
                readers[dependency.step, default: []].append(index)
            }
        }
        var ordered: [StepSpec] = []
        ordered.reserveCapacity(steps.count)
        var ready = steps.indices.filter { missing[$0] == 0 }
        while !ready.isEmpty {
            var next: [Int] = []
            for index in ready {
                ordered.append(steps[index])
                for reader in readers[steps[index].name, default: []] {
                    missing[reader] -= 1
                    if missing[reader] == 0 { next.append(reader) }
                }
            }
            ready = next.sorted()
        }
        guard ordered.count == steps.count else {
            throw Problem(cycle: cycle(among: steps.indices.filter { missing[$0] > 0 }.map { steps[$0] }, dependencies))
        }
        return ordered
    }

    private static func cycle(among steps: [StepSpec], _ dependencies: [StepName: [Dependency]]) -> [StepName] {
        let open = Set(steps.map(\.name))
        guard var current = steps.first?.name else { return [] }
        var path: [StepName] = []
        while !path.contains(current) {
            path.append(current)
            guard let next = dependencies[current, default: []].first(where: { open.contains($0.step) }) else { break }
            current = next.step
        }
        return Array(path[(path.firstIndex(of: current) ?? 0)...])
    }
}

/// Which step makes which path.
private struct OutputIndex: Sendable {
    private struct Output: Sendable {
        /// Its place among all outputs of the pipeline: the first one that holds a path makes it.
        let order: Int
        let dependency: StepGraph.Dependency
    }

    private var outputs: [RepositoryPath: Output] = [:]

    init(_ steps: [StepSpec]) {
        var order = 0
        for step in steps {
            for output in step.outputs {
                order += 1
                // Outputs never ascend, so a path that does is nobody's output.
                guard let path = RepositoryPath(output), outputs[path] == nil else { continue }
                outputs[path] = Output(order: order, dependency: .init(step: step.name, output: output))
            }
        }
    }

    func producer(of input: InputSpec) -> StepGraph.Dependency? {
        guard case .path(let text) = input, var path = RepositoryPath(text) else { return nil }
        var found = outputs[path]
        while path != .root {
            path = path.parent
            if let output = outputs[path], output.order < found?.order ?? .max { found = output }
        }
        return found?.dependency
    }
}
