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

    /// - Throws: ``Problem`` for steps that wait for each other.
    package init(_ steps: [StepSpec]) throws(Problem) {
        var dependencies: [StepName: [Dependency]] = [:]
        for step in steps {
            dependencies[step.name] = step.inputs.compactMap { input in Self.producer(of: input, among: steps) }
        }
        self.dependencies = dependencies
        ordered = try Self.sort(steps, dependencies)
    }

    /// The step and output that an input names; nil for one that comes from outside the pipeline.
    ///
    /// An input below an output brings the whole output.
    package static func producer(of input: InputSpec, among steps: [StepSpec]) -> Dependency? {
        guard case .path(let path) = input, let wanted = normal(path) else { return nil }
        for step in steps {
            for output in step.outputs {
                if let produced = normal(output), wanted.isWithin(produced) {
                    return Dependency(step: step.name, output: output)
                }
            }
        }
        return nil
    }

    // Outputs never ascend, so a path that does is nobody's output.
    private static func normal(_ path: String) -> RepositoryPath? { RepositoryPath(path) }

    private static func sort(
        _ steps: [StepSpec], _ dependencies: [StepName: [Dependency]]
    ) throws(Problem) -> [StepSpec] {
        var ordered: [StepSpec] = []
        var done: Set<StepName> = []
        var left = steps
        while !left.isEmpty {
            let ready = left.filter { step in dependencies[step.name, default: []].allSatisfy { done.contains($0.step) }
            }
            guard !ready.isEmpty else { throw Problem(cycle: cycle(among: left, dependencies)) }
            ordered += ready
            done.formUnion(ready.map(\.name))
            left.removeAll { done.contains($0.name) }
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
