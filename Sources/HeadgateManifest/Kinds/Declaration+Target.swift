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
            .init(
                "exec", exec,
                "A serving system behind a program of the operator's, in any language.", TargetSpec.Provider.exec),
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
        Field(
            "repository", folder,
            "The servers' model repository: a folder of the controller's machine that it can write and they read."),
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
            "The router's port in front of the servers; 0 for any that is free, and the same one from then on."),
        Field("address", .text, default: LocalTargetSpec().address, "The address that the router listens on."),
        make: OpenInferenceTargetSpec.init)

    static let exec: Shape<ExecTargetSpec> = .object(
        "Exec target",
        Field("program", .text, "The program's name in the controller's configuration."),
        Field("settings", variables, default: [:], "Given to the program as they are."),
        make: ExecTargetSpec.init)

    private static let folder: Shape<String> = .text.checked { text in
        text.hasPrefix("/")
            ? nil : ("expected an absolute path, found \"\(text.clipped(to: 60))\"", "begin with /")
    }

    private static let server: Shape<String> = Shape<String>.httpURL.checked { text in
        OpenInferenceTargetSpec.Endpoint(url: text).address == nil
            ? (
                "expected the address of a server, found \"\(text.clipped(to: 60))\"",
                "write http://host:port, without a path"
            ) : nil
    }

    static let endpoint: Shape<OpenInferenceTargetSpec.Endpoint> = .object(
        "Endpoint", Field("url", server, "The server's address, `http://host:port`."),
        make: { OpenInferenceTargetSpec.Endpoint(url: $0) })
}
