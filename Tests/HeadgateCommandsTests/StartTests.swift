import HeadgateTestSupport
import Testing

/// How the program starts, and how it reads its arguments.
@Suite struct StartTests {
    private let headgate = HeadgateProgram(in: "/")

    #if !DEBUG
        @Test func `the released program needs none of Swift's libraries beside it`() async throws {
            let needed = try await headgate.run([HeadgateExecutable.path], program: "ldd")
            #expect(needed.status == 0 && needed.output.contains("libgit2"), "\(needed)")
            #expect(!needed.output.contains("swift") && !needed.output.contains("Foundation"), "\(needed)")
        }
    #endif

    struct Words: Sendable {
        let arguments: [String]
        let status: Int32
        let says: String

        static let all = [
            Self(arguments: ["plan", "--bogus"], status: 64, says: "Usage: headgate plan [<path>]"),
            Self(arguments: ["plan", "one", "two"], status: 64, says: "Usage: headgate plan [<path>]"),
            Self(arguments: ["plan", "--path", "../up"], status: 64, says: "Usage: headgate plan [<path>]"),
            Self(arguments: ["plan", "--help"], status: 0, says: "USAGE: headgate plan [<path>]"),
            Self(arguments: ["help", "plan"], status: 0, says: "USAGE: headgate plan [<path>]"),
            Self(arguments: ["plan", "--version"], status: 0, says: "0.1.0"),
            Self(arguments: ["plan", "--generate-completion-script", "bash"], status: 0, says: "headgate_policy"),
            Self(arguments: ["policy", "test", "--bogus"], status: 64, says: "Usage: headgate policy test"),
            Self(arguments: ["paln"], status: 64, says: "there is no command paln: did you mean plan?"),
        ]
    }

    @Test(arguments: Words.all)
    func `a command is told by its whole name, however it was read`(_ words: Words) async throws {
        let result = try await headgate.run(words.arguments)
        #expect(result.status == words.status && (result.output + result.errors).contains(words.says), "\(result)")
    }
}
