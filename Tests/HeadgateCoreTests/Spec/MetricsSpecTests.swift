import HeadgateCore
import Testing

@Suite struct MetricsSpecTests {
    @Test(
        arguments: [
            (#"{"accuracy": 0.9, "rows": 3, "kind": "x", "ok": true, "latency": {"p99": 12}}"#, []),
            (
                #"{"acuracy": 0.9, "rows": 3, "kind": "x", "ok": true, "latency": {"p99": 12}}"#,
                [#"did not report the metric accuracy, which it declares; m.json has "acuracy""#]
            ),
            (
                #"{"accuracy": NaN, "rows": 3, "kind": "x", "ok": true, "latency.p99": 12}"#,
                [
                    "reported the metric accuracy as no finite number, and declares it as double"
                ]
            ),
            (
                #"{"accuracy": [1, "x"], "rows": 3.5, "kind": null, "ok": 1, "latency": 1}"#,
                [
                    "reported the metric accuracy as a list with something else in it, and declares it as double",
                    "reported the metric kind as null, and declares it as string",
                    "did not report the metric latency.p99, which it declares",
                    "reported the metric ok as a whole number, and declares it as bool",
                    "reported the metric rows as a number, and declares it as int",
                ]
            ),
        ] as [(String, [String])])
    func `what a document lacks of the declared metrics is named`(_ document: String, _ sentences: [String]) throws {
        let spec = MetricsSpec(
            file: "m.json",
            names: ["accuracy": .double, "rows": .int, "kind": .string, "ok": .bool, "latency.p99": .double])
        #expect(spec.shortcomings(of: try JSONDocument.parse(Array(document.utf8))) == sentences)
        #expect(MetricsSpec(file: "m.json").shortcomings(of: .object([:])).isEmpty)
    }
}
