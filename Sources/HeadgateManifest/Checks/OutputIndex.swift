import HeadgateCore

/// What the steps of a pipeline write, by path.
struct OutputIndex {
    struct Output {
        let step: StepName
        /// As the manifest says it.
        let text: String
    }

    private var outputs: [RepositoryPath: Output] = [:]
    /// Some output below each folder that has one.
    private var below: [RepositoryPath: Output] = [:]

    /// All outputs as the manifest says them, by path.
    var texts: [String] { outputs.sorted { $0.key < $1.key }.map(\.value.text) }

    subscript(_ path: RepositoryPath) -> Output? { outputs[path] }

    mutating func insert(_ output: Output, at path: RepositoryPath) {
        outputs[path] = output
        var folder = path
        while folder != .root {
            folder = folder.parent
            if below[folder] == nil { below[folder] = output }
        }
    }

    /// The output that is or holds a path.
    func holder(of path: RepositoryPath) -> Output? {
        var path = path
        while path != .root {
            if let output = outputs[path] { return output }
            path = path.parent
        }
        return nil
    }

    /// An output below a path.
    func inner(of path: RepositoryPath) -> Output? { below[path] }

    func overlapping(_ path: RepositoryPath) -> Output? { holder(of: path) ?? inner(of: path) }
}

extension OutputIndex {
    /// Steps that wait for each other: each reads an output of the next, and the last one of the first.
    func cycle(among steps: [StepSpec]) -> [StepName]? {
        var needs: [StepName: [StepName]] = [:]
        for step in steps {
            needs[step.name] = step.inputs.compactMap { input in
                guard case .path(let text) = input, let path = RepositoryPath(text) else { return nil }
                return holder(of: path)?.step
            }
        }
        var done: Set<StepName> = []
        var trail: [StepName] = []
        func visit(_ step: StepName) -> [StepName]? {
            if let start = trail.firstIndex(of: step) { return Array(trail[start...]) }
            guard !done.contains(step) else { return nil }
            trail.append(step)
            for next in needs[step] ?? [] where next != step {
                if let cycle = visit(next) { return cycle }
            }
            trail.removeLast()
            done.insert(step)
            return nil
        }
        for step in steps {
            if let cycle = visit(step.name) { return cycle }
        }
        return nil
    }
}
