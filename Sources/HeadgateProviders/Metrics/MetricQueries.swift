import AsyncHTTPClient
import Foundation
package import HeadgateCore
import NIOCore
import NIOHTTP1
import Subprocess

/// Answers the queries of checks: Prometheus, a JSON endpoint, a command.
///
/// Whatever is not one finite number is a missing value with its reason.
package struct MetricQueries: MetricProvider {
    /// An answer's largest size in bytes.
    private static let sizeLimit = 4 << 20

    package init() {}

    package func values(of queries: [MetricQuery], deadline: Duration) async -> [String: QueryValue] {
        await withTaskGroup(of: (String, QueryValue).self) { group in
            for query in queries { group.addTask { (query.name, await value(of: query, deadline: deadline)) } }
            var values: [String: QueryValue] = [:]
            for await (name, value) in group { values[name] = value }
            return values
        }
    }

    private func value(of query: MetricQuery, deadline: Duration) async -> QueryValue {
        do {
            switch query.provider {
            case .prometheus(let address, let text, let range):
                return try PrometheusAnswer.value(
                    await fetch(PrometheusAnswer.url(address, text, range, now: Date()), deadline))
            case .json(let url, let pointer):
                return JSONPointer.number(
                    try JSONDecoder().decode(JSONValue.self, from: await fetch(url, deadline)), pointer)
            case .command(let command): return try await run(command, deadline)
            }
        } catch {
            return .missing("query \(query.name): \(error)")
        }
    }

    private func fetch(_ url: String, _ deadline: Duration) async throws -> Data {
        var configuration = HTTPClient.Configuration.singletonConfiguration
        // A redirect could lead to a host that nobody allowed.
        configuration.redirectConfiguration = .disallow
        let client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
        do {
            // The client's own time-out ends with the head of the answer.
            let (status, body) = try await Self.within(deadline) {
                let response = try await client.execute(
                    HTTPClientRequest(url: url), timeout: .milliseconds(deadline.milliseconds))
                return (
                    response.status.code, Data(try await response.body.collect(upTo: Self.sizeLimit).readableBytesView)
                )
            }
            try await client.shutdown()
            guard status == 200 else { throw MetricError("answered \(status)") }
            return body
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    /// The body's value, unless it takes too long.
    private static func within<Value: Sendable>(
        _ deadline: Duration, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: deadline)
                throw MetricError("took longer than \(deadline.text)")
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw MetricError("gave nothing") }
            return value
        }
    }

    private func run(_ command: [String], _ deadline: Duration) async throws -> QueryValue {
        guard let program = command.first else { return .missing("the command is empty") }
        let result: String? = try await Self.within(deadline) {
            let outcome = try await Subprocess.run(
                .name(program), arguments: Arguments(Array(command.dropFirst())), output: .string(limit: 4096),
                error: .discarded)
            return outcome.terminationStatus.isSuccess ? outcome.standardOutput : nil
        }
        guard let text = result?.trimmingCharacters(in: .whitespacesAndNewlines) else {
            return .missing("the command failed")
        }
        guard let number = Double(text), number.isFinite else { return .missing("'\(text)' is not a number") }
        return .number(number)
    }
}

/// Why a query gave no value.
struct MetricError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Prometheus' HTTP API, instant and range queries.
///
/// Source: https://prometheus.io/docs/prometheus/latest/querying/api/
enum PrometheusAnswer {
    static func url(_ address: String, _ query: String, _ range: Duration?, now: Date) -> String {
        var parts = URLComponents()
        var items = [URLQueryItem(name: "query", value: query)]
        if let range {
            let end = now.timeIntervalSince1970
            items += [
                URLQueryItem(name: "start", value: "\(end - range.inSeconds)"),
                URLQueryItem(name: "end", value: "\(end)"),
                URLQueryItem(name: "step", value: "\(max(1, range.inSeconds / 60))"),
            ]
        }
        parts.queryItems = items
        // A plus sign means a space in a query's value.
        let encoded = (parts.percentEncodedQuery ?? "").split(separator: "+", omittingEmptySubsequences: false)
            .joined(separator: "%2B")
        let base = address.hasSuffix("/") ? String(address.dropLast()) : address
        return "\(base)/api/v1/\(range == nil ? "query" : "query_range")?\(encoded)"
    }

    /// One series' last value, for a range the mean of its values; no series and several are missing.
    static func value(_ data: Data) throws -> QueryValue {
        guard case .object(let answer) = try JSONDecoder().decode(JSONValue.self, from: data),
            case .object(let body) = answer["data"], let result = body["result"]
        else { return .missing("the answer is not Prometheus'") }
        switch (body["resultType"], result) {
        case (.string("scalar"), .array(let pair)): return number(pair)
        case (.string("vector"), .array(let series)): return one(series) { member($0, "value").map(number) }
        case (.string("matrix"), .array(let series)):
            return one(series) { series in
                guard case .array(let pairs) = series.member("values") else { return nil }
                let numbers = pairs.compactMap { pair -> Double? in
                    guard case .array(let pair) = pair, case .number(let value) = number(pair) else { return nil }
                    return value
                }
                guard !numbers.isEmpty else { return .missing("the series has no number") }
                return .number(numbers.reduce(0, +) / Double(numbers.count))
            }
        default: return .missing("the result's type is not known")
        }
    }

    private static func one(_ series: [JSONValue], _ read: (JSONValue) -> QueryValue?) -> QueryValue {
        guard let first = series.first else { return .missing("no series matches") }
        guard series.count == 1 else { return .missing("\(series.count) series match: aggregate them to one") }
        return read(first) ?? .missing("the series has no value")
    }

    private static func member(_ value: JSONValue, _ name: String) -> [JSONValue]? {
        guard case .array(let pair) = value.member(name) else { return nil }
        return pair
    }

    private static func number(_ pair: [JSONValue]) -> QueryValue {
        guard pair.count == 2, case .string(let text) = pair[1], let number = Double(text), number.isFinite else {
            return .missing("the value is not a finite number")
        }
        return .number(number)
    }
}

/// RFC 6901.
enum JSONPointer {
    static func number(_ document: JSONValue, _ pointer: String) -> QueryValue {
        var value = document
        for token in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = String(token).replacing("~1", with: "/").replacing("~0", with: "~")
            if case .array(let elements) = value, let index = Int(name), elements.indices.contains(index) {
                value = elements[index]
            } else if let member = value.member(name) {
                value = member
            } else {
                return .missing("nothing stands at \(pointer)")
            }
        }
        switch value {
        case .integer(let number): return .number(Double(number))
        case .number(let number) where number.isFinite: return .number(number)
        default: return .missing("what stands at \(pointer) is not a finite number")
        }
    }
}

extension JSONValue {
    /// A member of an object; nil for anything else.
    func member(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[name]
    }
}
