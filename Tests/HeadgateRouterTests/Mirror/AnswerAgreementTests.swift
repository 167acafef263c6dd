import HeadgateCore
import NIOCore
import Testing

@testable import HeadgateRouter

@Suite struct AnswerAgreementTests {
    struct Case: CustomTestStringConvertible {
        var compare: AnswerComparison
        var left: String
        var right: String
        var agrees: Bool
        var testDescription: String { "\(compare): \(left) and \(right)" }
    }

    @Test(arguments: [
        Case(compare: .exact, left: "plain", right: "plain", agrees: true),
        Case(compare: .exact, left: "plain", right: "other", agrees: false),
        Case(compare: .exact, left: #"{"a":1,"b":[2]}"#, right: #"{ "b": [2], "a": 1 }"#, agrees: true),
        Case(compare: .exact, left: #"{"a":1}"#, right: #"{"a":1.0}"#, agrees: true),
        Case(compare: .exact, left: #"{"a":1}"#, right: #"{"a":1,"b":null}"#, agrees: false),
        Case(compare: .exact, left: #""é""#, right: #""\u00e9""#, agrees: true),
        Case(compare: .tolerance(0.1), left: "[1, 2.05]", right: "[1.09, 2]", agrees: true),
        Case(compare: .tolerance(0.1), left: "[1, 2]", right: "[1.2, 2]", agrees: false),
        Case(compare: .tolerance(0.1), left: "[1, 2]", right: "[1]", agrees: false),
        Case(compare: .tolerance(0.1), left: #"{"l":"a","p":0.9}"#, right: #"{"l":"b","p":0.9}"#, agrees: false),
        Case(compare: .tolerance(0.1), left: "[NaN]", right: "[NaN]", agrees: true),
        Case(compare: .tolerance(0.1), left: "[NaN]", right: "[1]", agrees: false),
        Case(
            compare: .label("outputs.0.data"), left: #"{"outputs":[{"data":["cat"]}],"ms":1}"#,
            right: #"{"outputs":[{"data":["cat"]}],"ms":2}"#, agrees: true),
        Case(compare: .label("label"), left: #"{"label":"cat"}"#, right: #"{"label":"dog"}"#, agrees: false),
        Case(compare: .label("label"), left: "{}", right: "{}", agrees: false),
        Case(compare: .label("label"), left: "no json", right: "no json", agrees: false),
    ])
    func `answers agree as the comparison says`(_ test: Case) {
        let left = ComparedAnswer(status: 200, body: ByteBuffer(string: test.left))
        let right = ComparedAnswer(status: 200, body: ByteBuffer(string: test.right))
        #expect(test.compare.agree(left, right) == test.agrees)
        #expect(test.compare.agree(right, left) == test.agrees)
    }

    @Test func `different statuses never agree`() {
        let left = ComparedAnswer(status: 200, body: ByteBuffer(string: "x"))
        #expect(!AnswerComparison.exact.agree(left, ComparedAnswer(status: 500, body: ByteBuffer(string: "x"))))
    }

    @Test(arguments: [
        (#"{"user":"a b"}"#, "a b"), (#"{"x":{"user":1},"user":[1, 2]}"#, "[1, 2]"), (#"{"user":"\u0041"}"#, "A"),
        (#"{"x":["user","}"],"user":17,"#, "17"), (#"{"User":1}"#, nil), (#"["user"]"#, nil), ("", nil),
        (#"{"user"}"#, nil), (#"{"x":tru,"user":1}"#, nil),
    ])
    func `a member of the outermost object is found`(_ json: String, _ value: String?) {
        let found = Array(json.utf8).withUnsafeBytes { JSONReader.topLevelField(Array("user".utf8), in: $0) }
        #expect(found.map { String(decoding: $0, as: UTF8.self) } == value)
    }

    @Test func `a document nested without end is refused, not followed`() {
        let text = String(repeating: "[", count: 100_000)
        #expect(Array(text.utf8).withUnsafeBytes { JSONReader.document($0) } == nil)
    }
}
