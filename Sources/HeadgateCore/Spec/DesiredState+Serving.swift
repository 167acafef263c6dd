extension DesiredState {
    /// Deployments whose Model cannot be served on their Target, each as an error at the Deployment.
    ///
    /// Said by `check`, beforehand; a Target refuses such a state itself.
    package func servingProblems(source: SourceName) -> [Diagnostic] {
        deployments.sorted { $0.key < $1.key }.compactMap { name, deployment in
            let spec = deployment.spec
            guard case .local? = targets[spec.target]?.spec.provider,
                let serve = models[spec.model]?.spec.serve, serve.command.isEmpty
            else { return nil }
            return Diagnostic(
                .error, code: "no-command",
                "Model \(spec.model) has no serve.command, and Target \(spec.target) starts its servers itself",
                at: deployment.meta.location, field: "spec.model",
                hint: "give it one, or name a Target whose servers run already",
                object: ObjectID(source: source, kind: .deployment, name: name.text))
        }
    }
}
