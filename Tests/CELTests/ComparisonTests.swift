import CEL
import Testing

@Suite struct ComparisonTests {
    @Test(arguments: [
        ("candidate.auc >= params.floor", ["candidate.auc >= 0.8", "params.floor <= 0.91"]),
        ("0.5 < candidate.auc", ["candidate.auc > 0.5"]),
        ("restoring || candidate.auc > 0.5", ["candidate.auc > 0.5"]),
        ("!restoring || candidate.auc > 0.5", []),
        ("!(candidate.auc < 0.5)", ["candidate.auc < 0.5"]),
        (
            "params.floors.all(m, candidate[m] >= params.floors[m])",
            [
                "candidate.auc >= 0.7", "params.floors.auc <= 0.91", "candidate.f1 >= 0.6", "params.floors.f1 <= 0.8",
            ]
        ),
        ("[1.0, 2.0].all(x, x < 3.0)", []), ("candidate.auc - 0.1 >= 0.5", []),
        ("candidate.missing > 1.0", ["candidate.missing > 1.0"]),
        ("candidate.auc == 0.91", []), ("candidate['auc'] <= double(1)", ["candidate.auc <= 1.0"]),
    ])
    func `what is read is found with the number that it is compared with`(
        _ source: String, _ expected: [String]
    ) throws {
        var environment = Environment()
        environment.declare("candidate", .dyn)
        environment.declare("params", .dyn)
        environment.declare("restoring", .bool)
        let program = try environment.compile(source)
        let activation = Activation(environment)
        activation["candidate"] = .map([("auc", .double(0.91)), ("f1", .double(0.8))])
        activation["params"] = .map([
            ("floor", .double(0.8)), ("floors", .map([("auc", .double(0.7)), ("f1", .double(0.6))])),
        ])
        activation["restoring"] = .bool(false)
        let found = program.comparisons(activation).map { "\($0.path) \($0.sign.rawValue) \($0.bound)" }
        #expect(found == expected)
    }
}
