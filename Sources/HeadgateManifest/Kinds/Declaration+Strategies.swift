import HeadgateCore

extension Declaration {
    static let canary: Shape<CanarySpec> = .object(
        "Canary",
        Field("steps", .list(of: canaryStep, 1...200, called: "steps"), "What happens, one after the other."),
        Field("checks", checks, default: [], "Conditions that are asked all the while; a fail goes back."),
        make: CanarySpec.init)

    /// How long an approval is waited for.
    static let approvalDeadline = Duration.seconds(7 * 86400)

    static let canaryStep: Shape<CanaryStep> = .object(
        "Canary step",
        .oneOf([
            .init("weight", .integer(0...100), "The new version's share of requests.", CanaryStep.weight),
            .init(
                "pause", .either(Shape<Duration>.duration().map(CanaryStep.pause), pause),
                "Waits for a time, or until a person approves. Checks go on."),
            .init(
                "analyse", .duration(atLeast: .seconds(1)),
                "Asks the checks for a time; goes on when none failed by its end.", CanaryStep.analyse),
        ]),
        make: { $0 })

    static let pause: Shape<CanaryStep> = .object(
        "Pause",
        Field(
            "until", .option { (_: PauseEnd) in "Until a person approves." }, "What ends the pause."),
        Field(
            "deadline", .duration(atLeast: .seconds(1)), default: approvalDeadline,
            "Goes back to the champion when nobody approved by then."),
        make: { _, deadline in .pauseUntilApproved(deadline: deadline) })

    private enum PauseEnd: String, CaseIterable, Sendable {
        case approved
    }

    static let blueGreen: Shape<BlueGreenSpec> = .object(
        "Blue-green",
        Field("analyse", .duration(), default: BlueGreenSpec().analyse, "How long `checks` watch the preview."),
        Field("approve", .boolean, default: false, "Whether a person must approve before the switch."),
        Field("checks", checks, default: [], "Conditions before the switch."),
        Field("postChecks", checks, default: [], "Conditions after the switch."),
        Field(
            "postAnalyse", .duration(), default: BlueGreenSpec().postAnalyse,
            "How long `postChecks` watch after the switch."),
        Field(
            "delay", .duration(), default: BlueGreenSpec().delay, "How long the old version stays after the switch."),
        make: BlueGreenSpec.init)

    static let ab: Shape<ABSpec> = .object(
        "A/B",
        Field("match", routeMatch, "Which requests go to the new version."),
        Field("analyse", .duration(atLeast: .seconds(1)), "How long the checks watch before promotion."),
        Field("checks", checks, default: [], "Conditions that are asked all the while."),
        Field("approve", .boolean, default: false, "Whether a person must approve before promotion."),
        make: ABSpec.init)

    static let routeMatch: Shape<RouteMatch> = .object(
        "Route match",
        .oneOf([
            .init("header", headerMatch, "A header with a value."),
            .init("cookie", cookieMatch, "A cookie with a value."),
            .init("hash", hash, "A share of callers, so that one caller always gets one version."),
        ]),
        make: { $0 })

    static let headerMatch: Shape<RouteMatch> = .object(
        "Header match", Field("name", .text, "The header's name."),
        Field("value", .text, "The value that it must have."), make: { .header(name: $0, value: $1) })

    static let cookieMatch: Shape<RouteMatch> = .object(
        "Cookie match", Field("name", .text, "The cookie's name."),
        Field("value", .text, "The value that it must have."), make: { .cookie(name: $0, value: $1) })

    private enum Hashed: Sendable {
        case header(String)
        case field(String)
    }

    static let hash: Shape<RouteMatch> = .object(
        "Hash match",
        .oneOf([
            .init("header", .text, "The header whose value tells callers apart.", Hashed.header),
            .init("field", .text, "The top-level JSON field of the body that tells callers apart.", Hashed.field),
        ]),
        Field("percent", .integer(1...100), "The share of values that goes to the new version."),
        make: { (hashed: Hashed, percent: Int) in
            switch hashed {
            case .header(let name): RouteMatch.hashOfHeader(name: name, percent: percent)
            case .field(let name): RouteMatch.hashOfField(name: name, percent: percent)
            }
        })

    static let shadow: Shape<ShadowSpec> = .object(
        "Shadow",
        Field("percent", .integer(1...100), "The share of requests that is mirrored."),
        Field("analyse", .duration(atLeast: .seconds(1)), "How long the checks watch before promotion."),
        Field("checks", checks, default: [], "Conditions that are asked all the while."),
        Field("compare", comparison, default: .exact, "When two answers agree."),
        make: ShadowSpec.init)

    private enum WholeComparison: String, CaseIterable, Sendable {
        case exact
    }

    static let comparison: Shape<AnswerComparison> = {
        let whole: Shape<WholeComparison> = .option { _ in "The answers are equal as JSON." }
        let exact = Shape<AnswerComparison>(whole.schema, shown: { $0 == .exact ? "exact" : nil }) { node, reader in
            whole.decode(node, reader).map { _ in .exact }
        }
        return .either(
            exact,
            .object(
                "Comparison",
                .oneOf([
                    .init(
                        "tolerance", .number(atLeast: 0), "Numbers may differ by this much.",
                        AnswerComparison.tolerance),
                    .init(
                        "label", .text, "Only the value at this dotted path is compared.", AnswerComparison.label),
                ]),
                make: { $0 }))
    }()

    static let checks: Shape<[CheckSpec]> = .list(of: check, 0...100, called: "checks")

    static let check: Shape<CheckSpec> = .object(
        "Check",
        Field("name", .text, "Unique among its neighbours."),
        Field("expression", .expression, "Over the traffic of `candidate` and `stable`, and `queries`. Must be true."),
        Field(
            "minSamples", .integer(0...1_000_000_000), default: 0,
            "Requests of the new version below which the check is inconclusive."),
        Field("interval", .duration(atLeast: .seconds(1)), default: .seconds(10), "How often it is asked."),
        Field("failureLimit", .integer(1...1000), default: 1, "How many fails in a row decide."),
        Field(
            "onInconclusive",
            .option { (option: CheckSpec.OnInconclusive) in
                switch option {
                case .pause: "The rollout waits for a person."
                case .rollback: "It goes back."
                case .promote: "It goes on."
                }
            }, default: .pause, "What happens when it is inconclusive at the end of its step."),
        Field("queries", .list(of: query, 0...50, called: "queries"), default: [], "Numbers from elsewhere."),
        make: CheckSpec.init)

    static let query: Shape<MetricQuery> = .object(
        "Query",
        Field(
            "name", .identifier,
            "How the expression calls its result: `queries.NAME`, or `candidate.metrics.NAME` and `stable.metrics.NAME` where the query names `$(version)`, `$(digest)` or `$(preview)`."
        ),
        .oneOf([
            .init("prometheus", prometheus, "Asks Prometheus."),
            .init("json", jsonQuery, "Asks a JSON endpoint."),
            .init(
                "command", command, "Runs a program that prints one number.", MetricQuery.Provider.command),
        ]),
        make: MetricQuery.init)

    static let prometheus: Shape<MetricQuery.Provider> = .object(
        "Prometheus query",
        Field("address", .httpURL, "The server's address."),
        Field("query", .text, "In PromQL; must give one number."),
        .optional("range", .duration(atLeast: .seconds(1)), "Asks for this much of the past instead of an instant."),
        make: { .prometheus(address: $0, query: $1, range: $2) })

    private static let pointer: Shape<String> = .anyText.checked { text in
        text.isEmpty || text.hasPrefix("/")
            ? nil : ("expected a JSON pointer, found \"\(text.clipped(to: 40))\"", "begin with /")
    }

    private static let queryURL: Shape<String> = .anyText.checked { text in
        let isURL = ["http://", "https://", "$(preview)"].contains { text.hasPrefix($0) && text != $0 }
        return isURL && text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
            ? nil : ("expected a URL, found \"\(text.clipped(to: 40))\"", "write http://, https:// or $(preview)/")
    }

    static let jsonQuery: Shape<MetricQuery.Provider> = .object(
        "JSON query",
        Field("url", queryURL, "What is fetched; may begin with `$(preview)`."),
        Field("pointer", pointer, "A JSON pointer (RFC 6901) to the number."),
        make: { .json(url: $0, pointer: $1) })
}
