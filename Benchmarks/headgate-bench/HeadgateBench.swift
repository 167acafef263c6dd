import Foundation

/// `headgate-bench cel FOLDER` measures the expression engine on the expressions and inputs of a folder.
///
/// It prints one JSON object a line; `Benchmarks/run` puts them beside the rivals'.
@main
enum HeadgateBench {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count >= 2, arguments.first == "cel" else {
            FileHandle.standardError.write(Data("Usage: headgate-bench cel FOLDER [EXPRESSION SECONDS]\n".utf8))
            exit(64)
        }
        let suite = try CELBenchmarkSuite(folder: URL(fileURLWithPath: arguments[2]))
        if arguments.count == 4, let seconds = Double(arguments[4]) {
            try CELBenchmark.repeatedly(arguments[3], suite, seconds: seconds)
            return
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        for measurement in try CELBenchmark.measure(suite) {
            print(String(decoding: try encoder.encode(measurement), as: UTF8.self))
        }
    }
}
