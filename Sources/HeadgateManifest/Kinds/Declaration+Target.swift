import HeadgateCore

extension Declaration {
    static let target: Shape<TargetSpec> = .object(
        "Target spec",
        .oneOf([
            .init(
                "local", local, "Model servers as processes on the controller's machine, behind its router.",
                TargetSpec.Provider.local),
            .init(
                "openInference", openInference,
                "Running servers that speak the Open Inference Protocol with the model repository extension.",
                TargetSpec.Provider.openInference),
        ]),
        make: TargetSpec.init)

    private static let port: Shape<Int> = .integer(0...65535)

    static let local: Shape<LocalTargetSpec> = .object(
        "Local target",
        Field("port", port, default: 0, "The router's port; 0 lets the controller's configuration choose."),
        Field("address", .text, default: LocalTargetSpec().address, "The address that the router listens on."),
        .optional(
            "capacity", .integer(1...100_000),
            "Room for server processes, all deployments together; left out, there is no limit."),
        make: LocalTargetSpec.init)

    static let openInference: Shape<OpenInferenceTargetSpec> = .object(
        "Open Inference target",
        Field(
            "endpoints", .list(of: endpoint, 1...100, called: "endpoints"),
            "The servers, all of which hold the same models."),
        Field("repository", .text, "The servers' model repository, a folder that the controller can write."),
        Field(
            "layout",
            .option { (layout: OpenInferenceTargetSpec.Layout) in
                switch layout {
                case .mlserver: "As MLServer reads it."
                case .triton: "As Triton reads it."
                }
            }, "How the model repository is laid out."),
        Field(
            "port", port, default: 0,
            "The router's port in front of the servers; 0 lets the controller's configuration choose."),
        .optional("warmup", .inputPath, "A recorded request, a JSON file, that warms a version up."),
        make: OpenInferenceTargetSpec.init)

    static let endpoint: Shape<OpenInferenceTargetSpec.Endpoint> = .object(
        "Endpoint", Field("url", .httpURL, "The server's address."),
        make: { OpenInferenceTargetSpec.Endpoint(url: $0) })
}
